import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import type { Database } from '../../db/index.ts';
import { repeat } from '../../repeat.ts';
import {
  blocked,
  emptyResult,
  failed,
  forgotten,
  objectIn,
  quoteReason,
  refusalOf,
  rejected,
  storable,
  tookTooLong,
} from '../failures.ts';
import { NotSentError, type Outgoing, type OutgoingStream } from '../outgoing.ts';
import type { ProviderAdapter, ProviderFailure, ProviderState, Submission } from '../provider.ts';
import { type ChatRun, endChatRun, findChatRun, insertChatRun, writeChatRun } from './chat-run.store.ts';
import { readChatStream } from './chat-stream.ts';

/** A provider with work of its own in this process. */
export interface ChatProvider extends ProviderAdapter {
  /** Lets answers that are being written come to their end, for a while, and ends the others. */
  close(): Promise<void>;
}

const checkAfterMs = 500;
/** How often an answer is written down while it grows. */
const writeEveryMs = 1_000;
/** Whoever listened is gone when nothing was written for so long. */
const goneAfterMs = 30_000;
const silenceLimitMs = 60_000;
const wholeLimitMs = 10 * 60_000;
const mostCharacters = 1_000_000;
const closeLimitMs = 8_000;

const interrupted: ProviderFailure = {
  code: 'PROVIDER_ERROR',
  message: 'The answer broke off. Nothing was charged; try again.',
  retryable: true,
};
const unwanted: ProviderFailure = {
  ...interrupted,
  message: 'Nobody waits for the answer any more.',
  retryable: false,
};

/** An answer that this process listens to. */
interface Listening {
  text: string;
  /** Undefined while it is being written; null when it is whole. */
  failure: ProviderFailure | null | undefined;
  readonly abort: AbortController;
}

/**
 * Gives a provider that writes text through OpenAI's chat completions. Such a request is its own answer: whoever sent it
 * has to listen. So that any process can ask how far it is, the one that listens keeps it in the database, where it is
 * asked about like in a provider's queue. When that process dies, the answer is lost, and nobody sends it again.
 */
export function createChatProvider(options: {
  /** Without a trailing slash. */
  baseUrl: string;
  outgoing: Outgoing;
  database: Database;
  clock: Clock;
  /** What the provider calls a model of ours. */
  nameOf: (modelId: string) => string;
  onError: (error: unknown) => void;
}): ChatProvider {
  const { outgoing, clock, onError } = options;
  const { prisma } = options.database;
  const listening = new Map<string, Listening>();
  const underWay = new Set<Promise<void>>();

  const write = async (requestId: string, run: Listening): Promise<void> => {
    const { failure } = run;
    const now = clock.now();
    const row: ChatRun = {
      requestId,
      text: storable(run.text),
      failure: failure ?? null,
      heardAt: now,
      endedAt: failure === undefined ? null : now,
    };
    const isOpen = await writeChatRun(prisma, row);
    if (!isOpen) run.abort.abort();
    // From here on the row answers.
    if (failure !== undefined) listening.delete(requestId);
  };

  const listen = async (requestId: string, stream: OutgoingStream, run: Listening): Promise<void> => {
    const writing = repeat(() => write(requestId, run), writeEveryMs, onError);
    run.failure = await hear(stream.body, run);
    await writing.stop();
    await write(requestId, run).catch((error: unknown) => {
      // This process still answers; another sees in a while that nobody writes.
      onError(error);
    });
  };

  return {
    submit: async ({ generationId, model, input }) => {
      const abort = new AbortController();
      let stream: OutgoingStream;
      try {
        stream = await withinTime(abort, silenceLimitMs / 3, () =>
          outgoing.open(
            {
              method: 'POST',
              url: `${options.baseUrl}/chat/completions`,
              body: {
                model: options.nameOf(model.id),
                messages: [{ role: 'user', content: input['prompt'] }],
                stream: true,
              },
              isSafe: false,
            },
            abort.signal,
          ),
        );
      } catch (error) {
        if (error instanceof NotSentError) return { kind: 'unavailable', retryAfterMs: error.retryAfterMs };
        throw error;
      }
      if (stream.status !== 200) return refused(stream).finally(() => abort.abort());
      const requestId = `chat_${generationId}`;
      const run: Listening = { text: '', failure: undefined, abort };
      try {
        await insertChatRun(prisma, requestId, clock.now());
      } catch (error) {
        abort.abort();
        throw error;
      }
      listening.set(requestId, run);
      const work = listen(requestId, stream, run).finally(() => underWay.delete(work));
      underWay.add(work);
      return { kind: 'accepted', requestId };
    },

    check: async (requestId) => {
      const own = listening.get(requestId);
      if (own !== undefined) return stateOf(storable(own.text), own.failure);
      const row = await findChatRun(prisma, requestId);
      if (row === null) return { kind: 'failed', failure: forgotten };
      if (row.endedAt !== null) return stateOf(row.text, row.failure);
      if (clock.now() - row.heardAt > goneAfterMs) return { kind: 'failed', failure: interrupted };
      return stateOf(row.text, undefined);
    },

    cancel: async (requestId) => {
      await endChatRun(prisma, requestId, unwanted, clock.now());
      listening.get(requestId)?.abort.abort();
    },

    close: async () => {
      const timer = setTimeout(() => {
        for (const { abort } of listening.values()) abort.abort();
      }, closeLimitMs);
      await Promise.all(underWay);
      clearTimeout(timer);
    },
  };
}

