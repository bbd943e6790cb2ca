import type { Draft } from './draft.ts';
import type { Grant, GrantId, Instant } from './types.ts';

/** A grant ends after it began, so the first instant at which one can end that begins now is the next. */
const earliestEndOf = (grant: Grant, now: Instant): Instant =>
  now > grant.effectiveAt ? now : ((grant.effectiveAt + 1) as Instant); // A later instant is an instant.

/** Whether a grant that has begun ends as early as it can: it is over, or ends within its first millisecond. */
export const hasEnded = (grant: Grant, now: Instant): boolean =>
  grant.expiresAt !== null && grant.expiresAt <= earliestEndOf(grant, now);

/**
 * Ends a grant before its time; gives how much of it expired. What is held is left to its hold, and one that has not
 * begun is withdrawn.
 */
export function endGrant(draft: Draft, grantId: GrantId, reason: string): number {
  const now = draft.recordedAt;
  const grant = draft.fundingGrant(grantId);
  if (grant.voidedAt !== null) return 0;
  if (grant.effectiveAt > now) {
    withdraw(draft, grant, reason);
    return 0;
  }
  const { remaining } = grant;
  if (remaining > 0) {
    const fundings = [{ grantId, amount: remaining }];
    draft.post({ type: 'EXPIRY', from: 'AVAILABLE', to: 'EXPIRED', fundings, reason }, now);
  }
  if (!hasEnded(grant, now)) {
    draft.putGrant({ ...draft.fundingGrant(grantId), expiresAt: earliestEndOf(grant, now) });
  }
  return remaining;
}

/** Revokes what nobody has spent or holds of a grant, and what comes back to it later. */
export function withdraw(draft: Draft, grant: Grant, reason: string): Grant {
  const now = draft.recordedAt;
  const amount = grant.pending + grant.remaining;
  if (amount > 0) {
    const from = grant.pending > 0 ? 'PENDING' : 'AVAILABLE';
    draft.post({ type: 'VOID', from, to: 'REVOKED', fundings: [{ grantId: grant.id, amount }], reason }, now);
  }
  const voided: Grant = { ...draft.fundingGrant(grant.id), voidedAt: now };
  draft.putGrant(voided);
  return voided;
}
