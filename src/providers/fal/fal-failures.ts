import { z } from 'zod';
import { blocked, failed, objectIn, quoteReason, rejected, tookTooLong } from '../failures.ts';
import type { OutgoingAnswer } from '../outgoing.ts';
import type { ProviderFailure } from '../provider.ts';

/** What a model says of its inputs; what the platform says of a request is a plain text. */
const detailSchema = z.array(
  z.object({
    loc: z.array(z.union([z.string(), z.number()])).default([]),
    msg: z.string().default(''),
    type: z.string().default(''),
  }),
);

/** Whether an answer with an error is the fate of its request, and not a gateway in trouble. */
export const isFateOfRequest = ({ headers }: Pick<OutgoingAnswer, 'headers'>): boolean =>
  headers.has('x-fal-error-type') || headers.has('x-fal-retryable');

/** What an answer of fal's with an error means for a generation. */
export function falFailureOf(answer: OutgoingAnswer): ProviderFailure {
  const { status, headers } = answer;
  const body = objectIn(answer);
  const detail = detailSchema.safeParse(body?.['detail']);
  const issues = detail.success ? detail.data : [];
  if (issues.some(({ type }) => type === 'content_policy_violation')) return blocked;
  const errorType = headers.get('x-fal-error-type') ?? body?.['error_type'];
  if (status === 504 || /timeout$/.test(typeof errorType === 'string' ? errorType : '')) return tookTooLong;
  if (issues.some(({ type }) => type === 'generation_timeout')) return tookTooLong;
  if (status >= 500 || headers.get('x-fal-retryable') === 'true') return failed;
  const reasons = issues.map(({ loc, msg }) => [loc.filter((part) => part !== 'body').join('.'), msg].join(': '));
  return rejected(quoteReason(detail.success ? reasons.join('; ') : body?.['detail']));
}
