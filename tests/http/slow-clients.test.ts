import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readBody } from '../../src/http/request.ts';
import { send } from '../../src/http/response.ts';
import { createHttpServer, type HttpParts } from '../../src/http/server.ts';
import { ask, sendRaw } from '../support/http.ts';
import { createTestClock } from '../support/test-clock.ts';

const failures: unknown[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  // Only the endpoint that reads bodies is there: what is tested is the server around it.
  const parts: Pick<HttpParts, 'clock' | 'graphql' | 'allowedOrigins' | 'onInternalError'> = {
    clock: createTestClock(),
    graphql: async (request, response) => send(response, 200, await readBody(request, { withinMs: 200 }), {}),
    allowedOrigins: [],
    onInternalError: (error) => {
      failures.push(error);
      return 'error_1';
    },
  };
  server = createHttpServer(parts as HttpParts, {
    // The other parts are not reached.
    headersTimeout: 200,
    requestTimeout: 10_000,
    keepAliveTimeout: 1_000,
    connectionsCheckingInterval: 20,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // A TCP server has a port once it listens.
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test.each([
  ['headers that never end', 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-Padding: y'],
  [
    'a body that never ends',
    'POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
  ],
  ['a chunk that never ends', 'POST /graphql HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{'],
])(
  'G38 given %s, when the time for a request is over, then the client is let go and others are answered meanwhile',
  async (_name, bytes) => {
    const slow = sendRaw(url, bytes);
    expect(await ask(`${url}/graphql`, { method: 'POST', body: 'hello' })).toMatchObject({
      status: 200,
      text: 'hello',
    });
    expect(await slow).toMatch(/^(HTTP\/1\.1 408 |$)/);
    // A client that is slow is no failure of ours.
    expect(failures).toEqual([]);
  },
);

test('G38 given the server as it runs, when its times are read, then a request may take the five minutes of an upload and its headers 10 s', () => {
  const usual = createHttpServer({} as HttpParts); // Nobody will ask it anything.
  expect({ request: usual.requestTimeout, headers: usual.headersTimeout, idle: usual.keepAliveTimeout }).toEqual({
    request: 300_000,
    headers: 10_000,
    idle: 65_000,
  });
});
