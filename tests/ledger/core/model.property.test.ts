import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { apply, instantFor, project } from '../../../src/ledger/core/apply.ts';
import { grantsNamedBy } from '../../../src/ledger/core/named-grants.ts';
import type {
  Applied,
  Clawback,
  Command,
  Grant,
  GrantCategory,
  GrantId,
  Hold,
  HoldId,
  LedgerAccount,
  Transfer,
  WalletState,
} from '../../../src/ledger/core/types.ts';
import {
  captureOf,
  clawbackOf,
  emptyWallet,
  expire,
  extendOf,
  type GrantOptions,
  grantOf,
  holdOf,
  instant,
  refundOf,
  releaseOf,
  renewOf,
  rescheduleOf,
  voidOf,
} from './builder.ts';
import {
  emptyReference,
  type Move,
  type Place,
  type ReferenceWallet,
  referenceAt,
  referenceStep,
} from './reference.ts';

const seed = Number(process.env.FC_SEED ?? randomInt(2 ** 31));
console.info(`Ledger core properties: FC_SEED=${seed} replays this run.`);

// ---------------------------------------------------------------- random sequences

/** A command whose instants still count from the instant at which it is given. */
type Order =
  | {
      readonly kind: 'grant';
      readonly id: string;
      readonly amount: number;
      readonly options: GrantOptions;
      /** Instants are rounded up to a multiple of this, so that many of them meet. */
      readonly roundedTo: number;
    }
  /** The rollover of grant x has the id x+, and its end is that of the grant. */
  | {
      readonly kind: 'renew';
      readonly id: string;
      readonly amount: number;
      readonly expiresAt: number | null;
      readonly ends: readonly string[];
      readonly rollover: { readonly from: readonly string[]; readonly cap: number } | null;
    }
  | { readonly kind: 'reschedule'; readonly ids: readonly string[]; readonly expiresAt: number }
  | { readonly kind: 'other'; readonly command: Command };

/** How the clock moves before an order: by some milliseconds (also back), or to just about an instant that counts. */
type Wait =
  | { readonly kind: 'by'; readonly milliseconds: number }
  | { readonly kind: 'until'; readonly which: number; readonly offset: number };

interface Step {
  readonly wait: Wait;
  readonly order: Order;
}

const oneOf = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
const amount = fc.integer({ min: 1, max: 12 });
const amountOrAll = fc.option(amount, { freq: 2 });
const aGrant = oneOf('a', 'b', 'c', 'd', 'e', 'f', 'g');
/** Those that rolled over among them. */
const anyGrant = fc.oneof({ weight: 4, arbitrary: aGrant }, { weight: 1, arbitrary: aGrant.map((id) => `${id}+`) });
const aHold = oneOf('h', 'i', 'j', 'k', 'l');
const lifetime = fc.integer({ min: 1, max: 12 });
const other = (command: Command): Order => ({ kind: 'other', command });

const grantOrder: fc.Arbitrary<Order> = fc.record({
  kind: fc.constant('grant'),
  id: aGrant,
  amount,
  options: fc.record(
    {
      category: oneOf('PROMOTIONAL', 'PAID'),
      priority: oneOf(10, 20, 30),
      effectiveAt: fc.integer({ min: -2, max: 8 }),
      expiresAt: fc.integer({ min: -1, max: 20 }),
    },
    { requiredKeys: ['category', 'priority'] },
  ),
  roundedTo: oneOf(1, 10),
});

/** A renewal that ends grants of `ended`; of each, what is left rolls over or not. */
const renewOrder = (id: fc.Arbitrary<string>, ended: fc.Arbitrary<string>): fc.Arbitrary<Order> =>
  fc
    .record({
      id,
      amount,
      expiresAt: fc.option(fc.integer({ min: 0, max: 20 }), { freq: 5 }),
      ends: fc.array(fc.record({ id: ended, rolls: fc.boolean() }), { maxLength: 3 }),
      cap: fc.option(fc.integer({ min: 0, max: 12 }), { freq: 3 }),
    })
    .map(({ ends, cap, ...rest }) => ({
      kind: 'renew',
      ...rest,
      ends: ends.map((end) => end.id),
      rollover: cap === null ? null : { from: ends.filter(({ rolls }) => rolls).map((end) => end.id), cap },
    }));

const rescheduleOrder = (ids: fc.Arbitrary<string>): fc.Arbitrary<Order> =>
  fc.record({
    kind: fc.constant('reschedule'),
    ids: fc.array(ids, { minLength: 1, maxLength: 2 }),
    expiresAt: fc.integer({ min: -2, max: 20 }),
  });

