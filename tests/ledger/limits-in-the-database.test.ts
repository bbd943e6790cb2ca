import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createStudio, type Studio, schnell } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

describeOnBoth('Amounts and the journal', (kind) => {
  let app: TestApp;
  let studio: Studio;
  /** A generation that was charged, and another whose credits are held. */
  let charged: string;
  let account: { id: string; key: string };

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
    account = await app.newAccount();
    charged = await studio.queue(account.key);
    await app.settle();
    await studio.queue(account.key);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  it.each([0, -1, -2_147_483_648, 2_000_000_001, 2_147_483_647])(
    'G04 given an account, when it is to be granted %d credits, then that is invalid and no row changes',
    async (credits) => {
      const before = await digestTables(app.database);
      expect(await studio.giveCredits(account.id, credits)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'credits'] }],
      });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  it.each([[1.5], ['5'], [2_147_483_648], [1e300], [null], [true], [[5]]])(
    'G04 given an account, when it is to be granted %j credits, then the request is no request and no row changes',
    async (credits) => {
      const before = await digestTables(app.database);
      const { errors } = await app.graphql(
        'mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { __typename } }',
        {
          key: adminKey,
          variables: { input: { accountId: account.id, credits, reason: 'For a test', idempotencyKey: 'number' } },
        },
      );
      expect(errors).toHaveLength(1);
      expect(errors[0]?.message).toMatch(/Int|credits/);
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  it('G04 given a wallet, when it is granted 2,000,000,000 in all, then one credit more is refused', async () => {
    const rich = await app.newAccount();
    // 100 + 1,999,999,900 = 2,000,000,000
    expect(await studio.giveCredits(rich.id, 1_999_999_900)).toMatchObject({ __typename: 'Grant' });
    expect(await studio.wallet(rich.key)).toEqual({ available: 2_000_000_000, held: 0 });
    const before = await digestTables(app.database);
    expect(await studio.giveCredits(rich.id, 1)).toMatchObject({ __typename: 'InvalidInputError' });
    expect(await digestTables(app.database)).toEqual(before);
  });

  it.each([0, -1, 4, 2_000_000_001])(
    'G04 given a charge of 3, when %d credits of it are to be refunded, then that is invalid and no row changes',
    async (credits) => {
      const before = await digestTables(app.database);
      expect(await studio.refund(charged, credits)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'credits'] }],
      });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  it.each([0, -3, 2_000_000_001])(
    'G04 given a model, when its price is to be %d credits, then that is invalid and no row changes',
    async (credits) => {
      const before = await digestTables(app.database);
      expect(await studio.updateModel(schnell.modelId, { credits })).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'credits'] }],
      });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  it.each([
    ['a wallet has less than nothing', 'UPDATE wallet SET available = -1'],
    ['a wallet holds less than nothing', 'UPDATE wallet SET held = -1'],
    ['a wallet has more than was issued', 'UPDATE wallet SET available = issued + 1'],
    ['a wallet was issued more than the most', 'UPDATE wallet SET issued = 2000000001'],
    ['a wallet has what is no number', "UPDATE wallet SET available = 'NaN'"],
    ['a grant is of nothing', 'UPDATE credit_grant SET amount = 0, remaining = 0, consumed = 0, held = 0'],
    ['a part of a grant is negative', 'UPDATE credit_grant SET remaining = -1, expired = amount + 1'],
    ['a grant does not add up', 'UPDATE credit_grant SET remaining = remaining + 1'],
    ['a grant expires before it begins', "UPDATE credit_grant SET expires_at = effective_at - interval '1 second'"],
    ['a hold captures more than it holds', 'UPDATE credit_hold SET captured = amount + 1'],
    ['a hold refunds more than it captured', 'UPDATE credit_hold SET refunded = captured + 1'],
    ['a hold is of nothing', 'UPDATE credit_hold SET amount = 0'],
    ['the fundings of a hold do not add up', 'UPDATE credit_hold SET held_amounts = ARRAY[1]'],
    ['an open hold is settled', "UPDATE credit_hold SET settled_at = now() WHERE status = 'OPEN'"],
    ['a released hold has captured', "UPDATE credit_hold SET status = 'RELEASED' WHERE status = 'CAPTURED'"],
    ['a generation costs nothing', 'UPDATE generation SET credits = 0'],
    ['a generation is charged more than its price', 'UPDATE generation SET credits_charged = credits + 1'],
    ['a generation is refunded more than its charge', 'UPDATE generation SET credits_refunded = credits_charged + 1'],
    ['a generation succeeds for nothing', "UPDATE generation SET credits_charged = 0 WHERE status = 'SUCCEEDED'"],
    ['a price is nothing', 'UPDATE model_price SET credits = 0'],
    ['a price is negative', 'UPDATE model_price SET credits = -4'],
    [
      'a transfer is of nothing',
      `INSERT INTO transfer SELECT account_id, sequence + 1000, type, from_account, to_account, 0, available_after,
        grant_ids, ARRAY[0], hold_id, reason, occurred_at, recorded_at, hash FROM transfer WHERE sequence = 1`,
    ],
    [
      'the fundings of a transfer do not add up',
      `INSERT INTO transfer SELECT account_id, sequence + 1000, type, from_account, to_account, amount, available_after,
        grant_ids, ARRAY[1], hold_id, reason, occurred_at, recorded_at, hash FROM transfer WHERE sequence = 1`,
    ],
    [
      'a transfer leaves less than nothing',
      `INSERT INTO transfer SELECT account_id, sequence + 1000, type, from_account, to_account, amount, -1,
        grant_ids, grant_amounts, hold_id, reason, occurred_at, recorded_at, hash FROM transfer WHERE sequence = 1`,
    ],
    [
      'a number of a journal is used twice',
      `INSERT INTO transfer SELECT account_id, sequence, type, from_account, to_account, amount, available_after,
        grant_ids, grant_amounts, hold_id, reason, occurred_at, recorded_at, hash FROM transfer WHERE sequence = 1`,
    ],
  ])('G04 given the database alone, when SQL says that %s, then it is refused', async (_what, statement) => {
    const before = await digestTables(app.database);
    // A CHECK, a unique key, or no number at all.
    await expect(app.database.prisma.$executeRawUnsafe(statement)).rejects.toThrow(/23514|23505|22P02/);
    expect(await digestTables(app.database)).toEqual(before);
  });

  it.each([
    'UPDATE transfer SET amount = amount + 1',
    'UPDATE transfer SET reason = NULL WHERE false',
    'DELETE FROM transfer',
    'TRUNCATE transfer',
    'TRUNCATE wallet CASCADE',
    `INSERT INTO transfer SELECT * FROM transfer ON CONFLICT (account_id, sequence) DO UPDATE SET amount = 1`,
  ])('G16 given a journal, when SQL says %s, then it is refused and no row changes', async (statement) => {
    const before = await digestTables(app.database);
    await expect(app.database.prisma.$executeRawUnsafe(statement)).rejects.toThrow(/journal is only ever added to/);
    expect(await digestTables(app.database)).toEqual(before);
  });

  it.runIf(kind === 'postgres')(
    'G16 given a session that switches triggers off as replication does, when it changes a transfer, then that is refused',
    async () => {
      const client = new pg.Client({ connectionString: app.databaseUrl ?? '' });
      await client.connect();
      try {
        await client.query('SET session_replication_role = replica');
        for (const statement of ['UPDATE transfer SET amount = 1', 'DELETE FROM transfer', 'TRUNCATE transfer']) {
          await expect(client.query(statement), statement).rejects.toThrow('The journal is only ever added to');
        }
      } finally {
        await client.end();
      }
    },
  );
});
