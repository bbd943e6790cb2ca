import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Accounts, Caller } from '../accounts/index.ts';
import type { Billing } from '../billing/index.ts';
import type { Clock } from '../clock.ts';
import { type CompatibilityRoutes, errorBody } from './compatibility/index.ts';
import type { GraphqlEndpoint } from './graphql.ts';
import type { Metrics } from './metrics.ts';
import type { Playground } from './playground.ts';
import { apiKeyOf, HttpError, header, urlOf } from './request.ts';
import { sendJson } from './response.ts';
import { sendReturnPage } from './return-page.ts';
import type { WebSockets } from './web-sockets.ts';

export interface HttpParts {
  readonly accounts: Accounts;
  readonly clock: Clock;
  readonly graphql: GraphqlEndpoint['handle'];
  readonly webSocket: WebSockets['accept'];
  readonly playground: Playground;
  readonly compatibility: CompatibilityRoutes;
  /** How far a checkout is, for the page to which it returns. */
  readonly checkoutResult: Billing['checkoutResult'];
  readonly asset: (request: IncomingMessage, response: ServerResponse, assetId: string, url: URL) => Promise<void>;
  /** Takes a file that is put to an address for it. */
  readonly upload: (request: IncomingMessage, response: ServerResponse, token: string) => Promise<void>;
  /** What fal says by itself; null without a key of fal's. */
  readonly falWebhook: ((request: IncomingMessage, response: ServerResponse, token: string) => Promise<void>) | null;
  /** The pages of the Stripe sandbox; null in other modes. */
  readonly stripeSandboxPage: ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | null;
  /** Whether the database answers and is migrated. */
  readonly isReady: () => Promise<boolean>;
  readonly metrics: Metrics['handle'];
  readonly allowedOrigins: readonly string[];
  /** Logs what callers are not told and gives the id under which it did. */
  readonly onInternalError: (error: unknown) => string;
}

/** Times after which a client that does not send is let go, in milliseconds. */
const timeouts = {
  headersTimeout: 10_000,
  /** Of the largest upload; other bodies have less, which is seen to where they are read. */
  requestTimeout: 300_000,
  keepAliveTimeout: 65_000,
  /** How often it is looked for such clients. */
  connectionsCheckingInterval: 5_000,
};
/** How long the rest of a body that was refused is read and dropped: to close at once could take the answer back. */
const lingerMs = 1_000;

/** The HTTP server with all its routes; it is not listening yet. */
export function createHttpServer(parts: HttpParts, options: typeof timeouts = timeouts): Server {
  const server = createServer(options, (request, response) => {
    void answer(parts, request, response);
  });
  server.on('upgrade', (request, connection, head) => {
    if (header(request, 'upgrade')?.toLowerCase() === 'websocket') parts.webSocket(request, connection, head);
    else takeBack(server, request, connection, head);
  });
  return server;
}

/** Reads a request once more without the offer of another protocol than WebSocket, such as HTTP/2, that came with it. */
function takeBack(server: Server, request: IncomingMessage, connection: Duplex, head: Buffer): void {
  const { method = '', url = '', httpVersion, rawHeaders } = request;
  let lines = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (name.toLowerCase() !== 'upgrade') lines += `${name}: ${rawHeaders[at + 1]}\r\n`;
  }
  connection.unshift(Buffer.concat([Buffer.from(`${lines}\r\n`, 'latin1'), head]));
  server.emit('connection', connection);
}

async function answer(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    allowOrigin(parts.allowedOrigins, request, response);
    if (request.method === 'OPTIONS') sendPreflight(response);
    else await route(parts, request, response);
  } catch (error) {
    if (response.headersSent || response.destroyed) response.destroy();
    else sendFailure(parts, request, response, error);
  }
}

/** Pages of the allow-listed origins may read the answers; a wildcard is never sent. */
function allowOrigin(allowed: readonly string[], request: IncomingMessage, response: ServerResponse): void {
  response.setHeader('vary', 'origin');
  const origin = header(request, 'origin');
  if (origin === null || !allowed.includes(origin)) return;
  response.setHeader('access-control-allow-origin', origin);
}

