import { type BillingInterval, type PlanChange, type PlanSubscription, type SubscriptionId } from '../billing/index.ts';
import { findPlan, type Plan } from '../catalog/index.ts';
import { type Context, callerOf, keyFrom } from './context.ts';

type Optional<Value> = Value | null | undefined;

/** The caller's present subscription; null without any. */
export const subscription = (context: Context): Promise<PlanSubscription | null> =>
  context.services.billing.plans.subscription(callerOf(context).accountId);

/** A subscription of the caller's, also one that has ended. */
export const subscriptionById = (context: Context, id: string): Promise<PlanSubscription | null> =>
  context.services.billing.plans.find(callerOf(context).accountId, id as SubscriptionId); // Found among the caller's, or nowhere.

/** A plan that was bought, sold still or not. */
export function planBought({ services }: Context, code: string): Plan {
  const plan = findPlan(services.catalog.snapshot(), code);
  if (plan === null) throw new Error('A subscription is to a plan that the catalog never had.');
  return plan;
}

export const previewPlanChange = (
  context: Context,
  wanted: { planCode: string; interval: BillingInterval },
): Promise<PlanChange> => context.services.billing.planChanges.preview(callerOf(context).accountId, wanted);

export const changePlan = (
  context: Context,
  input: { planCode: string; interval: BillingInterval; idempotencyKey?: Optional<string> },
): Promise<PlanChange> =>
  context.services.billing.planChanges.change(callerOf(context).accountId, {
    planCode: input.planCode,
    interval: input.interval,
    idempotencyKey: keyFrom(context, input.idempotencyKey),
  });

export const cancelSubscription = (
  context: Context,
  input: { atPeriodEnd: boolean; idempotencyKey?: Optional<string> },
): Promise<PlanSubscription> =>
  context.services.billing.planChanges.cancel(callerOf(context).accountId, {
    atPeriodEnd: input.atPeriodEnd,
    idempotencyKey: keyFrom(context, input.idempotencyKey),
  });

export const resumeSubscription = (context: Context): Promise<PlanSubscription> =>
  context.services.billing.planChanges.resume(callerOf(context).accountId);
