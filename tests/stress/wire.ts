import { setTimeout as wait } from 'node:timers/promises';
import { ask, type HttpAnswer } from '../support/http.ts';
import type { GraphqlAnswer, TestApp } from '../support/test-app.ts';
import type { Book } from './book.ts';
import type { Servers } from './servers.ts';

/** The server was killed, and what came of a request that cannot be sent again is unknown. */
export class FateUnknown extends Error {}

const answerWithinMs = 30_000;
const mostSends = 60;
const pauseMs = 50;

type Options = NonNullable<Parameters<TestApp['graphql']>[1]>;

/**
 * Sends GraphQL requests to one server after the other, over connections that are kept. When servers are killed, what
 * got no answer is sent again with its key. Any answer that is not one of GraphQL, or that has errors, is noted.
 */
export function createWire(servers: Servers, book: Book, mayBeKilled: boolean): Pick<TestApp, 'graphql'> {
  const send = async (query: string, options: Options): Promise<HttpAnswer> => {
    for (let sends = 1; ; sends += 1) {
      const origin = await servers.next();
      book.sent += 1;
      try {
        return await post(origin, query, options);
      } catch (error) {
        const mayRetry = mayBeKilled && !(error instanceof DOMException && error.name === 'TimeoutError');
        if (!mayRetry || sends === mostSends) {
          const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
          book.unexpected.push(`No answer after ${sends} sends: ${String(cause)}`);
          throw error;
        }
        if (!isRepeatable(query, options)) throw new FateUnknown('The server was killed.');
        book.sentAgain += 1;
        await wait(pauseMs * Math.min(sends, 10));
      }
    }
  };
  return {
    graphql: async <Data>(query: string, options: Options = {}): Promise<GraphqlAnswer<Data>> => {
      const { status, text, json } = await send(query, options);
      const { data, errors } = (json ?? {}) as Partial<GraphqlAnswer<Data>>; // Looked at below.
      if (status !== 200 || errors !== undefined || data == null) {
        book.unexpected.push(`HTTP ${status}: ${text.slice(0, 500)}`);
        throw new Error(`The answer has errors: ${text.slice(0, 500)}`);
      }
      return { status, data, errors: [] };
    },
  };
}

const post = (origin: string, query: string, { variables, key, headers }: Options): Promise<HttpAnswer> =>
  ask(`${origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(key == null ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
    signal: AbortSignal.timeout(answerWithinMs),
  });

/** Everything but a mutation that has an input without a key: reads, cancellations, and what has one. */
function isRepeatable(query: string, { variables }: Options): boolean {
  const input = variables?.['input'];
  const isKeyed = typeof input === 'object' && input !== null && 'idempotencyKey' in input;
  return !query.startsWith('mutation') || input === undefined || isKeyed;
}
