import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a server of ours received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** What was sent as JSON; undefined when nothing was. */
  readonly body: unknown;
}

export interface LocalAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  /** Sent as JSON, unless it is text or bytes. */
  readonly body: unknown;
}

/** How a server misbehaves at its next request to a path. */
export interface Fault {
  readonly path: RegExp;
  /** `cut` ends the connection instead of an answer, `silence` never answers; a promise holds the right answer back. */
  readonly instead: 'cut' | 'silence' | Promise<unknown> | LocalAnswer;
  /** Whether the request has its effect all the same; only its answer is lost. */
  readonly takesEffect?: boolean;
}

/** A server on a port of its own that answers as it is told to, and badly when it is told to. */
export interface LocalServer {
  readonly url: string;
  readonly requests: ReceivedRequest[];
  /** Each is used once, at the first request that fits. */
  readonly faults: Fault[];
  /** From now on what is no listed fault may be one all the same: whatever this gives for a request, null for a right answer. */
  misbehave(choose: (request: ReceivedRequest) => Omit<Fault, 'path'> | null): void;
  /** Nothing listens on its port any more. */
  close(): Promise<void>;
}

/** Gives an answer, or writes one itself and gives null. */
export type Answering = (request: ReceivedRequest, response: ServerResponse) => LocalAnswer | null | Promise<null>;

/** Starts a server on a free port of loopback. */
export async function startLocalServer(answering: Answering): Promise<LocalServer> {
  const requests: ReceivedRequest[] = [];
  const faults: Fault[] = [];
  let choose: Parameters<LocalServer['misbehave']>[0] = () => null;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => {}); // A client that leaves has nothing more to say.
    incoming.on('end', () => {
      const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost');
      const text = Buffer.concat(chunks).toString();
      const request: ReceivedRequest = {
        method: incoming.method ?? '',
        path: decodeURIComponent(pathname),
        query: searchParams,
        headers: incoming.headers,
        body: text === '' ? undefined : (JSON.parse(text) as unknown),
      };
      requests.push(request);
      const at = faults.findIndex(({ path }) => path.test(request.path));
      const [fault] = at === -1 ? [] : faults.splice(at, 1);
      const { instead, takesEffect = false } = fault ?? choose(request) ?? {};
      if (instead === undefined || instead instanceof Promise) {
        const answer = answering(request, response);
        if (answer === null || answer instanceof Promise) return;
        if (instead === undefined) send(response, answer);
        else void instead.then(() => send(response, answer));
        return;
      }
      const answer = takesEffect ? answering(request, response) : undefined;
      // What writes its answer itself has begun to; all that can still go wrong is that it breaks off.
      const isWriting = answer === null || answer instanceof Promise;
      if (instead === 'cut' || isWriting) response.destroy();
      else if (instead !== 'silence') send(response, instead);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // A TCP server has an address once it listens.
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    faults,
    misbehave: (chooseFault) => {
      choose = chooseFault;
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, { status, headers = {}, body }: LocalAnswer): void {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  response.writeHead(status, { ...(isRaw ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(isRaw ? body : JSON.stringify(body));
}
