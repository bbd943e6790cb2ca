import type { Instant } from '../../clock.ts';
import type { PlanPeriod } from '../types.ts';

/** Credits that a subscription has given. */
export type Given = Pick<PlanPeriod, 'kind' | 'startsAt' | 'endsAt' | 'credits'>;

/**
 * What an upgrade gives at once: the new plan's quota less what the present month has given. Nothing without a month
 * that was paid for, or when the next one has come already.
 */
export function upgradeCredits(given: readonly Given[], at: Instant, quota: number): number {
  const months = given.filter(({ kind }) => kind === 'MONTH');
  const month = months.find(({ startsAt, endsAt }) => startsAt <= at && at < endsAt);
  if (month === undefined || months.some(({ startsAt }) => startsAt >= month.endsAt)) return 0;
  const givenInMonth = given
    .filter(({ kind, startsAt }) => kind !== 'TRIAL' && startsAt >= month.startsAt && startsAt < month.endsAt)
    .reduce((sum, { credits }) => sum + credits, 0);
  return Math.max(0, quota - givenInMonth);
}
