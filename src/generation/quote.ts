import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Model, Operation } from '../catalog/index.ts';
import { InvalidInputError, PriceChangedError } from '../errors.ts';
import type { AccountId, Instant } from '../ledger/index.ts';

/** How long a quoted price is good for. */
export const quoteLifetimeMs = 10 * 60 * 1_000;

const claimsSchema = z.object({
  accountId: z.string().nullable(),
  operation: z.enum(['GENERATE', 'SHOT_IMAGE', 'SHOT_VIDEO', 'DIRECTORS_CUT']),
  modelId: z.string(),
  priceVersion: z.int(),
  credits: z.int(),
  count: z.int(),
  expiresAt: z.int(),
});

/** What a quote promises: the price of one call, to one account or to anybody. */
export type QuoteClaims = z.infer<typeof claimsSchema>;

/** Makes the token that a quote is: its claims and an HMAC-SHA256 over them; nothing is stored. */
export function signQuote(claims: QuoteClaims, secret: Uint8Array): string {
  const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
  return `quote_${payload}.${signatureOf(payload, secret).toString('base64url')}`;
}

const signatureOf = (payload: string, secret: Uint8Array): Buffer =>
  createHmac('sha256', secret).update(payload).digest();

/** Reads a token that {@link signQuote} made; null for anything else. */
function readQuote(token: string, secret: Uint8Array): QuoteClaims | null {
  const match = /^quote_([\w-]{1,2000})\.([\w-]{43})$/.exec(token);
  const [, payload, signature] = match ?? [];
  if (payload === undefined || signature === undefined) return null;
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== 32 || !timingSafeEqual(given, signatureOf(payload, secret))) return null;
  // It is signed, so it is ours; a claim of an older version still has to be of today's shape.
  const parsed = claimsSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  return parsed.success ? parsed.data : null;
}

/** The price and its version that a generation is charged. */
export interface Price {
  readonly credits: number;
  readonly version: number;
}

/**
 * The price of one call: the catalog's, or the quoted one while it is good. Throws {@link InvalidInputError} for
 * a quote of something else, {@link PriceChangedError} for a lapsed quote whose price is not the present one.
 */
export function priceOf(
  model: Model,
  request: { quoteId: string | null; accountId: AccountId; operation: Operation; now: Instant },
  secret: Uint8Array,
): Price {
  const current: Price = { credits: model.credits, version: model.priceVersion };
  if (request.quoteId === null) return current;
  const quote = readQuote(request.quoteId, secret);
  const fits =
    quote !== null &&
    quote.modelId === model.id &&
    quote.operation === request.operation &&
    (quote.accountId === null || quote.accountId === request.accountId);
  if (!fits) {
    throw new InvalidInputError([{ path: ['input', 'quoteId'], message: 'This is no quote for this request.' }]);
  }
  if (request.now < quote.expiresAt) return { credits: quote.credits, version: quote.priceVersion };
  if (quote.credits !== current.credits) throw new PriceChangedError(quote.credits, current.credits);
  return current;
}
