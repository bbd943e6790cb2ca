import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Columns, insertRows } from '../../src/db/index.ts';
import {
  type AccountId,
  type Attachment,
  type AttachmentWriter,
  type Command,
  type Credits,
  createHistory,
  createLedger,
  type Grant,
  type GrantId,
  type History,
  type HoldId,
  type IdempotencyKey,
  type Instant,
  type Ledger,
  type LedgerAnswer,
} from '../../src/ledger/index.ts';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { openNewWallet } from '../support/new-wallet.ts';
import { connectAgain } from '../support/second-connection.ts';
import { digestTables } from '../support/table-digest.ts';
import { createTestClock } from '../support/test-clock.ts';

const dayMs = 86_400_000;
const start = createTestClock().now();
/** So many days after the start. */
const day = (days: number): Instant => (start + days * dayMs) as Instant;

const renewal = (id: string, amount: number, terms: { ends?: string[]; cap?: number; until?: Instant } = {}) => {
  const { ends = [], cap, until = day(33) } = terms;
  return {
    kind: 'renew',
    grantId: id as GrantId,
    source: 'PLAN',
    category: 'PAID',
    priority: 10,
    amount: amount as Credits,
    expiresAt: until,
    reason: 'Basic',
    endsGrantIds: ends as GrantId[],
    rollover:
      cap === undefined
        ? null
        : {
            grantId: `${id}_rollover` as GrantId,
            category: 'PAID',
            priority: 20,
            expiresAt: until,
            reason: null,
            fromGrantIds: ends as GrantId[],
            cap,
          },
  } as const satisfies Command;
};
const hold = (id: string, amount: number): Command => ({
  kind: 'hold',
  holdId: id as HoldId,
  amount: amount as Credits,
  lifetimeMs: 15 * 60_000,
});
const capture = (id: string, amount: number | null = null): Command => ({
  kind: 'capture',
  holdId: id as HoldId,
  amount: amount as Credits | null,
});
const release = (id: string): Command => ({ kind: 'release', holdId: id as HoldId });
const reschedule = (ids: string[], expiresAt: Instant): Command => ({
  kind: 'reschedule',
  grantIds: ids as GrantId[],
  expiresAt,
  reason: 'Cancelled',
});

