import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Client, createClient, type FormattedExecutionResult } from 'graphql-ws';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { AccountId } from '../../src/ledger/index.ts';
import { createWebSockets, type WebSockets } from '../../src/http/web-sockets.ts';
import { sendRaw } from '../support/http.ts';
import { createScriptedProvider } from '../support/scripted-provider.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const watchGeneration =
  'subscription ($id: ID!, $after: ID) { generationUpdated(id: $id, after: $after) { id status text } }';
const watchWallet = 'subscription ($after: ID) { walletUpdated(after: $after) { available held } }';
const protocol = 'graphql-transport-ws';
const studioOrigin = 'https://studio.example';

let app: TestApp;
let studio: Studio;
let account: { readonly id: string; readonly key: string };
const clients: Client[] = [];
const sockets: WebSocket[] = [];

beforeAll(async () => {
  const environment = { ALLOWED_ORIGINS: studioOrigin };
  app = await startTestApp('embedded', { provider: createScriptedProvider(), environment });
  studio = createStudio(app);
});
beforeEach(async () => {
  account = await app.newAccount();
});
afterEach(async () => {
  for (const client of clients.splice(0)) await client.dispose();
  for (const socket of sockets.splice(0)) socket.terminate();
  await untilForgotten();
});
afterAll(() => app.close());

/** Waits until nobody watches any more. */
const untilForgotten = (): Promise<void> =>
  expect.poll(() => app.app.services.changes.watching(), { timeout: 10_000, interval: 10 }).toBe(0);

const addressOf = (url: string): string => `${url.replace('http', 'ws')}/graphql`;

/** The client that front ends use, which opens its connection with its first subscription. */
function connect(connectionParams: Record<string, unknown>, url = app.url): Client {
  const client = createClient({ url: addressOf(url), webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
  clients.push(client);
  return client;
}

type Answer = FormattedExecutionResult<Record<string, unknown>, { readonly eventId: string }>;

const subscribe = (client: Client, query: string, variables: Record<string, unknown> = {}) =>
  client.iterate<Record<string, unknown>, { readonly eventId: string }>({ query, variables });

/** The next answer; throws when there is none. */
async function next(answers: AsyncIterator<Answer>): Promise<Answer> {
  const answer = await answers.next();
  if (answer.done === true) throw new Error('The subscription has ended.');
  return answer.value;
}

/** What ends a subscription: the errors of a message, or the close of the connection. */
const failureOf = async (answers: AsyncIterator<Answer>): Promise<unknown> => {
  try {
    return await answers.next();
  } catch (error) {
    return error;
  }
};

/** A connection without the client's help; it counts what comes. */
function openSocket(options: { origin?: string; headers?: Record<string, string>; path?: string; url?: string } = {}) {
  const { origin, headers = {}, path = '', url = app.url } = options;
  const socket = new WebSocket(`${addressOf(url)}${path}`, protocol, {
    headers,
    ...(origin === undefined ? {} : { origin }),
  });
  sockets.push(socket);
  const messages: { readonly id?: string; readonly type: string; readonly payload?: unknown }[] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as (typeof messages)[number])); // Expectations check it.
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('error', () => {}); // The close follows.
  return { socket, messages, closed, send: (message: object) => socket.send(JSON.stringify(message)) };
}

/** A connection that has said who it is. */
async function openFor(key: string, url = app.url) {
  const opened = openSocket({ url });
  await once(opened.socket, 'open');
  opened.send({ type: 'connection_init', payload: { apiKey: key } });
  await expect.poll(() => opened.messages).toEqual([{ type: 'connection_ack' }]);
  opened.messages.length = 0;
  return opened;
}

/** The status with which an upgrade is refused; 101 when it is not. */
function statusOf(options: Parameters<typeof openSocket>[0]): Promise<number | undefined> {
  const { socket } = openSocket(options);
  return new Promise((resolve) => {
    socket.once('open', () => resolve(101));
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode);
      socket.terminate();
    });
  });
}

