import type { Draft, Posting } from './draft.ts';
import type { Funding, Grant, Instant } from './types.ts';

type Destination = 'AVAILABLE' | 'EXPIRED' | 'REVOKED';

/** What goes back to a grant that was voided stays revoked, and to one that has expired stays expired. */
function destinationOf(grant: Grant, at: Instant): Destination {
  if (grant.voidedAt !== null) return 'REVOKED';
  return grant.expiresAt !== null && grant.expiresAt <= at ? 'EXPIRED' : 'AVAILABLE';
}

/**
 * Gives credits back to the very grants that they came from, in reverse order of funding; one transfer for
 * each place where they end. `fundings` stand in funding order.
 */
export function giveBack(draft: Draft, posting: Omit<Posting, 'to'>, at: Instant): void {
  const byDestination = new Map<Destination, Funding[]>();
  for (const funding of [...posting.fundings].reverse()) {
    if (funding.amount === 0) continue;
    const destination = destinationOf(draft.fundingGrant(funding.grantId), at);
    byDestination.set(destination, [...(byDestination.get(destination) ?? []), funding]);
  }
  for (const [to, fundings] of byDestination) draft.post({ ...posting, to, fundings }, at);
}
