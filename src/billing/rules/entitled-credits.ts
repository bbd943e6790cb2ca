import type { Checkout } from '../types.ts';
import type { Entitlement } from './entitlements.ts';
import { type Given, upgradeCredits } from './upgrade-credits.ts';

/** How many credits an entitlement gives, after all that its subscription has given; 0 when none. `quota` is its plan's. */
export function entitledCredits(
  { kind, startsAt, planCode }: Pick<Entitlement, 'kind' | 'startsAt' | 'planCode'>,
  given: readonly Given[],
  quota: number,
  order: Pick<Checkout, 'planCode' | 'credits'> | null,
): number {
  if (kind === 'UPGRADE') return upgradeCredits(given, startsAt, quota);
  // A buyer gets what was on the order, though the plan was changed since.
  return given.length === 0 && order?.planCode === planCode ? order.credits : quota;
}
