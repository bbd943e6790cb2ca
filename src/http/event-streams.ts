import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createSourceEventStream, execute, type ExecutionArgs, type ExecutionResult } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';
import { BadRequest } from '../resolvers/transport-errors.ts';

const usualTimes = {
  /** How often a stream says that it is there. */
  keepAliveEveryMs: 15_000,
  /** A client that takes nothing for so long is let go. */
  stalledAfterMs: 60_000,
};

/** Answers of subscriptions: GraphQL over SSE, distinct connections mode, each event with its id. */
export interface EventStreams {
  /** Has Yoga hand the events of a subscription over to {@link send}. */
  readonly plugin: Plugin;
  /** Sends the events of an answer until they end or the client leaves; false when the answer is no stream of events. */
  send(answer: Response, response: ServerResponse): Promise<boolean>;
  /** Ends all streams, and every new one, without the word that they are complete: their clients come again. */
  end(): void;
}

export function createEventStreams(): EventStreams {
  const eventsOf = new WeakMap<Response, AsyncIterator<ExecutionResult>>();
  const open = new Set<AbortController>();
  let ended = false;
  return {
    plugin: {
      onSubscribe: (hook) => {
        // Yoga types it as always there, but a subscription over WebSocket has none, and takes events.
        const { request } = hook.args.contextValue as Partial<YogaInitialContext>;
        if (request === undefined || takesEvents(request.headers.get('accept'))) return hook.setSubscribeFn(subscribe);
        hook.setResultAndStopExecution({
          errors: [new BadRequest('A subscription is answered with events: send "accept: text/event-stream".')],
        });
      },
      onResultProcess: (hook) => {
        if (!isAsyncIterable(hook.result)) return;
        const events = hook.result[Symbol.asyncIterator]();
        hook.setResultProcessor((_result, fetchAPI) => {
          const answer = new fetchAPI.Response(null, { headers: streamHeaders });
          eventsOf.set(answer, events);
          return answer;
        }, 'text/event-stream');
      },
    },
    send: async (answer, response) => {
      const events = eventsOf.get(answer);
      if (events === undefined) return false;
      const ending = new AbortController();
      open.add(ending);
      if (ended) ending.abort();
      await sendEvents(events, response, ending);
      open.delete(ending);
      return true;
    },
    end: () => {
      ended = true;
      for (const ending of open) ending.abort();
    },
  };
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // Proxies such as nginx would gather events otherwise.
  'x-accel-buffering': 'no',
};

/** Whether a client accepts a stream of events; one that says nothing accepts all. */
const takesEvents = (accept: string | null): boolean =>
  accept === null || /\btext\/event-stream\b|\btext\/\*|\*\/\*/i.test(accept);

/** Writes one event after the other, the next only when the client has taken the one before; `ending` breaks off. */
export async function sendEvents(
  events: AsyncIterator<ExecutionResult>,
  response: ServerResponse,
  ending: AbortController,
  { keepAliveEveryMs, stalledAfterMs }: typeof usualTimes = usualTimes,
): Promise<void> {
  response.once('close', () => ending.abort());
  if (response.destroyed) ending.abort();
  const { signal } = ending;
  const leave = (): void => void events.return?.();
  signal.addEventListener('abort', leave);
  response.writeHead(200, streamHeaders);
  response.setTimeout(stalledAfterMs, () => response.destroy());
  // At once, so that the client knows that it is watching.
  response.write(':\n\n');
  const keepAlive = setInterval(() => {
    if (!response.writableNeedDrain) response.write(':\n\n');
  }, keepAliveEveryMs).unref();
  try {
    while (!signal.aborted) {
      const next = await events.next();
      if (next.done === true) {
        if (!signal.aborted) response.write('event: complete\ndata:\n\n');
        return;
      }
      if (!response.write(messageOf(next.value))) await once(response, 'drain', { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(keepAlive);
    leave();
    response.end();
  }
}

function messageOf({ data, errors, extensions }: ExecutionResult): string {
  const shown = errors?.map(({ message, path, extensions: { code, id } }) => ({
    message,
    path,
    extensions: { code: code ?? 'BAD_REQUEST', id },
  }));
  const eventId = typeof extensions?.['eventId'] === 'string' ? `id: ${extensions['eventId']}\n` : '';
  return `${eventId}event: next\ndata: ${JSON.stringify({ data, errors: shown, extensions })}\n\n`;
}

const isAsyncIterable = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** As graphql-js does it, and each result carries the id of its event. One without data is the last. */
async function subscribe(args: ExecutionArgs): Promise<ExecutionResult | AsyncIterableIterator<ExecutionResult>> {
  const source = await createSourceEventStream(args);
  if (!isAsyncIterable(source)) return source;
  const events = source[Symbol.asyncIterator]() as AsyncIterator<{ readonly eventId: string }>; // All subscriptions tell these.
  let isOver = false;
  const results: AsyncIterableIterator<ExecutionResult> = {
    [Symbol.asyncIterator]: () => results,
    next: async () => {
      const event: IteratorResult<{ readonly eventId: string }, unknown> = isOver
        ? { done: true, value: undefined }
        : await events.next();
      if (event.done === true) return { done: true, value: undefined };
      const result = await execute({ ...args, rootValue: event.value });
      if (result.data == null) {
        isOver = true;
        await events.return?.();
      }
      return { done: false, value: { ...result, extensions: { eventId: event.value.eventId } } };
    },
    return: async () => {
      await events.return?.();
      return { done: true, value: undefined };
    },
  };
  return results;
}
