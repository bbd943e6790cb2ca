import { z } from 'zod';
import { blocked, emptyResult, failed, forgotten, objectIn, quoteReason, refusalOf, rejected } from '../failures.ts';
import { NoAnswerError, NotSentError, type Outgoing, type OutgoingAnswer } from '../outgoing.ts';
import type {
  JsonObject,
  ProviderAdapter,
  ProviderFailure,
  ProviderRequest,
  ProviderState,
  Submission,
} from '../provider.ts';
import { isEmptyFor, sortResult } from '../remote-assets.ts';
import { gmiInputOf, gmiNameOf } from './gmi-models.ts';

const checkAfterMs = { IMAGE: 1_500, AUDIO: 1_500, TEXT: 1_500, VIDEO: 4_000 } as const;

const outcomeSchema = z.record(z.string(), z.unknown());

/**
 * Gives the provider that runs models at GMI Cloud: those that write answer `chat`, all others its request queue (README:
 * the protocol).
 */
export function createGmiProvider({
  queueUrl,
  outgoing,
  chat,
}: {
  /** Without a trailing slash. */
  readonly queueUrl: string;
  readonly outgoing: Outgoing;
  readonly chat: ProviderAdapter;
}): ProviderAdapter {
  const queue: ProviderAdapter = {
    submit: async ({ model, input }) => {
      const body = { model: gmiNameOf(model.id), payload: gmiInputOf(model.id, input) };
      try {
        return submissionOf(await outgoing.send({ method: 'POST', url: `${queueUrl}/requests`, body, isSafe: false }));
      } catch (error) {
        if (error instanceof NotSentError) return { kind: 'unavailable', retryAfterMs: error.retryAfterMs };
        throw error;
      }
    },
    check: async (requestId, { model }) => {
      const url = `${queueUrl}/requests/${encodeURIComponent(requestId)}`;
      const answer = await outgoing.send({ method: 'GET', url, isSafe: true });
      return stateOf(model, answer);
    },
    /** GMI Cloud documents no way to stop a request: it runs on, and its result is dropped. */
    cancel: async () => {},
  };
  const running = (kind: string): ProviderAdapter => (kind === 'TEXT' ? chat : queue);
  return {
    submit: (request) => running(request.model.kind).submit(request),
    check: (requestId, request) => running(request.model.kind).check(requestId, request),
    cancel: (requestId, request) => running(request.model.kind).cancel(requestId, request),
  };
}

function submissionOf(answer: OutgoingAnswer): Submission {
  const refusal = refusalOf(answer);
  if (refusal !== null) return refusal;
  const body = objectIn(answer);
  if (answer.status >= 400 && answer.status < 500) {
    return { kind: 'failed', failure: rejected(quoteReason(reasonIn(body))) };
  }
  const requestId = body?.['request_id'];
  if (answer.status >= 300 || typeof requestId !== 'string' || requestId === '') {
    throw new NoAnswerError(`GMI Cloud did not say what became of a request (HTTP ${answer.status}).`);
  }
  return { kind: 'accepted', requestId };
}

function stateOf(model: ProviderRequest['model'], answer: OutgoingAnswer): ProviderState {
  const usualCheckAfterMs = checkAfterMs[model.kind];
  if (answer.status === 429 || answer.status === 503) {
    return { kind: 'working', progress: null, checkAfterMs: answer.retryAfterMs ?? usualCheckAfterMs };
  }
  if (answer.status === 404) return { kind: 'failed', failure: forgotten };
  const body = objectIn(answer);
  switch (body?.['status']) {
    case 'created':
    case 'queued':
    case 'dispatched':
    case 'processing':
      return { kind: 'working', progress: null, checkAfterMs: usualCheckAfterMs };
    case 'success': {
      const outcome = outcomeSchema.safeParse(body['outcome']);
      const result = sortResult(outcome.success ? withoutRepetition(outcome.data) : {});
      return isEmptyFor(model, result) ? { kind: 'failed', failure: emptyResult } : { kind: 'succeeded', result };
    }
    case 'failed':
      return { kind: 'failed', failure: failureOf(reasonIn(body)) };
    case 'cancelled':
      return { kind: 'failed', failure: failed };
    default:
      throw new NoAnswerError(`GMI Cloud did not tell the status of a request (HTTP ${answer.status}).`);
  }
}

/** `media_urls` has all that was made; then `video_url` and the like only say it once more, by another address. */
function withoutRepetition(outcome: JsonObject): JsonObject {
  const { media_urls: all } = outcome;
  if (!Array.isArray(all) || all.length === 0) return outcome;
  return Object.fromEntries(Object.entries(outcome).filter(([name]) => name === 'media_urls' || !/_url$/.test(name)));
}

/** GMI Cloud has no codes for failures, only words. */
const failureOf = (reason: unknown): ProviderFailure =>
  typeof reason === 'string' && /content.?(policy|filter|moderation)|moderation|nsfw|sensitive|safety/i.test(reason)
    ? blocked
    : failed;

/** What GMI Cloud says of a failure: in `error`, in its `message`, in `message` or in the outcome. */
function reasonIn(body: JsonObject | null): unknown {
  const error = body?.['error'];
  if (typeof error === 'string') return error;
  const inner = z.object({ message: z.string() }).safeParse(error);
  if (inner.success) return inner.data.message;
  const outcome = z.object({ error: z.string() }).safeParse(body?.['outcome']);
  return outcome.success ? outcome.data.error : body?.['message'];
}