function sendPreflight(response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, POST, PUT, OPTIONS',
    'access-control-allow-headers':
      'authorization, content-type, apikey, x-client-info, x-api-key, idempotency-key, last-event-id',
    'access-control-max-age': '86400',
  });
  response.end();
}

async function route(parts: HttpParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Nearly all requests; to take addresses apart takes longer than to answer some of them.
  if (request.method === 'POST' && request.url === '/graphql') {
    return parts.graphql(request, response, await signIn(parts.accounts, request));
  }
  const url = urlOf(request);
  const { pathname } = url;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const [, first = '', ...rest] = pathname.split('/');
  switch (first) {
    case 'graphql':
      if (rest.length > 0) break;
      if (isRead && parts.playground.isWanted(request, url)) return parts.playground.page(request, response);
      return parts.graphql(request, response, await signIn(parts.accounts, request));
    case 'functions':
      return parts.compatibility(request, response, rest.join('/'), () => signIn(parts.accounts, request));
    case 'health':
      if (isRead && rest.length === 0) return sendJson(response, 200, { status: 'ok' });
      break;
    case 'ready':
      if (isRead && rest.length === 0) return sendReadiness(parts, response);
      break;
    case 'metrics':
      if (isRead && rest.length === 0) return parts.metrics(request, response, await signIn(parts.accounts, request));
      break;
    case 'assets':
      if (isRead && rest.length === 1) return parts.asset(request, response, rest[0] ?? '', url);
      break;
    case 'uploads':
      if (request.method === 'PUT' && rest.length === 1) return parts.upload(request, response, rest[0] ?? '');
      break;
    case 'webhooks':
      if (request.method === 'POST' && rest.length === 2 && rest[0] === 'fal' && parts.falWebhook !== null) {
        return parts.falWebhook(request, response, rest[1] ?? '');
      }
      break;
    case 'playground':
      if (isRead && rest.length === 1) return parts.playground.file(request, response, rest[0] ?? '');
      break;
    case 'billing':
      if (isRead && rest.join('/') === 'return') return sendReturnPage(response, url, parts.checkoutResult);
      break;
    case 'stripe-sandbox':
      if (parts.stripeSandboxPage !== null) return parts.stripeSandboxPage(request, response);
      break;
    case '':
      if (isRead) {
        response.writeHead(302, { location: '/graphql' });
        response.end();
        return;
      }
  }
  throw new HttpError(404, 'There is nothing here. The API is at /graphql.');
}

/** The caller of a request; null when it has no key. Throws {@link HttpError} 401 for a key that nobody has. */
async function signIn(accounts: Accounts, request: IncomingMessage): Promise<Caller | null> {
  const key = apiKeyOf(request);
  if (key === null) return null;
  const caller = await accounts.authenticate(key);
  if (caller === null) throw new HttpError(401, 'Nobody has this API key.');
  return caller;
}

async function sendReadiness({ isReady }: HttpParts, response: ServerResponse): Promise<void> {
  const ready = await isReady();
  sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not ready' });
}

/** Ends the connection of a request that was answered long ago and still sends. */
function endUnread(request: IncomingMessage): void {
  if (!request.complete) request.socket.destroy();
}

const codeOfStatus: Readonly<Record<number, string>> = { 401: 'UNAUTHENTICATED', 500: 'INTERNAL' };

function sendFailure(parts: HttpParts, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const known = error instanceof HttpError || error instanceof URIError;
  const status = error instanceof HttpError ? error.status : known ? 400 : 500;
  const id = known ? null : parts.onInternalError(error);
  const message =
    id === null && error instanceof Error
      ? error.message
      : `Something went wrong on our side. If it stays, ask about ${id}.`;
  if (!request.complete) setTimeout(() => endUnread(request), lingerMs).unref();
  const headers: Record<string, string> = {};
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if ((request.url ?? '').startsWith('/graphql')) {
    const extensions = { code: codeOfStatus[status] ?? 'BAD_REQUEST', ...(id === null ? {} : { id }) };
    sendJson(response, status, { errors: [{ message, extensions }] }, headers);
  } else sendJson(response, status, errorBody(message, parts.clock), headers);
}
