import { assert } from './assert.ts';
import type { CommandOf, Decision } from './decision.ts';
import type { Draft } from './draft.ts';
import { endGrant } from './end-grant.ts';
import { issue } from './issue.ts';
import { type Credits, type GrantTerms, maximumCredits, type Rollover } from './types.ts';

const renewed = 'The next credits came in its place.';

/** Ends what came before, gives the credits of the next period, then what lives on of the ended ones. */
export function renew(draft: Draft, command: CommandOf<'renew'>): Decision {
  const { grantId, expiresAt, endsGrantIds, rollover } = command;
  const known = draft.grants.get(grantId);
  const rolledBefore = rollover === null ? undefined : draft.grants.get(rollover.grantId);
  if (known !== undefined) {
    return { effect: { kind: 'renew', grant: known, rollover: rolledBefore ?? null }, repeated: true };
  }
  assert(rolledBefore === undefined, 'the rollover comes with the grant that it belongs to');

  const now = draft.recordedAt;
  for (const end of [expiresAt, rollover?.expiresAt ?? null]) {
    if (end !== null && end <= now) return { refusal: { kind: 'EXPIRES_BEFORE_EFFECTIVE' } };
  }
  if (endsGrantIds.some((id) => !draft.grants.has(id))) return { refusal: { kind: 'UNKNOWN_GRANT' } };

  let left = 0;
  for (const id of endsGrantIds) {
    const expired = endGrant(draft, id, renewed);
    if (rollover?.fromGrantIds.includes(id) === true) left += expired;
  }
  const carried = rollover === null ? null : carriedOver(rollover, left);
  const { issued } = draft.totals;
  if (issued + command.amount + (carried?.amount ?? 0) > maximumCredits) {
    return { refusal: { kind: 'ISSUE_LIMIT', issued } };
  }
  const grant = issue(draft, command, now);
  return { effect: { kind: 'renew', grant, rollover: carried && issue(draft, carried, now) } };
}

/** The grant in which what was left lives on; null when nothing does. */
function carriedOver(rollover: Rollover, left: number): GrantTerms | null {
  const amount = Math.min(left, rollover.cap);
  return amount === 0 ? null : { ...rollover, source: 'ROLLOVER', amount: amount as Credits }; // It is more than 0.
}
