import { assert } from './assert.ts';
import { fundFrom } from './burn-order.ts';
import { collect, setClawback } from './clawback.ts';
import type { CommandOf, Decision } from './decision.ts';
import { Draft } from './draft.ts';
import { recordDue } from './due.ts';
import { withdraw } from './end-grant.ts';
import { giveBackHeld, undoSpending } from './give-back.ts';
import { issue } from './issue.ts';
import { renew } from './renew.ts';
import { reschedule } from './reschedule.ts';
import {
  type Applied,
  type Command,
  type Effect,
  type Funding,
  type Hold,
  type HoldFunding,
  type HoldId,
  type Instant,
  maximumCredits,
  type Refusal,
  type WalletState,
} from './types.ts';

const refuse = (refusal: Refusal): Decision => ({ refusal });
const changed = (hold: Hold): { readonly effect: Effect } => ({ effect: { kind: 'hold', hold } });

/** The instant at which a wallet sees a command: time in a wallet never runs back, whatever the clocks say. */
export const instantFor = (state: WalletState, now: Instant): Instant =>
  now > state.lastInstant ? now : state.lastInstant;

/**
 * Applies one command to a wallet: first what fell due by then, in its order, then the command. Total and
 * deterministic; a refused command changes nothing.
 */
export function apply(state: WalletState, command: Command, now: Instant): Applied {
  assertCommand(command);
  const draft = new Draft(state, instantFor(state, now));
  recordDue(draft);
  const decision = decide(draft, command);
  if ('refusal' in decision) return { ok: false, refusal: decision.refusal };
  return {
    ok: true,
    effect: decision.effect,
    repeated: decision.repeated ?? false,
    state: draft.finish(),
    transfers: draft.transfers,
  };
}

/** The wallet as every reader must see it at `now`: what fell due counts, though nobody has recorded it. */
export function project(state: WalletState, now: Instant): Pick<Extract<Applied, { ok: true }>, 'state' | 'transfers'> {
  const draft = new Draft(state, instantFor(state, now));
  recordDue(draft);
  return { state: draft.finish(), transfers: draft.transfers };
}

function decide(draft: Draft, command: Command): Decision {
  switch (command.kind) {
    case 'grant':
      return grant(draft, command);
    case 'renew':
      return renew(draft, command);
    case 'reschedule':
      return reschedule(draft, command);
    case 'hold':
      return hold(draft, command);
    case 'extend':
      return extend(draft, command);
    case 'capture':
      return capture(draft, command);
    case 'release':
      return release(draft, command);
    case 'refund':
      return refund(draft, command);
    case 'void':
      return voidGrant(draft, command);
    case 'clawback':
      return setClawback(draft, command);
    case 'expire':
      return draft.transfers.length > 0 ? { effect: { kind: 'expire' } } : refuse({ kind: 'NOTHING_DUE' });
  }
}

/** Whoever calls has checked these; types are not there at run time, and a journal cannot be mended. */
function assertCommand(command: Command): void {
  if ('amount' in command && command.amount !== null) {
    assert(isPositiveInteger(command.amount) && command.amount <= maximumCredits, 'an amount is a positive integer');
  }
  if (command.kind === 'clawback') {
    assert(Number.isSafeInteger(command.total) && command.total >= 0, 'what is taken back is 0 or a positive integer');
  }
  if (command.kind === 'renew' && command.rollover !== null) {
    const { grantId, fromGrantIds, cap } = command.rollover;
    assert(Number.isSafeInteger(cap) && cap >= 0, 'the cap of a rollover is 0 or a positive integer');
    assert(
      fromGrantIds.every((id) => command.endsGrantIds.includes(id)),
      'what rolls over ends',
    );
    assert(grantId !== command.grantId, 'a rollover is a grant of its own');
  }
  if ('lifetimeMs' in command) assert(isPositiveInteger(command.lifetimeMs), 'a lifetime is a positive integer');
}

const isPositiveInteger = (value: number): boolean => Number.isSafeInteger(value) && value > 0;

function grant(draft: Draft, command: CommandOf<'grant'>): Decision {
  const now = draft.recordedAt;
  const known = draft.grants.get(command.grantId);
  if (known !== undefined) return { effect: { kind: 'grant', grant: known }, repeated: true };

  const effectiveAt = command.effectiveAt ?? now;
  if (effectiveAt < now) return refuse({ kind: 'EFFECTIVE_IN_THE_PAST' });
  if (command.expiresAt !== null && command.expiresAt <= effectiveAt) {
    return refuse({ kind: 'EXPIRES_BEFORE_EFFECTIVE' });
  }
  const { issued } = draft.totals;
  if (issued + command.amount > maximumCredits) return refuse({ kind: 'ISSUE_LIMIT', issued });

  return { effect: { kind: 'grant', grant: issue(draft, command, effectiveAt) } };
}

function hold(draft: Draft, command: CommandOf<'hold'>): Decision {
  const known = draft.holds.get(command.holdId);
  if (known !== undefined) return { ...changed(known), repeated: true };
  const fundings = reserve(draft, command.holdId, command.amount);
  if (fundings === null) return insufficient(draft, command.amount);
  const created: Hold = {
    id: command.holdId,
    status: 'OPEN',
    amount: command.amount,
    fundings,
    expiresAt: after(draft.recordedAt, command.lifetimeMs),
    createdAt: draft.recordedAt,
    settledAt: null,
  };
  draft.putHold(created);
  return changed(created);
}

