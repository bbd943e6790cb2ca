import { openClaimOf, unpaidOf } from './claim.ts';
import type { CommandOf, Decision } from './decision.ts';
import type { Draft } from './draft.ts';
import { lessenDebt, revive } from './give-back.ts';
import type { Clawback, Funding, Grant, GrantId, Instant } from './types.ts';

const noReason = 'The payment went back.';

/** Takes back what the payment of a grant no longer covers, or gives back what it covers again. */
export function setClawback(draft: Draft, command: CommandOf<'clawback'>): Decision {
  const { grantId, total, reason } = command;
  const grant = draft.grants.get(grantId);
  if (grant === undefined) return { refusal: { kind: 'UNKNOWN_GRANT' } };
  if (total > grant.amount) return { refusal: { kind: 'EXCEEDS_GRANT', grant } };
  const none: Clawback = { grantId, total: 0, taken: 0, owed: 0, payments: [], createdAt: draft.recordedAt };
  const found = draft.clawbacks.get(grantId) ?? none;
  if (total === found.total) return { effect: { kind: 'grant', grant }, repeated: true };
  if (total < found.total) {
    reinstate(draft, grant, found, total, reason);
  } else {
    draft.putClawback({ ...found, total });
    collect(draft, grantId, reason);
  }
  return { effect: { kind: 'grant', grant: draft.fundingGrant(grantId) } };
}

/**
 * Takes what a clawback still waits for: first what the grant has left, then what was spent of it, which the
 * wallet owes from now on. What is held is taken when its hold ends.
 */
export function collect(draft: Draft, grantId: GrantId, reason: string = noReason): void {
  const clawback = draft.clawbacks.get(grantId);
  if (clawback === undefined) return;
  const { pending, remaining, consumed } = draft.fundingGrant(grantId);
  const wanted = openClaimOf(clawback);
  const left = Math.min(wanted, pending + remaining);
  const spent = Math.min(wanted - left, consumed);
  draft.putClawback({ ...clawback, taken: clawback.taken + left, owed: clawback.owed + spent });
  const take = (from: 'PENDING' | 'AVAILABLE' | 'DEBT', amount: number): void => {
    if (amount === 0) return;
    draft.post({ type: 'CLAWBACK', from, to: 'REVOKED', fundings: [{ grantId, amount }], reason }, draft.recordedAt);
  };
  take(pending > 0 ? 'PENDING' : 'AVAILABLE', left);
  take('DEBT', spent);
}

/** Gives back in the reverse order of taking: what is only claimed, what is owed or was paid, what was there. */
function reinstate(draft: Draft, grant: Grant, clawback: Clawback, total: number, reason: string): void {
  const at = draft.recordedAt;
  const back = clawback.total - total - Math.min(clawback.total - total, openClaimOf(clawback));
  const owed = Math.min(back, clawback.owed);
  const taken = back - owed;
  const posting = { type: 'REINSTATEMENT', reason } as const;

  lessenDebt(draft, { ...clawback, total, taken: clawback.taken - taken }, owed, posting, at, 'REVIVES');
  const giveBack = (to: 'PENDING' | 'AVAILABLE' | 'DEBT', amount: number): void => {
    if (amount > 0) draft.post({ ...posting, from: 'REVOKED', to, fundings: [{ grantId: grant.id, amount }] }, at);
  };
  giveBack('DEBT', owed);
  // What was withdrawn by hand meanwhile stays withdrawn.
  if (taken === 0 || grant.voidedAt !== null) return;
  revive(draft, grant.id, at);
  giveBack(grant.effectiveAt > at ? 'PENDING' : 'AVAILABLE', taken);
}

/** Lets a grant that has just begun pay what the wallet owes, the oldest clawback first. */
export function payDebt(draft: Draft, grantId: GrantId, at: Instant): void {
  if (draft.totals.debt === 0) return;
  let { remaining } = draft.fundingGrant(grantId);
  let amount = 0;
  for (const clawback of [...draft.clawbacks.values()].sort(compareAge)) {
    const share = Math.min(remaining, unpaidOf(clawback));
    if (share === 0) continue;
    const payment: Funding = { grantId, amount: share };
    draft.putClawback({ ...clawback, payments: [...clawback.payments, payment] });
    remaining -= share;
    amount += share;
  }
  draft.post({ type: 'DEBT_PAYMENT', from: 'AVAILABLE', to: 'DEBT', fundings: [{ grantId, amount }] }, at);
}

const compareAge = (left: Clawback, right: Clawback): number =>
  left.createdAt - right.createdAt || (left.grantId < right.grantId ? -1 : 1);
