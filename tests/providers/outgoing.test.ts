import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createOutgoing,
  NoAnswerError,
  NotSentError,
  type Outgoing,
  type Trouble,
} from '../../src/providers/outgoing.ts';
import { type LocalServer, startLocalServer } from '../support/providers/local-server.ts';
import { createTestClock, type TestClock } from '../support/test-clock.ts';

const secret = 'Bearer a-key-that-nobody-may-see';

describe('a request to a provider', () => {
  let server: LocalServer;
  let clock: TestClock;
  let outgoing: Outgoing;
  let waits: number[];
  let troubles: Trouble[];
  let chance: number;

  beforeEach(async () => {
    server = await startLocalServer(() => ({ status: 200, body: { done: true } }));
    clock = createTestClock();
    waits = [];
    troubles = [];
    chance = 0;
    outgoing = createOutgoing({
      provider: 'acme',
      authorization: secret,
      clock,
      random: () => chance,
      onTrouble: (trouble) => troubles.push(trouble),
      wait: async (ms) => {
        waits.push(ms);
      },
    });
  });
  afterEach(() => server.close());

  const fault = (status: number, headers: Record<string, string> = {}): void => {
    server.faults.push({ path: /./, instead: { status, headers, body: 'busy' } });
  };
  const ask = (isSafe = true): ReturnType<Outgoing['send']> =>
    outgoing.send({ method: isSafe ? 'GET' : 'POST', url: `${server.url}/things`, isSafe });
  const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => null,
      (error: unknown) => error,
    );

  it('given a body, when it is sent, then it goes as JSON with the key, and the answer is there whole', async () => {
    const answer = await outgoing.send({
      method: 'POST',
      url: `${server.url}/things?a=1`,
      body: { n: 1 },
      isSafe: false,
    });
    expect(answer).toMatchObject({ status: 200, text: '{"done":true}', retryAfterMs: null });
    expect(server.requests).toMatchObject([{ method: 'POST', path: '/things', body: { n: 1 } }]);
    expect(server.requests[0]?.headers).toMatchObject({ authorization: secret, 'content-type': 'application/json' });
  });

  it.each([500, 502, 503, 504, 429])(
    'given a safe request that is answered %i twice, when it is sent, then it is tried a third time, after waits that grow, half of each by chance',
    async (status) => {
      fault(status);
      fault(status);
      chance = 0.5;
      expect(await ask()).toMatchObject({ status: 200 });
      expect(server.requests).toHaveLength(3);
      // 200 x (0.5 + 0.5 / 2) = 150, and twice that.
      expect(waits).toEqual([150, 300]);
    },
  );

  it('given a safe request whose connection is cut, when it is sent, then it is tried again, three times in all', async () => {
    for (let count = 0; count < 3; count += 1) server.faults.push({ path: /./, instead: 'cut' });
    expect(await failureOf(ask())).toBeInstanceOf(NoAnswerError);
    expect(server.requests).toHaveLength(3);
  });

  it.each([400, 404, 422])(
    'given a safe request that is answered %i, when it is sent, then that is the answer',
    async (status) => {
      fault(status);
      expect(await ask()).toMatchObject({ status });
      expect(server.requests).toHaveLength(1);
    },
  );

  it.each([
    ['seconds', '1', 1_000],
    ['a date', 'Thu, 01 Jan 2026 12:00:02 GMT', 2_000],
  ])('given a Retry-After in %s, when a safe request is tried again, then after that', async (_what, text, waitMs) => {
    fault(429, { 'retry-after': text });
    expect(await ask()).toMatchObject({ status: 200 });
    expect(waits).toEqual([waitMs]);
  });

  it('given a Retry-After that is longer than a step can wait, when a safe request is sent, then the answer says how long', async () => {
    fault(429, { 'retry-after': '20' });
    expect(await ask()).toMatchObject({ status: 429, retryAfterMs: 20_000 });
    fault(503, { 'retry-after': '86400' });
    expect(await ask()).toMatchObject({ status: 503, retryAfterMs: 300_000 });
    fault(429, { 'retry-after': 'soon' });
    expect(await ask()).toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(4);
  });

  it('G21 given a request that is not safe, when it is answered badly or its connection is cut, then it is sent once', async () => {
    fault(503);
    expect(await ask(false)).toMatchObject({ status: 503 });
    server.faults.push({ path: /./, instead: 'cut', takesEffect: true });
    expect(await failureOf(ask(false))).toBeInstanceOf(NoAnswerError);
    expect(server.requests).toHaveLength(2);
    expect(waits).toEqual([]);
  });

  it('given a server that is silent, when its time is over, then a request that may have been taken is not sent again', async () => {
    const hasty = createOutgoing({
      provider: 'acme',
      authorization: null,
      clock,
      random: () => 0,
      onTrouble: () => {},
      wait: async () => {},
      timeoutMs: 50,
    });
    const url = `${server.url}/things`;
    server.faults.push({ path: /./, instead: 'silence' });
    expect(await failureOf(hasty.send({ method: 'POST', url, isSafe: false }))).toMatchObject({
      name: 'NoAnswerError',
      message: 'acme did not answer (TimeoutError).',
    });
    expect(server.requests).toHaveLength(1);
    server.faults.push({ path: /./, instead: 'silence' });
    expect(await hasty.send({ method: 'GET', url, isSafe: true })).toMatchObject({ status: 200 });
    expect(server.requests).toHaveLength(3);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it('given nobody who listens, when it is sent, then it has certainly reached nobody', async () => {
    await server.close();
    const error = await failureOf(ask(false));
    expect(error).toBeInstanceOf(NotSentError);
    expect(error).toMatchObject({ message: 'acme could not be reached (ECONNREFUSED).', retryAfterMs: null });
  });

  it('G37 given failures of all kinds, when they are told, then the key is in none of them, and no redirect gets it', async () => {
    const other = await startLocalServer(() => ({ status: 200, body: {} }));
    server.faults.push({ path: /./, instead: { status: 302, headers: { location: other.url }, body: '' } });
    server.faults.push({ path: /./, instead: 'cut' });
    server.faults.push({ path: /./, instead: { status: 401, body: { detail: 'no such key' } } });
    const told = [await failureOf(ask(false)), await failureOf(ask(false)), await ask(false)];
    await server.close();
    told.push(await failureOf(ask(false)));
    expect(told.map((error) => (error instanceof Error ? error.name : 'an answer'))).toEqual([
      'NoAnswerError',
      'NoAnswerError',
      'an answer',
      'NotSentError',
    ]);
    const texts = told.map((error) => (error instanceof Error ? `${error.stack} ${String(error.cause)}` : ''));
    expect([...texts, JSON.stringify(troubles)].join(' ')).not.toContain('nobody-may-see');
    expect(troubles.at(-1)).toEqual({
      provider: 'acme',
      message: 'It refuses the key of this server, or its account (HTTP 401).',
    });
    expect(other.requests).toEqual([]);
    await other.close();
  });

  it('given an answer without an end, when it is read, then no further than 4 MiB', async () => {
    server.faults.push({ path: /./, instead: { status: 200, body: 'x'.repeat(4 * 1_024 * 1_024 + 1) } });
    expect(await failureOf(ask(false))).toBeInstanceOf(NoAnswerError);
    server.faults.push({ path: /./, instead: { status: 200, body: 'x'.repeat(4 * 1_024 * 1_024) } });
    expect((await ask(false)).text).toHaveLength(4 * 1_024 * 1_024);
  });

  it('given five failures in a row, when more is asked, then the provider is left alone for 15 s, then asked by one, and by all when that went well', async () => {
    for (let count = 0; count < 5; count += 1) fault(503);
    for (let count = 0; count < 5; count += 1) await ask(false);
    expect(server.requests).toHaveLength(5);
    expect(await failureOf(ask(false))).toMatchObject({ name: 'NotSentError', retryAfterMs: 15_000 });
    clock.advance(14_999);
    expect(await failureOf(ask())).toMatchObject({ name: 'NotSentError', retryAfterMs: 1 });
    expect(server.requests).toHaveLength(5);

    clock.advance(1);
    fault(503);
    const [tried, alone] = await Promise.all([ask(false), failureOf(ask(false))]);
    expect([tried.status, alone]).toMatchObject([503, { name: 'NotSentError' }]);
    expect(server.requests).toHaveLength(6);
    clock.advance(15_000);
    expect(await ask(false)).toMatchObject({ status: 200 });
    expect(await ask(false)).toMatchObject({ status: 200 });
    expect(troubles.map(({ message }) => message)).toEqual([
      'It is down and left alone for a while.',
      'It answers again.',
    ]);
  });

  it('given failures with successes between them, or refusals, when more is asked, then the provider is not left alone', async () => {
    for (let count = 0; count < 12; count += 1) {
      if (count % 4 !== 3) fault(503);
      await ask(false);
    }
    for (let count = 0; count < 6; count += 1) {
      fault(429);
      await ask(false);
    }
    expect(server.requests).toHaveLength(18);
  });
});
