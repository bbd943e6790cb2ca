import type { CommandOf, Decision } from './decision.ts';
import type { Draft } from './draft.ts';
import { endGrant, hasEnded, withdraw } from './end-grant.ts';
import type { Grant, Instant } from './types.ts';

/** Lets grants end at another instant than was said. Nothing that has ended is revived. */
export function reschedule(draft: Draft, { grantIds, expiresAt, reason }: CommandOf<'reschedule'>): Decision {
  const found: Grant[] = [];
  for (const id of grantIds) {
    const grant = draft.grants.get(id);
    if (grant === undefined) return { refusal: { kind: 'UNKNOWN_GRANT' } };
    found.push(grant);
  }
  for (const grant of found) moveEnd(draft, draft.fundingGrant(grant.id), expiresAt, reason);
  const grants = found.map(({ id }) => draft.fundingGrant(id));
  const effect = { kind: 'reschedule', grants } as const;
  return grants.every((grant, index) => grant === found[index]) ? { effect, repeated: true } : { effect };
}

function moveEnd(draft: Draft, grant: Grant, expiresAt: Instant, reason: string): void {
  const now = draft.recordedAt;
  if (grant.voidedAt !== null || grant.expiresAt === expiresAt) return;
  if (grant.effectiveAt > now) {
    if (expiresAt > grant.effectiveAt) draft.putGrant({ ...grant, expiresAt });
    else withdraw(draft, grant, reason);
  } else if (expiresAt <= now) {
    endGrant(draft, grant.id, reason);
  } else if (!hasEnded(grant, now)) {
    draft.putGrant({ ...grant, expiresAt });
  }
}