describeOnBoth('The credits of a plan', (kind) => {
  let opened: TestDatabase;
  let again: TestDatabase;
  /** Two processes on one database. */
  let ledgers: readonly [Ledger, Ledger];
  let ledger: Ledger;
  let history: History;
  let accounts = 0;
  const clock = createTestClock();

  const noteColumns: Columns<{ text: string }> = { text: ['text', ({ text }) => text] };
  /** Writes a row of this test's own for each command that takes effect. */
  const writers = new Map<string, AttachmentWriter>([
    [
      'note',
      {
        kind: 'insert',
        statementFor: (rows) => insertRows('note', noteColumns, rows as readonly { text: string }[]), // Made by `noted`.
      },
    ],
  ]);
  const noted = (text: string) => (): Attachment[] => [{ writer: 'note', row: { text } }];
  const notes = async (text: string): Promise<number> =>
    (await opened.database.prisma.$queryRaw<unknown[]>`SELECT FROM note WHERE text = ${text}`).length;

  beforeAll(async () => {
    opened = await openTestDatabase(kind);
    again = await connectAgain(opened);
    await opened.database.prisma.$executeRaw`CREATE TABLE note (text text NOT NULL)`;
    const parts = { clock, writers };
    ledger = createLedger({ database: opened.database, ...parts });
    ledgers = [ledger, createLedger({ database: again.database, ...parts })];
    history = createHistory(opened.database);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(opened.database)).toEqual([]);
    await again.database.close();
    await opened.database.close();
  });

  /** A new wallet at the start of time, with 50 credits `june` until day 33. */
  const newWallet = async (): Promise<AccountId> => {
    clock.advanceTo(day(0));
    accounts += 1;
    const id = `account_${accounts}` as AccountId;
    await openNewWallet(opened.database, ledger, id, [renewal('june', 50)], clock.now());
    return id;
  };
  const does = async (accountId: AccountId, ...commands: Command[]): Promise<void> => {
    for (const command of commands) {
      expect(await ledger.execute({ accountId, command })).toMatchObject({ kind: 'applied', repeated: false });
    }
  };
  const viewOf = async (accountId: AccountId) => {
    const view = await ledger.wallet(accountId);
    if (view === null) throw new Error('There is no wallet.');
    return view;
  };
  const grantsOf = async (accountId: AccountId, ...ids: string[]): Promise<Grant[]> =>
    ledger.grants(accountId, ids as GrantId[]);
  const sound = { ok: true, firstBad: null, problem: null };
  const isSound = async (accountId: AccountId): Promise<void> => {
    expect(await history.verify(accountId)).toMatchObject(sound);
    expect(await history.rebuild(accountId)).toMatchObject({ corrected: 0, verification: sound });
  };
  const availableAsOf = async (accountId: AccountId, at: number): Promise<number> =>
    history.availableAsOf(await viewOf(accountId), at as Instant); // Milliseconds since 1970.
  const keyOf = (accountId: AccountId, key: string): IdempotencyKey => ({
    accountId,
    mutation: 'renew',
    key,
    requestHash: Buffer.alloc(32, 1),
    subjectId: 'july',
  });

  it('G24 G29 given 30 left of 50, when the renewal comes 60 times at once through two processes, then it has one effect and all get it', async () => {
    const accountId = await newWallet();
    await does(accountId, hold('call', 20), capture('call'));
    clock.advanceTo(day(30));
    const command = renewal('july', 50, { ends: ['june'], cap: 25, until: day(63) });
    const text = `${accountId} july`;

    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index): Promise<LedgerAnswer> =>
        (ledgers[index % 2] ?? ledger).execute({
          accountId,
          command,
          attach: noted(text),
          ...(index % 3 === 0 ? { key: keyOf(accountId, `event ${index}`) } : {}),
        }),
      ),
    );

    expect(answers.filter((answer) => answer.kind === 'applied' && !answer.repeated)).toHaveLength(1);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        kind: 'applied',
        effect: { kind: 'renew', grant: { id: 'july', amount: 50 }, rollover: { id: 'july_rollover', amount: 25 } },
      });
    }
    expect(await notes(text)).toBe(1);
    // 50 + min(25, 50 - 20) = 75; 50 + 50 + 25 were ever issued.
    expect((await viewOf(accountId)).state).toMatchObject({ available: 75, held: 0, issued: 125 });
    await isSound(accountId);
    const repeated = { accountId, command, key: keyOf(accountId, 'event 3') };
    expect(await ledger.execute(repeated)).toEqual({ kind: 'replayed', subjectId: 'july' });
  });

  it('given two renewals of other ids that end the same 50, when they come at once, then the 50 roll over once', async () => {
    const accountId = await newWallet();
    clock.advanceTo(day(30));
    const execute = (through: Ledger, id: string): Promise<LedgerAnswer> =>
      through.execute({ accountId, command: renewal(id, 1, { ends: ['june'], cap: 100, until: day(63) }) });

    await Promise.all([execute(ledgers[0], 'one'), execute(ledgers[1], 'other')]);

    // 1 + 1 + 50
    expect((await viewOf(accountId)).state).toMatchObject({ available: 52, issued: 102 });
    await isSound(accountId);
  });

  it('G09 given 10 and 6 held over the end of a period, when one is released, the other captured by half and a third lapses, then nothing of them comes back', async () => {
    const accountId = await newWallet();
    clock.advanceTo(day(30));
    await does(accountId, hold('released', 10), hold('captured', 6), hold('lapsed', 5));
    await does(accountId, renewal('july', 40, { ends: ['june'], cap: 100, until: day(63) }));
    // 50 - 21 held = 29 rolled over; 40 + 29 = 69
    expect((await viewOf(accountId)).state).toMatchObject({ available: 69, held: 21 });

    clock.advance(1_000);
    await does(accountId, release('released'), capture('captured', 3));
    clock.advance(15 * 60_000);

    expect((await viewOf(accountId)).state).toMatchObject({ available: 69, held: 0 });
    await does(accountId, { kind: 'expire' });
    const [june] = await grantsOf(accountId, 'june');
    // 29 + 10 + 3 + 5 = 47 of the 50 expired, 3 were spent.
    expect(june).toMatchObject({ expired: 47, consumed: 3, remaining: 0, held: 0, expiresAt: day(30), voidedAt: null });
    await isSound(accountId);
  });

  it('G08 given a renewal at day 30, then what is available before, at and after it is the same whenever it is asked', async () => {
    const accountId = await newWallet();
    await does(accountId, hold('call', 20), capture('call'));
    clock.advanceTo(day(30));
    await does(accountId, renewal('july', 40, { ends: ['june'], cap: 10, until: day(63) }));

    const expected = async (): Promise<void> => {
      expect(await availableAsOf(accountId, day(30) - 1)).toBe(30);
      expect(await availableAsOf(accountId, day(30))).toBe(50);
      const explained = await history.explain(await viewOf(accountId), day(30));
      expect(explained).toMatchObject({ available: 50 });
      expect(Object.fromEntries(explained.lines.map(({ label, amount }) => [label, amount]))).toEqual({
        'Plan credits': 90,
        Rollover: 10,
        Generations: -20,
        'Plan credits: expired': -30,
      });
    };
    await expected();
    clock.advanceTo(day(62));
    expect(await availableAsOf(accountId, day(62))).toBe(50);
    clock.advanceTo(day(63));
    await expected();
    expect(await availableAsOf(accountId, day(63) - 1)).toBe(50);
    expect(await availableAsOf(accountId, day(63))).toBe(0);
    await does(accountId, { kind: 'expire' });
    await expected();
    await isSound(accountId);
  });

  it('given a grant of which nothing is left, when a renewal ends it, then its row has the new end, and a refund stays expired', async () => {
    const accountId = await newWallet();
    await does(accountId, hold('call', 50), capture('call'));
    clock.advanceTo(day(30));
    await does(accountId, renewal('july', 40, { ends: ['june'], until: day(63) }));
    await does(accountId, { kind: 'refund', holdId: 'call' as HoldId, amount: 8 as Credits, reason: 'Sorry' });

    const [june] = await grantsOf(accountId, 'june');
    expect(june).toMatchObject({ expiresAt: day(30), consumed: 42, expired: 8 });
    expect((await viewOf(accountId)).state.available).toBe(40);
    await isSound(accountId);
  });

  it('given a grant that begins, is held and ended at one instant, then the database takes it, and after a millisecond all of it has expired', async () => {
    const accountId = await newWallet();
    await does(accountId, hold('call', 10), renewal('july', 40, { ends: ['june'] }));
    let [june] = await grantsOf(accountId, 'june');
    expect(june).toMatchObject({ effectiveAt: day(0), expiresAt: day(0) + 1, expired: 40, held: 10 });

    // At that very instant it comes back for what is left of the millisecond.
    await does(accountId, release('call'));
    expect(await availableAsOf(accountId, day(0))).toBe(50);
    clock.advance(1);

    expect((await viewOf(accountId)).state.available).toBe(40);
    expect(await availableAsOf(accountId, day(0))).toBe(50);
    await does(accountId, { kind: 'expire' });
    [june] = await grantsOf(accountId, 'june');
    expect(june).toMatchObject({ expired: 50, remaining: 0 });
    expect(await availableAsOf(accountId, day(0))).toBe(50);
    expect(await availableAsOf(accountId, day(0) + 1)).toBe(40);
    await isSound(accountId);
  });

  it('given amounts of an ended grant that were changed by force, when the wallet is rebuilt, then they are right and its end stays', async () => {
    const accountId = await newWallet();
    clock.advanceTo(day(30));
    await does(accountId, renewal('july', 40, { ends: ['june'], until: day(63) }));
    await opened.database.prisma.$executeRaw`
      UPDATE credit_grant SET remaining = 50, expired = 0 WHERE account_id = ${accountId} AND id = 'june'`;
    expect(await history.verify(accountId)).toMatchObject({ ok: false, firstBad: { kind: 'grant', id: 'june' } });

    expect(await history.rebuild(accountId)).toMatchObject({ corrected: 1, verification: sound });

    const [june] = await grantsOf(accountId, 'june');
    expect(june).toMatchObject({ remaining: 0, expired: 50, expiresAt: day(30) });
  });

  it('given a plan that is cancelled, when its credits are to end sooner, then the row and what is attached are written without a transfer', async () => {
    const accountId = await newWallet();
    const before = await viewOf(accountId);
    clock.advanceTo(day(3));
    const text = `${accountId} cancelled`;

    const answer = await ledger.execute({
      accountId,
      command: reschedule(['june'], day(30)),
      key: keyOf(accountId, 'cancel'),
      attach: noted(text),
    });

    expect(answer).toMatchObject({
      kind: 'applied',
      repeated: false,
      at: day(3),
      effect: { kind: 'reschedule', grants: [{ id: 'june', expiresAt: day(30) }] },
    });
    expect(await notes(text)).toBe(1);
    const view = await viewOf(accountId);
    expect(view.head).toEqual({ ...before.head, at: day(3) });
    expect(view.updatedAt).toBe(day(3));
    expect(await ledger.nextDueAt(clock.now())).toBe(day(30));
    clock.advanceTo(day(30));
    expect(await availableAsOf(accountId, day(30) - 1)).toBe(50);
    expect(await availableAsOf(accountId, day(30))).toBe(0);
    await isSound(accountId);
  });

  it('given nothing changes, when grants are rescheduled, then nothing is attached, and the key and what fell due are stored', async () => {
    const accountId = await newWallet();
    const text = `${accountId} nothing`;
    const key = keyOf(accountId, 'nothing');
    clock.advanceTo(day(40));
    const request = { accountId, command: reschedule(['june'], day(90)), key, attach: noted(text) };

    expect(await ledger.execute(request)).toMatchObject({
      kind: 'applied',
      repeated: true,
      effect: { grants: [{ id: 'june', expiresAt: day(33), expired: 50 }] },
    });

    expect(await notes(text)).toBe(0);
    expect((await viewOf(accountId)).head.sequence).toBe(2);
    expect(await ledger.execute(request)).toMatchObject({ kind: 'replayed' });
    await isSound(accountId);
  });

  it('G11 given one grant that is not there, or that is of another wallet, when it is to end, then no row changes', async () => {
    const stranger = await newWallet();
    await does(stranger, renewal('strange', 5));
    const accountId = await newWallet();
    clock.advanceTo(day(40));
    const before = await digestTables(opened.database);
    for (const command of [
      renewal('july', 40, { ends: ['june', 'strange'], until: day(63) }),
      reschedule(['june', 'strange'], day(40)),
      reschedule(['nobody'], day(90)),
    ]) {
      expect(await ledger.execute({ accountId, command, attach: noted('refused') })).toEqual({
        kind: 'refused',
        refusal: { kind: 'UNKNOWN_GRANT' },
      });
    }
    expect(await digestTables(opened.database)).toEqual(before);
  });

  it('G13 given renewals, holds and reschedules of one wallet at once through two processes, then it adds up', async () => {
    const accountId = await newWallet();
    clock.advanceTo(day(1));
    const commands = Array.from({ length: 40 }, (_, index): Command[] => [
      renewal(`period ${index}`, 10, { ends: index === 0 ? ['june'] : [], cap: 5, until: day(40 + index) }),
      hold(`call ${index}`, 1 + (index % 4)),
      reschedule(['june'], day(20 + index)),
    ]).flat();

    await Promise.all(commands.map((command, index) => (ledgers[index % 2] ?? ledger).execute({ accountId, command })));

    // At most 40 of the 50 are held before the first renewal comes, so that it finds 5 to roll over in any order.
    const { state } = await viewOf(accountId);
    expect(state.issued).toBe(50 + 40 * 10 + 5);
    await isSound(accountId);
  });

  it('given ids of grants, when they are read together, then each is as it is now, in that order, without those of others', async () => {
    const accountId = await newWallet();
    await does(accountId, hold('call', 50), capture('call'), renewal('july', 40, { until: day(10) }));
    clock.advanceTo(day(10));
    const found = await grantsOf(accountId, 'july', 'nobody', 'june');
    expect(found.map(({ id, remaining, expired, consumed }) => [id, remaining, expired, consumed])).toEqual([
      ['july', 0, 40, 0],
      ['june', 0, 0, 50],
    ]);
    expect(await grantsOf('account_nobody' as AccountId, 'june')).toEqual([]);
    expect(await ledger.grant(accountId, 'nobody' as GrantId)).toBeNull();
  });
});
