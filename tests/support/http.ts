import { connect } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Null when the body is not JSON. */
  readonly json: GraphqlBody | null;
}

/** What a GraphQL answer may have, and the errors of the other routes. */
export interface GraphqlBody {
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly (string | number)[];
    readonly extensions?: { readonly code?: string; readonly id?: string };
  }[];
  readonly error?: string;
}

/** A request as it stands, and the whole of its answer. */
export async function ask(url: string, init: RequestInit = {}): Promise<HttpAnswer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parseJson(text) };
}

/** Posts a GraphQL request as JSON; a text is posted as it is. */
export const postGraphql = (
  url: string,
  body: string | object,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> =>
  ask(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** The code of the first error of an answer. */
export const codeOf = ({ json }: HttpAnswer): string | undefined => json?.errors?.[0]?.extensions?.code;

/** Sends bytes over a connection of its own and gives all that comes back until the server closes it. */
export async function sendRaw(url: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = '';
  socket.on('data', (chunk: Buffer) => {
    answer += chunk.toString();
  });
  socket.on('error', () => {}); // A reset is an end like any other here; the answer tells.
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  socket.write(bytes);
  await closed;
  return answer;
}

function parseJson(text: string): GraphqlBody | null {
  try {
    return JSON.parse(text) as GraphqlBody; // Its expectations check what it is.
  } catch {
    return null;
  }
}
