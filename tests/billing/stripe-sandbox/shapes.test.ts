import type Stripe from 'stripe';
import { expect, test } from 'vitest';
import { buyPack, idOf, subscribe } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();

type RequiredKey<Type> = { [Key in keyof Type]-?: object extends Pick<Type, Key> ? never : Key }[keyof Type];

/**
 * The keys of what is shown, held against the SDK's type by the compiler: all that it requires, and of what it leaves
 * open those that the sandbox fills in. A new version of the SDK that asks for more, or less, does not compile.
 */
const keysOf = <Type>(
  required: Record<RequiredKey<Type>, true>,
  filledIn: Partial<Record<Exclude<keyof Type, RequiredKey<Type>>, true>>,
): string[] => Object.keys({ ...required, ...filledIn }).sort();

// prettier-ignore
const expected = {
  'customer': keysOf<Stripe.Customer>({ id: true, object: true, balance: true, created: true, default_source: true, description: true, email: true, invoice_settings: true, livemode: true, metadata: true, shipping: true }, { address: true, currency: true, delinquent: true, invoice_prefix: true, name: true, next_invoice_sequence: true, phone: true, preferred_locales: true, tax_exempt: true, test_clock: true }),
  'product': keysOf<Stripe.Product>({ id: true, object: true, active: true, created: true, description: true, images: true, livemode: true, marketing_features: true, metadata: true, name: true, package_dimensions: true, shippable: true, tax_details: true, type: true, updated: true, url: true }, { default_price: true, statement_descriptor: true, tax_code: true, unit_label: true }),
  'price': keysOf<Stripe.Price>({ id: true, object: true, active: true, billing_scheme: true, created: true, currency: true, custom_unit_amount: true, livemode: true, lookup_key: true, metadata: true, nickname: true, product: true, recurring: true, tax_behavior: true, tiers_mode: true, transform_quantity: true, type: true, unit_amount: true, unit_amount_decimal: true }, {}),
  'payment method': keysOf<Stripe.PaymentMethod>({ id: true, object: true, billing_details: true, created: true, customer: true, customer_account: true, livemode: true, metadata: true, type: true }, { allow_redisplay: true, card: true }),
  'checkout session': keysOf<Stripe.Checkout.Session>({ id: true, object: true, adaptive_pricing: true, after_expiration: true, allow_promotion_codes: true, allowed_payment_method_types: true, amount_subtotal: true, amount_total: true, automatic_tax: true, billing_address_collection: true, cancel_url: true, client_reference_id: true, client_secret: true, collected_information: true, consent: true, consent_collection: true, created: true, currency: true, currency_conversion: true, custom_fields: true, custom_text: true, customer: true, customer_account: true, customer_creation: true, customer_details: true, customer_email: true, discounts: true, expires_at: true, integration_identifier: true, invoice: true, invoice_creation: true, livemode: true, locale: true, managed_payments: true, metadata: true, mode: true, origin_context: true, payment_intent: true, payment_link: true, payment_method_collection: true, payment_method_configuration_details: true, payment_method_options: true, payment_method_types: true, payment_status: true, permissions: true, recovered_from: true, saved_payment_method_options: true, setup_intent: true, shipping_address_collection: true, shipping_cost: true, shipping_options: true, status: true, submit_type: true, subscription: true, success_url: true, total_details: true, ui_mode: true, url: true, wallet_options: true }, {}),
  'portal session': keysOf<Stripe.BillingPortal.Session>({ id: true, object: true, configuration: true, created: true, customer: true, customer_account: true, flow: true, livemode: true, locale: true, on_behalf_of: true, return_url: true, url: true }, {}),
  'payment intent': keysOf<Stripe.PaymentIntent>({ id: true, object: true, allowed_payment_method_types: true, amount: true, amount_capturable: true, amount_received: true, application: true, application_fee_amount: true, automatic_payment_methods: true, canceled_at: true, cancellation_reason: true, capture_method: true, client_secret: true, confirmation_method: true, created: true, currency: true, customer: true, customer_account: true, description: true, excluded_payment_method_types: true, last_payment_error: true, latest_charge: true, livemode: true, managed_payments: true, metadata: true, next_action: true, on_behalf_of: true, payment_method: true, payment_method_configuration_details: true, payment_method_options: true, payment_method_types: true, payment_record: true, processing: true, receipt_email: true, review: true, setup_future_usage: true, shipping: true, source: true, statement_descriptor: true, statement_descriptor_suffix: true, status: true, transfer_group: true }, { amount_details: true, transfer_data: true }),
  'charge': keysOf<Stripe.Charge>({ id: true, object: true, amount: true, amount_captured: true, amount_refunded: true, application: true, application_fee: true, application_fee_amount: true, balance_transaction: true, billing_details: true, calculated_statement_descriptor: true, captured: true, created: true, currency: true, customer: true, description: true, disputed: true, failure_balance_transaction: true, failure_code: true, failure_message: true, fraud_details: true, livemode: true, metadata: true, on_behalf_of: true, outcome: true, paid: true, payment_intent: true, payment_method: true, payment_method_details: true, receipt_email: true, receipt_number: true, receipt_url: true, refunded: true, review: true, shipping: true, source: true, source_transfer: true, statement_descriptor: true, statement_descriptor_suffix: true, status: true, transfer_data: true, transfer_group: true }, {}),
  'refund': keysOf<Stripe.Refund>({ id: true, object: true, amount: true, balance_transaction: true, charge: true, created: true, currency: true, customer: true, customer_account: true, metadata: true, payment_intent: true, payment_method: true, reason: true, receipt_number: true, source_transfer_reversal: true, status: true, transfer_reversal: true }, { destination_details: true }),
  'dispute': keysOf<Stripe.Dispute>({ id: true, object: true, amount: true, balance_transactions: true, charge: true, created: true, currency: true, enhanced_eligibility_types: true, evidence: true, evidence_details: true, intended_submission_method: true, is_charge_refundable: true, livemode: true, metadata: true, payment_intent: true, reason: true, status: true }, { payment_method_details: true }),
  'subscription': keysOf<Stripe.Subscription>({ id: true, object: true, application: true, application_fee_percent: true, automatic_tax: true, billing_cycle_anchor: true, billing_cycle_anchor_config: true, billing_mode: true, billing_schedules: true, billing_thresholds: true, cancel_at: true, cancel_at_period_end: true, canceled_at: true, cancellation_details: true, collection_method: true, created: true, currency: true, customer: true, customer_account: true, days_until_due: true, default_payment_method: true, default_source: true, description: true, discounts: true, ended_at: true, invoice_settings: true, items: true, latest_invoice: true, livemode: true, managed_payments: true, metadata: true, next_pending_invoice_item_invoice: true, on_behalf_of: true, pause_collection: true, payment_settings: true, pending_invoice_item_interval: true, pending_setup_intent: true, pending_update: true, schedule: true, start_date: true, status: true, test_clock: true, transfer_data: true, trial_end: true, trial_settings: true, trial_start: true }, { default_tax_rates: true }),
  'subscription item': keysOf<Stripe.SubscriptionItem>({ id: true, object: true, billing_thresholds: true, created: true, current_period_end: true, current_period_start: true, current_trial: true, discounts: true, metadata: true, plan: true, price: true, subscription: true, tax_rates: true }, { quantity: true }),
  'schedule': keysOf<Stripe.SubscriptionSchedule>({ id: true, object: true, application: true, billing_mode: true, canceled_at: true, completed_at: true, created: true, current_phase: true, customer: true, customer_account: true, default_settings: true, end_behavior: true, livemode: true, metadata: true, pause_schedules: true, phases: true, released_at: true, released_subscription: true, status: true, subscription: true, test_clock: true }, {}),
  'invoice': keysOf<Stripe.Invoice>({ id: true, object: true, account_country: true, account_name: true, account_tax_ids: true, amount_due: true, amount_overpaid: true, amount_paid: true, amount_remaining: true, amount_shipping: true, application: true, attempt_count: true, attempted: true, automatic_tax: true, automatically_finalizes_at: true, billing_reason: true, collection_method: true, created: true, currency: true, custom_fields: true, customer: true, customer_account: true, customer_address: true, customer_email: true, customer_name: true, customer_phone: true, customer_shipping: true, customer_tax_exempt: true, default_payment_method: true, default_source: true, default_tax_rates: true, description: true, discounts: true, due_date: true, effective_at: true, ending_balance: true, footer: true, from_invoice: true, issuer: true, last_finalization_error: true, latest_revision: true, lines: true, livemode: true, metadata: true, next_payment_attempt: true, number: true, on_behalf_of: true, parent: true, payment_settings: true, period_end: true, period_start: true, post_payment_credit_notes_amount: true, pre_payment_credit_notes_amount: true, receipt_number: true, rendering: true, shipping_cost: true, shipping_details: true, starting_balance: true, statement_descriptor: true, status: true, status_transitions: true, subtotal: true, subtotal_excluding_tax: true, test_clock: true, total: true, total_discount_amounts: true, total_excluding_tax: true, total_pretax_credit_amounts: true, total_taxes: true, webhooks_delivered_at: true }, { auto_advance: true, customer_tax_ids: true, hosted_invoice_url: true, invoice_pdf: true }),
  'invoice line': keysOf<Stripe.InvoiceLineItem>({ id: true, object: true, amount: true, currency: true, description: true, discount_amounts: true, discountable: true, discounts: true, invoice: true, livemode: true, metadata: true, parent: true, period: true, pretax_credit_amounts: true, pricing: true, quantity: true, quantity_decimal: true, subscription: true, subtotal: true, taxes: true }, {}),
  'invoice payment': keysOf<Stripe.InvoicePayment>({ id: true, object: true, amount_paid: true, amount_requested: true, created: true, currency: true, invoice: true, is_default: true, livemode: true, payment: true, status: true, status_transitions: true }, {}),
  'event': keysOf<Stripe.EventBase>({ id: true, object: true, api_version: true, created: true, data: true, livemode: true, pending_webhooks: true, request: true, type: true }, {}),
};
type Kind = keyof typeof expected;

