import { type ApiCall, type ApiResult, nowSeconds, objectAtAddress, type SandboxContext } from './context.ts';
import { createStripeId, randomLetters } from './stripe-ids.ts';
import type { StripeCheckoutSession, StripePaymentIntent } from './stripe-objects.ts';

/** GET /v1/payment_intents/:id */
export async function retrievePaymentIntent(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'payment_intent', id) };
}

/** The succeeded payment of a session, not stored yet. */
export function newPaymentIntent({ clock, ids }: SandboxContext, session: StripeCheckoutSession): StripePaymentIntent {
  const id = createStripeId(ids, 'pi');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: session.amount_total,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: session.amount_total,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${randomLetters(ids, 25)}`,
    confirmation_method: 'automatic',
    created: nowSeconds(clock),
    currency: session.currency,
    customer: session.customer,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: createStripeId(ids, 'ch'),
    livemode: false,
    managed_payments: null,
    metadata: session.resulting_metadata,
    next_action: null,
    on_behalf_of: null,
    payment_method: createStripeId(ids, 'pm'),
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'succeeded',
    transfer_data: null,
    transfer_group: null,
  };
}
