import type { SandboxContext } from './context.ts';
import { mergeMetadata } from './parameters.ts';
import type { SessionParameters } from './sessions.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripeCheckoutSession, StripeLineItem } from './stripe-objects.ts';

const customerCreation = { payment: 'if_required', subscription: 'always' } as const;

/** What all items of a session cost together. */
export const totalAmount = (lineItems: readonly StripeLineItem[]): number =>
  lineItems.reduce((total, item) => total + item.amount_total, 0);

/** An open session that is not stored yet. */
export function newSession(
  { ids, checkoutBaseUrl }: SandboxContext,
  parameters: SessionParameters,
  checked: {
    created: number;
    expiresAt: number;
    customerId: string | null;
    customerEmail: string | null;
    lineItems: StripeLineItem[];
  },
): StripeCheckoutSession {
  const id = createStripeId(ids, 'cs_test');
  const isPayment = parameters.mode === 'payment';
  const { payment_intent_data, subscription_data } = parameters;
  const trialDays = subscription_data?.trial_period_days ?? 0;
  const amount = trialDays === 0 ? totalAmount(checked.lineItems) : 0;
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: null,
    after_expiration: null,
    allow_promotion_codes: null,
    allowed_payment_method_types: null,
    amount_subtotal: amount,
    amount_total: amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: parameters.cancel_url ?? null,
    client_reference_id: parameters.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: checked.created,
    currency: checked.lineItems[0]?.currency ?? 'usd',
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: checked.customerId,
    customer_account: null,
    customer_creation: checked.customerId === null ? customerCreation[parameters.mode] : null,
    customer_details:
      checked.customerId === null
        ? null
        : {
            address: null,
            business_name: null,
            email: checked.customerEmail,
            individual_name: null,
            name: null,
            phone: null,
            tax_exempt: 'none',
            tax_ids: null,
          },
    customer_email: null,
    discounts: [],
    expires_at: checked.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    line_items: {
      object: 'list',
      data: checked.lineItems,
      has_more: false,
      url: `/v1/checkout/sessions/${id}/line_items`,
    },
    livemode: false,
    locale: null,
    managed_payments: null,
    metadata: mergeMetadata({}, parameters.metadata),
    mode: parameters.mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: isPayment ? 'if_required' : 'always',
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card', 'us_bank_account'],
    payment_status: 'unpaid',
    permissions: null,
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: parameters.success_url,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${checkoutBaseUrl()}/${id}`,
    wallet_options: null,
    sandbox: {
      metadata: mergeMetadata({}, (isPayment ? payment_intent_data : subscription_data)?.metadata),
      setup_future_usage: payment_intent_data?.setup_future_usage ?? null,
      trial_days: trialDays,
      missing_payment_method:
        subscription_data?.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    },
  };
}