/** One of each kind, as the API shows it. */
const read: Record<Kind, () => Promise<object>> = {
  customer: async () => (await subscribe(given)).customer,
  product: () => given.stripe.products.create({ name: 'Plan' }),
  price: () => given.stripe.prices.create({ currency: 'usd', unit_amount: 1200, product_data: { name: 'Pack' } }),
  'payment method': async () => {
    const customer = await given.stripe.customers.create();
    return given.stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  },
  'checkout session': async () => (await buyPack(given)).session,
  'portal session': async () => {
    const customer = await given.stripe.customers.create();
    return given.stripe.billingPortal.sessions.create({ customer: customer.id });
  },
  'payment intent': async () => given.stripe.paymentIntents.retrieve((await buyPack(given)).intentId),
  charge: async () => given.stripe.charges.retrieve((await buyPack(given)).chargeId),
  refund: async () => given.stripe.refunds.create({ charge: (await buyPack(given)).chargeId }),
  dispute: async () => {
    const { id } = await given.sandbox.controls.openDispute((await buyPack(given)).chargeId);
    return given.stripe.disputes.retrieve(id);
  },
  subscription: async () => (await subscribe(given)).subscription,
  'subscription item': async () => first((await subscribe(given)).subscription.items.data),
  schedule: async () => {
    const { subscription } = await subscribe(given);
    return given.stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  },
  invoice: async () => given.stripe.invoices.retrieve(idOf((await subscribe(given)).session.invoice)),
  'invoice line': async () => {
    const { session } = await subscribe(given);
    return first((await given.stripe.invoices.retrieve(idOf(session.invoice))).lines.data);
  },
  'invoice payment': async () => {
    const { session } = await subscribe(given);
    return first((await given.stripe.invoicePayments.list({ invoice: idOf(session.invoice) })).data);
  },
  event: async () => {
    await buyPack(given);
    return first((await given.stripe.events.list()).data);
  },
};

function first<Item>([item]: readonly Item[]): Item {
  if (item === undefined) throw new Error('The list is empty.');
  return item;
}

test.each(Object.keys(expected) as Kind[])(
  // The keys of an object are its keys.
  'given the kind %s, when one is read, then it has the keys of the SDK’s type',
  async (kind) => {
    expect(Object.keys(await read[kind]()).sort()).toEqual(expected[kind]);
  },
);

test('given a paid invoice, when it is held against its event, then the event has the complete object', async () => {
  const { session } = await subscribe(given);
  const [event] = (await given.stripe.events.list({ type: 'invoice.paid' })).data;
  const invoice = await given.stripe.invoices.retrieve(idOf(session.invoice));
  expect(event?.data.object).toEqual(JSON.parse(JSON.stringify(invoice)));
});