describe('a subscription over WebSocket', () => {
  it.each([
    ['authorization in the first message', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['apiKey in the first message', (key: string) => ({ apiKey: key })],
  ])(
    'given a wallet that is watched, with %s, when it changes, then that is told, with the id of the event',
    async (_way, paramsOf) => {
      const answers = subscribe(connect(paramsOf(account.key)), watchWallet);
      const first = await next(answers);
      expect(first).toEqual({
        data: { walletUpdated: { available: 100, held: 0 } },
        extensions: { eventId: expect.stringMatching(/\.\d+$/) },
      });
      await studio.giveCredits(account.id, 50);
      const second = await next(answers);
      expect(second.data).toEqual({ walletUpdated: { available: 150, held: 0 } });
      expect(second.extensions?.eventId).not.toBe(first.extensions?.eventId);
      await answers.return?.();
      await untilForgotten();
    },
  );

  it.each([
    ['authorization', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['x-api-key', (key: string) => ({ 'x-api-key': key })],
  ])('given a key in the header %s, when a wallet is watched, then it is told', async (_name, headersOf) => {
    const { socket, messages, send } = openSocket({ headers: headersOf(account.key) });
    await once(socket, 'open');
    send({ type: 'connection_init' });
    await expect.poll(() => messages.length).toBe(1);
    send({ id: '1', type: 'subscribe', payload: { query: watchWallet } });
    await expect
      .poll(() => messages[1])
      .toMatchObject({
        id: '1',
        type: 'next',
        payload: { data: { walletUpdated: { available: 100 } } },
      });
  });

  it('given a connection that broke off, when it goes on after the last event, then nothing is missed and nothing told twice', async () => {
    const client = connect({ apiKey: account.key });
    const { extensions } = await next(subscribe(client, watchWallet));
    await client.dispose();
    await untilForgotten();
    const same = subscribe(connect({ apiKey: account.key }), watchWallet, { after: extensions?.eventId });
    const coming = next(same);
    await studio.giveCredits(account.id, 1);
    expect((await coming).data).toEqual({ walletUpdated: { available: 101, held: 0 } });
  });

  it('given a call that is watched, when it ends, then that is the last that is told', async () => {
    const id = await studio.queue(account.key);
    const answers = subscribe(connect({ apiKey: account.key }), watchGeneration, { id });
    expect((await next(answers)).data).toMatchObject({ generationUpdated: { status: 'QUEUED' } });
    await studio.cancel(account.key, id);
    expect((await next(answers)).data).toMatchObject({ generationUpdated: { status: 'CANCELED' } });
    expect(await answers.next()).toMatchObject({ done: true });
  });

  it('G22 given a call of another account, when it is watched, then that is NOT_FOUND', async () => {
    const id = await studio.queue(account.key);
    const other = await app.newAccount();
    const answers = subscribe(connect({ apiKey: other.key }), watchGeneration, { id });
    expect((await next(answers)).errors).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }]);
    expect(await answers.next()).toMatchObject({ done: true });
  });
});

describe('who may connect', () => {
  it('G36 given a wrong key, when it is sent, then the connection is closed with 4403, and without a key a wallet is UNAUTHENTICATED', async () => {
    for (const params of [{ apiKey: 'wzrd_nobody' }, { authorization: `Basic ${account.key}` }]) {
      expect(await failureOf(subscribe(connect(params), watchWallet))).toMatchObject({
        code: 4403,
        reason: 'Forbidden',
      });
    }
    expect((await next(subscribe(connect({}), watchWallet))).errors).toMatchObject([
      { extensions: { code: 'UNAUTHENTICATED' } },
    ]);
  });

  it('given a key that was revoked, when a connection that had it asks for more, then it is closed with 4403', async () => {
    const { accounts } = app.app.services;
    const id = account.id as AccountId; // Of an account that was made.
    await accounts.replaceKey(id, 'wzrd_the-key-before', 'One key', 'account');
    const { messages, closed, send } = await openFor('wzrd_the-key-before');
    await accounts.replaceKey(id, 'wzrd_the-key-afterwards', 'One key', 'account');
    send({ id: '1', type: 'subscribe', payload: { query: watchWallet } });
    expect([await closed, messages]).toEqual([4403, []]);
  });

  it.each<[string, string | undefined, number]>([
    ['none, as programs send it', undefined, 101],
    ['one that is allowed', studioOrigin, 101],
    ['a foreign one', 'https://evil.example', 403],
    ['one that begins like an allowed one', `${studioOrigin}.evil.example`, 403],
    ['that of a page without any', 'null', 403],
  ])(
    'given an origin, %s, when a page of it connects, then the answer is as it should be',
    async (_name, origin, status) => {
      expect(await statusOf(origin === undefined ? {} : { origin })).toBe(status);
    },
  );

  it("given the server's own pages, when they connect, then they may; elsewhere than at /graphql nobody may", async () => {
    expect(await statusOf({ origin: app.url })).toBe(101);
    expect(await statusOf({ origin: 'http://localhost:4000', headers: { host: 'localhost:4000' } })).toBe(101);
    expect(await statusOf({ path: '/other' })).toBe(404);
    expect(await statusOf({ path: '?a=b' })).toBe(101);
  });
});

