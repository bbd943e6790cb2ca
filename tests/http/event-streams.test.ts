import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { ExecutionResult } from 'graphql';
import { afterEach, expect, test } from 'vitest';
import { sendEvents } from '../../src/http/event-streams.ts';

let server: Server;
let left: Promise<void>;

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** A server that answers everything with these events. */
async function serve(
  next: () => Promise<IteratorResult<ExecutionResult>>,
  times: Parameters<typeof sendEvents>[3],
): Promise<number> {
  left = new Promise((resolve) => {
    const events = {
      next,
      return: async () => {
        resolve();
        return { done: true as const, value: undefined };
      },
    };
    server = createServer((_request, response) => {
      // Its end is what the test waits for.
      sendEvents(events, response, new AbortController(), times).catch(() => {});
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port; // A TCP server has a port once it listens.
}

const never = (): Promise<never> => new Promise(() => {});

test('given a stream on which nothing happens, when time passes, then comments say that it is there', async () => {
  const port = await serve(never, { keepAliveEveryMs: 10, stalledAfterMs: 60_000 });
  const asked = request({ port, host: '127.0.0.1' }).end();
  asked.on('error', () => {}); // The test leaves.
  let text = '';
  asked.on('response', (response) => {
    response.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    response.on('error', () => {}); // As above.
  });
  await expect.poll(() => text.length, { timeout: 5_000 }).toBeGreaterThan(15);
  expect(text).toMatch(/^(:\n\n)+$/);
  asked.destroy();
  await left;
});

test('G38 given a client that takes nothing any more, when its time is over, then it is let go and the events are given back', async () => {
  const large = { data: { text: 'x'.repeat(1_000_000) } };
  let made = 0;
  const port = await serve(
    async () => {
      made += 1;
      return { done: false, value: large };
    },
    { keepAliveEveryMs: 10, stalledAfterMs: 300 },
  );
  const socket = connect(port, '127.0.0.1');
  const closed = once(socket, 'close');
  socket.on('error', () => {}); // The server ends the connection.
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await left;
  // What the sockets of this machine take, and one more.
  expect(made).toBeLessThan(50);
  socket.resume();
  await closed;
});
