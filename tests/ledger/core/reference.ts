import type {
  Command,
  GrantCategory,
  GrantId,
  GrantTerms,
  HoldId,
  HoldStatus,
  LedgerAccount,
  Refusal,
} from '../../../src/ledger/core/types.ts';

/** A ledger that keeps a row for each single credit and lets time pass from instant to instant. */
export interface ReferenceWallet {
  readonly now: number;
  readonly grants: ReadonlyMap<GrantId, ReferenceGrant>;
  readonly holds: ReadonlyMap<HoldId, ReferenceHold>;
  readonly credits: readonly ReferenceCredit[];
}

/** Where a credit is. REVOKED was withdrawn by hand, TAKEN with its payment; OWED was taken though it was spent. */
export type Place =
  'NOWHERE' | 'PENDING' | 'AVAILABLE' | 'HELD' | 'CONSUMED' | 'EXPIRED' | 'REVOKED' | 'TAKEN' | 'OWED';

interface ReferenceCredit {
  readonly grantId: GrantId;
  readonly place: Place;
  /** Of a credit that was owed: which grant paid it, and when among all payments. */
  readonly paid: { readonly by: GrantId; readonly order: number } | null;
}

interface ReferenceGrant {
  readonly id: GrantId;
  readonly priority: number;
  readonly category: GrantCategory;
  readonly effectiveAt: number;
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly voided: boolean;
  /** How many of its credits are to be taken back with their payment, and since when that is so. */
  readonly clawback: { readonly total: number; readonly since: number } | null;
}

interface ReferenceHold {
  readonly status: HoldStatus;
  readonly expiresAt: number;
  /** The grant of each credit that it took, in the order in which it took them; credits of one grant are all alike. */
  readonly taken: readonly GrantId[];
  /** Those that were charged and not refunded, in the same order. */
  readonly charged: readonly GrantId[];
}

/** One credit that went from one account of the journal to another. */
export interface Move {
  readonly at: number;
  readonly grantId: GrantId;
  readonly from: LedgerAccount;
  readonly to: LedgerAccount;
}

interface ReferenceStep {
  readonly wallet: ReferenceWallet;
  readonly moves: readonly Move[];
  /** Null when the command took effect. */
  readonly refusal: Refusal['kind'] | null;
}

export const emptyReference: ReferenceWallet = { now: 0, grants: new Map(), holds: new Map(), credits: [] };

export function referenceStep(before: ReferenceWallet, command: Command, clock: number): ReferenceStep {
  const scratch = new Scratch(before);
  scratch.passTime(Math.max(clock, before.now));
  const refusal = scratch.perform(command);
  return refusal === null
    ? { wallet: scratch.wallet(), moves: scratch.moves, refusal }
    : { wallet: before, moves: [], refusal };
}

export function referenceAt(before: ReferenceWallet, clock: number): ReferenceWallet {
  const scratch = new Scratch(before);
  scratch.passTime(Math.max(clock, before.now));
  return scratch.wallet();
}

class Scratch {
  readonly moves: Move[] = [];
  #now: number;
  readonly #grants: Map<GrantId, ReferenceGrant>;
  readonly #holds: Map<HoldId, ReferenceHold>;
  readonly #credits: ReferenceCredit[];

  constructor(wallet: ReferenceWallet) {
    this.#now = wallet.now;
    this.#grants = new Map(wallet.grants);
    this.#holds = new Map(wallet.holds);
    this.#credits = [...wallet.credits];
  }