const order: fc.Arbitrary<Order> = fc.oneof(
  { weight: 5, arbitrary: grantOrder },
  { weight: 6, arbitrary: fc.tuple(aHold, amount, lifetime).map((parts) => other(holdOf(...parts))) },
  { weight: 1, arbitrary: fc.tuple(aHold, lifetime).map((parts) => other(extendOf(...parts))) },
  { weight: 5, arbitrary: fc.tuple(aHold, amountOrAll).map((parts) => other(captureOf(...parts))) },
  { weight: 2, arbitrary: aHold.map((id) => other(releaseOf(id))) },
  { weight: 3, arbitrary: fc.tuple(aHold, amountOrAll).map((parts) => other(refundOf(...parts))) },
  { weight: 2, arbitrary: anyGrant.map((id) => other(voidOf(id))) },
  { weight: 4, arbitrary: renewOrder(aGrant, anyGrant) },
  { weight: 3, arbitrary: rescheduleOrder(anyGrant) },
  {
    weight: 3,
    arbitrary: fc.tuple(anyGrant, fc.integer({ min: 0, max: 12 })).map((parts) => other(clawbackOf(...parts))),
  },
  { weight: 1, arbitrary: fc.constant(other(expire)) },
);

const forward: fc.Arbitrary<Wait> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Wait>({ kind: 'by', milliseconds: 0 }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('by'), milliseconds: fc.integer({ min: 1, max: 9 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('until'),
      which: fc.nat({ max: 7 }),
      offset: fc.integer({ min: -1, max: 1 }),
    }),
  },
);
const back: fc.Arbitrary<Wait> = fc.record({
  kind: fc.constant('by'),
  milliseconds: fc.integer({ min: -9, max: -1 }),
});
const anyWait = fc.oneof({ weight: 9, arbitrary: forward }, { weight: 1, arbitrary: back });

/** Few grants and much spending, so that clawbacks find credits spent, debts paid and payers gone. */
const orderInDebt: fc.Arbitrary<Order> = (() => {
  const fewGrants = oneOf('a', 'b', 'c', 'd');
  const fewHolds = oneOf('h', 'i', 'j');
  const grant = fc.record({
    kind: fc.constant<'grant'>('grant'),
    id: fewGrants,
    amount,
    options: fc.record(
      {
        category: oneOf<GrantCategory>('PROMOTIONAL', 'PAID'),
        priority: oneOf(10, 30),
        expiresAt: fc.integer({ min: 1, max: 30 }),
      },
      { requiredKeys: ['category', 'priority'] },
    ),
    roundedTo: fc.constant(1),
  });
  const total = fc.integer({ min: 0, max: 12 });
  return fc.oneof(
    { weight: 5, arbitrary: grant },
    { weight: 5, arbitrary: fc.tuple(fewHolds, amount, fc.constant(30)).map((parts) => other(holdOf(...parts))) },
    { weight: 5, arbitrary: fc.tuple(fewHolds, amountOrAll).map((parts) => other(captureOf(...parts))) },
    { weight: 3, arbitrary: fc.tuple(fewHolds, amountOrAll).map((parts) => other(refundOf(...parts))) },
    { weight: 1, arbitrary: fewHolds.map((id) => other(releaseOf(id))) },
    { weight: 1, arbitrary: fewGrants.map((id) => other(voidOf(id))) },
    { weight: 2, arbitrary: renewOrder(fewGrants, fewGrants) },
    { weight: 1, arbitrary: rescheduleOrder(fewGrants) },
    { weight: 7, arbitrary: fc.tuple(fewGrants, total).map((parts) => other(clawbackOf(...parts))) },
    { weight: 1, arbitrary: order },
  );
})();

const anyOrder = fc.oneof(order, orderInDebt);

const sequenceOf = (wait: fc.Arbitrary<Wait>, order: fc.Arbitrary<Order>): fc.Arbitrary<Step[]> =>
  fc.array(fc.record({ wait, order }), { minLength: 1, maxLength: 40, size: 'max' });

/** Begins with a grant that was spent, all or in part, so that clawbacks and refunds have something to find. */
const sequenceInDebt: fc.Arbitrary<Step[]> = fc
  .tuple(fc.integer({ min: 6, max: 12 }), fc.integer({ min: 3, max: 12 }), sequenceOf(anyWait, orderInDebt))
  .map(([granted, held, steps]) => {
    const options: GrantOptions = { category: 'PAID', priority: 10 };
    const orders: Order[] = [
      { kind: 'grant', id: 'a', amount: granted, options, roundedTo: 1 },
      other(holdOf('h', Math.min(granted, held), 30)),
      other(captureOf('h', null)),
    ];
    return [...orders.map((order): Step => ({ wait: { kind: 'by', milliseconds: 0 }, order })), ...steps];
  });

