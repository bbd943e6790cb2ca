import type { PlanSubscription, PriceIds } from '../../billing/index.ts';
import type { CreditPack, Plan } from '../../catalog/index.ts';
import { type Instant, toDate } from '../../clock.ts';
import type { WalletView } from '../../ledger/index.ts';
import { walletOf } from '../../resolvers/context.ts';
import { subscription as subscriptionOf } from '../../resolvers/plan-subscription.ts';
import { monthlyResetsAt, planOf, remainingOf, topUpSources } from '../../resolvers/wallet.ts';
import { type Answer, billingModeOf, type Call } from './call.ts';

/** `GET` and `POST /functions/v1/billing-catalog`: what is sold, and what the caller has. */
export async function billingCatalog({ context }: Call): Promise<Answer> {
  const { billing, catalog } = context.services;
  const { plans, creditPacks } = catalog.snapshot();
  const wallet = await walletOf(context);
  const [subscription, plan, resetAt, priceIds] = await Promise.all([
    subscriptionOf(context),
    planOf(context, wallet.state.accountId),
    monthlyResetsAt(context, wallet),
    billing.priceIds(),
  ]);
  return {
    status: 200,
    body: {
      success: true,
      billing_mode: billingModeOf(context),
      checkout_available: billing.checkoutAvailable,
      plans: plans.map((sold, position) => planItem(sold, position, priceIds)),
      credit_packs: creditPacks.map((sold, position) => packItem(sold, position, priceIds)),
      subscription: subscription === null ? null : subscriptionItem(subscription),
      wallet: walletItem(wallet, plan, resetAt),
      plan: planFacts(plan),
    },
  };
}

const planFacts = (plan: Plan) => ({
  plan_code: plan.code,
  display_name: plan.name,
  description: plan.description,
  monthly_price_cents: plan.monthlyPriceCents,
  yearly_price_cents: plan.yearlyPriceCents,
  monthly_quota: plan.monthlyQuota,
  rollover_cap: plan.rolloverCap,
});

const planItem = (plan: Plan, position: number, priceIds: PriceIds) => ({
  ...planFacts(plan),
  stripe_price_monthly_id: priceIds({ planCode: plan.code, packCode: null, interval: 'MONTH' }),
  stripe_price_yearly_id: priceIds({ planCode: plan.code, packCode: null, interval: 'YEAR' }),
  metadata: {},
  sort_order: position,
});

const packItem = ({ code, name, credits, priceCents }: CreditPack, position: number, priceIds: PriceIds) => ({
  pack_code: code,
  display_name: name,
  credits,
  price_cents: priceCents,
  stripe_price_id: priceIds({ planCode: null, packCode: code, interval: null }),
  metadata: {},
  sort_order: position,
});

const subscriptionItem = (subscription: PlanSubscription) => ({
  plan_code: subscription.planCode,
  status: subscription.status.toLowerCase(),
  cancel_at_period_end: subscription.cancelAtPeriodEnd,
  current_period_start: iso(subscription.currentPeriodStart),
  current_period_end: iso(subscription.currentPeriodEnd),
});

function walletItem(wallet: WalletView, plan: Plan, resetAt: Instant | null) {
  const monthly = remainingOf(wallet, ['PLAN']);
  const rollover = remainingOf(wallet, ['ROLLOVER']);
  const topUp = remainingOf(wallet, topUpSources);
  return {
    user_id: wallet.state.accountId,
    plan_code: plan.code,
    monthly_quota: plan.monthlyQuota ?? 0,
    monthly_remaining: monthly,
    rollover_remaining: rollover,
    topup_remaining: topUp,
    available_total: monthly + rollover + topUp,
    reset_at: resetAt === null ? null : iso(resetAt),
    updated_at: iso(wallet.updatedAt),
  };
}

const iso = (instant: Instant): string => toDate(instant).toISOString();
