import type { CreditPack } from '../../catalog/index.ts';
import { type Instant, toDate } from '../../clock.ts';
import { maximumCredits } from '../../ledger/index.ts';
import type { AutoTopUp } from '../types.ts';

/** How long to wait before what may pass is tried again. */
export const topUpRetryMs = 60 * 60 * 1_000;

/** Whether an account is to be topped up: now, or when what stands in its way has passed. */
export const needsTopUp = ({ enabled, suspendedReason, threshold }: AutoTopUp, available: number): boolean =>
  enabled && suspendedReason === null && threshold !== null && available < threshold;

/** What to do for an account that needs a top-up. */
export type TopUpDecision =
  | { readonly kind: 'charge'; readonly pack: CreditPack }
  | { readonly kind: 'wait'; readonly until: Instant; readonly reason: string }
  | { readonly kind: 'suspend'; readonly reason: string };

/** Decides what to do for an account that needs a top-up and has something to charge. */
export function decideTopUp({
  settings,
  wallet,
  pack,
  paidThisMonth,
  now,
}: {
  settings: AutoTopUp;
  wallet: { readonly available: number; readonly debt: number; readonly issued: number };
  /** Null when it is not sold any more. */
  pack: CreditPack | null;
  paidThisMonth: number;
  now: Instant;
}): TopUpDecision {
  const { monthlyLimit, retryAt } = settings;
  const threshold = settings.threshold ?? 0;
  if (pack === null) return { kind: 'suspend', reason: 'Its credit pack is not sold any more. Choose another one.' };
  if (wallet.issued + pack.credits > maximumCredits) {
    return {
      kind: 'suspend',
      reason: `A wallet holds at most ${maximumCredits} credits over its life; this one is full.`,
    };
  }
  const inAnHour = (now + topUpRetryMs) as Instant; // A later instant is an instant.
  if (wallet.available - wallet.debt + pack.credits < threshold) {
    // A card is not charged again and again for what one pack cannot do.
    return { kind: 'wait', until: inAnHour, reason: 'One pack would not bring the balance to the threshold.' };
  }
  if (monthlyLimit !== null && paidThisMonth >= monthlyLimit) {
    return { kind: 'wait', until: startOfMonth(now, 1), reason: 'The monthly limit is reached.' };
  }
  if (retryAt !== null && retryAt > now) {
    return { kind: 'wait', until: retryAt, reason: 'A charge has failed and is tried again later.' };
  }
  return { kind: 'charge', pack };
}

/** When the calendar month of an instant begins, in UTC, or one so many months later. */
export function startOfMonth(instant: Instant, monthsLater = 0): Instant {
  const date = toDate(instant);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsLater) as Instant; // A point in time.
}
