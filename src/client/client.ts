import type { TypedDocumentString } from './generated/graphql.ts';

export interface GraphqlFailure {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly extensions?: { readonly code?: string; readonly id?: string };
}

/** The request as a whole, or a field that has no typed error, failed. Expected failures are in the data instead. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** The HTTP status of the answer. */
  readonly status: number;
  readonly errors: readonly GraphqlFailure[];

  constructor(status: number, errors: readonly GraphqlFailure[]) {
    super(errors.map((error) => error.message).join(' ') || `The server answered with HTTP status ${status}.`);
    this.status = status;
    this.errors = errors;
  }
}

export interface Client {
  /** Runs an operation and gives its data. Throws {@link ClientError} when the answer has errors. */
  execute<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    ...[variables]: Record<never, never> extends Variables ? [variables?: Variables] : [variables: Variables]
  ): Promise<Data>;
  /**
   * Tells what a subscription tells, until it is complete, `signal` ends it or the loop is left. A stream that breaks off is
   * taken up again where it ended. Throws {@link ClientError} when the server refuses it.
   */
  subscribe<Data, Variables>(
    document: TypedDocumentString<Data, Variables>,
    variables: Variables,
    options?: { signal?: AbortSignal },
  ): AsyncIterable<Data>;
}

interface Answer<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly GraphqlFailure[];
}

/**
 * A client of the API at `url` (".../graphql"). Without `apiKey` it sees what is public. With `byHash` it names its
 * documents instead of sending them, which a server of the same version understands.
 */
export function createClient(options: {
  url: string;
  apiKey?: string;
  byHash?: boolean;
  fetch?: typeof fetch;
}): Client {
  const send = options.fetch ?? fetch;
  const authorization: Record<string, string> =
    options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` };
  return {
    execute: async <Data, Variables>(document: TypedDocumentString<Data, Variables>, variables?: Variables) => {
      const response = await send(options.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/graphql-response+json, application/json',
          ...authorization,
        },
        body: JSON.stringify({
          ...(options.byHash === true ? idOf(document) : { query: document.toString() }),
          variables,
        }),
      });
      const answer = await readAnswer<Data>(response);
      if (answer.errors !== undefined || answer.data == null)
        throw new ClientError(response.status, answer.errors ?? []);
      return answer.data;
    },
    subscribe: <Data, Variables>(
      document: TypedDocumentString<Data, Variables>,
      variables: Variables,
      { signal }: { signal?: AbortSignal } = {},
    ) =>
      readEvents<Data>(signal, (lastEventId, ended) =>
        send(options.url, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'text/event-stream',
            ...authorization,
            ...(lastEventId === null ? {} : { 'last-event-id': lastEventId }),
          },
          body: JSON.stringify({ query: document.toString(), variables }),
          signal: ended,
        }),
      ),
  };
}

const firstRetryMs = 500;
const longestRetryMs = 30_000;
/** The server says every 15 seconds that it is there. */
const silentAfterMs = 45_000;

/** Opens a stream again and again until it is complete, each time from the last event on. */
async function* readEvents<Data>(
  signal: AbortSignal | undefined,
  open: (lastEventId: string | null, ended: AbortSignal) => Promise<Response>,
): AsyncGenerator<Data, void, undefined> {
  let lastEventId: string | null = null;
  let retryMs = firstRetryMs;
  while (signal?.aborted !== true) {
    const connection = new AbortController();
    const end = (): void => connection.abort();
    signal?.addEventListener('abort', end);
    try {
      const response: Response | null = await open(lastEventId, connection.signal).catch(() => null);
      if (response !== null && response.status < 500) {
        if (!response.ok || response.body === null) await refuse(response);
        for await (const { id, event, data } of messagesOf(response, end)) {
          if (event === 'complete') return;
          const answer = JSON.parse(data) as Answer<Data>; // The types were generated from the server's own schema.
          if (answer.errors !== undefined || answer.data == null)
            throw new ClientError(response.status, answer.errors ?? []);
          lastEventId = id ?? lastEventId;
          retryMs = firstRetryMs;
          yield answer.data;
        }
      }
    } finally {
      signal?.removeEventListener('abort', end);
      end();
    }
    await sleep(retryMs, signal);
    retryMs = Math.min(2 * retryMs, longestRetryMs);
  }
}

async function refuse(response: Response): Promise<never> {
  const { errors } = await readAnswer<unknown>(response);
  throw new ClientError(response.status, errors ?? []);
}

interface Message {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string;
}

/** The messages of an event stream, without its comments; one that falls silent is ended. */
async function* messagesOf({ body }: Response, end: () => void): AsyncGenerator<Message, void, undefined> {
  if (body === null) return;
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const timer = setTimeout(end, silentAfterMs);
    // A connection that breaks is an end like any other.
    const { value } = await reader.read().catch(() => ({ value: undefined }));
    clearTimeout(timer);
    if (value === undefined) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map(fieldOf));
      const event = fields.get('event');
      if (event !== undefined) yield { id: fields.get('id'), event, data: fields.get('data') ?? '' };
    }
  }
}

function fieldOf(line: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
  return [name, value];
}

/** Waits, but no longer than the signal lets. */
function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}

function idOf(document: { readonly __meta__?: Record<string, unknown> | undefined }): { documentId: string } {
  const hash = document.__meta__?.['hash'];
  if (typeof hash !== 'string') throw new TypeError('Only generated documents have a hash.');
  return { documentId: hash };
}

async function readAnswer<Data>(response: Response): Promise<Answer<Data>> {
  try {
    return (await response.json()) as Answer<Data>; // The types were generated from the server's own schema.
  } catch {
    throw new ClientError(response.status, []);
  }
}