/** Every instant of the wallet that is still to come, in order. */
function instantsAhead(state: WalletState, clock: number): number[] {
  const instants = [
    ...[...state.grants.values()].flatMap((grant) => [grant.effectiveAt, grant.expiresAt ?? clock]),
    ...[...state.holds.values()].map((hold) => hold.expiresAt),
  ];
  return instants.filter((at) => at > clock).sort((left, right) => left - right);
}

function clockAfter(wait: Wait, state: WalletState, clock: number): number {
  if (wait.kind === 'by') return Math.max(0, clock + wait.milliseconds);
  const ahead = instantsAhead(state, clock);
  return (ahead[wait.which % ahead.length] ?? clock) + wait.offset;
}

function commandAt(given: Order, clock: number): Command {
  if (given.kind === 'other') return given.command;
  if (given.kind === 'reschedule') return rescheduleOf(given.ids, clock + given.expiresAt);
  if (given.kind === 'renew') {
    const { id, amount: granted, ends, rollover } = given;
    const end = given.expiresAt === null ? {} : { expiresAt: clock + given.expiresAt };
    return renewOf(id, granted, {
      ...end,
      ends,
      ...(rollover === null ? {} : { rollover: { ...rollover, ...end, id: `${id}+` } }),
    });
  }
  const { effectiveAt, expiresAt, ...rest } = given.options;
  const rounded = (at: number): number => Math.ceil(at / given.roundedTo) * given.roundedTo;
  return grantOf(given.id, given.amount, {
    ...rest,
    ...(effectiveAt === undefined ? {} : { effectiveAt: rounded(clock + effectiveAt) }),
    ...(expiresAt === undefined ? {} : { expiresAt: rounded(clock + expiresAt) }),
  });
}

/** A wallet under test and the wall clock beside it. */
interface Run {
  readonly state: WalletState;
  readonly clock: number;
}

/** Gives every step's command to `visit`, which answers the state that follows. */
function runSteps(steps: readonly Step[], visit: (state: WalletState, command: Command, clock: number) => Run): void {
  let run: Run = { state: emptyWallet, clock: 0 };
  for (const step of steps) {
    const clock = clockAfter(step.wait, run.state, run.clock);
    run = visit(run.state, commandAt(step.order, clock), clock);
  }
}

const stateAfter = (before: WalletState, applied: Applied): WalletState => (applied.ok ? applied.state : before);

// ---------------------------------------------------------------- invariants

const accounts = ['ISSUED', 'PENDING', 'AVAILABLE', 'HELD', 'CONSUMED', 'EXPIRED', 'REVOKED', 'DEBT'] as const;
type Balances = Record<LedgerAccount, number>;

const noBalances = (): Balances => ({
  ISSUED: 0,
  PENDING: 0,
  AVAILABLE: 0,
  HELD: 0,
  CONSUMED: 0,
  EXPIRED: 0,
  REVOKED: 0,
  DEBT: 0,
});

/** What a journal says, rebuilt from the empty wallet, row by row; checks the chain of rows on the way. */
class Replay {
  readonly wallet: Balances = noBalances();
  readonly grants = new Map<GrantId, Balances>();
  #last: Transfer | null = null;

  add(transfer: Transfer): void {
    const previous = this.#last;
    strictEqual(transfer.sequence, (previous?.sequence ?? 0) + 1, 'the sequence has no gap');
    ok(Number.isSafeInteger(transfer.amount) && transfer.amount > 0, 'an amount is a positive integer');
    ok(transfer.from !== transfer.to, 'a transfer moves');
    ok(transfer.occurredAt >= (previous?.occurredAt ?? 0), 'the journal stands in the order of time');
    ok(transfer.occurredAt <= transfer.recordedAt, 'nothing is written before it happened');
    strictEqual(
      transfer.fundings.reduce((sum, funding) => sum + funding.amount, 0),
      transfer.amount,
      'the fundings add up to the transfer',
    );
    strictEqual(
      new Set(transfer.fundings.map((funding) => funding.grantId)).size,
      transfer.fundings.length,
      'a grant funds a transfer once',
    );
    const effect = (transfer.to === 'AVAILABLE' ? 1 : 0) - (transfer.from === 'AVAILABLE' ? 1 : 0);
    strictEqual(
      transfer.availableAfter,
      (previous?.availableAfter ?? 0) + effect * transfer.amount,
      'availableAfter adds up row by row',
    );
    this.wallet[transfer.from] -= transfer.amount;
    this.wallet[transfer.to] += transfer.amount;
    for (const funding of transfer.fundings) {
      const balances = this.grants.get(funding.grantId) ?? noBalances();
      balances[transfer.from] -= funding.amount;
      balances[transfer.to] += funding.amount;
      this.grants.set(funding.grantId, balances);
    }
    this.#last = transfer;
  }

