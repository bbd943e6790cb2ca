import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** A message of an event stream, as the SSE standard names its parts. */
export interface StreamMessage {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** What `next` messages carry: an answer of GraphQL. */
export interface StreamAnswer {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[];
  readonly extensions?: { readonly eventId: string };
}

/** A client of an event stream that reads when it is told to. */
export interface EventStream {
  readonly response: IncomingMessage;
  /** The next message; null when the stream has ended. Waits for it. */
  message(): Promise<StreamMessage | null>;
  /** The next answer; throws when the next message is no answer. */
  next(): Promise<StreamAnswer & { readonly id: string }>;
  /** All messages until the stream ends. */
  rest(): Promise<StreamMessage[]>;
  /** How many comments have come so far. */
  comments(): number;
  /** Goes away without a word. */
  leave(): void;
}

/** Asks with GraphQL over SSE, distinct connections mode. */
export async function subscribe(
  url: string,
  query: string,
  options: {
    variables?: Record<string, unknown>;
    key?: string | null;
    headers?: Record<string, string>;
    method?: 'GET' | 'POST';
  } = {},
): Promise<EventStream> {
  const { variables, key, headers, method = 'POST' } = options;
  const address = new URL(`${url}/graphql`);
  if (method === 'GET') {
    address.searchParams.set('query', query);
    if (variables !== undefined) address.searchParams.set('variables', JSON.stringify(variables));
  }
  const asked: ClientRequest = request(address, {
    method,
    headers: {
      accept: 'text/event-stream',
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...(key == null ? {} : { authorization: `Bearer ${key}` }),
      ...headers,
    },
  });
  asked.end(method === 'POST' ? JSON.stringify({ query, variables }) : undefined);
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve);
    asked.once('error', reject);
  });
  asked.on('error', () => {}); // A connection that breaks is an end of the stream like any other.
  response.setEncoding('utf8');
  const chunks = (response as AsyncIterable<string>)[Symbol.asyncIterator]();
  let text = '';
  let comments = 0;

  const message = async (): Promise<StreamMessage | null> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end === -1) {
        const chunk = await chunks.next().catch(() => ({ done: true as const, value: undefined }));
        if (chunk.done === true) return null;
        text += chunk.value;
        continue;
      }
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith(':')) comments += 1;
      else return parseBlock(block);
    }
  };
  return {
    response,
    message,
    next: async () => {
      const given = await message();
      if (given?.event !== 'next') throw new Error(`No answer came but ${JSON.stringify(given)}.`);
      return { ...(JSON.parse(given.data) as StreamAnswer), id: given.id ?? '' }; // Its expectations check what it is.
    },
    rest: async () => {
      const messages: StreamMessage[] = [];
      for (;;) {
        const given = await message();
        if (given === null) return messages;
        messages.push(given);
      }
    },
    comments: () => comments,
    leave: () => asked.destroy(),
  };
}

function parseBlock(block: string): StreamMessage {
  const fields = new Map(
    block.split('\n').map((line): [string, string] => {
      const [, name = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      return [name, value];
    }),
  );
  return { id: fields.get('id') ?? null, event: fields.get('event') ?? 'message', data: fields.get('data') ?? '' };
}
