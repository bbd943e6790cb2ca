import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Transaction } from '../../src/db/index.ts';
import {
  type AccountId,
  type Credits,
  createLedger,
  type GrantId,
  type HoldId,
  type Ledger,
  type LedgerAnswer,
  type LedgerRequest,
} from '../../src/ledger/index.ts';
import { statementsOf } from '../support/count-statements.ts';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { openNewWallet } from '../support/new-wallet.ts';
import { connectAgain } from '../support/second-connection.ts';
import { createTestClock } from '../support/test-clock.ts';

const partSize = 4;

// What comes in one turn of the event loop is one batch; it is decided and written in parts of 4.
describeOnBoth('A batch of holds on a wallet that is remembered', (kind) => {
  let opened: TestDatabase;
  let again: TestDatabase;
  let ledger: Ledger;
  /** Another process on the same database. */
  let other: Ledger;
  let names = 0;
  const clock = createTestClock();

  beforeAll(async () => {
    opened = await openTestDatabase(kind);
    again = await connectAgain(opened);
    const parts = { clock, partSize, writers: new Map() };
    ledger = createLedger({ database: opened.database, ...parts });
    other = createLedger({ database: again.database, ...parts });
  });
  afterAll(async () => {
    expect(await findLedgerFaults(opened.database)).toEqual([]);
    await again.database.close();
    await opened.database.close();
  });

  const hold = (accountId: AccountId, rest: Partial<LedgerRequest> = {}, lifetimeMs = 900_000): LedgerRequest => {
    names += 1;
    const holdId = `hold_${names}` as HoldId;
    return { accountId, command: { kind: 'hold', holdId, amount: 1 as Credits, lifetimeMs }, ...rest };
  };
  const holds = (accountId: AccountId, count: number): LedgerRequest[] =>
    Array.from({ length: count }, () => hold(accountId));
  const key = (accountId: AccountId, name: string, hash = 'a') => ({
    accountId,
    mutation: 'generate',
    key: name,
    requestHash: Buffer.alloc(32, hash),
    subjectId: `subject of ${name}`,
  });
  const atOnce = (requests: readonly LedgerRequest[]): Promise<LedgerAnswer[]> =>
    Promise.all(requests.map((request) => ledger.execute(request)));
  const count = (answers: readonly LedgerAnswer[], wanted: LedgerAnswer['kind']): number =>
    answers.filter((answer) => answer.kind === wanted).length;
  const amounts = async (accountId: AccountId) => {
    const state = (await ledger.wallet(accountId))?.state;
    return { available: state?.available, held: state?.held };
  };

  /** A new wallet of so many credits, of which 1 is held by this process. */
  const rememberedWallet = async (amount: number): Promise<AccountId> => {
    names += 1;
    const id = `account_${names}` as AccountId;
    const grant = {
      kind: 'grant',
      grantId: `grant_${names}` as GrantId,
      source: 'PACK',
      category: 'PAID',
      priority: 0,
      amount: amount as Credits,
      effectiveAt: null,
      expiresAt: null,
      reason: null,
    } as const;
    await openNewWallet(opened.database, ledger, id, [grant], clock.now());
    await ledger.execute(hold(id));
    return id;
  };

  it('given enough credits, when 18 come at once, then each part is one statement, and none is in a transaction', async () => {
    const id = await rememberedWallet(100);
    const statements = await statementsOf(async () => {
      expect(count(await atOnce(holds(id, 18)), 'applied')).toBe(18);
    });
    // 100 - 1 - 18 = 81
    expect(await amounts(id)).toEqual({ available: 81, held: 19 });
    if (kind === 'embedded') return; // Statements are counted at the driver of PostgreSQL.
    // 18 = 4 x 4 + 2, in 5 parts
    expect(statements.filter((text) => text.includes('refuse_stale'))).toHaveLength(5);
    expect(statements.filter((text) => /^(BEGIN|COMMIT)/.test(text))).toEqual([]);
  });

  it('given credits for 10, when 14 come at once, then the first 10 are held and the last 4 refused', async () => {
    const id = await rememberedWallet(11);
    const answers = await atOnce(holds(id, 14));
    // 11 - 1 = 10
    expect(answers.map((answer) => answer.kind)).toEqual([
      ...Array.from({ length: 10 }, () => 'applied'),
      ...Array.from({ length: 4 }, () => 'refused'),
    ]);
    expect(await amounts(id)).toEqual({ available: 0, held: 11 });
  });

  it('given the 7th has a key that was used, when 12 come at once, then it is replayed, and 11 are held', async () => {
    const id = await rememberedWallet(100);
    await ledger.execute(hold(id, { key: key(id, 'used') }));
    const requests = holds(id, 12).with(6, hold(id, { key: key(id, 'used') }));
    const answers = await atOnce(requests);
    expect(answers[6]).toEqual({ kind: 'replayed', subjectId: 'subject of used' });
    expect(count(answers, 'applied')).toBe(11);
    // 100 - 1 - 1 - 11 = 87
    expect(await amounts(id)).toEqual({ available: 87, held: 13 });
  });

  it('given two of 12 have one key, when they come at once, then one is held and the other is its replay or a conflict', async () => {
    const id = await rememberedWallet(100);
    const same = (at: number, hash: string) =>
      holds(id, 12).with(at, hold(id, { key: key(id, `twice ${hash}`, hash) }));
    for (const [hash, expected] of [
      ['a', 'replayed'],
      ['b', 'conflict'],
    ] as const) {
      const requests = same(2, hash).with(9, hold(id, { key: key(id, `twice ${hash}`, 'a') }));
      const answers = await atOnce(requests);
      expect(answers[9]?.kind).toBe(expected);
      expect(count(answers, 'applied')).toBe(11);
    }
    // 100 - 1 - 2 x 11 = 77
    expect(await amounts(id)).toEqual({ available: 77, held: 23 });
  });

  it('given the 9th fails by itself, when 12 come at once, then it alone fails, and 11 are held once', async () => {
    const id = await rememberedWallet(100);
    const failing = hold(id, {
      attach: () => {
        throw new Error('It cannot be attached.');
      },
    });
    let outcomes: PromiseSettledResult<LedgerAnswer>[] = [];
    const statements = await statementsOf(async () => {
      const requests = holds(id, 12).with(8, failing);
      outcomes = await Promise.allSettled(requests.map((request) => ledger.execute(request)));
    });
    expect(outcomes.map(({ status }) => status)).toEqual(
      Array.from({ length: 12 }, (_, index) => (index === 8 ? 'rejected' : 'fulfilled')),
    );
    // 100 - 1 - 11 = 88
    expect(await amounts(id)).toEqual({ available: 88, held: 12 });
    // Those of the third part alone are carried out one by one: the second was under way when deciding failed.
    if (kind === 'postgres') expect(statements.filter((text) => text.startsWith('BEGIN'))).toHaveLength(4);
  });

  it('given a wallet and its grant, when a credit moves from what is left to what is held, then both change in place', async () => {
    const id = await rememberedWallet(100);
    const move = async (transaction: Transaction, credits: number): Promise<void> => {
      await transaction.$executeRaw`
        UPDATE wallet SET available = available - ${credits}::int, held = held + ${credits}::int WHERE account_id = ${id}`;
      await transaction.$executeRaw`
        UPDATE credit_grant SET remaining = remaining - ${credits}::int, held = held + ${credits}::int
        WHERE account_id = ${id}`;
    };
    const countInPlace = async (transaction: Transaction): Promise<number> => {
      const [row] = await transaction.$queryRaw<{ count: number }[]>`
        SELECT sum(n_tup_hot_upd)::int AS count FROM pg_stat_xact_user_tables WHERE relname IN ('wallet', 'credit_grant')`;
      return row?.count ?? Number.NaN;
    };
    await opened.database.prisma.$transaction(async (transaction) => {
      const before = await countInPlace(transaction);
      await move(transaction, 1);
      await move(transaction, -1);
      // Two rows, there and back: PostgreSQL left the indexes alone.
      expect((await countInPlace(transaction)) - before).toBe(4);
    });
  });

  it('given two processes and credits for 60, when each is asked for 40 at once, then 60 are held and 20 refused', async () => {
    const id = await rememberedWallet(61);
    const both = [ledger, other].flatMap((one) => holds(id, 40).map((request) => one.execute(request)));
    const answers = await Promise.all(both);
    expect({ applied: count(answers, 'applied'), refused: count(answers, 'refused') }).toEqual({
      applied: 60,
      refused: 20,
    });
    expect(await amounts(id)).toEqual({ available: 0, held: 61 });
  });

  it('given a hold lapses half a second after its wallet was read, when the next call comes after that, then the lapse is recorded first', async () => {
    const id = await rememberedWallet(100);
    clock.advance(900_000 - 500);
    await other.execute(hold(id));
    clock.advance(600);
    await other.execute(hold(id));
    const transfers = await opened.database.prisma.transfer.findMany({
      where: { accountId: id },
      orderBy: { sequence: 'asc' },
    });
    expect(transfers.map(({ type }) => type)).toEqual(['GRANT', 'HOLD', 'HOLD', 'RELEASE', 'HOLD']);
  });

  it('given holds of a batch lapse at different instants, when the next call comes after the first, then that lapse is recorded first', async () => {
    const id = await rememberedWallet(100);
    // The first part of 4 has the one that lapses first.
    expect(count(await atOnce([hold(id, {}, 60_000), ...holds(id, 5)]), 'applied')).toBe(6);
    clock.advance(60_000);
    await ledger.execute(hold(id));
    const last = await opened.database.prisma.transfer.findMany({
      where: { accountId: id },
      orderBy: { sequence: 'desc' },
      take: 2,
    });
    expect(last.map(({ type }) => type)).toEqual(['HOLD', 'RELEASE']);
  });

  it('given many wallets, when holds on all of them come at once, then each is held once', async () => {
    const ids: AccountId[] = [];
    for (let wallet = 0; wallet < 7; wallet += 1) ids.push(await rememberedWallet(10));
    const answers = await atOnce([0, 1, 2].flatMap(() => ids.flatMap((id) => holds(id, 1))));
    expect(count(answers, 'applied')).toBe(21);
    // 10 - 1 - 3 = 6
    for (const id of ids) expect(await amounts(id)).toEqual({ available: 6, held: 4 });
  });
});
