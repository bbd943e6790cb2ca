import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGraphqlEndpoint } from '../../src/http/graphql.ts';
import { readPersistedDocuments } from '../../src/http/persisted-documents.ts';
import { createHttpServer, type HttpParts } from '../../src/http/server.ts';
import { startTestApp, type TestApp } from './test-app.ts';

/** One server twice, on the same database: as it is, and with every request left to Yoga and graphql-js. */
export interface BothPaths {
  readonly app: TestApp;
  /** Where every request goes to Yoga. */
  readonly stockUrl: string;
  close(): Promise<void>;
}

/** Starts both on one database. */
export async function startBothPaths(): Promise<BothPaths> {
  const app = await startTestApp('postgres');
  const { services } = app.app;
  const onInternalError = (): string => 'error_00000000000000000000000000';
  const parts: Pick<HttpParts, 'accounts' | 'clock' | 'graphql' | 'playground' | 'allowedOrigins' | 'onInternalError'> =
    {
      accounts: services.accounts,
      clock: services.clock,
      graphql: createGraphqlEndpoint({
        services,
        onInternalError,
        persisted: readPersistedDocuments(false),
        stock: true,
      }).handle,
      playground: { isWanted: () => false, page: () => {}, file: async () => {} },
      allowedOrigins: [],
      onInternalError,
    };
  const server = createHttpServer(parts as HttpParts); // Only the GraphQL endpoint is asked.
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    app,
    stockUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // A TCP server has a port once it listens.
    close: async () => {
      server.closeAllConnections();
      server.close();
      await app.close();
    },
  };
}

/** A request to be sent to both. */
export interface PlainRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

export interface PlainAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** Sends a request exactly as it is described, over a connection that is kept. */
export function sendPlain(url: string, { method, path, headers, body }: PlainRequest): Promise<PlainAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body ?? undefined);
  });
}

/** What may differ though nothing does: the second, ids, hashes and signatures that are random, and keys that are. */
const random: readonly [RegExp, string][] = [
  [/\b[a-z]+_[0-9a-z]{26}(_\d+)?\b/g, 'an_id'],
  [/wzrd_[\w-]{43}/g, 'a key'],
  [/"[0-9a-f]{64}"/g, '"a hash"'],
  [/("(?:cursor|startCursor|endCursor)":)"[\w-]+"/g, '$1"a cursor"'],
  [/cs_test_\w+/g, 'a session'],
  [/(signature=|\.(?:IMAGE|VIDEO|AUDIO)\.\d+\.)[\w-]{43}/g, '$1a signature'],
  [/"eyJ[\w.-]+"|"quote_[\w.-]+"/g, '"a quote"'],
];

/**
 * An answer without what is random, and without what an answer that is kept ready has in addition: a tag and how long it
 * holds.
 */
export function comparable({ status, headers, body }: PlainAnswer): object {
  const { date: _date, 'content-length': length, etag, 'cache-control': caching, vary, ...others } = headers;
  const isPrepared = etag !== undefined && caching === 'public, no-cache' && vary === 'origin, accept, accept-encoding';
  return {
    status,
    headers: {
      ...others,
      vary: isPrepared ? 'origin' : vary,
      'length is right': Number(length) === Buffer.byteLength(body),
    },
    body: withoutRandom(body),
  };
}

const withoutRandom = (given: string): string =>
  random.reduce((text, [pattern, name]) => text.replaceAll(pattern, name), given);

/** How the bytes of requests reach a server. */
export interface Delivery {
  /** In so many pieces, each in a turn of its own of the event loop. */
  readonly pieces: number;
  /** Whether bodies come in chunks of no announced length. */
  readonly isChunked: boolean;
}

/** Sends requests one right behind the other over one connection, and gives all that comes back, without what is random. */
export async function deliver(
  url: string,
  requests: readonly PlainRequest[],
  { pieces, isChunked }: Delivery,
): Promise<string> {
  const bytes = Buffer.concat(
    requests.map((request, index) => bytesOf(request, isChunked, index === requests.length - 1)),
  );
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname).setNoDelay();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {}); // A reset is an end like any other here; the answers tell.
  const closed = once(socket, 'close');
  const size = Math.ceil(bytes.length / pieces);
  for (let at = 0; at < bytes.length; at += size) {
    socket.write(bytes.subarray(at, at + size));
    await nextTurn();
  }
  await closed;
  const differing = /^(date|etag|cache-control|vary|content-length): .*\r\n/gim;
  // The names of headers mean the same in any case.
  const answers = Buffer.concat(chunks)
    .toString()
    .replaceAll(/^[\w-]+: /gm, (name) => name.toLowerCase());
  return withoutRandom(answers.replaceAll(differing, ''));
}

function bytesOf({ method, path, headers, body }: PlainRequest, isChunked: boolean, isLast: boolean): Buffer {
  const content = Buffer.from(body ?? '');
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: localhost',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    isChunked ? 'transfer-encoding: chunked' : `content-length: ${content.length}`,
    ...(isLast ? ['connection: close'] : []),
  ];
  const chunk = content.length === 0 ? '' : `${content.length.toString(16)}\r\n${content.toString('latin1')}\r\n`;
  const sent = isChunked ? `${chunk}0\r\n\r\n` : content.toString('latin1');
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${sent}`, 'latin1');
}
