import { assert } from './assert.ts';
import type {
  Clawback,
  Funding,
  Grant,
  GrantId,
  Hold,
  HoldId,
  Instant,
  LedgerAccount,
  TransactionType,
  Transfer,
  WalletState,
} from './types.ts';

/**
 * Where a grant counts the credits that stand in an account of the wallet. What paid a debt is spent; what is
 * owed is counted as taken back and no longer as spent.
 */
const bucketOf = {
  PENDING: 'pending',
  AVAILABLE: 'remaining',
  HELD: 'held',
  CONSUMED: 'consumed',
  EXPIRED: 'expired',
  REVOKED: 'revoked',
  DEBT: 'consumed',
} as const satisfies Record<Exclude<LedgerAccount, 'ISSUED'>, keyof Grant>;

export interface Posting {
  readonly type: TransactionType;
  readonly from: LedgerAccount;
  /** Nothing is ever un-issued. */
  readonly to: Exclude<LedgerAccount, 'ISSUED'>;
  readonly fundings: readonly Funding[];
  readonly holdId?: HoldId;
  readonly reason?: string;
}

/** Whether a posting adds to an account of the wallet (1), takes from it (-1), or neither. */
const directionOf = (account: LedgerAccount, { from, to }: Posting): number =>
  Number(to === account) - Number(from === account);

/**
 * A change of a wallet under way. It is dropped whole when the command is refused, so the state that it
 * started from is never touched; maps are copied at their first write.
 */
export class Draft {
  readonly transfers: Transfer[] = [];
  readonly recordedAt: Instant;
  #state: WalletState;
  #grants: Map<GrantId, Grant> | null = null;
  #holds: Map<HoldId, Hold> | null = null;
  #clawbacks: Map<GrantId, Clawback> | null = null;

  constructor(state: WalletState, recordedAt: Instant) {
    assert(recordedAt >= state.lastInstant, 'time in a wallet never runs back');
    this.#state = state;
    this.recordedAt = recordedAt;
  }

  get totals(): Pick<WalletState, 'available' | 'held' | 'pending' | 'debt' | 'issued'> {
    return this.#state;
  }

  get grants(): ReadonlyMap<GrantId, Grant> {
    return this.#grants ?? this.#state.grants;
  }

  get holds(): ReadonlyMap<HoldId, Hold> {
    return this.#holds ?? this.#state.holds;
  }

  get clawbacks(): ReadonlyMap<GrantId, Clawback> {
    return this.#clawbacks ?? this.#state.clawbacks;
  }

  /** The grant that a hold in this state was funded from; its absence is a fault of who loaded the state. */
  fundingGrant(id: GrantId): Grant {
    const grant = this.grants.get(id);
    assert(grant !== undefined, `grant ${id} pays for a hold but was not loaded`);
    return grant;
  }

  putGrant(grant: Grant): void {
    this.#grants ??= new Map(this.#state.grants);
    this.#grants.set(grant.id, grant);
  }

  putHold(hold: Hold): void {
    this.#holds ??= new Map(this.#state.holds);
    this.#holds.set(hold.id, hold);
  }

  putClawback(clawback: Clawback): void {
    this.#clawbacks ??= new Map(this.#state.clawbacks);
    this.#clawbacks.set(clawback.grantId, clawback);
  }

  /** Writes one transfer and moves its credits in the wallet's totals and in each grant. */
  post(posting: Posting, occurredAt: Instant): void {
    const { type, from, to, fundings } = posting;
    let amount = 0;
    for (const funding of fundings) {
      assert(funding.amount > 0, 'a funding is positive');
      this.#moveInGrant(funding, from, to);
      amount += funding.amount;
    }
    assert(amount > 0, 'a transfer is positive');

    const totals = this.#state;
    this.#state = {
      ...totals,
      available: totals.available + amount * directionOf('AVAILABLE', posting),
      held: totals.held + amount * directionOf('HELD', posting),
      pending: totals.pending + amount * directionOf('PENDING', posting),
      debt: totals.debt - amount * directionOf('DEBT', posting),
      issued: totals.issued - amount * directionOf('ISSUED', posting),
      sequence: totals.sequence + 1,
    };
    const { available, held, pending, debt } = this.#state;
    assert(available >= 0 && held >= 0 && pending >= 0 && debt >= 0, 'no total is negative');

    this.transfers.push({
      sequence: this.#state.sequence,
      type,
      from,
      to,
      amount,
      availableAfter: this.#state.available,
      fundings,
      holdId: posting.holdId ?? null,
      reason: posting.reason ?? null,
      occurredAt,
      recordedAt: this.recordedAt,
    });
  }

  /** The state after the change; its clock stands at the instant of the command. */
  finish(): WalletState {
    const { grants, holds, clawbacks } = this;
    return { ...this.#state, lastInstant: this.recordedAt, grants, holds, clawbacks };
  }

  #moveInGrant({ grantId, amount }: Funding, from: Posting['from'], to: Posting['to']): void {
    const before = this.fundingGrant(grantId);
    const after = { ...before };
    if (from !== 'ISSUED') after[bucketOf[from]] -= amount;
    after[bucketOf[to]] += amount;
    const { pending, remaining, held, consumed, expired, revoked } = after;
    const least = Math.min(pending, remaining, held, consumed, expired, revoked);
    assert(least >= 0, `no part of grant ${grantId} is negative`);
    const sum = pending + remaining + held + consumed + expired + revoked;
    assert(sum === after.amount, `the parts of grant ${grantId} add up`);
    this.putGrant(after);
  }
}
