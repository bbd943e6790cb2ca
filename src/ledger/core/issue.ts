import { payDebt } from './clawback.ts';
import type { Draft } from './draft.ts';
import type { Grant, GrantTerms, Instant } from './types.ts';

/** Puts a new grant into the wallet; one that begins at once pays what the wallet owes. */
export function issue(draft: Draft, terms: GrantTerms, effectiveAt: Instant): Grant {
  const now = draft.recordedAt;
  const pending = effectiveAt > now;
  draft.putGrant({
    id: terms.grantId,
    source: terms.source,
    category: terms.category,
    priority: terms.priority,
    amount: terms.amount,
    pending: 0,
    remaining: 0,
    held: 0,
    consumed: 0,
    expired: 0,
    revoked: 0,
    effectiveAt,
    expiresAt: terms.expiresAt,
    voidedAt: null,
    createdAt: now,
    reason: terms.reason,
  });
  draft.post(
    {
      type: 'GRANT',
      from: 'ISSUED',
      to: pending ? 'PENDING' : 'AVAILABLE',
      fundings: [{ grantId: terms.grantId, amount: terms.amount }],
    },
    now,
  );
  if (!pending) payDebt(draft, terms.grantId, now);
  return draft.fundingGrant(terms.grantId);
}