/** Moves `amount` from AVAILABLE to HELD in burn order; null when there is too little. */
function reserve(draft: Draft, holdId: HoldId, amount: number): HoldFunding[] | null {
  const fundings = fundFrom(draft.grants, amount);
  if (fundings === null) return null;
  draft.post({ type: 'HOLD', from: 'AVAILABLE', to: 'HELD', fundings, holdId }, draft.recordedAt);
  return fundings.map(({ grantId, amount: held }) => ({ grantId, held, captured: 0, refunded: 0 }));
}

function insufficient(draft: Draft, required: number): Decision {
  const { available, held, debt } = draft.totals;
  return refuse({ kind: 'INSUFFICIENT_CREDITS', required, available, held, debt });
}

const after = (instant: Instant, ms: number): Instant => (instant + ms) as Instant; // A later instant is an instant.

function extend(draft: Draft, command: CommandOf<'extend'>): Decision {
  const found = draft.holds.get(command.holdId);
  if (found === undefined) return refuse({ kind: 'UNKNOWN_HOLD' });
  if (found.status === 'LAPSED') return refuse({ kind: 'HOLD_EXPIRED', hold: found });
  if (found.status !== 'OPEN') return refuse({ kind: 'ALREADY_SETTLED', hold: found });
  const expiresAt = after(draft.recordedAt, command.lifetimeMs);
  const extended: Hold = { ...found, expiresAt: expiresAt > found.expiresAt ? expiresAt : found.expiresAt };
  draft.putHold(extended);
  return changed(extended);
}

function capture(draft: Draft, command: CommandOf<'capture'>): Decision {
  const found = draft.holds.get(command.holdId);
  if (found === undefined) return refuse({ kind: 'UNKNOWN_HOLD' });
  if (found.status === 'CAPTURED' || found.status === 'RELEASED') {
    return refuse({ kind: 'ALREADY_SETTLED', hold: found });
  }
  const amount = command.amount ?? found.amount;
  if (amount > found.amount) return refuse({ kind: 'EXCEEDS_HOLD', hold: found });

  // A lapsed hold has given its credits back: the frozen price is taken anew, or the result is withheld.
  const fundings = found.status === 'OPEN' ? found.fundings : reserve(draft, found.id, found.amount);
  if (fundings === null) return refuse({ kind: 'HOLD_EXPIRED', hold: found });

  let uncaptured = amount;
  const settled = fundings.map((funding): HoldFunding => {
    const captured = Math.min(uncaptured, funding.held);
    uncaptured -= captured;
    return { ...funding, captured };
  });
  const now = draft.recordedAt;
  const taken = settled
    .filter((funding) => funding.captured > 0)
    .map(({ grantId, captured }): Funding => ({ grantId, amount: captured }));
  draft.post({ type: 'CAPTURE', from: 'HELD', to: 'CONSUMED', fundings: taken, holdId: found.id }, now);
  const rest = settled.map(({ grantId, held, captured }): Funding => ({ grantId, amount: held - captured }));
  giveBackHeld(draft, { type: 'RELEASE', fundings: rest, holdId: found.id }, now);
  for (const { grantId } of taken) collect(draft, grantId);

  const captured: Hold = { ...found, status: 'CAPTURED', fundings: settled, settledAt: now };
  draft.putHold(captured);
  return changed(captured);
}

function release(draft: Draft, command: CommandOf<'release'>): Decision {
  const found = draft.holds.get(command.holdId);
  if (found === undefined) return refuse({ kind: 'UNKNOWN_HOLD' });
  if (found.status === 'CAPTURED' || found.status === 'RELEASED') {
    return refuse({ kind: 'ALREADY_SETTLED', hold: found });
  }
  const now = draft.recordedAt;
  if (found.status === 'OPEN') {
    const fundings = found.fundings.map(({ grantId, held }): Funding => ({ grantId, amount: held }));
    giveBackHeld(draft, { type: 'RELEASE', fundings, holdId: found.id }, now);
  }
  const released: Hold = { ...found, status: 'RELEASED', settledAt: now };
  draft.putHold(released);
  return changed(released);
}

function refund(draft: Draft, command: CommandOf<'refund'>): Decision {
  const found = draft.holds.get(command.holdId);
  if (found === undefined) return refuse({ kind: 'UNKNOWN_HOLD' });
  if (found.status !== 'CAPTURED') return refuse({ kind: 'NOT_CAPTURED', hold: found });
  const refundable = found.fundings.reduce((sum, { captured, refunded }) => sum + captured - refunded, 0);
  const amount = command.amount ?? refundable;
  if (amount > refundable || refundable === 0) return refuse({ kind: 'EXCEEDS_CHARGE', refundable });

  let missing: number = amount;
  const settled = [...found.fundings]
    .reverse()
    .map((funding) => {
      const share = Math.min(missing, funding.captured - funding.refunded);
      missing -= share;
      return { funding: { ...funding, refunded: funding.refunded + share }, share };
    })
    .reverse();
  const fundings = settled.map(({ funding, share }): Funding => ({ grantId: funding.grantId, amount: share }));
  const { reason } = command;
  undoSpending(
    draft,
    { type: 'REFUND', from: 'CONSUMED', fundings, holdId: found.id, reason },
    draft.recordedAt,
    'STAYS_EXPIRED',
  );
  const refunded: Hold = { ...found, fundings: settled.map(({ funding }) => funding) };
  draft.putHold(refunded);
  return changed(refunded);
}

function voidGrant(draft: Draft, command: CommandOf<'void'>): Decision {
  const found = draft.grants.get(command.grantId);
  if (found === undefined) return refuse({ kind: 'UNKNOWN_GRANT' });
  const amount = found.pending + found.remaining; // A grant that was voided has nothing left.
  if (amount === 0) return refuse({ kind: 'NOT_VOIDABLE', grant: found });
  return { effect: { kind: 'grant', grant: withdraw(draft, found, command.reason) } };
}
