import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { connectAgain } from '../support/second-connection.ts';
import { banana, countTypes, createStudio, mini, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** That many calls at once, each told its number. */
const atOnce = <Result>(count: number, call: (index: number) => Promise<Result>): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

describeOnBoth('Many requests at once', (kind) => {
  let app: TestApp;
  let studio: Studio;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  it('G03 given 100 credits, when 200 calls of 4 credits come at once, then 25 succeed, 175 are refused and no reader sees less than 0', async () => {
    const { key } = await app.newAccount();
    const [answers, seen] = await Promise.all([
      atOnce(200, () => studio.generate(key, banana)),
      atOnce(40, () => studio.wallet(key)),
    ]);
    // 100 / 4 = 25
    expect(countTypes(answers)).toEqual({ Generation: 25, InsufficientCreditsError: 175 });
    for (const { available, held } of seen) {
      expect(available).toBeGreaterThanOrEqual(0);
      expect(available + held).toBe(100);
    }
    expect(await studio.wallet(key)).toEqual({ available: 0, held: 100 });
    for (const refused of answers.filter(({ __typename }) => __typename !== 'Generation')) {
      expect(refused.available).toBeGreaterThanOrEqual(0);
      expect(refused.available).toBeLessThan(4);
    }
  });

  it('G05 given a charge of 3, when 20 refunds of 1 come at once, then 3 take effect and 17 are refused', async () => {
    const { key } = await app.newAccount();
    const id = await studio.queue(key);
    await app.settle();
    const answers = await atOnce(20, () => studio.refund(id, 1));
    expect(countTypes(answers)).toEqual({ Generation: 3, InvalidInputError: 17 });
    // 100 - 3 charged + 3 x 1 refunded = 100
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
    expect(await studio.generation(key, id)).toMatchObject({ creditsCharged: 3, creditsRefunded: 3 });
  });

  it('G05 given a grant of 40, when it is withdrawn 20 times at once, then once takes effect', async () => {
    const account = await app.newAccount();
    const grant = await studio.giveCredits(account.id, 40);
    const answers = await atOnce(20, () => studio.voidGrant(grant.id ?? ''));
    expect(countTypes(answers)).toEqual({ Grant: 1, GrantNotVoidableError: 19 });
    // 100 + 40 - 40 = 100
    expect(await studio.wallet(account.key)).toEqual({ available: 100, held: 0 });
  });
});

describe('Two servers on one PostgreSQL', () => {
  let app: TestApp;
  let second: TestApp;
  let studios: readonly [Studio, Studio];
  let closeConnection: () => Promise<void>;
  const studioOf = (index: number): Studio => studios[index % 2 === 0 ? 0 : 1];

  beforeAll(async () => {
    app = await startTestApp('postgres');
    const connection = await connectAgain({ database: app.database, url: app.databaseUrl });
    closeConnection = () => connection.database.close();
    second = await startTestApp('postgres', { database: connection, clock: app.clock });
    studios = [createStudio(app), createStudio(second)];
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await second.close();
    await closeConnection();
    await app.close();
  });

  it('G03 given 100 credits, when 200 calls of 4 credits come to both at once, then 25 succeed and 175 are refused', async () => {
    const { key } = await app.newAccount();
    const answers = await atOnce(200, (index) => studioOf(index).generate(key, banana));
    expect(countTypes(answers)).toEqual({ Generation: 25, InsufficientCreditsError: 175 });
    expect(await studioOf(0).wallet(key)).toEqual({ available: 0, held: 100 });
  });

  it('G05 given 50 generations whose results are there, when both servers settle them while each is cancelled twice, then each ends once', async () => {
    const { key } = await app.newAccount(100);
    const ids = await atOnce(50, () => studioOf(0).queue(key));
    // 100 + 100 - 50 x 3 = 50
    expect(await studioOf(0).wallet(key)).toEqual({ available: 50, held: 150 });
    await app.app.jobs.runDue();
    app.clock.advanceSeconds(5);

    const [, , cancellations] = await Promise.all([
      app.app.jobs.runDue(),
      second.app.jobs.runDue(),
      atOnce(100, (index) => studioOf(index).cancel(key, ids[index % 50] ?? '')),
    ]);
    await app.app.jobs.runDue();

    const ended = await Promise.all(ids.map((id) => studioOf(0).generation(key, id)));
    const charged = ended.filter((generation) => generation?.status === 'SUCCEEDED');
    const cancelled = ended.filter((generation) => generation?.status === 'CANCELED');
    expect(charged.length + cancelled.length).toBe(50);
    expect(charged.every((generation) => generation?.creditsCharged === 3)).toBe(true);
    expect(cancelled.every((generation) => generation?.creditsCharged === 0)).toBe(true);
    // Each of the two who cancel one is told the same.
    expect(countTypes(cancellations)).toEqual({
      ...(cancelled.length === 0 ? {} : { Generation: 2 * cancelled.length }),
      ...(charged.length === 0 ? {} : { NotCancelableError: 2 * charged.length }),
    });
    // 200 - 3 for each that succeeded
    expect(await studioOf(0).wallet(key)).toEqual({ available: 200 - 3 * charged.length, held: 0 });
    const settlements = await app.database.prisma.$queryRaw<{ most: bigint }[]>`
      SELECT max(times) AS most FROM (
        SELECT count(*) AS times FROM transfer WHERE hold_id = ANY(${ids}) AND type IN ('CAPTURE', 'RELEASE')
        GROUP BY hold_id) AS each_hold`;
    expect(settlements).toEqual([{ most: 1n }]);
  });

  it('G13 given 5 wallets, when both servers generate, grant, withdraw, cancel and settle on them at once, then nothing fails and every credit is accounted for', async () => {
    const accounts = await atOnce(5, () => app.newAccount());
    const answers = await atOnce(200, async (index) => {
      const account = accounts[index % 5] ?? accounts[0];
      if (account === undefined) throw new Error('There is an account.');
      const studio = studioOf(index);
      switch (index % 4) {
        case 0: {
          // It burns last, so that all of it is there to be withdrawn.
          const grant = await studio.giveCredits(account.id, 10, { priority: 999 });
          return studio.voidGrant(grant.id ?? '');
        }
        case 1: {
          const generation = await studio.generate(account.key, mini);
          return studio.cancel(account.key, generation.id ?? '');
        }
        case 2:
          await Promise.all([app.app.jobs.runDue(), second.app.jobs.runDue()]);
          return studio.generate(account.key, { ...mini, params: { sandbox: 'fail' } });
        default:
          return studio.generate(account.key, mini);
      }
    });
    await app.settle();
    expect(countTypes(answers)).toEqual({ Grant: 50, Generation: 150 });
    // 40 calls an account: 10 with credits that were withdrawn, 10 cancelled, 10 that failed, 10 that were charged 3.
    for (const { key } of accounts) expect(await studioOf(0).wallet(key)).toEqual({ available: 70, held: 0 });
  });
});
