import type { Funding, Grant, GrantId, Instant } from './types.ts';

/**
 * The order in which grants are spent: priority, earliest expiry (none is last), promotional before paid,
 * effectiveAt, createdAt, id. Negative when `left` burns first.
 */
function compareBurnOrder(left: Grant, right: Grant): number {
  return (
    left.priority - right.priority ||
    compareExpiry(left.expiresAt, right.expiresAt) ||
    categoryRank(left) - categoryRank(right) ||
    left.effectiveAt - right.effectiveAt ||
    left.createdAt - right.createdAt ||
    (left.id < right.id ? -1 : 1)
  );
}

function compareExpiry(left: Instant | null, right: Instant | null): number {
  if (left === right) return 0;
  if (left === null) return 1;
  if (right === null) return -1;
  return left - right;
}

const categoryRank = (grant: Grant): number => (grant.category === 'PROMOTIONAL' ? 0 : 1);

/** Picks which grants pay `amount`, in burn order; null when what remains does not cover it. */
export function fundFrom(grants: ReadonlyMap<GrantId, Grant>, amount: number): Funding[] | null {
  const spendable = [...grants.values()].filter((grant) => grant.remaining > 0).sort(compareBurnOrder);
  const fundings: Funding[] = [];
  let missing = amount;
  for (const grant of spendable) {
    if (missing === 0) break;
    const share = Math.min(missing, grant.remaining);
    fundings.push({ grantId: grant.id, amount: share });
    missing -= share;
  }
  return missing === 0 ? fundings : null;
}
