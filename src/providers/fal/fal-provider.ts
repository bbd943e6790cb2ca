import { emptyResult, failed, forgotten, notServed, objectIn, refusalOf } from '../failures.ts';
import { NoAnswerError, NotSentError, type Outgoing, type OutgoingAnswer } from '../outgoing.ts';
import type { ProviderAdapter, ProviderRequest, ProviderState, Submission } from '../provider.ts';
import { isEmptyFor, sortResult } from '../remote-assets.ts';
import { falFailureOf, isFateOfRequest } from './fal-failures.ts';
import { falInputOf } from './fal-inputs.ts';

/** Its pictures are there in seconds, its films in minutes. */
const checkAfterMs = { IMAGE: 1_000, AUDIO: 1_000, TEXT: 1_000, VIDEO: 3_000 } as const;

/** Gives the provider that runs models in fal's queue (README: the protocol). */
export function createFalProvider({
  queueUrl,
  outgoing,
}: {
  /** Without a trailing slash. */
  readonly queueUrl: string;
  readonly outgoing: Outgoing;
}): ProviderAdapter {
  // Only the submission names the whole model; what was submitted belongs to its application.
  const requestUrl = (modelId: string, requestId: string): string =>
    `${queueUrl}/${modelId.split('/').slice(0, 2).join('/')}/requests/${encodeURIComponent(requestId)}`;

  const submit = async ({ model, input, callbackUrl }: ProviderRequest): Promise<Submission> => {
    const url = new URL(`${queueUrl}/${model.id}`);
    if (callbackUrl !== null) url.searchParams.set('fal_webhook', callbackUrl);
    let answer: OutgoingAnswer;
    try {
      answer = await outgoing.send({
        method: 'POST',
        url: url.href,
        body: falInputOf(model.id, input),
        isSafe: false,
      });
    } catch (error) {
      if (error instanceof NotSentError) return { kind: 'unavailable', retryAfterMs: error.retryAfterMs };
      throw error;
    }
    const refusal = refusalOf(answer);
    if (refusal !== null) return refusal;
    if (answer.status >= 400 && answer.status < 500) return { kind: 'failed', failure: falFailureOf(answer) };
    const requestId = objectIn(answer)?.['request_id'];
    if (answer.status >= 300 || typeof requestId !== 'string' || requestId === '') {
      throw new NoAnswerError(`fal did not say what became of a request (HTTP ${answer.status}).`);
    }
    return { kind: 'accepted', requestId };
  };

  const check = async (requestId: string, { model }: ProviderRequest): Promise<ProviderState> => {
    const url = requestUrl(model.id, requestId);
    const working = (retryAfterMs: number | null): ProviderState => ({
      kind: 'working',
      progress: null,
      checkAfterMs: retryAfterMs ?? checkAfterMs[model.kind],
    });
    const status = await outgoing.send({ method: 'GET', url: `${url}/status`, isSafe: true });
    if (status.status === 429 || status.status === 503) return working(status.retryAfterMs);
    if (status.status === 404) return { kind: 'failed', failure: forgotten };
    switch (objectIn(status)?.['status']) {
      case 'IN_QUEUE':
      case 'IN_PROGRESS':
        return working(null);
      case 'COMPLETED':
        return resultOf(model, await outgoing.send({ method: 'GET', url, isSafe: true }), working);
      default:
        throw new NoAnswerError(`fal did not tell the status of a request (HTTP ${status.status}).`);
    }
  };

  return {
    submit,
    check,
    cancel: async (requestId, { model }) => {
      await outgoing.send({ method: 'PUT', url: `${requestUrl(model.id, requestId)}/cancel`, isSafe: true });
    },
  };
}

/** What became of a request that fal says is completed: how it failed shows only here. */
function resultOf(
  model: ProviderRequest['model'],
  answer: OutgoingAnswer,
  working: (retryAfterMs: number | null) => ProviderState,
): ProviderState {
  const { status } = answer;
  const body = objectIn(answer);
  if (status === 429) return working(answer.retryAfterMs);
  // One of fal's machines may be behind the other that said it was completed.
  if (status === 202 || (status === 400 && /still in progress/i.test(String(body?.['detail'])))) return working(null);
  if (status === 401 || status === 403) return { kind: 'failed', failure: notServed };
  if (status === 404) return { kind: 'failed', failure: forgotten };
  if (status >= 400 && (status < 500 || isFateOfRequest(answer) || body?.['detail'] !== undefined)) {
    return { kind: 'failed', failure: falFailureOf(answer) };
  }
  if (status !== 200 || body === null) throw new NoAnswerError(`fal did not give a result (HTTP ${status}).`);
  if (typeof body['error'] === 'string') return { kind: 'failed', failure: failed };
  const result = sortResult(body);
  return isEmptyFor(model, result) ? { kind: 'failed', failure: emptyResult } : { kind: 'succeeded', result };
}
