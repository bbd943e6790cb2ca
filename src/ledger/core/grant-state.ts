import type { Grant, Instant } from './types.ts';

export type GrantState = 'VOIDED' | 'PENDING' | 'EXPIRED' | 'USED' | 'ACTIVE';

/** What a grant is at `now`, the first that fits; the grant must be projected to `now`. */
export function grantStateAt(grant: Grant, now: Instant): GrantState {
  if (grant.voidedAt !== null) return 'VOIDED';
  if (grant.effectiveAt > now) return 'PENDING';
  if (grant.expiresAt !== null && grant.expiresAt <= now) return 'EXPIRED';
  return grant.remaining === 0 && grant.held === 0 ? 'USED' : 'ACTIVE';
}
