import type { CatalogSnapshot, Plan } from '../../catalog/index.ts';
import { NotPurchasableError, UnknownPlanError } from '../../errors.ts';
import { findPlan } from '../../catalog/index.ts';
import { isEntitled, type PlanChoice, type PlanSubscription } from '../types.ts';

/** How a subscription gets to another plan. */
export type PlanChangeKind =
  /** More credits at the same interval: at once, for the rest of the period. */
  | 'UPGRADE'
  /** Anything else: when the period ends. */
  | 'AT_PERIOD_END'
  /** During a trial nothing is paid, so nothing is balanced: what is paid first is the new plan. */
  | 'IN_TRIAL'
  /** A change that was to come is given up. */
  | 'STAY';

/** Decides how a change is made. Throws {@link UnknownPlanError} and {@link NotPurchasableError}. */
export function decidePlanChange(
  snapshot: CatalogSnapshot,
  subscription: PlanSubscription,
  wanted: PlanChoice,
): PlanChangeKind {
  const plan = planToBuy(snapshot, wanted);
  const isPresent = wanted.planCode === subscription.planCode && wanted.interval === subscription.interval;
  if (isPresent && subscription.next !== null) return 'STAY';
  if (isPresent) throw new NotPurchasableError(`The subscription is on ${plan.name} already.`);
  if (!isEntitled(subscription) || subscription.status === 'PAST_DUE') {
    throw new NotPurchasableError('The last invoice is not paid. Pay it first, then change the plan.');
  }
  if (subscription.status === 'TRIALING') return 'IN_TRIAL';
  const presentQuota = findPlan(snapshot, subscription.planCode)?.monthlyQuota ?? 0;
  const isUpgrade = wanted.interval === subscription.interval && (plan.monthlyQuota ?? 0) > presentQuota;
  if (isUpgrade) return 'UPGRADE';
  if (subscription.cancelAtPeriodEnd) {
    throw new NotPurchasableError('The subscription ends with its period. Resume it first, then change the plan.');
  }
  return 'AT_PERIOD_END';
}

function planToBuy(snapshot: CatalogSnapshot, { planCode, interval }: PlanChoice): Plan {
  const plan = snapshot.planByCode.get(planCode);
  if (plan === undefined) throw new UnknownPlanError(planCode);
  if (plan.contactSales) {
    throw new NotPurchasableError(`${plan.name} is sold by our sales team, not through a checkout.`);
  }
  const priceCents = interval === 'MONTH' ? plan.monthlyPriceCents : plan.yearlyPriceCents;
  if (priceCents === null) throw new NotPurchasableError(`${plan.name} is not sold by the ${interval.toLowerCase()}.`);
  if (priceCents === 0) {
    throw new NotPurchasableError(`${plan.name} costs nothing. Cancel the subscription to go back to it.`);
  }
  return plan;
}
