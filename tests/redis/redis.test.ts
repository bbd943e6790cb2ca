import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ProcessChannel } from '../../src/db/index.ts';
import { openRedisChannel, RedisUnavailableError } from '../../src/events/index.ts';
import { openTestDatabase } from '../support/databases.ts';
import { type EventStream, subscribe } from '../support/event-stream.ts';
import { freePort } from '../support/free-port.ts';
import { type RedisServer, startRedisServer } from '../support/redis-server.ts';
import { type ServerProcess, startProcess } from '../support/server-process.ts';
import { startTwoCopies, type TwoCopies } from '../support/two-copies.ts';
import { createStudio } from '../support/studio.ts';

let redis: RedisServer;

beforeEach(async () => {
  redis = await startRedisServer();
});
afterEach(() => redis.stop());

const patiently = { timeout: 10_000, interval: 20 };

/** How many connections of servers there are. */
const connections = async (): Promise<number> =>
  (await redis.ask('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('name=wzrd-credits')).length;

describe('A channel on Redis', () => {
  const opened: ProcessChannel[] = [];

  /** A channel, and what was heard on it. */
  const open = async (url = redis.url) => {
    const heard = { messages: [] as string[], gaps: 0, errors: [] as unknown[] };
    const channel = await openRedisChannel(url, 'account_changes', {
      onMessage: (message) => heard.messages.push(message),
      onGap: () => {
        heard.gaps += 1;
      },
      onError: (error) => heard.errors.push(error),
    });
    opened.push(channel);
    return { channel, heard };
  };

  afterEach(async () => {
    for (const channel of opened.splice(0)) await channel.close();
  });

  it('given two processes, when one tells something, then both hear it, in its order, under a name with a prefix', async () => {
    const here = await open();
    const there = await open();
    expect(await redis.ask('PUBSUB', 'CHANNELS')).toBe('["wzrd:account_changes"]');
    const messages = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    await here.channel.tell(messages);
    await expect.poll(() => [here.heard.messages, there.heard.messages], patiently).toEqual([messages, messages]);
    expect([here.heard.gaps, here.heard.errors]).toEqual([0, []]);
  });

  it('given a Redis that goes and comes back, when something is told meanwhile, then nothing is thrown, each hears of the gap, and of what is told later', async () => {
    const here = await open();
    const there = await open();
    await redis.stop();
    await expect.poll(() => here.heard.errors.length, patiently).toBeGreaterThan(0);
    await here.channel.tell(['nobody hears this']);
    await redis.start();
    await expect.poll(() => [here.heard.gaps, there.heard.gaps], patiently).toEqual([1, 1]);
    await here.channel.tell(['heard']);
    await expect.poll(() => [here.heard.messages, there.heard.messages], patiently).toEqual([['heard'], ['heard']]);
  });

  it('given a connection that Redis ends, when it is there again, then it listens as before', async () => {
    const { channel, heard } = await open();
    await redis.ask('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await expect.poll(() => heard.gaps, patiently).toBe(1);
    await channel.tell(['heard']);
    await expect.poll(() => heard.messages, patiently).toEqual(['heard']);
  });

  it('given a channel that is closed, when Redis is there or away, then no connection is left and no error told', async () => {
    const here = await open();
    await here.channel.close();
    await expect.poll(connections, patiently).toBe(0);
    await here.channel.tell(['nobody hears this']);
    const there = await open();
    await redis.stop();
    await expect.poll(() => there.heard.errors.length, patiently).toBeGreaterThan(0);
    await there.channel.close();
    const errors = there.heard.errors.length;
    await redis.start();
    expect([here.heard.errors, there.heard.errors.length, await connections()]).toEqual([[], errors, 0]);
  });

  it('given a wrong password, when a channel is opened, then it is said which Redis refuses, without the password', async () => {
    const guarded = await startRedisServer({ password: 'right-secret' });
    await open(guarded.url);
    const wrong = open(guarded.url.replace('right-secret', 'wrong-secret'));
    await expect(wrong).rejects.toThrow(RedisUnavailableError);
    const message = await wrong.catch((error: unknown) => String(error));
    expect(message).toMatch(
      /The Redis at 127\.0\.0\.1:\d+ cannot be used: WRONGPASS .* set REDIS_URL to another one\.$/,
    );
    expect(message).not.toContain('secret');
    await guarded.stop();
  });

  it('given something that takes connections and says nothing, when a channel is opened, then it is given up', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo; // A TCP server has a port once it listens.
    await expect(open(`redis://127.0.0.1:${port}`)).rejects.toThrow(/REDIS_URL/);
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('Servers with REDIS_URL', () => {
  const watchWallet = 'subscription { walletUpdated { available held } }';
  const available = async (stream: EventStream): Promise<unknown> =>
    ((await stream.next()).data?.['walletUpdated'] as { available: number }).available; // Asked for above.

  const startTwo = (): Promise<TwoCopies> => startTwoCopies({ environment: { REDIS_URL: redis.url } });

  /** Watches a wallet on one process and changes it on the other ten times, each time after the last was told. */
  const expectAllToldAtOnce = async ({ here, there }: TwoCopies): Promise<void> => {
    const { id, key } = await here.newAccount();
    const wallet = await subscribe(here.url, watchWallet, { key });
    expect(await available(wallet)).toBe(100);
    const startedAt = performance.now();
    for (let credits = 1; credits <= 10; credits += 1) {
      await createStudio(there).giveCredits(id, 1);
      expect(await available(wallet)).toBe(100 + credits);
    }
    // A look every five seconds would take fifty.
    expect(performance.now() - startedAt).toBeLessThan(25_000);
    wallet.leave();
  };

  it('given a wallet that is watched on one process, when another changes it, then it is told at once, and PostgreSQL carries nothing of it', async () => {
    const two = await startTwo();
    await expectAllToldAtOnce(two);
    const listening = await two.database.prisma.$queryRaw<unknown[]>`
      SELECT query FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE '%account_changes%' AND pid <> pg_backend_pid()`;
    expect([listening, await connections()]).toEqual([[], 2]);
    await two.end();
    expect(await connections()).toBe(0);
  });

  it('given a Redis that was away, when a wallet changes meanwhile, then that is told after a while, and at once when Redis is back', async () => {
    const two = await startTwo();
    const { here, there, end } = two;
    const { id, key } = await here.newAccount();
    const wallet = await subscribe(here.url, watchWallet, { key });
    expect(await available(wallet)).toBe(100);
    await redis.stop();
    await createStudio(there).giveCredits(id, 1);
    expect(await available(wallet)).toBe(101);
    wallet.leave();
    await redis.start();
    await expect.poll(connections, patiently).toBe(2);
    await expectAllToldAtOnce(two);
    await end();
  });

  const withProcess = async (url: string, work: (server: ServerProcess) => Promise<void>): Promise<void> => {
    const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-redis-'));
    const { database, url: databaseUrl } = await openTestDatabase('postgres');
    const environment = { DATABASE_URL: databaseUrl ?? '', BILLING_MODE: 'sandbox', LOG_LEVEL: 'error' };
    const server = startProcess({ ...environment, DATA_DIR: dataDir, REDIS_URL: url });
    try {
      await work(server);
    } finally {
      await server.end('SIGKILL');
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    }
  };

  it('given a Redis that cannot be reached, when the server starts, then it ends and names REDIS_URL, without the password', async () => {
    const port = await freePort();
    await withProcess(`redis://user:the-secret@127.0.0.1:${port}/1`, async (server) => {
      expect(await server.ended()).toBe(1);
      expect(server.output.stderr).toBe(
        `The Redis at 127.0.0.1:${port} cannot be used: connect ECONNREFUSED 127.0.0.1:${port}. Start it, or set REDIS_URL to another one.\n`,
      );
    });
  });

  it.each(['there', 'away'])(
    'given a Redis that is %s, when the server is told to stop, then it stops cleanly',
    async (where) => {
      await withProcess(redis.url, async (server) => {
        await server.origin();
        expect(await connections()).toBe(1);
        if (where === 'away') await redis.stop();
        expect(await server.end('SIGTERM')).toBe(0);
        expect(server.output.stderr).not.toContain('did not stop cleanly');
      });
    },
  );
});