  checkAgainst(state: WalletState): void {
    strictEqual(state.sequence, this.#last?.sequence ?? 0, 'the wallet knows its newest transfer');
    strictEqual(
      accounts.reduce((sum, account) => sum + this.wallet[account], 0),
      0,
      'transfers sum to zero',
    );
    strictEqual(-this.wallet.ISSUED, state.issued, 'issued');
    strictEqual(this.wallet.PENDING, state.pending, 'pending');
    strictEqual(this.wallet.AVAILABLE, state.available, 'available');
    strictEqual(this.wallet.HELD, state.held, 'held');
    strictEqual(0 - this.wallet.DEBT, state.debt, 'debt');
    strictEqual(this.grants.size, state.grants.size, 'each grant has its transfers');
    for (const grant of state.grants.values()) {
      const balances = this.grants.get(grant.id) ?? noBalances();
      strictEqual(-balances.ISSUED, grant.amount, `grant ${grant.id} was issued`);
      for (const [place, part] of partsOf(grant)) {
        // What paid a debt was spent, and what is owed was not.
        const balance = balances[place] + (place === 'CONSUMED' ? balances.DEBT : 0);
        strictEqual(balance, part, `grant ${grant.id} ${place}`);
      }
    }
  }
}

type Part = 'PENDING' | 'AVAILABLE' | 'HELD' | 'CONSUMED' | 'EXPIRED' | 'REVOKED';

const partsOf = (grant: Grant): [Part, number][] => [
  ['PENDING', grant.pending],
  ['AVAILABLE', grant.remaining],
  ['HELD', grant.held],
  ['CONSUMED', grant.consumed],
  ['EXPIRED', grant.expired],
  ['REVOKED', grant.revoked],
];

const sumOf = <Item>(items: Iterable<Item>, amountOf: (item: Item) => number): number =>
  [...items].reduce((sum, item) => sum + amountOf(item), 0);

function checkState(state: WalletState): void {
  const grants = [...state.grants.values()];
  for (const grant of grants) {
    const parts = partsOf(grant).map(([, part]) => part);
    ok(
      parts.every((part) => Number.isSafeInteger(part) && part >= 0),
      `no part of grant ${grant.id} is negative`,
    );
    strictEqual(
      sumOf(parts, (part) => part),
      grant.amount,
      `grant ${grant.id} adds up`,
    );
    const over = grant.voidedAt !== null || (grant.expiresAt !== null && grant.expiresAt <= state.lastInstant);
    if (over) strictEqual(grant.pending + grant.remaining, 0, `nothing of grant ${grant.id} can be spent`);
    if (grant.effectiveAt > state.lastInstant) strictEqual(grant.remaining, 0, `grant ${grant.id} has not begun`);
  }
  strictEqual(
    state.available,
    sumOf(grants, (grant) => grant.remaining),
    'available is what remains of the grants',
  );
  strictEqual(
    state.pending,
    sumOf(grants, (grant) => grant.pending),
    'pending is what is pending of the grants',
  );
  strictEqual(
    state.issued,
    sumOf(grants, (grant) => grant.amount),
    'issued is what was granted',
  );
  strictEqual(
    state.held,
    sumOf(grants, (grant) => grant.held),
    'held is what is held of the grants',
  );
  strictEqual(
    state.held,
    sumOf(state.holds.values(), (hold) => (hold.status === 'OPEN' ? hold.amount : 0)),
    'held is the sum of the open holds',
  );
  for (const hold of state.holds.values()) checkHold(hold, state.lastInstant);
  for (const clawback of state.clawbacks.values()) checkClawback(clawback, state);
  strictEqual(
    state.debt,
    sumOf(state.clawbacks.values(), ({ owed, payments }) => owed - sumOf(payments, (payment) => payment.amount)),
    'debt is what is owed and not paid',
  );
}

function checkClawback({ grantId, total, taken, owed, payments }: Clawback, state: WalletState): void {
  const grant = state.grants.get(grantId);
  ok(grant !== undefined && taken >= 0 && owed >= 0, `the clawback of grant ${grantId} is of a grant`);
  ok(taken + owed <= total, `no more of grant ${grantId} was taken than is to be taken`);
  ok(taken + owed <= grant.revoked, `what was taken of grant ${grantId} is revoked`);
  if (taken + owed < total) {
    strictEqual(grant.pending + grant.remaining + grant.consumed, 0, `all of grant ${grantId} that can be taken is`);
  }
  ok(
    payments.every(({ amount }) => amount > 0),
    'a payment is positive',
  );
  ok(sumOf(payments, ({ amount }) => amount) <= owed, `no more is paid for grant ${grantId} than is owed`);
}

/** What the CHECK constraints of the hold's table demand, and a little more. */
function checkHold(hold: Hold, lastInstant: number): void {
  const captured = sumOf(hold.fundings, (funding) => funding.captured);
  strictEqual(
    sumOf(hold.fundings, (funding) => funding.held),
    hold.amount,
    `the fundings of hold ${hold.id} add up`,
  );
  for (const funding of hold.fundings) {
    ok(funding.held > 0 && funding.captured >= 0 && funding.refunded >= 0, 'no share is negative');
    ok(funding.captured <= funding.held && funding.refunded <= funding.captured, 'no share exceeds its hold');
  }
  strictEqual(hold.status === 'CAPTURED', captured > 0, `hold ${hold.id} is captured when something was charged`);
  strictEqual(hold.status === 'OPEN', hold.settledAt === null, `hold ${hold.id} is settled or open`);
  if (hold.status === 'OPEN') ok(hold.expiresAt > lastInstant, `hold ${hold.id} has not lapsed`);
}

const partOf = (place: Place): Place => (place === 'TAKEN' || place === 'OWED' ? 'REVOKED' : place);

function checkAgainstReference(state: WalletState, reference: ReferenceWallet): void {
  strictEqual(state.lastInstant, reference.now, 'the instant of the wallet');
  strictEqual(state.grants.size, reference.grants.size, 'the grants');
  const counts = new Map<string, number>();
  for (const credit of reference.credits) {
    const key = `${credit.grantId} ${partOf(credit.place)}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const grant of state.grants.values()) {
    for (const [place, part] of partsOf(grant)) {
      strictEqual(part, counts.get(`${grant.id} ${place}`) ?? 0, `grant ${grant.id} ${place}`);
    }
    const expected = reference.grants.get(grant.id);
    strictEqual(grant.voidedAt !== null, expected?.voided, `grant ${grant.id} voided`);
    strictEqual(grant.expiresAt ?? Number.POSITIVE_INFINITY, expected?.expiresAt, `grant ${grant.id} expiresAt`);
  }
  const owed = reference.credits.filter(({ place, paid }) => place === 'OWED' && paid === null);
  strictEqual(state.debt, owed.length, 'the debt');
  strictEqual(state.holds.size, reference.holds.size, 'the holds');
  for (const hold of state.holds.values()) {
    const expected = reference.holds.get(hold.id);
    strictEqual(hold.status, expected?.status, `hold ${hold.id} status`);
    strictEqual(hold.expiresAt, expected?.expiresAt, `hold ${hold.id} expiresAt`);
  }
}

/** Adds up who moved how much from where to where, and when. */
class MoveCount {
  readonly #counts = new Map<string, number>();

  add(at: number, grant: GrantId, from: string, to: string, count: number): void {
    const key = `${at} ${grant} ${from}>${to}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
  }

  sorted(): [string, number][] {
    return [...this.#counts].sort(([left], [right]) => (left < right ? -1 : 1));
  }
}

function checkMoves(transfers: readonly Transfer[], moves: readonly Move[]): void {
  const actual = new MoveCount();
  for (const { occurredAt, from, to, fundings } of transfers) {
    for (const funding of fundings) actual.add(occurredAt, funding.grantId, from, to, funding.amount);
  }
  const expected = new MoveCount();
  for (const { at, grantId, from, to } of moves) expected.add(at, grantId, from, to, 1);
  deepStrictEqual(actual.sorted(), expected.sorted());
}

/** Makes any write to the grants and holds of a state throw, and answers a check that its maps are as they were. */
function guard(state: WalletState): () => void {
  const grants = [...state.grants];
  const holds = [...state.holds];
  const clawbacks = [...state.clawbacks];
  for (const [, grant] of grants) Object.freeze(grant);
  for (const [, clawback] of clawbacks) Object.freeze(clawback);
  for (const [, hold] of holds) {
    Object.freeze(hold);
    Object.freeze(hold.fundings);
    hold.fundings.forEach(Object.freeze);
  }
  Object.freeze(state);
  return () => {
    ok(grants.length === state.grants.size && grants.every(([id, grant]) => state.grants.get(id) === grant));
    ok(holds.length === state.holds.size && holds.every(([id, hold]) => state.holds.get(id) === hold));
    ok(clawbacks.length === state.clawbacks.size && clawbacks.every(([id, one]) => state.clawbacks.get(id) === one));
  };
}

// ---------------------------------------------------------------- properties

/** How much of the sequences is run; a mutation test runs many times and needs fewer. */
const share = Number(process.env.FC_SHARE ?? 1);

const parameters = (sequences: number): fc.Parameters<unknown> => ({
  seed,
  numRuns: Math.ceil(sequences * share),
  endOnFailure: share < 1, // A mutation test wants to know that a sequence fails, not the shortest that does.
  verbose: fc.VerbosityLevel.Verbose,
});

vi.setConfig({ testTimeout: 120_000 });

/** Runs a sequence on the core and on the reference and compares them after every step; notes what came up. */
function checkSequence(steps: readonly Step[], seen: Set<string>): void {
  const replay = new Replay();
  let reference = emptyReference;
  runSteps(steps, (state, command, clock) => {
    const checkUntouched = guard(state);
    const applied = apply(state, command, instant(clock));
    const expected = referenceStep(reference, command, clock);
    checkUntouched();
    strictEqual(applied.ok ? null : applied.refusal.kind, expected.refusal, `the outcome of ${command.kind}`);
    const before = reference;
    reference = expected.wallet;
    if (!applied.ok) {
      seen.add(`${command.kind} ${applied.refusal.kind}`);
      return { state, clock };
    }

    const known =
      ((command.kind === 'grant' || command.kind === 'renew') && state.grants.has(command.grantId)) ||
      (command.kind === 'reschedule' && isDeepStrictEqual(referenceAt(before, clock), reference)) ||
      (command.kind === 'hold' && state.holds.has(command.holdId)) ||
      (command.kind === 'clawback' && command.total === (state.clawbacks.get(command.grantId)?.total ?? 0));
    strictEqual(applied.repeated, known, 'a command is repeated when its id was there');
    for (const transfer of applied.transfers) {
      replay.add(transfer);
      strictEqual(transfer.recordedAt, instantFor(state, instant(clock)), 'recorded when the command was applied');
      seen.add(`${transfer.type} ${transfer.from}>${transfer.to}`);
      // What falls due by itself has no reason.
      const { type, reason } = transfer;
      if (reason !== null || type === 'DEBT_PAYMENT') seen.add(`${command.kind}: ${type}`);
    }
    if (command.kind === 'reschedule' && !known && applied.transfers.length === 0) seen.add('reschedule: no transfer');
    if (applied.effect.kind === 'renew' && applied.effect.rollover !== null) seen.add('renew with a rollover');
    if (command.kind === 'capture' && isLapsed(state, command.holdId, clock)) seen.add('capture of a lapsed hold');
    replay.checkAgainst(applied.state);
    checkState(applied.state);
    checkMoves(applied.transfers, expected.moves);
    checkAgainstReference(applied.state, reference);
    return { state: applied.state, clock };
  });
}

describe('the core beside a reference that keeps a row for each credit', () => {
  test('G10 G11 G40 every grant and wallet adds up after every command, and a refusal changes nothing (10,000 sequences)', () => {
    const seen = new Set<string>();
    const property = fc.property(sequenceOf(anyWait, order), (steps) => checkSequence(steps, seen));
    fc.assert(property, parameters(10_000));
    if (share === 1) expect([...seen]).toEqual(expect.arrayContaining(reachable));
  });

  test('G10 G32 what is owed, paid, refunded and given back adds up too (5,000 sequences)', () => {
    const seen = new Set<string>();
    const property = fc.property(sequenceInDebt, (steps) => checkSequence(steps, seen));
    fc.assert(property, parameters(5_000));
    if (share === 1) expect([...seen]).toEqual(expect.arrayContaining(reachableInDebt));
  });
});

const isLapsed = (state: WalletState, holdId: HoldId, clock: number): boolean =>
  project(state, instant(clock)).state.holds.get(holdId)?.status === 'LAPSED';

/** What random sequences must run into, or the properties say less than they seem to. */
const reachable = [
  'CAPTURE HELD>CONSUMED',
  'CLAWBACK AVAILABLE>REVOKED',
  'CLAWBACK DEBT>REVOKED',
  'CLAWBACK PENDING>REVOKED',
  'EXPIRY AVAILABLE>EXPIRED',
  'GRANT ISSUED>AVAILABLE',
  'GRANT ISSUED>PENDING',
  'GRANT PENDING>AVAILABLE',
  'HOLD AVAILABLE>HELD',
  'REFUND CONSUMED>AVAILABLE',
  'REFUND CONSUMED>EXPIRED',
  'RELEASE HELD>AVAILABLE',
  'RELEASE HELD>EXPIRED',
  'RELEASE HELD>REVOKED',
  'VOID AVAILABLE>REVOKED',
  'VOID PENDING>REVOKED',
  'capture ALREADY_SETTLED',
  'capture EXCEEDS_HOLD',
  'capture HOLD_EXPIRED',
  'capture UNKNOWN_HOLD',
  'capture of a lapsed hold',
  'clawback EXCEEDS_GRANT',
  'clawback UNKNOWN_GRANT',
  'expire NOTHING_DUE',
  'extend ALREADY_SETTLED',
  'extend HOLD_EXPIRED',
  'extend UNKNOWN_HOLD',
  'grant EFFECTIVE_IN_THE_PAST',
  'grant EXPIRES_BEFORE_EFFECTIVE',
  'hold INSUFFICIENT_CREDITS',
  'refund EXCEEDS_CHARGE',
  'refund NOT_CAPTURED',
  'refund UNKNOWN_HOLD',
  'release ALREADY_SETTLED',
  'release UNKNOWN_HOLD',
  'renew EXPIRES_BEFORE_EFFECTIVE',
  'renew UNKNOWN_GRANT',
  'renew with a rollover',
  'renew: EXPIRY',
  'renew: VOID',
  'reschedule UNKNOWN_GRANT',
  'reschedule: EXPIRY',
  'reschedule: VOID',
  'reschedule: no transfer',
  'void NOT_VOIDABLE',
  'void UNKNOWN_GRANT',
];

const reachableInDebt = [
  'DEBT_PAYMENT AVAILABLE>DEBT',
  'REFUND CONSUMED>DEBT',
  'REFUND CONSUMED>REVOKED',
  'REFUND DEBT>AVAILABLE',
  'REFUND DEBT>EXPIRED',
  'REINSTATEMENT DEBT>AVAILABLE',
  'REINSTATEMENT REVOKED>AVAILABLE',
  'REINSTATEMENT REVOKED>DEBT',
  'renew: DEBT_PAYMENT',
];

describe('time', () => {
  test('G07 G08 a reader sees at any instant what recording then would give (1,500 sequences)', () => {
    const property = fc.property(
      sequenceOf(anyWait, anyOrder),
      fc.array(fc.nat({ max: 40 }), { minLength: 1 }),
      (steps, ahead) => {
        let reference = emptyReference;
        let index = 0;
        runSteps(steps, (state, command, clock) => {
          const checkUntouched = guard(state);
          const later = instant(clock + (ahead[index % ahead.length] ?? 0) - 5);
          index += 1;
          const projected = project(state, later);
          const recorded = apply(state, expire, later);
          checkUntouched();
          checkState(projected.state);
          checkAgainstReference(projected.state, referenceAt(reference, later));
          if (recorded.ok) {
            deepStrictEqual(projected, { state: recorded.state, transfers: recorded.transfers });
          } else {
            deepStrictEqual(projected.transfers, []);
            deepStrictEqual(projected.state, { ...state, lastInstant: projected.state.lastInstant });
          }
          // A command sees just what a reader saw at its instant.
          const onRead = apply(project(state, instant(clock)).state, command, instant(clock));
          const applied = apply(state, command, instant(clock));
          if (command.kind !== 'expire') {
            deepStrictEqual(onRead.ok ? onRead.state : onRead.refusal, applied.ok ? applied.state : applied.refusal);
          }
          reference = referenceStep(reference, command, clock).wallet;
          return { state: stateAfter(state, applied), clock };
        });
      },
    );
    fc.assert(property, parameters(1_500));
  });

  test('G40 recording what fell due at other instants changes no transfer but its recordedAt (1,500 sequences)', () => {
    const fractions = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 5 });
    const property = fc.property(
      sequenceOf(forward, anyOrder),
      fc.array(fractions, { minLength: 1 }),
      (steps, splits) => {
        const atOnce: Transfer[] = [];
        const inParts: Transfer[] = [];
        let splitState = emptyWallet;
        let index = 0;
        let last: Run = { state: emptyWallet, clock: 0 };
        runSteps(steps, (state, command, clock) => {
          // The clock only runs on here: a refused command would else leave the two wallets at different instants.
          const now = Math.max(clock, last.clock);
          for (const fraction of [...(splits[index % splits.length] ?? [])].sort((left, right) => left - right)) {
            const between = instant(Math.floor(last.clock + fraction * (now - last.clock)));
            const recorded = apply(splitState, expire, between);
            if (recorded.ok) inParts.push(...recorded.transfers);
            splitState = stateAfter(splitState, recorded);
          }
          index += 1;

          const applied = apply(state, command, instant(now));
          const appliedInParts = apply(splitState, command, instant(now));
          if (applied.ok) atOnce.push(...applied.transfers);
          if (appliedInParts.ok) inParts.push(...appliedInParts.transfers);
          // An expire command only records, and which of the two wallets has something to record is the point.
          if (command.kind !== 'expire') {
            deepStrictEqual(
              applied.ok ? applied.effect : applied.refusal,
              appliedInParts.ok ? appliedInParts.effect : appliedInParts.refusal,
            );
          }
          splitState = stateAfter(splitState, appliedInParts);
          last = { state: stateAfter(state, applied), clock: now };
          return last;
        });
        const end = instant(last.clock + 100);
        const wholeEnd = project(last.state, end);
        const splitEnd = project(splitState, end);
        deepStrictEqual(
          withoutRecordedAt([...inParts, ...splitEnd.transfers]),
          withoutRecordedAt([...atOnce, ...wholeEnd.transfers]),
        );
        deepStrictEqual(splitEnd.state, wholeEnd.state);
      },
    );
    fc.assert(property, parameters(1_500));
  });
});

