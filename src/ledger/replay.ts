import type { AccountId, Funding, GrantId, Hold, HoldFunding, HoldId, LedgerAccount, Transfer } from './core/types.ts';
import { genesisHash, transferHash } from './journal-hash.ts';

/** How many credits stand in each account of a wallet, or of one of its grants. */
export type Places = Record<LedgerAccount, number>;

const emptyPlaces = (): Places => ({
  ISSUED: 0,
  PENDING: 0,
  AVAILABLE: 0,
  HELD: 0,
  CONSUMED: 0,
  EXPIRED: 0,
  REVOKED: 0,
  DEBT: 0,
});

/** What the journal knows of a hold; when it lapses and that a lapsed one was released moves nothing. */
export type ReplayedHold = Pick<Hold, 'status' | 'fundings' | 'settledAt'>;

/** The amounts of a wallet, of its grants and of its holds, built up from transfers one by one. */
export class Replay {
  readonly wallet = emptyPlaces();
  readonly grants = new Map<GrantId, Places>();
  readonly holds = new Map<HoldId, ReplayedHold>();
  sequence = 0;
  hash: Buffer;
  readonly #accountId: AccountId;

  constructor(accountId: AccountId) {
    this.#accountId = accountId;
    this.hash = genesisHash(accountId);
  }

  /** Takes in the next transfer; says what is wrong with it, or null. */
  add(transfer: Transfer, storedHash: Buffer): string | null {
    if (transfer.sequence !== this.sequence + 1) return `Number ${this.sequence + 1} is missing before it.`;
    this.hash = transferHash(this.hash, this.#accountId, transfer);
    this.sequence = transfer.sequence;
    if (!this.hash.equals(storedHash)) return 'Its hash does not fit its content and the transfer before it.';
    for (const { grantId, amount } of transfer.fundings) {
      const grant = this.grants.get(grantId) ?? emptyPlaces();
      this.grants.set(grantId, grant);
      for (const places of [grant, this.wallet]) {
        places[transfer.from] -= amount;
        places[transfer.to] += amount;
      }
    }
    if (transfer.holdId !== null) this.#followHold(transfer.holdId, transfer);
    if (this.wallet.AVAILABLE !== transfer.availableAfter) {
      return `It says that ${transfer.availableAfter} were available after it; it were ${this.wallet.AVAILABLE}.`;
    }
    return null;
  }

  /** What a grant's parts come to; one that the journal does not know has none. */
  placesOf(grantId: GrantId): Places {
    return this.grants.get(grantId) ?? emptyPlaces();
  }

  #followHold(holdId: HoldId, { type, from, fundings, reason, occurredAt }: Transfer): void {
    const before: ReplayedHold = this.holds.get(holdId) ?? { status: 'OPEN', fundings: [], settledAt: null };
    const withAdded = (part: 'captured' | 'refunded'): HoldFunding[] =>
      before.fundings.map((funding) => ({ ...funding, [part]: funding[part] + amountOf(fundings, funding.grantId) }));
    if (type === 'HOLD') {
      const held = fundings.map(({ grantId, amount }) => ({ grantId, held: amount, captured: 0, refunded: 0 }));
      this.holds.set(holdId, { status: 'OPEN', fundings: held, settledAt: null });
    } else if (type === 'CAPTURE') {
      this.holds.set(holdId, { status: 'CAPTURED', fundings: withAdded('captured'), settledAt: occurredAt });
    } else if (type === 'REFUND' && from === 'CONSUMED') {
      this.holds.set(holdId, { ...before, fundings: withAdded('refunded') });
    } else if (type === 'RELEASE' && before.status !== 'CAPTURED') {
      // Only a lapse says why.
      this.holds.set(holdId, { ...before, status: reason === null ? 'RELEASED' : 'LAPSED', settledAt: occurredAt });
    }
  }
}

const amountOf = (fundings: readonly Funding[], grantId: GrantId): number =>
  fundings.find((funding) => funding.grantId === grantId)?.amount ?? 0;
