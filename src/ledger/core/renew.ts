import { assert } from './assert.ts';
import type { CommandOf, Decision } from './decision.ts';
import type { Draft } from './draft.ts';
import { endGrant } from './end-grant.ts';
import { issue } from './issue.ts';
import { type Credits, maximumCredits } from './types.ts';

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
  const rolled = Math.min(left, rollover?.cap ?? 0);
  const { issued } = draft.totals;
  if (issued + command.amount + rolled > maximumCredits) return { refusal: { kind: 'ISSUE_LIMIT', issued } };

  const grant = issue(draft, command, now);
  if (rollover === null || rolled === 0) return { effect: { kind: 'renew', grant, rollover: null } };
  // More than 0, and no more than was granted before.
  const amount = rolled as Credits;
  return {
    effect: { kind: 'renew', grant, rollover: issue(draft, { ...rollover, source: 'ROLLOVER', amount }, now) },
  };
}
