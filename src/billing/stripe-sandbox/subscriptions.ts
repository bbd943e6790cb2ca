import type { Instant } from '../../clock.ts';
import { toDate } from '../../clock.ts';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { createStripeId } from './stripe-ids.ts';
import type {
  StripeCheckoutSession,
  StripeLineItem,
  StripePrice,
  StripeSubscription,
  StripeSubscriptionItem,
} from './stripe-objects.ts';

/** GET /v1/subscriptions/:id */
export async function retrieveSubscription(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'subscription', id) };
}

/** The active subscription that a paid session starts, not stored yet. */
export function newSubscription(
  { clock, ids }: SandboxContext,
  session: StripeCheckoutSession,
  customerId: string,
): StripeSubscription {
  const id = createStripeId(ids, 'sub');
  const startsAt = clock.now();
  const created = Math.floor(startsAt / 1000);
  const recurringItems = session.line_items.data.filter((item) => item.price.recurring !== null);
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: created,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created,
    currency: session.currency,
    customer: customerId,
    customer_account: null,
    days_until_due: null,
    default_payment_method: createStripeId(ids, 'pm'),
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: {
      object: 'list',
      data: recurringItems.map((item) =>
        newSubscriptionItem(createStripeId(ids, 'si'), { subscriptionId: id, startsAt, item }),
      ),
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: session.resulting_metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: created,
    status: 'active',
    test_clock: null,
    transfer_data: null,
    trial_end: null,
    trial_settings: null,
    trial_start: null,
  };
}

function newSubscriptionItem(
  id: string,
  { subscriptionId, startsAt, item }: { subscriptionId: string; startsAt: Instant; item: StripeLineItem },
): StripeSubscriptionItem {
  const startSeconds = Math.floor(startsAt / 1000);
  return {
    id,
    object: 'subscription_item',
    billing_thresholds: null,
    created: startSeconds,
    current_period_end: periodEndSeconds(startsAt, item.price),
    current_period_start: startSeconds,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(item.price),
    price: item.price,
    quantity: item.quantity,
    subscription: subscriptionId,
    tax_rates: [],
  };
}

/** Stripe's older name for a recurring price, which it still shows beside it. */
function planOf(price: StripePrice): StripeSubscriptionItem['plan'] {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: price.metadata,
    meter: null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: null,
    usage_type: 'licensed',
  };
}

function periodEndSeconds(start: Instant, { recurring }: StripePrice): number {
  const count = recurring?.interval_count ?? 1;
  switch (recurring?.interval) {
    case 'day':
      return Math.floor(start / 1000) + count * secondsPerDay;
    case 'week':
      return Math.floor(start / 1000) + count * 7 * secondsPerDay;
    case 'year':
      return addMonthsSeconds(start, 12 * count);
    default:
      return addMonthsSeconds(start, count);
  }
}

const secondsPerDay = 86_400;

function addMonthsSeconds(start: Instant, months: number): number {
  const end = toDate(start);
  const day = end.getUTCDate();
  end.setUTCMonth(end.getUTCMonth() + months);
  // Day 0 is the last of the month before: a month from January 31st ends on the last day of February.
  if (end.getUTCDate() !== day) end.setUTCDate(0);
  return Math.floor(end.getTime() / 1000);
}