  wallet(): ReferenceWallet {
    return { now: this.#now, grants: this.#grants, holds: this.#holds, credits: this.#credits };
  }

  passTime(until: number): void {
    while (this.#now < until) {
      this.#now = Math.min(until, this.#nextInstant());
      for (const grant of [...this.#grants.values()].sort((left, right) => (left.id < right.id ? -1 : 1))) {
        if (grant.effectiveAt !== this.#now) continue;
        const rows = this.#rowsOf(grant.id, 'PENDING');
        for (const row of rows) this.#move(row, 'AVAILABLE');
        for (const row of rows) this.#payDebt(row);
      }
      for (const row of this.#rowsIn('AVAILABLE')) {
        if (this.#grantOf(row).expiresAt === this.#now) this.#move(row, 'EXPIRED');
      }
      for (const [id, hold] of this.#holds) {
        if (hold.status !== 'OPEN' || hold.expiresAt !== this.#now) continue;
        for (const grantId of hold.taken) this.#release(grantId);
        this.#holds.set(id, { ...hold, status: 'LAPSED' });
      }
    }
  }

  /** The next instant at which anything may happen by itself; the milliseconds between are all alike. */
  #nextInstant(): number {
    const instants = [
      ...[...this.#grants.values()].flatMap(({ effectiveAt, expiresAt }) => [effectiveAt, expiresAt]),
      ...[...this.#holds.values()].map(({ expiresAt }) => expiresAt),
    ];
    return Math.min(...instants.filter((at) => at > this.#now));
  }

  perform(command: Command): Refusal['kind'] | null {
    switch (command.kind) {
      case 'grant': {
        if (this.#grants.has(command.grantId)) return null;
        const effectiveAt = command.effectiveAt ?? this.#now;
        const expiresAt = command.expiresAt ?? Number.POSITIVE_INFINITY;
        if (effectiveAt < this.#now) return 'EFFECTIVE_IN_THE_PAST';
        if (expiresAt <= effectiveAt) return 'EXPIRES_BEFORE_EFFECTIVE';
        this.#issue(command, command.amount, effectiveAt, expiresAt);
        return null;
      }
      case 'renew': {
        if (this.#grants.has(command.grantId)) return null;
        const { rollover } = command;
        const expiresAt = command.expiresAt ?? Number.POSITIVE_INFINITY;
        const rolloverExpiresAt = rollover?.expiresAt ?? Number.POSITIVE_INFINITY;
        if (expiresAt <= this.#now || rolloverExpiresAt <= this.#now) return 'EXPIRES_BEFORE_EFFECTIVE';
        if (command.endsGrantIds.some((id) => !this.#grants.has(id))) return 'UNKNOWN_GRANT';
        const rolling = this.#rowsIn('AVAILABLE').filter((row) =>
          rollover?.fromGrantIds.includes(this.#creditAt(row).grantId),
        );
        for (const id of command.endsGrantIds) this.#moveEnd(id, this.#now);
        this.#issue(command, command.amount, this.#now, expiresAt);
        if (rollover !== null && Math.min(rolling.length, rollover.cap) > 0) {
          this.#issue(rollover, Math.min(rolling.length, rollover.cap), this.#now, rolloverExpiresAt);
        }
        return null;
      }
      case 'reschedule': {
        if (command.grantIds.some((id) => !this.#grants.has(id))) return 'UNKNOWN_GRANT';
        for (const id of command.grantIds) this.#moveEnd(id, command.expiresAt);
        return null;
      }
      case 'hold': {
        if (this.#holds.has(command.holdId)) return null;
        const taken = this.#take(command.amount);
        if (taken === null) return 'INSUFFICIENT_CREDITS';
        const expiresAt = this.#now + command.lifetimeMs;
        this.#holds.set(command.holdId, { status: 'OPEN', expiresAt, taken, charged: [] });
        return null;
      }
      case 'extend': {
        const hold = this.#holds.get(command.holdId);
        if (hold === undefined) return 'UNKNOWN_HOLD';
        if (hold.status === 'LAPSED') return 'HOLD_EXPIRED';
        if (hold.status !== 'OPEN') return 'ALREADY_SETTLED';
        const expiresAt = Math.max(hold.expiresAt, this.#now + command.lifetimeMs);
        this.#holds.set(command.holdId, { ...hold, expiresAt });
        return null;
      }
      case 'capture': {
        const hold = this.#holds.get(command.holdId);
        if (hold === undefined) return 'UNKNOWN_HOLD';
        if (hold.status === 'CAPTURED' || hold.status === 'RELEASED') return 'ALREADY_SETTLED';
        const price = command.amount ?? hold.taken.length;
        if (price > hold.taken.length) return 'EXCEEDS_HOLD';
        const taken = hold.status === 'LAPSED' ? this.#take(hold.taken.length) : hold.taken;
        if (taken === null) return 'HOLD_EXPIRED';
        const charged = taken.slice(0, price);
        for (const grantId of charged) this.#move(this.#anyOf(grantId, 'HELD'), 'CONSUMED');
        for (const grantId of taken.slice(price)) this.#release(grantId);
        for (const grantId of charged) this.#collect(grantId);
        this.#holds.set(command.holdId, { ...hold, status: 'CAPTURED', taken, charged });
        return null;
      }
      case 'release': {
        const hold = this.#holds.get(command.holdId);
        if (hold === undefined) return 'UNKNOWN_HOLD';
        if (hold.status === 'CAPTURED' || hold.status === 'RELEASED') return 'ALREADY_SETTLED';
        // A lapsed hold has already given everything back.
        if (hold.status === 'OPEN') for (const grantId of hold.taken) this.#release(grantId);
        this.#holds.set(command.holdId, { ...hold, status: 'RELEASED' });
        return null;
      }
      case 'refund': {
        const hold = this.#holds.get(command.holdId);
        if (hold === undefined) return 'UNKNOWN_HOLD';
        if (hold.status !== 'CAPTURED') return 'NOT_CAPTURED';
        const amount = command.amount ?? hold.charged.length;
        if (hold.charged.length === 0 || amount > hold.charged.length) return 'EXCEEDS_CHARGE';
        const kept = hold.charged.length - amount;
        for (const grantId of hold.charged.slice(kept).reverse()) this.#undoSpending(grantId, 'CONSUMED', false);
        this.#holds.set(command.holdId, { ...hold, charged: hold.charged.slice(0, kept) });
        return null;
      }
      case 'void': {
        const grant = this.#grants.get(command.grantId);
        if (grant === undefined) return 'UNKNOWN_GRANT';
        const rows = [...this.#rowsOf(grant.id, 'PENDING'), ...this.#rowsOf(grant.id, 'AVAILABLE')];
        if (grant.voided || rows.length === 0) return 'NOT_VOIDABLE';
        for (const row of rows) this.#move(row, 'REVOKED');
        this.#grants.set(command.grantId, { ...grant, voided: true });
        return null;
      }
      case 'clawback': {
        const grant = this.#grants.get(command.grantId);
        if (grant === undefined) return 'UNKNOWN_GRANT';
        const size = this.#credits.filter((credit) => credit.grantId === grant.id).length;
        if (command.total > size) return 'EXCEEDS_GRANT';
        const since = grant.clawback?.since ?? this.#now;
        let total = grant.clawback?.total ?? 0;
        for (; total > command.total; total -= 1) this.#reinstateOne(grant.id);
        this.#grants.set(grant.id, { ...this.#byId(grant.id), clawback: { total: command.total, since } });
        this.#collect(grant.id);
        return null;
      }
      case 'expire':
        return this.moves.length > 0 ? null : 'NOTHING_DUE';
    }
  }

  #issue(
    terms: Pick<GrantTerms, 'grantId' | 'priority' | 'category'>,
    amount: number,
    effectiveAt: number,
    expiresAt: number,
  ): void {
    const { grantId, priority, category } = terms;
    this.#grants.set(grantId, {
      id: grantId,
      priority,
      category,
      effectiveAt,
      expiresAt,
      createdAt: this.#now,
      voided: false,
      clawback: null,
    });
    for (let count = 0; count < amount; count += 1) {
      this.#credits.push({ grantId, place: 'NOWHERE', paid: null });
      this.#move(this.#credits.length - 1, effectiveAt === this.#now ? 'AVAILABLE' : 'PENDING');
    }
    for (const row of this.#rowsOf(grantId, 'AVAILABLE')) this.#payDebt(row);
  }

  /** A grant ends at another instant; one that would end before it begins never begins. */
  #moveEnd(grantId: GrantId, expiresAt: number): void {
    const grant = this.#byId(grantId);
    if (grant.voided) return;
    if (grant.effectiveAt > this.#now) {
      const begins = expiresAt > grant.effectiveAt;
      for (const row of begins ? [] : this.#rowsOf(grantId, 'PENDING')) this.#move(row, 'REVOKED');
      this.#grants.set(grantId, { ...grant, ...(begins ? { expiresAt } : { voided: true }) });
      return;
    }
    if (expiresAt <= this.#now) for (const row of this.#rowsOf(grantId, 'AVAILABLE')) this.#move(row, 'EXPIRED');
    // A grant lasts for a millisecond at least, and one that lasts no longer has its end.
    const earliest = Math.max(this.#now, grant.effectiveAt + 1);
    if (grant.expiresAt > earliest) this.#grants.set(grantId, { ...grant, expiresAt: Math.max(expiresAt, earliest) });
  }

  /** Takes the first credits in burn order, one by one; null (and none taken) when there are too few. */
  #take(amount: number): GrantId[] | null {
    const rows = this.#rowsIn('AVAILABLE');
    if (rows.length < amount) return null;
    rows.sort((left, right) => {
      if (this.#burnsBefore(this.#grantOf(left), this.#grantOf(right))) return -1;
      if (this.#burnsBefore(this.#grantOf(right), this.#grantOf(left))) return 1;
      return left - right;
    });
    const taken = rows.slice(0, amount);
    for (const row of taken) this.#move(row, 'HELD');
    return taken.map((row) => this.#creditAt(row).grantId);
  }

  #burnsBefore(one: ReferenceGrant, other: ReferenceGrant): boolean {
    if (one.priority !== other.priority) return one.priority < other.priority;
    if (one.expiresAt !== other.expiresAt) return one.expiresAt < other.expiresAt;
    if (one.category !== other.category) return one.category === 'PROMOTIONAL';
    if (one.effectiveAt !== other.effectiveAt) return one.effectiveAt < other.effectiveAt;
    if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
    return one.id < other.id;
  }

  /** A held credit comes back; a clawback that waits for it takes it. */
  #release(grantId: GrantId): void {
    const row = this.#anyOf(grantId, 'HELD');
    if (this.#missing(grantId) > 0) this.#move(row, 'TAKEN');
    else this.#move(row, this.#home(grantId, false));
  }

  /** How many credits of a grant a clawback still waits for. */
  #missing(grantId: GrantId): number {
    const taken = this.#rowsOf(grantId, 'TAKEN').length + this.#rowsOf(grantId, 'OWED').length;
    return (this.#byId(grantId).clawback?.total ?? taken) - taken;
  }

  #collect(grantId: GrantId): void {
    while (this.#missing(grantId) > 0) {
      const [left] = [...this.#rowsOf(grantId, 'PENDING'), ...this.#rowsOf(grantId, 'AVAILABLE')];
      const [spent] = this.#rowsOf(grantId, 'CONSUMED');
      if (left !== undefined) this.#move(left, 'TAKEN');
      else if (spent !== undefined) this.#move(spent, 'OWED', { from: 'DEBT', to: 'REVOKED' });
      else return;
    }
  }

  /** The credit of a grant that is owed and whose debt ends first: one that nobody paid, else the one paid last. */
  #firstOwed(grantId: GrantId): number | undefined {
    const order = (row: number): number => this.#creditAt(row).paid?.order ?? Number.POSITIVE_INFINITY;
    return this.#rowsOf(grantId, 'OWED').sort((left, right) => order(right) - order(left))[0];
  }

  /** A spent credit of a grant is not spent after all. */
  #undoSpending(grantId: GrantId, from: 'CONSUMED' | 'DEBT', revives: boolean): void {
    const owed = this.#firstOwed(grantId);
    if (owed === undefined) {
      const to = this.#home(grantId, revives);
      this.#move(this.#anyOf(grantId, 'CONSUMED'), to, { from, to });
      return;
    }
    const { paid } = this.#creditAt(owed);
    this.#move(owed, 'TAKEN', from === 'CONSUMED' ? { from, to: 'DEBT' } : null);
    if (paid !== null) this.#undoSpending(paid.by, 'DEBT', revives);
  }

  #reinstateOne(grantId: GrantId): void {
    const grant = this.#byId(grantId);
    const owed = this.#firstOwed(grantId);
    if (this.#missing(grantId) > 0) {
      // Nothing was taken for it yet.
    } else if (owed !== undefined) {
      const { paid } = this.#creditAt(owed);
      this.#move(owed, 'CONSUMED', { from: 'REVOKED', to: 'DEBT' });
      if (paid !== null) this.#undoSpending(paid.by, 'DEBT', true);
    } else if (grant.voided) {
      this.#move(this.#anyOf(grantId, 'TAKEN'), 'REVOKED', null);
    } else {
      const row = this.#anyOf(grantId, 'TAKEN');
      this.#move(row, grant.effectiveAt > this.#now ? 'PENDING' : this.#home(grantId, true));
    }
    const { clawback } = grant;
    if (clawback !== null) {
      this.#grants.set(grantId, { ...this.#byId(grantId), clawback: { ...clawback, total: clawback.total - 1 } });
    }
  }

  /** A credit that has just become available pays what is owed for the oldest clawback, if anything is. */
  #payDebt(row: number): void {
    const unpaid = this.#rowsIn('OWED').filter((owed) => this.#creditAt(owed).paid === null);
    const since = (owed: number): number => this.#grantOf(owed).clawback?.since ?? 0;
    unpaid.sort((left, right) => {
      if (since(left) !== since(right)) return since(left) - since(right);
      return this.#creditAt(left).grantId < this.#creditAt(right).grantId ? -1 : 1;
    });
    const [owed] = unpaid;
    if (owed === undefined) return;
    const payments = this.#credits.map((credit) => credit.paid?.order ?? 0);
    const paid = { by: this.#creditAt(row).grantId, order: Math.max(...payments) + 1 };
    this.#credits[owed] = { ...this.#creditAt(owed), paid };
    this.#move(row, 'CONSUMED', { from: 'AVAILABLE', to: 'DEBT' });
  }

  /** Where a credit of a grant belongs that is neither held nor spent; a grant that revives lives 30 days more. */
  #home(grantId: GrantId, revives: boolean): 'AVAILABLE' | 'EXPIRED' | 'REVOKED' {
    const grant = this.#byId(grantId);
    if (grant.voided) return 'REVOKED';
    if (grant.expiresAt > this.#now) return 'AVAILABLE';
    if (!revives) return 'EXPIRED';
    this.#grants.set(grantId, { ...grant, expiresAt: this.#now + 30 * 86_400_000 });
    return 'AVAILABLE';
  }

  /** Puts a credit elsewhere; `as` says what the journal has of it, when that is not just the two places. */
  #move(row: number, to: Place, as: Pick<Move, 'from' | 'to'> | null | undefined = undefined): void {
    const { grantId, place: from, paid } = this.#creditAt(row);
    this.#credits[row] = { grantId, place: to, paid: to === 'OWED' || from === 'OWED' ? null : paid };
    if (as === null) return;
    this.moves.push({ at: this.#now, grantId, ...(as ?? { from: accountOf[from], to: accountOf[to] }) });
  }

  #rowsIn(place: Place): number[] {
    return this.#credits.flatMap((credit, row) => (credit.place === place ? [row] : []));
  }

  #rowsOf(grantId: GrantId, place: Place): number[] {
    return this.#rowsIn(place).filter((row) => this.#creditAt(row).grantId === grantId);
  }

  #anyOf(grantId: GrantId, place: Place): number {
    const [row] = this.#rowsOf(grantId, place);
    if (row === undefined) throw new Error(`The reference has no credit of grant ${grantId} in ${place}.`);
    return row;
  }

  #creditAt(row: number): ReferenceCredit {
    const credit = this.#credits[row];
    if (credit === undefined) throw new Error(`The reference has no credit ${row}.`);
    return credit;
  }

  #grantOf(row: number): ReferenceGrant {
    return this.#byId(this.#creditAt(row).grantId);
  }

  #byId(grantId: GrantId): ReferenceGrant {
    const grant = this.#grants.get(grantId);
    if (grant === undefined) throw new Error(`The reference has no grant ${grantId}.`);
    return grant;
  }
}

/** The account of the journal in which a credit of a place stands. */
const accountOf: Record<Place, LedgerAccount> = {
  NOWHERE: 'ISSUED',
  PENDING: 'PENDING',
  AVAILABLE: 'AVAILABLE',
  HELD: 'HELD',
  CONSUMED: 'CONSUMED',
  EXPIRED: 'EXPIRED',
  REVOKED: 'REVOKED',
  TAKEN: 'REVOKED',
  OWED: 'REVOKED',
};
