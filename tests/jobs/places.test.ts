import { beforeEach, expect, test } from 'vitest';
import type { Instant } from '../../src/clock.ts';
import { createIdSource } from '../../src/ids.ts';
import { createJobs, type Job, type JobHandler, type Jobs } from '../../src/jobs/index.ts';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { createTestClock, type TestClock } from '../support/test-clock.ts';

const minuteMs = 60_000;

// 6 places at a provider, 4 for an account. What is started is done a minute later.
describeOnBoth('Places', (kind) => {
  let opened: TestDatabase;
  let clock: TestClock;
  let started: string[];
  let underWay: Map<string, string>;
  let mostAtProvider: number;
  let mostOfAccount: number;
  let workers: Jobs[];
  beforeEach(async () => {
    opened = await openTestDatabase(kind);
    clock = createTestClock();
    started = [];
    underWay = new Map();
    mostAtProvider = 0;
    mostOfAccount = 0;
    workers = [];
    for (let count = 0; count < 2; count += 1) workers.push(await startWorker());
    return () => opened.database.close();
  });

  const startWorker = async (): Promise<Jobs> => {
    const ids = createIdSource(clock);
    const { database } = opened;
    const places = { perProvider: 6, perAccount: 4 };
    const failed = (error: unknown): void => expect.unreachable(String(error));
    const worker = createJobs({ database, clock, ids, automatic: false, places, onError: failed });
    const unused: JobHandler = () => Promise.reject(new Error('Nobody asked for this.'));
    await worker.start({
      SUBMIT: (job) => {
        started.push(job.subjectId);
        underWay.set(job.subjectId, String(job.accountId));
        const accounts = [...underWay.values()];
        mostAtProvider = Math.max(mostAtProvider, accounts.length);
        mostOfAccount = Math.max(mostOfAccount, accounts.filter((account) => account === job.accountId).length);
        return Promise.resolve({ kind: 'next', job: 'POLL', dueAt: (clock.now() + minuteMs) as Instant }); // Later.
      },
      POLL: (job) => {
        underWay.delete(job.subjectId);
        return Promise.resolve({ kind: 'done' });
      },
      STRIPE_EVENT: unused,
      PLAN_PERIOD: unused,
      TOP_UP: unused,
      RECONCILE: unused,
    });
    return worker;
  };
  /** Asks for so many generations of an account. */
  const ask = async (accountId: string, count: number, provider = 'FAL'): Promise<void> => {
    const jobs = Array.from({ length: count }, (_, index): Job => {
      const id = `${accountId} ${String(index).padStart(4, '0')}`;
      return { id, kind: 'SUBMIT', accountId, subjectId: id, provider, dueAt: clock.now() };
    });
    await opened.database.prisma.$transaction((transaction) => jobsOf().insert(transaction, jobs));
    clock.advanceSeconds(1);
  };
  const jobsOf = (): Jobs => {
    const [first] = workers;
    if (first === undefined) throw new Error('No worker was started.');
    return first;
  };
  /** How many rows of the queue it takes to find out whose turn it is. */
  const rowsReadInTurn = async (): Promise<number> => {
    const read = `SELECT (seq_tup_read + idx_tup_fetch)::integer AS read FROM pg_stat_xact_user_tables WHERE relname = 'job'`;
    await opened.database.runScript('VACUUM ANALYZE job');
    return opened.database.prisma.$transaction(async (transaction) => {
      const at = new Date(clock.now());
      const [before] = await transaction.$queryRawUnsafe<{ read: number }[]>(read);
      await transaction.$queryRaw`SELECT count(*) FROM jobs_in_turn(${at}::timestamptz, 6, 4)`;
      const [after] = await transaction.$queryRawUnsafe<{ read: number }[]>(read);
      return (after?.read ?? Number.NaN) - (before?.read ?? Number.NaN);
    });
  };
  const work = () => Promise.all(workers.map((worker) => worker.runDue()));

  test('given one account has asked for a thousand, when another asks for one, then it is not kept waiting', async () => {
    await ask('many', 1_000);
    await ask('one', 1);
    await work();
    // An account has 4 of the 6 places, so that one is free.
    expect(started.filter((id) => id.startsWith('one'))).toEqual(['one 0000']);
    expect(started).toHaveLength(5);
  });

  test('given thousands of jobs wait, when somebody looks for work, then a few rows are read', async () => {
    await ask('many', 5_000);
    await work();
    // A place for each of 4 under way, and a line of 4 behind them.
    expect(await rowsReadInTurn()).toBeLessThan(40);
  });

  test('given three accounts ask for 10 each, one after the other, then they take turns, and no limit is passed', async () => {
    for (const account of ['first', 'second', 'third']) await ask(account, 10);
    await work();
    expect(started.toSorted()).toEqual([
      ...['first 0000', 'first 0001', 'second 0000', 'second 0001', 'third 0000', 'third 0001'],
    ]);
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advanceSeconds(60);
      await work();
    }
    expect(new Set(started).size).toBe(30);
    expect(started).toHaveLength(30);
    expect({ mostAtProvider, mostOfAccount }).toEqual({ mostAtProvider: 6, mostOfAccount: 2 });
  });

  test('given a provider is full, when another is asked for, then it is not kept waiting', async () => {
    await ask('first', 4);
    await ask('second', 4);
    await work();
    expect(started).toHaveLength(6);
    await ask('third', 1, 'GROQ');
    await work();
    expect(started).toContain('third 0000');
  });

  test('given what waits for a place, when the clock is moved, then it is no reason to stand still', async () => {
    await ask('first', 5);
    const due = jobsOf().dueWork(() => Promise.resolve(false));
    expect(await due.nextDueAt()).toBeLessThanOrEqual(clock.now());
    await work();
    expect(started).toHaveLength(4); // The fifth waits.
    expect(await due.nextDueAt()).toBe(clock.now() + minuteMs);
    clock.advanceSeconds(60);
    await due.runSome();
    await due.runSome();
    expect(started).toHaveLength(5);
  });
});
