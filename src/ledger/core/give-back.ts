import { openClaimOf, unpaidOf } from './claim.ts';
import type { Draft, Posting } from './draft.ts';
import type { Clawback, Funding, Grant, Instant } from './types.ts';

type Destination = 'AVAILABLE' | 'EXPIRED' | 'REVOKED';

/** What happens to a grant that has expired when credits come back to it. */
type Late = 'STAYS_EXPIRED' | 'REVIVES';

type SpendingUndone = Omit<Posting, 'to'> & { readonly from: 'CONSUMED' | 'DEBT' };

/** How long a grant lives on when a won dispute gives credits back to it after it has expired. */
const revivalMs = 30 * 24 * 60 * 60 * 1_000;

/** What goes back to a grant that was voided stays revoked, and to one that has expired stays expired. */
function destinationOf(grant: Grant, at: Instant): Destination {
  if (grant.voidedAt !== null) return 'REVOKED';
  return grant.expiresAt !== null && grant.expiresAt <= at ? 'EXPIRED' : 'AVAILABLE';
}

/**
 * Gives what was held back to the very grants that it came from, in reverse order of funding; one transfer for
 * each place where it ends. A clawback that waits for it takes it first. `fundings` stand in funding order.
 */
export function giveBackHeld(draft: Draft, posting: Omit<Posting, 'from' | 'to'>, at: Instant): void {
  const back = new GivenBack(draft, at);
  for (const { grantId, amount } of [...posting.fundings].reverse()) {
    const claimed = claim(draft, { grantId, amount });
    back.to('REVOKED', { grantId, amount: claimed });
    back.home({ grantId, amount: amount - claimed });
  }
  back.post({ ...posting, from: 'HELD' });
}

/** Lets the clawback of a grant take what it still waits for; answers how much of the funding that is. */
function claim(draft: Draft, { grantId, amount }: Funding): number {
  const clawback = draft.clawbacks.get(grantId);
  if (clawback === undefined) return 0;
  const claimed = Math.min(amount, openClaimOf(clawback));
  // One that does not change must not be put: what was put is written to the database.
  if (claimed > 0) draft.putClawback({ ...clawback, taken: clawback.taken + claimed });
  return claimed;
}

/**
 * Undoes spending: a charge (from CONSUMED) or the payment of a debt (from DEBT) goes back to the grants that paid,
 * in reverse order. Where the wallet owes for a grant, because it was clawed back after it was spent, its share
 * lessens the debt instead.
 */
export function undoSpending(draft: Draft, posting: SpendingUndone, at: Instant, late: Late): void {
  const back = new GivenBack(draft, at);
  for (const { grantId, amount } of [...posting.fundings].reverse()) {
    const owed = forgiveOwed(draft, { grantId, amount }, posting, at, late);
    if (amount > owed && late === 'REVIVES') revive(draft, grantId, at);
    back.home({ grantId, amount: amount - owed });
  }
  back.post(posting);
}

/** Lets a funding on its way back lessen what the wallet owes for its grant; answers how much of it does. */
function forgiveOwed(
  draft: Draft,
  { grantId, amount }: Funding,
  posting: SpendingUndone,
  at: Instant,
  late: Late,
): number {
  const clawback = draft.clawbacks.get(grantId);
  if (clawback === undefined) return 0;
  const owed = Math.min(amount, clawback.owed);
  if (owed === 0) return 0;
  // It stays taken, but nobody owes it any more.
  lessenDebt(draft, { ...clawback, taken: clawback.taken + owed }, owed, posting, at, late);
  // From DEBT, it has just moved from what one grant is owed for to what another is.
  if (posting.from === 'CONSUMED') draft.post({ ...posting, to: 'DEBT', fundings: [{ grantId, amount: owed }] }, at);
  return owed;
}

/** Takes `amount` off what is owed for a grant; what other grants have already paid of it goes back to them. */
export function lessenDebt(
  draft: Draft,
  clawback: Clawback,
  amount: number,
  posting: Omit<Posting, 'from' | 'to' | 'fundings'>,
  at: Instant,
  late: Late,
): void {
  let overpaid = Math.max(0, amount - unpaidOf(clawback));
  const kept: Funding[] = [];
  const returned: Funding[] = [];
  for (const payment of [...clawback.payments].reverse()) {
    const share = Math.min(overpaid, payment.amount);
    overpaid -= share;
    returned.unshift({ ...payment, amount: share });
    if (share < payment.amount) kept.unshift({ ...payment, amount: payment.amount - share });
  }
  draft.putClawback({ ...clawback, owed: clawback.owed - amount, payments: kept });
  undoSpending(draft, { ...posting, from: 'DEBT', fundings: returned }, at, late);
}

/** Lets a grant that has expired live on for a while. */
export function revive(draft: Draft, grantId: Grant['id'], at: Instant): void {
  const grant = draft.fundingGrant(grantId);
  if (destinationOf(grant, at) !== 'EXPIRED') return;
  draft.putGrant({ ...grant, expiresAt: (at + revivalMs) as Instant }); // A later instant is an instant.
}

/** Credits on their way back, by the place where they end. */
class GivenBack {
  readonly #byDestination = new Map<Destination, Funding[]>();
  readonly #draft: Draft;
  readonly #at: Instant;

  constructor(draft: Draft, at: Instant) {
    this.#draft = draft;
    this.#at = at;
  }

  to(destination: Destination, funding: Funding): void {
    if (funding.amount === 0) return;
    const fundings = this.#byDestination.get(destination) ?? [];
    const same = fundings.findIndex(({ grantId }) => grantId === funding.grantId);
    const before = fundings[same];
    this.#byDestination.set(
      destination,
      before === undefined
        ? [...fundings, funding]
        : fundings.with(same, { ...before, amount: before.amount + funding.amount }),
    );
  }

  home(funding: Funding): void {
    this.to(destinationOf(this.#draft.fundingGrant(funding.grantId), this.#at), funding);
  }

  post(posting: Omit<Posting, 'to'>): void {
    for (const [to, fundings] of this.#byDestination) this.#draft.post({ ...posting, to, fundings }, this.#at);
  }
}
