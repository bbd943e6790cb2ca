import { setTimeout as pause } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { createCircuitBreaker } from './circuit-breaker.ts';

/** A request to a provider. */
export interface OutgoingRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly url: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Whether it does no harm to send it again; such a request is tried up to three times. */
  readonly isSafe: boolean;
}

/** What came back, whatever its status. */
export interface OutgoingAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** What `Retry-After` asks for, in milliseconds; null when it asks for nothing. */
  readonly retryAfterMs: number | null;
}

/** An answer whose body is still coming. */
export interface OutgoingStream extends Omit<OutgoingAnswer, 'text'> {
  readonly body: AsyncIterable<Uint8Array>;
}

/** When a request has certainly reached nobody. */
export class NotSentError extends Error {
  override readonly name = 'NotSentError';
  readonly retryAfterMs: number | null;

  constructor(message: string, retryAfterMs: number | null) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** When nobody knows whether a request was taken: it broke off, or its answer makes no sense. */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError';
}

/** What an operator should know. No key and no content is in it. */
export interface Trouble {
  readonly provider: string;
  readonly message: string;
}

/** The one way to a provider: with its key, time limits, limits of size, careful repetition and a breaker. */
export interface Outgoing {
  /** Sends a request and reads its answer. Throws {@link NotSentError} and {@link NoAnswerError}. */
  send(request: OutgoingRequest): Promise<OutgoingAnswer>;
  /** Sends a request once and gives its answer while that still comes, until `signal` ends it. Throws as `send` does. */
  open(request: OutgoingRequest, signal: AbortSignal): Promise<OutgoingStream>;
}

/** A step has 30 s: three tries with their waits fit in. */
const safeTimeoutMs = 8_000;
const unsafeTimeoutMs = 20_000;
const mostTries = 3;
const firstWaitMs = 200;
/** Whoever asks for more patience than this is asked again by a later step. */
const longestWaitMs = 2_000;
const longestRetryAfterMs = 5 * 60_000;
const mostAnswerBytes = 4 * 1_024 * 1_024;

/** Codes of Node.js for connections that never came to be. */
const notSentCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Makes the way to one provider. */
export function createOutgoing(options: {
  provider: string;
  /** Sent with every request, and said to nobody else; null sends none. */
  authorization: string | null;
  clock: Clock;
  /** Gives numbers from 0 (inclusive) to 1 (exclusive), so that many who failed together do not come back together. */
  random: () => number;
  onTrouble: (trouble: Trouble) => void;
  /** Whether an answer with status 500 or more is about the request alone, not about the provider. */
  isAboutRequest?: (answer: Pick<OutgoingAnswer, 'headers'>) => boolean;
  wait?: (ms: number) => Promise<unknown>;
  /** How long each try may take, in real time. */
  timeoutMs?: number;
}): Outgoing {
  const { provider, clock, random, onTrouble, isAboutRequest = () => false, wait = pause } = options;
  const breaker = createCircuitBreaker(clock, (isOpen) =>
    onTrouble({ provider, message: isOpen ? 'It is down and left alone for a while.' : 'It answers again.' }),
  );
  const isHealthy = (answer: Pick<OutgoingAnswer, 'status' | 'headers'>): boolean =>
    answer.status < 500 || isAboutRequest(answer);

  const open: Outgoing['open'] = async ({ method, url, body }, signal) => {
    const restLeftMs = breaker.restLeftMs();
    if (restLeftMs > 0) throw new NotSentError(`${provider} is left alone for a while: it did not answer.`, restLeftMs);
    let response: Response;
    try {
      response = await fetch(url, {
        method,
        headers: {
          ...(options.authorization === null ? {} : { authorization: options.authorization }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // Somebody else would be sent the key.
        redirect: 'error',
        signal,
      });
    } catch (error) {
      breaker.failed();
      const code = codeOf(error);
      if (notSentCodes.has(code)) throw new NotSentError(`${provider} could not be reached (${code}).`, null);
      throw new NoAnswerError(`${provider} did not answer (${code}).`);
    }
    const { status, headers } = response;
    if (isHealthy(response)) breaker.succeeded();
    else breaker.failed();
    if (status === 401 || status === 402 || status === 403) {
      onTrouble({ provider, message: `It refuses the key of this server, or its account (HTTP ${status}).` });
    }
    const retryAfterMs = readRetryAfter(headers.get('retry-after'), clock);
    // Node.js reads its streams like that; the types know the browser's alone.
    const bytes = response.body as AsyncIterable<Uint8Array> | null;
    return { status, headers, retryAfterMs, body: bytes ?? emptyBody() };
  };

  const sendOnce = async (request: OutgoingRequest): Promise<OutgoingAnswer> => {
    const { body, ...answer } = await open(
      request,
      AbortSignal.timeout(options.timeoutMs ?? (request.isSafe ? safeTimeoutMs : unsafeTimeoutMs)),
    );
    try {
      return { ...answer, text: await readText(body) };
    } catch (error) {
      breaker.failed();
      throw new NoAnswerError(`The answer of ${provider} broke off (${codeOf(error)}).`);
    }
  };

  const send: Outgoing['send'] = async (request) => {
    for (let tried = 1; ; tried += 1) {
      const isLast = !request.isSafe || tried === mostTries;
      // Half of it is sure, half is chance.
      let waitMs = firstWaitMs * 2 ** (tried - 1) * (0.5 + random() / 2);
      try {
        const answer = await sendOnce(request);
        if (isLast || (answer.status !== 429 && isHealthy(answer))) return answer;
        waitMs = answer.retryAfterMs ?? waitMs;
        if (waitMs > longestWaitMs) return answer;
      } catch (error) {
        if (isLast || (error instanceof NotSentError && error.retryAfterMs !== null)) throw error;
      }
      await wait(waitMs);
    }
  };
  return { send, open };
}

/** Reads a `Retry-After` (RFC 9110, 10.2.3), seconds or a date, as milliseconds; never more than five minutes. */
function readRetryAfter(text: string | null, clock: Clock): number | null {
  if (text === null) return null;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - clock.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(0, ms), longestRetryAfterMs);
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > mostAnswerBytes) throw new Error(`more than ${mostAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** What Node.js calls a failure: the code of its cause, else the name of the error. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return error.name === 'Error' ? error.message : error.name;
}