/** Listens to an answer until its end; gives how it failed, or null when it is whole. */
async function hear(body: AsyncIterable<Uint8Array>, run: Listening): Promise<ProviderFailure | null> {
  let isTooLong = false;
  const giveUp = (): void => {
    isTooLong = true;
    run.abort.abort();
  };
  const whole = setTimeout(giveUp, wholeLimitMs);
  let silence = setTimeout(giveUp, silenceLimitMs);
  try {
    for await (const event of readChatStream(body)) {
      clearTimeout(silence);
      silence = setTimeout(giveUp, silenceLimitMs);
      if (event.kind === 'failed') return failed;
      if (event.kind === 'finished') return event.isBlocked ? blocked : null;
      run.text += event.text;
      if (run.text.length > mostCharacters) return failed;
    }
    // It ended without saying that it is whole.
    return interrupted;
  } catch {
    return isTooLong ? tookTooLong : interrupted;
  } finally {
    clearTimeout(whole);
    clearTimeout(silence);
    run.abort.abort();
  }
}

function stateOf(text: string, failure: ProviderFailure | null | undefined): ProviderState {
  if (failure === undefined) return { kind: 'working', progress: null, text, checkAfterMs };
  if (failure !== null) return { kind: 'failed', failure };
  if (text.trim() === '') return { kind: 'failed', failure: emptyResult };
  return { kind: 'succeeded', result: { assets: [], text, output: null } };
}

const errorSchema = z.object({ message: z.string().optional(), code: z.string().nullish() });

/** Why there is no answer. One that is not given now will not be given later: nothing runs on. */
async function refused(stream: OutgoingStream): Promise<Submission> {
  const refusal = refusalOf(stream);
  if (refusal !== null) return refusal;
  const { status } = stream;
  if (status < 400 || status >= 500) return { kind: 'failed', failure: failed };
  const error = errorSchema.safeParse(errorIn(await readShort(stream.body)));
  if (error.success && error.data.code === 'content_filter') return { kind: 'failed', failure: blocked };
  return { kind: 'failed', failure: rejected(quoteReason(error.data?.message)) };
}

const errorIn = (text: string): unknown => objectIn({ text })?.['error'];

async function readShort(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  try {
    for await (const bytes of body) {
      text += Buffer.from(bytes).toString('utf8');
      if (text.length > 64 * 1_024) break;
    }
  } catch {
    // What there is of a refusal will do.
  }
  return text;
}

/** Ends what takes longer. */
async function withinTime<Result>(abort: AbortController, ms: number, work: () => Promise<Result>): Promise<Result> {
  const timer = setTimeout(() => abort.abort(), ms);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}