const withoutRecordedAt = (transfers: readonly Transfer[]): Omit<Transfer, 'recordedAt'>[] =>
  transfers.map(({ recordedAt: _, ...rest }) => rest);

describe('the part of a wallet that a command needs', () => {
  test('G10 spent grants and settled holds that are not named may be left out, and their order is nothing (1,000 sequences)', () => {
    const property = fc.property(sequenceOf(anyWait, anyOrder), (steps) => {
      runSteps(steps, (state, command, clock) => {
        const part = neededPart(state, command, clock);
        const applied = apply(state, command, instant(clock));
        const appliedToPart = apply(part, command, instant(clock));
        if (!applied.ok || !appliedToPart.ok) {
          deepStrictEqual(appliedToPart, applied);
        } else {
          deepStrictEqual(appliedToPart.effect, applied.effect);
          deepStrictEqual(appliedToPart.transfers, applied.transfers);
          const merged: WalletState = {
            ...appliedToPart.state,
            grants: new Map([...state.grants, ...appliedToPart.state.grants]),
            holds: new Map([...state.holds, ...appliedToPart.state.holds]),
          };
          deepStrictEqual(merged, applied.state);
        }
        return { state: stateAfter(state, applied), clock };
      });
    });
    fc.assert(property, parameters(1_000));
  });
});

/** Live and pending grants, the holds that are due or named, all clawbacks, and the grants that these name; in another order. */
function neededPart(state: WalletState, command: Command, clock: number): WalletState {
  const now = instantFor(state, instant(clock));
  const holds = [...state.holds.values()].filter(
    (hold) => (hold.status === 'OPEN' && hold.expiresAt <= now) || ('holdId' in command && hold.id === command.holdId),
  );
  const clawbacks = [...state.clawbacks.values()];
  const named = new Set([
    ...holds.flatMap((hold) => hold.fundings.map((funding) => funding.grantId)),
    ...clawbacks.flatMap((clawback) => [clawback.grantId, ...clawback.payments.map((payment) => payment.grantId)]),
  ]);
  for (const id of grantsNamedBy(command)) named.add(id);
  const grants = [...state.grants.values()].filter(
    (grant) => grant.remaining > 0 || grant.pending > 0 || named.has(grant.id),
  );
  return {
    ...state,
    grants: new Map(grants.reverse().map((grant) => [grant.id, grant])),
    holds: new Map(holds.reverse().map((hold) => [hold.id, hold])),
    clawbacks: new Map(clawbacks.reverse().map((clawback) => [clawback.grantId, clawback])),
  };
}