describe('what is too much or wrong', () => {
  it.each([
    ['no GraphQL', '{', 'BAD_REQUEST'],
    ['a field that is not there', 'subscription { nothing }', 'BAD_REQUEST'],
    ['too many aliases', `subscription { walletUpdated { ${'a: held '.repeat(61)} } }`, 'QUERY_TOO_COMPLEX'],
    ['too many tokens', `subscription { walletUpdated { ${'held '.repeat(2_000)} } }`, 'QUERY_TOO_COMPLEX'],
    ['a query', '{ wallet { held } }', 'BAD_REQUEST'],
    ['a mutation', 'mutation { cancelGeneration(id: "1") { __typename } }', 'BAD_REQUEST'],
    ['no operation', 'fragment F on Wallet { held }', 'BAD_REQUEST'],
  ])(
    'G38 given %s, when it comes, then it is refused with its code, and the connection stays',
    async (_name, query, code) => {
      const { messages, send } = await openFor(account.key);
      send({ id: '1', type: 'subscribe', payload: { query } });
      await expect.poll(() => messages.length).toBe(1);
      expect(messages).toEqual([
        {
          id: '1',
          type: 'error',
          payload: expect.arrayContaining([expect.objectContaining({ extensions: { code } })]),
        },
      ]);
      send({ id: '2', type: 'subscribe', payload: { query: watchWallet } });
      await expect.poll(() => messages[1]).toMatchObject({ id: '2', type: 'next' });
    },
  );

  it('G38 given a subscription whose answers cost too much, when it comes, then it is told so once and ends', async () => {
    const page =
      'transactions(first: 100) { nodes { fundings { grant { id } } generation { fundings { grant { id } } } } }';
    const aliases = ['a', 'b', 'c', 'd', 'e', 'f'].map((alias) => `${alias}: ${page}`).join(' ');
    const answers = subscribe(connect({ apiKey: account.key }), `subscription { walletUpdated { ${aliases} } }`);
    expect((await next(answers)).errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }]);
    expect(await answers.next()).toMatchObject({ done: true });
  });

  it('given variables that are nested too deep, when they come, then they are refused', async () => {
    const { messages, send } = await openFor(account.key);
    let deep: object = {};
    for (let level = 0; level < 100; level += 1) deep = { deep };
    send({ id: '1', type: 'subscribe', payload: { query: watchWallet, variables: deep } });
    await expect
      .poll(() => messages[0])
      .toMatchObject({ type: 'error', payload: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  it('given something that goes wrong inside, when a wallet is watched, then its client is told an id, and the log has what happened', async () => {
    const failing = vi
      .spyOn(app.app.services.ledger, 'wallet')
      .mockRejectedValue(new Error('a secret of the database'));
    const answer = await failureOf(subscribe(connect({ apiKey: account.key }), watchWallet));
    failing.mockRestore();
    expect(JSON.stringify(answer)).toMatch(/"code":"INTERNAL","id":"\w+"/);
    expect(JSON.stringify(answer)).not.toContain('secret');
    expect(app.logged.join('')).toContain('a secret of the database');
  });

  it('G38 given a message above 256 KiB, when it comes, then the connection is closed with 1009', async () => {
    const { closed, send } = await openFor(account.key);
    send({ id: '1', type: 'subscribe', payload: { query: watchWallet + ' '.repeat(262_144) } });
    expect(await closed).toBe(1009);
  });

  it('G38 given a client that does not say who it is, when three seconds are over, then it is let go with 4408', async () => {
    const { closed } = openSocket();
    expect(await closed).toBe(4408);
  });

  it('G38 given a connection that watches 100 times, when it watches once more, then that is RATE_LIMITED', async () => {
    const id = await studio.queue(account.key);
    const { messages, send } = await openFor(account.key);
    for (let count = 0; count < 101; count += 1) {
      send({ id: String(count), type: 'subscribe', payload: { query: watchGeneration, variables: { id } } });
    }
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(101);
    expect(messages.filter(({ type }) => type === 'next')).toHaveLength(100);
    expect(messages.find(({ type }) => type === 'error')).toMatchObject({
      id: '100',
      payload: [{ extensions: { code: 'RATE_LIMITED' } }],
    });
    send({ id: '0', type: 'complete' });
    await expect.poll(() => app.app.services.changes.watching()).toBe(99);
  });

  it('G38 given a client that does not read, when what waits for it grows above a mebibyte, then it is let go', async () => {
    const id = await studio.queue(account.key);
    const { socket, messages, send } = await openFor(account.key);
    for (let count = 0; count < 40; count += 1) {
      send({ id: String(count), type: 'subscribe', payload: { query: watchGeneration, variables: { id } } });
    }
    await expect.poll(() => messages.length, { timeout: 10_000 }).toBe(40);
    socket.pause();
    await app.database.prisma.$executeRaw`UPDATE generation SET text = repeat('x', 500000) WHERE id = ${id}`;
    app.app.services.changes.say(account.id);
    // 40 x 500,000 characters, of which the sockets of this machine take some. Its pings would let it stay for longer.
    await untilForgotten();
  });
});

describe('connections that end', () => {
  it('given 200 connections, when they come and go, each in its own way, then nobody watches any more', async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => app.newAccount()));
    for (const { key } of others) {
      const opened = await Promise.all(Array.from({ length: 50 }, () => openFor(key)));
      for (const { send } of opened) send({ id: '1', type: 'subscribe', payload: { query: watchWallet } });
      // Half of them go before they were told anything.
      for (const { socket } of opened.slice(0, 25)) socket.terminate();
      await expect
        .poll(() => opened.slice(25).every(({ messages }) => messages.length === 1), { timeout: 10_000 })
        .toBe(true);
      for (const { socket } of opened.slice(25, 35)) socket.close(1000);
      for (const { socket } of opened.slice(35, 45)) socket.terminate();
      for (const { send } of opened.slice(45)) send({ id: '1', type: 'complete' });
      await untilForgotten();
    }
  });

  it('given connections on which nothing happens, one of which does not react, when the server closes, then they end with 1001', async () => {
    const closing = await startTestApp('embedded');
    const { key } = await closing.newAccount();
    const [one, other] = await Promise.all([openFor(key, closing.url), openFor(key, closing.url)]);
    for (const { send } of [one, other]) send({ id: '1', type: 'subscribe', payload: { query: watchWallet } });
    await expect.poll(() => [one.messages.length, other.messages.length]).toEqual([1, 1]);
    other.socket.pause();
    const startedAt = performance.now();
    await closing.close();
    // Requests under way would have 10 seconds.
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(await one.closed).toBe(1001);
    expect(one.messages).toHaveLength(1); // Without the word that it is complete: its client comes again.
    expect(closing.app.services.changes.watching()).toBe(0);
  });

  it('given a client that answers no ping, when the next is due, then it is let go; one that does stays', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // A TCP server has a port once it listens.
    const webSockets: WebSockets = createWebSockets({
      accounts: { authenticate: async () => null },
      subscriptions: { read: () => [], begin: async () => ({}), shown: () => ({}), shownErrors: () => [] },
      allowedOrigins: [],
      publicUrl: () => url,
      onInternalError: () => {},
      limits: { pingEveryMs: 50 },
    });
    server.on('upgrade', webSockets.accept);
    const silent = new WebSocket(addressOf(url), protocol, { autoPong: false });
    const there = new WebSocket(addressOf(url), protocol);
    const pings: Buffer[] = [];
    there.on('ping', (data) => pings.push(data));
    const [code] = (await once(silent, 'close')) as [number]; // The first argument of this event.
    expect(code).toBe(1006);
    const before = pings.length;
    await expect.poll(() => pings.length).toBeGreaterThan(before + 3);
    expect(there.readyState).toBe(WebSocket.OPEN);
    await webSockets.end();
    server.close();
  });
});

it('given a request that offers HTTP/2, as some clients do, when it comes, then it is answered like any other', async () => {
  const body = JSON.stringify({ query: '{ __typename }' });
  const answer = await sendRaw(
    app.url,
    [
      'POST /graphql HTTP/1.1',
      'Host: x',
      'Connection: Upgrade, HTTP2-Settings, close',
      'Upgrade: h2c',
      'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA',
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      '',
      body,
    ].join('\r\n'),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 200 /);
  expect(answer).toContain('{"data":{"__typename":"Query"}}');
});
