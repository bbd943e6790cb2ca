import type { Draft } from './draft.ts';
import { payDebt } from './clawback.ts';
import { giveBackHeld } from './give-back.ts';
import type { Grant, Hold, Instant, WalletState } from './types.ts';

/** At one instant grants begin, then expire, then holds lapse, so that a lapse sees its grants as they are. */
type Due =
  | { readonly rank: 0; readonly kind: 'begin'; readonly at: Instant; readonly grant: Grant }
  | { readonly rank: 1; readonly kind: 'expire'; readonly at: Instant; readonly grant: Grant }
  | { readonly rank: 2; readonly kind: 'lapse'; readonly at: Instant; readonly hold: Hold };

const idOf = (due: Due): string => (due.kind === 'lapse' ? due.hold.id : due.grant.id);

/** All that falls due in the state up to and including `now`, in the order in which it happened. */
function dueBy(state: Pick<WalletState, 'grants' | 'holds'>, now: Instant): Due[] {
  const due: Due[] = [];
  for (const grant of state.grants.values()) {
    if (grant.pending > 0 && grant.effectiveAt <= now) {
      due.push({ rank: 0, kind: 'begin', at: grant.effectiveAt, grant });
    }
    if (grant.expiresAt !== null && grant.expiresAt <= now) {
      due.push({ rank: 1, kind: 'expire', at: grant.expiresAt, grant });
    }
  }
  for (const hold of state.holds.values()) {
    if (hold.status === 'OPEN' && hold.expiresAt <= now) due.push({ rank: 2, kind: 'lapse', at: hold.expiresAt, hold });
  }
  return due.sort((left, right) => left.at - right.at || left.rank - right.rank || (idOf(left) < idOf(right) ? -1 : 1));
}

/** Records what fell due by the draft's instant, each at its own instant. */
export function recordDue(draft: Draft): void {
  for (const due of dueBy(draft, draft.recordedAt)) {
    switch (due.kind) {
      case 'begin':
        draft.post(
          {
            type: 'GRANT',
            from: 'PENDING',
            to: 'AVAILABLE',
            fundings: [{ grantId: due.grant.id, amount: due.grant.pending }],
          },
          due.at,
        );
        payDebt(draft, due.grant.id, due.at);
        break;
      case 'expire': {
        // What remains is read now: a hold that lapsed just before may have given credits back, or nothing may be left.
        const { remaining } = draft.fundingGrant(due.grant.id);
        if (remaining > 0) {
          draft.post(
            {
              type: 'EXPIRY',
              from: 'AVAILABLE',
              to: 'EXPIRED',
              fundings: [{ grantId: due.grant.id, amount: remaining }],
            },
            due.at,
          );
        }
        break;
      }
      case 'lapse':
        lapse(draft, due.hold, due.at);
        break;
    }
  }
}

function lapse(draft: Draft, hold: Hold, at: Instant): void {
  const fundings = hold.fundings.map((funding) => ({ grantId: funding.grantId, amount: funding.held }));
  giveBackHeld(draft, { type: 'RELEASE', fundings, holdId: hold.id, reason: 'The hold lapsed.' }, at);
  draft.putHold({ ...hold, status: 'LAPSED', settledAt: at });
}
