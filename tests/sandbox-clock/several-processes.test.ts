import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { advanceClock, shownTime } from '../support/move-clock.ts';
import { connectAgain } from '../support/second-connection.ts';
import { type ServerProcess, startProcess } from '../support/server-process.ts';
import { createStudio, mini } from '../support/studio.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const at = (start: string, seconds: number): string => new Date(Date.parse(start) + seconds * 1_000).toISOString();
const day = 86_400;

describe('Several processes on one PostgreSQL', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await openTestDatabase('postgres');
  });
  afterEach(async () => {
    expect(await findLedgerFaults(database.database)).toEqual([]);
    await database.database.close();
  });

  /** Copies of the server with connections of their own, whose machines' clocks stand still. */
  const startCopies = async (
    count: number,
    automaticJobs = false,
  ): Promise<{ copies: TestApp[]; end: () => Promise<void> }> => {
    const started = await Promise.all(
      Array.from({ length: count }, async () => {
        const own = await connectAgain(database);
        // All 30 generations of a test may be under way at once.
        const environment = { ACCOUNT_CONCURRENCY: '30' };
        return { own, app: await startTestApp('postgres', { database: own, automaticJobs, environment }) };
      }),
    );
    return {
      copies: started.map(({ app }) => app),
      end: async () => {
        for (const { app, own } of started) {
          await app.close();
          await own.database.close();
        }
      },
    };
  };

  test('given 3 processes, when one moves the clock, then all show it as soon as that is answered', async () => {
    const { copies, end } = await startCopies(3);
    let expected = '2026-01-01T12:00:00.000Z';
    for (let round = 0; round < 10; round += 1) {
      for (const mover of copies) {
        expected = at(expected, day);
        expect(await advanceClock(mover, day)).toEqual({ __typename: 'ClockSetting', now: expected });
        expect(await Promise.all(copies.map(shownTime))).toEqual([expected, expected, expected]);
      }
    }
    await end();
  });

  test('given 3 processes, when all move the clock at once, then one does after the other', async () => {
    const { copies, end } = await startCopies(3);
    const answers = await Promise.all([...copies, ...copies, ...copies].map((copy) => advanceClock(copy, day)));
    const days = Array.from({ length: 9 }, (_, index) => at('2026-01-01T12:00:00.000Z', (index + 1) * day));
    expect(answers.map(({ now }) => now).sort()).toEqual(days);
    await end();
  });

  test('G20 given 3 processes that all work and 30 generations, when an hour passes in one move, then each is charged once and ends when it would have', async () => {
    const { copies, end } = await startCopies(3, true);
    const [first, ...others] = copies;
    if (first === undefined) throw new Error('No copy was started.');
    const { key } = await first.newAccount();
    const start = await shownTime(first);
    const studio = createStudio(first);
    const params = { sandbox: 'slow' };
    const ids = await Promise.all(Array.from({ length: 30 }, () => studio.queue(key, { ...mini, params })));
    expect(await advanceClock(first, 3_600)).toEqual({ __typename: 'ClockSetting', now: at(start, 3_600) });
    const ended = await Promise.all(ids.map((id) => studio.generation(key, id)));
    const expected: object = expect.objectContaining({
      status: 'SUCCEEDED',
      creditsCharged: 3,
      completedAt: at(start, 30),
    });
    expect(ended).toEqual(Array<object>(30).fill(expected));
    // 100 - 30 x 3 = 10
    for (const copy of [first, ...others]) {
      expect(await createStudio(copy).wallet(key)).toEqual({ available: 10, held: 0 });
    }
    await end();
  });

  test('given a process that lost the connection on which it hears of moves, when another moves the clock, then it learns of it', async () => {
    const { copies, end } = await startCopies(2);
    const [mover, deaf] = copies;
    if (mover === undefined || deaf === undefined) throw new Error('Too few copies were started.');
    await database.database.prisma.$queryRaw`
      SELECT pg_terminate_backend(pid)::text FROM pg_locks
      WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
    const { now } = await advanceClock(mover, day);
    await expect.poll(() => shownTime(deaf), { timeout: 10_000 }).toBe(now);
    // The mover's own is back as well, so that it is not left behind by the other.
    const next = await advanceClock(deaf, day);
    await expect.poll(() => shownTime(mover), { timeout: 10_000 }).toBe(next.now);
    await end();
  });

  test('G14 given two processes, when one is killed while it works and the clock is moved by a year, then everything ends and the next process shows that year', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'wzrd-clock-'));
    const environment = {
      DATABASE_URL: database.url ?? '',
      BILLING_MODE: 'sandbox',
      ADMIN_API_KEY: adminKey,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
    };
    const ask = async <Data>(server: ServerProcess, query: string, key: string): Promise<Data> => {
      const response = await fetch(`${await server.origin()}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': key },
        body: JSON.stringify({ query }),
      });
      return ((await response.json()) as { data: Data }).data; // The expectations check what it is.
    };
    const advance = (server: ServerProcess, seconds: number) =>
      ask<{ advanceClock: { now: string } }>(
        server,
        `mutation { advanceClock(seconds: ${seconds}) { ... on ClockSetting { now } } }`,
        adminKey,
      );
    const shown = async (server: ServerProcess): Promise<string> =>
      (await ask<{ wallet: { explain: { asOf: string } } }>(server, '{ wallet { explain { asOf } } }', adminKey)).wallet
        .explain.asOf;

    const servers = [startProcess(environment), startProcess(environment)] as const;
    const [stays, dies] = servers;
    const { createAccount } = await ask<{ createAccount: { apiKey: string } }>(
      stays,
      'mutation { createAccount(input: { name: "Test" }) { ... on CreatedAccount { apiKey } } }',
      adminKey,
    );
    const key = createAccount.apiKey;
    for (let made = 0; made < 8; made += 1) {
      await ask(
        made % 2 === 0 ? stays : dies,
        `mutation { generate(input: { modelId: "${mini.modelId}", prompt: "Rain", params: { sandbox: "slow" } }) { __typename } }`,
        key,
      );
    }
    await dies.end('SIGKILL');
    const moved = await advance(stays, 365 * day);
    expect(Date.parse(moved.advanceClock.now) - Date.now()).toBeGreaterThan(364 * day * 1_000);

    const next = startProcess(environment);
    expect((await shown(next)) >= moved.advanceClock.now).toBe(true);
    const { generations, wallet } = await ask<{ generations: { nodes: { status: string }[] }; wallet: unknown }>(
      next,
      '{ generations(first: 20) { nodes { status } } wallet { available held } }',
      key,
    );
    // Each of the 8 has ended and is charged 3, unless the kill came between its provider's answer and the record of it.
    const succeeded = generations.nodes.filter(({ status }) => status === 'SUCCEEDED').length;
    expect(generations.nodes.filter(({ status }) => status === 'FAILED')).toHaveLength(8 - succeeded);
    expect(wallet).toEqual({ available: 100 - 3 * succeeded, held: 0 });
    expect(succeeded).toBeGreaterThan(0);

    // The other way round, and both know at once.
    const later = await advance(next, day);
    expect((await shown(stays)) >= later.advanceClock.now).toBe(true);
    expect(await Promise.all([stays.end('SIGTERM'), next.end('SIGTERM')])).toEqual([0, 0]);
    await rm(dataDir, { recursive: true, force: true });
  }, 120_000);
});
