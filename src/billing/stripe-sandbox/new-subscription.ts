import type { Draft } from './draft.ts';
import { periodEndAfter, recurrenceOf } from './periods.ts';
import { secondsPerDay } from './due.ts';
import type {
  PendingLine,
  StripeCheckoutSession,
  StripePrice,
  StripeSubscription,
  StripeSubscriptionItem,
} from './stripe-objects.ts';

/** The subscription that a session starts, not stored yet. */
export function newSubscription(
  draft: Draft,
  session: StripeCheckoutSession,
  { customer, paymentMethod, status }: { customer: string; paymentMethod: string; status: 'active' | 'incomplete' },
): StripeSubscription {
  const id = draft.newId('sub');
  const { trial_days, missing_payment_method } = session.sandbox;
  const trialEnd = trial_days === 0 ? null : draft.now + trial_days * secondsPerDay;
  const items = session.line_items.data.filter((item) => item.price.recurring !== null);
  return {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: trialEnd ?? draft.now,
    billing_cycle_anchor_config: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: draft.now,
    currency: session.currency,
    customer,
    customer_account: null,
    days_until_due: null,
    default_payment_method: paymentMethod,
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
      data: items.map(({ price, quantity }) =>
        newSubscriptionItem(draft, {
          subscription: id,
          price,
          quantity,
          start: draft.now,
          end: trialEnd ?? periodEndAfter(draft.now, recurrenceOf(price), draft.now),
        }),
      ),
      has_more: false,
      url: `/v1/subscription_items?subscription=${id}`,
    },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: session.sandbox.metadata,
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
    start_date: draft.now,
    status: trialEnd === null ? status : 'trialing',
    test_clock: null,
    transfer_data: null,
    trial_end: trialEnd,
    trial_settings: { end_behavior: { billing_cycle_anchor: null, missing_payment_method } },
    trial_start: trialEnd === null ? null : draft.now,
    sandbox: { trial_end_told: false, pending: [] },
  };
}

/** One price of a subscription, in its present period. */
export function newSubscriptionItem(
  draft: Draft,
  options: { subscription: string; price: StripePrice; quantity: number; start: number; end: number },
): StripeSubscriptionItem {
  return {
    id: draft.newId('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: draft.now,
    current_period_end: options.end,
    current_period_start: options.start,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(options.price),
    price: options.price,
    quantity: options.quantity,
    subscription: options.subscription,
    tax_rates: [],
  };
}

/** Stripe's older name for a recurring price, which it still shows beside it. */
export function planOf(price: StripePrice): StripeSubscriptionItem['plan'] {
  const { interval, interval_count } = recurrenceOf(price);
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: 'per_unit',
    created: price.created,
    currency: price.currency,
    interval,
    interval_count,
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

/** What a subscription's items cost for their present periods; nothing while it is on trial. */
export async function periodLines(draft: Draft, subscription: StripeSubscription): Promise<PendingLine[]> {
  const isTrial = subscription.status === 'trialing';
  const lines: PendingLine[] = [];
  for (const item of subscription.items.data) {
    const { interval } = recurrenceOf(item.price);
    const name = await productName(draft, item.price);
    lines.push({
      amount: isTrial ? 0 : item.price.unit_amount * item.quantity,
      description: isTrial ? `Trial period for ${name}` : `${item.quantity} × ${name} (per ${interval})`,
      item: item.id,
      period: { start: item.current_period_start, end: item.current_period_end },
      price: item.price,
      proration: false,
      quantity: item.quantity,
    });
  }
  return lines;
}

/** What people call what a price is for. */
export const productName = async (draft: Draft, { product }: StripePrice): Promise<string> =>
  (await draft.find('product', product))?.name ?? product;
