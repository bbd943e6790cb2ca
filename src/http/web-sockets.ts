import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Accounts, Caller } from '../accounts/index.ts';
import { RateLimited } from '../resolvers/transport-errors.ts';
import { apiKeyOf, header, keyInAuthorization } from './request.ts';
import type { Subscriptions } from './subscriptions.ts';

const usualLimits = {
  /** The largest message; as of a body. */
  mostMessageBytes: 262_144,
  /** How long a client may take to say who it is. */
  initMs: 3_000,
  mostOperations: 100,
  /** How often a client is asked whether it is there; one that has not said so by the next time is let go. */
  pingEveryMs: 15_000,
  /** A client that has more than this to read yet is let go, when there is more. */
  mostBufferedBytes: 1_048_576,
  /** How long a client may take to agree to a close. */
  closeMs: 2_000,
};

/** Subscriptions over WebSocket, in the protocol `graphql-transport-ws`, beside those over SSE. */
export interface WebSockets {
  /** Takes over the connection of a request that asks for it, or answers why not. */
  readonly accept: (request: IncomingMessage, connection: Duplex, head: Buffer) => void;
  /** Closes all connections, and takes no new one; waits until what they watched is watched no more. */
  readonly end: () => Promise<void>;
}

/** What is known of a connection. */
interface Client {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
}

/** `onInternalError` logs what clients are not told. */
export function createWebSockets(parts: {
  accounts: Pick<Accounts, 'authenticate'>;
  subscriptions: Subscriptions;
  allowedOrigins: readonly string[];
  /** Where clients reach this server. */
  publicUrl: () => string;
  onInternalError: (error: unknown) => unknown;
  limits?: Partial<typeof usualLimits>;
}): WebSockets {
  const { accounts, subscriptions, allowedOrigins, publicUrl, onInternalError } = parts;
  const limits = { ...usualLimits, ...parts.limits };
  const webSocketServer = new WebSocketServer({
    noServer: true,
    handleProtocols,
    maxPayload: limits.mostMessageBytes,
    // Its type does not know of it yet.
    ...{ closeTimeout: limits.closeMs },
  });
  const open = new Map<WebSocket, Promise<void>>();
  let ended = false;

  const callerOf = async (client: Client, params: Record<string, unknown> | undefined): Promise<Caller | null> => {
    const key = keyIn(params) ?? apiKeyOf(client.request);
    if (key === null) return null;
    const caller = await accounts.authenticate(key);
    if (caller === null) client.socket.close(CloseCode.Forbidden, 'Forbidden');
    return caller;
  };

  const protocol = makeServer<Record<string, unknown>, Client>({
    connectionInitWaitTimeout: limits.initMs,
    onConnect: async ({ extra, connectionParams }) => {
      await callerOf(extra, connectionParams);
      return extra.socket.readyState === extra.socket.OPEN;
    },
    onSubscribe: async ({ extra, connectionParams, subscriptions: running }, _id, payload) => {
      if (Object.keys(running).length > limits.mostOperations) {
        return [new RateLimited(`A connection runs at most ${limits.mostOperations} subscriptions at once.`)];
      }
      // Each time: a connection may live longer than its key.
      return subscriptions.read(payload, await callerOf(extra, connectionParams));
    },
    subscribe: (args) => subscriptions.begin(args),
    onNext: (_context, _id, _payload, _args, result) => subscriptions.shown(result),
    onError: (_context, _id, _payload, errors) => subscriptions.shownErrors(errors),
  });

  const serve = (socket: WebSocket, request: IncomingMessage): void => {
    socket.on('error', () => {}); // The close follows, and is seen to.
    let isThere = true;
    socket.on('pong', () => {
      isThere = true;
    });
    const pinging = setInterval(() => {
      if (!isThere) socket.terminate();
      else if (socket.readyState === socket.OPEN) socket.ping();
      isThere = false;
    }, limits.pingEveryMs).unref();
    const failed = (error: unknown): void => {
      onInternalError(error);
      socket.close(CloseCode.InternalServerError, 'Internal server error');
    };
    const closed = protocol.opened(
      {
        protocol: socket.protocol,
        // The next state is read when this one has been taken.
        send: (text) =>
          new Promise((resolve) => {
            if (socket.bufferedAmount > limits.mostBufferedBytes) socket.terminate();
            if (socket.readyState === socket.OPEN) socket.send(text, () => resolve());
            else resolve();
          }),
        close: (code, reason) => socket.close(code, reason),
        onMessage: (take) => {
          socket.on('message', (data: Buffer) => {
            if (socket.readyState === socket.OPEN) take(data.toString()).catch(failed);
          });
        },
      },
      { socket, request },
    );
    const gone = new Promise<void>((resolve) => {
      socket.once('close', (code, reason) => {
        clearInterval(pinging);
        closed(code, reason.toString())
          .catch(onInternalError)
          .finally(() => {
            open.delete(socket);
            resolve();
          });
      });
    });
    open.set(socket, gone);
  };

  const isAllowed = (origin: string, host: string | null): boolean =>
    allowedOrigins.includes(origin) ||
    (URL.canParse(origin) && (new URL(origin).host === host || origin === new URL(publicUrl()).origin));

  return {
    accept: (request, connection, head) => {
      const origin = header(request, 'origin');
      if (request.url?.split('?')[0] !== '/graphql') refuse(connection, '404 Not Found');
      else if (ended) refuse(connection, '503 Service Unavailable');
      // No browser asks first whether a page may open a WebSocket.
      else if (origin !== null && !isAllowed(origin, header(request, 'host'))) refuse(connection, '403 Forbidden');
      else webSocketServer.handleUpgrade(request, connection, head, serve);
    },
    end: async () => {
      ended = true;
      for (const socket of open.keys()) socket.close(1001, 'Going away');
      await Promise.all(open.values());
    },
  };
}

/** The API key that the first message of a connection names; null when it names none. */
function keyIn(params: Record<string, unknown> | undefined): string | null {
  const { authorization, apiKey } = params ?? {};
  if (typeof authorization === 'string') return keyInAuthorization(authorization);
  return typeof apiKey === 'string' ? apiKey : null;
}

function refuse(connection: Duplex, status: string): void {
  connection.on('error', () => {}); // Whoever has left is owed nothing.
  connection.once('finish', () => connection.destroy());
  connection.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
