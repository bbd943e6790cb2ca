import type { Command, GrantCategory, GrantId, HoldId, HoldStatus, Refusal } from '../../../src/ledger/core/types.ts';

/** A ledger that keeps a row for each single credit and lets time pass millisecond by millisecond. */
export interface ReferenceWallet {
  readonly now: number;
  readonly grants: ReadonlyMap<GrantId, ReferenceGrant>;
  readonly holds: ReadonlyMap<HoldId, ReferenceHold>;
  readonly credits: readonly ReferenceCredit[];
}

export type Place = 'NOWHERE' | 'PENDING' | 'AVAILABLE' | 'HELD' | 'CONSUMED' | 'EXPIRED' | 'REVOKED';

interface ReferenceCredit {
  readonly grantId: GrantId;
  readonly place: Place;
}

interface ReferenceGrant {
  readonly id: GrantId;
  readonly priority: number;
  readonly category: GrantCategory;
  readonly effectiveAt: number;
  readonly expiresAt: number;
  readonly createdAt: number;
  readonly voided: boolean;
}

interface ReferenceHold {
  readonly status: HoldStatus;
  readonly expiresAt: number;
  /** Which rows it took, in the order in which it took them. */
  readonly taken: readonly number[];
  /** Which of them were charged and not refunded, in the same order. */
  readonly charged: readonly number[];
}

/** One credit that went from one place to another. */
export interface Move {
  readonly at: number;
  readonly grantId: GrantId;
  readonly from: Place;
  readonly to: Place;
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
      this.#now += 1;
      for (const row of this.#rowsIn('PENDING')) {
        if (this.#grantOf(row).effectiveAt === this.#now) this.#move(row, 'AVAILABLE');
      }
      for (const row of this.#rowsIn('AVAILABLE')) {
        if (this.#grantOf(row).expiresAt === this.#now) this.#move(row, 'EXPIRED');
      }
      for (const [id, hold] of this.#holds) {
        if (hold.status !== 'OPEN' || hold.expiresAt !== this.#now) continue;
        for (const row of hold.taken) this.#goHome(row);
        this.#holds.set(id, { ...hold, status: 'LAPSED' });
      }
    }
  }

  perform(command: Command): Refusal['kind'] | null {
    switch (command.kind) {
      case 'grant': {
        if (this.#grants.has(command.grantId)) return null;
        const effectiveAt = command.effectiveAt ?? this.#now;
        const expiresAt = command.expiresAt ?? Number.POSITIVE_INFINITY;
        if (effectiveAt < this.#now) return 'EFFECTIVE_IN_THE_PAST';
        if (expiresAt <= effectiveAt) return 'EXPIRES_BEFORE_EFFECTIVE';
        this.#grants.set(command.grantId, {
          id: command.grantId,
          priority: command.priority,
          category: command.category,
          effectiveAt,
          expiresAt,
          createdAt: this.#now,
          voided: false,
        });
        for (let count = 0; count < command.amount; count += 1) {
          this.#credits.push({ grantId: command.grantId, place: 'NOWHERE' });
          this.#move(this.#credits.length - 1, effectiveAt === this.#now ? 'AVAILABLE' : 'PENDING');
        }
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
        for (const row of charged) this.#move(row, 'CONSUMED');
        for (const row of taken.slice(price)) this.#goHome(row);
        this.#holds.set(command.holdId, { ...hold, status: 'CAPTURED', taken, charged });
        return null;
      }
      case 'release': {
        const hold = this.#holds.get(command.holdId);
        if (hold === undefined) return 'UNKNOWN_HOLD';
        if (hold.status === 'CAPTURED' || hold.status === 'RELEASED') return 'ALREADY_SETTLED';
        // A lapsed hold has already given everything back.
        if (hold.status === 'OPEN') for (const row of hold.taken) this.#goHome(row);
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
        for (const row of hold.charged.slice(kept)) this.#goHome(row);
        this.#holds.set(command.holdId, { ...hold, charged: hold.charged.slice(0, kept) });
        return null;
      }
      case 'void': {
        const grant = this.#grants.get(command.grantId);
        if (grant === undefined) return 'UNKNOWN_GRANT';
        const rows = [...this.#rowsIn('PENDING'), ...this.#rowsIn('AVAILABLE')].filter(
          (row) => this.#grantOf(row) === grant,
        );
        if (grant.voided || rows.length === 0) return 'NOT_VOIDABLE';
        for (const row of rows) this.#move(row, 'REVOKED');
        this.#grants.set(command.grantId, { ...grant, voided: true });
        return null;
      }
      case 'expire':
        return this.moves.length > 0 ? null : 'NOTHING_DUE';
    }
  }

  /** Takes the first credits in burn order, one by one; null (and none taken) when there are too few. */
  #take(amount: number): number[] | null {
    const rows = this.#rowsIn('AVAILABLE');
    if (rows.length < amount) return null;
    rows.sort((left, right) => {
      if (this.#burnsBefore(this.#grantOf(left), this.#grantOf(right))) return -1;
      if (this.#burnsBefore(this.#grantOf(right), this.#grantOf(left))) return 1;
      return left - right;
    });
    const taken = rows.slice(0, amount);
    for (const row of taken) this.#move(row, 'HELD');
    return taken;
  }

  #burnsBefore(one: ReferenceGrant, other: ReferenceGrant): boolean {
    if (one.priority !== other.priority) return one.priority < other.priority;
    if (one.expiresAt !== other.expiresAt) return one.expiresAt < other.expiresAt;
    if (one.category !== other.category) return one.category === 'PROMOTIONAL';
    if (one.effectiveAt !== other.effectiveAt) return one.effectiveAt < other.effectiveAt;
    if (one.createdAt !== other.createdAt) return one.createdAt < other.createdAt;
    return one.id < other.id;
  }

  #goHome(row: number): void {
    const grant = this.#grantOf(row);
    this.#move(row, grant.voided ? 'REVOKED' : grant.expiresAt <= this.#now ? 'EXPIRED' : 'AVAILABLE');
  }

  #move(row: number, to: Place): void {
    const { grantId, place: from } = this.#creditAt(row);
    this.#credits[row] = { grantId, place: to };
    this.moves.push({ at: this.#now, grantId, from, to });
  }

  #rowsIn(place: Place): number[] {
    return this.#credits.flatMap((credit, row) => (credit.place === place ? [row] : []));
  }

  #creditAt(row: number): ReferenceCredit {
    const credit = this.#credits[row];
    if (credit === undefined) throw new Error(`The reference has no credit ${row}.`);
    return credit;
  }

  #grantOf(row: number): ReferenceGrant {
    const grant = this.#grants.get(this.#creditAt(row).grantId);
    if (grant === undefined) throw new Error(`The reference has no grant for credit ${row}.`);
    return grant;
  }
}
