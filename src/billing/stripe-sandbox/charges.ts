import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import type { Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { parseParameters, text } from './parameters.ts';
import { fingerprintOf, testMethodOf } from './payment-methods.ts';
import type { StripeCharge, StripePaymentIntent, StripePaymentMethod } from './stripe-objects.ts';
import type { Decline } from './test-payment-methods.ts';

const chargeListParameters = listParameters.extend({
  created: createdRange.optional(),
  customer: text().optional(),
  payment_intent: text().optional(),
});

/** GET /v1/charges */
export async function listCharges(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, payment_intent, ...page } = parseParameters(chargeListParameters, call.parameters);
  const wanted = {
    ...(customer === undefined ? {} : { customer }),
    ...(payment_intent === undefined ? {} : { payment_intent }),
  };
  return { answer: await listObjects(context, 'charge', { ...page, matching: [wanted], url: '/v1/charges' }) };
}

/** GET /v1/charges/:id */
export async function retrieveCharge(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'charge', id) };
}

/** One try to take the money of a payment, not stored yet. */
export function newCharge(
  draft: Draft,
  intent: StripePaymentIntent,
  method: StripePaymentMethod,
  status: 'succeeded' | 'pending' | 'failed',
  decline: Decline | null,
): StripeCharge {
  const isPaid = status === 'succeeded';
  return {
    id: draft.newId(method.type === 'card' ? 'ch' : 'py'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: isPaid ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'STRIPE SANDBOX',
    captured: isPaid,
    created: draft.now,
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: outcomeOf(decline),
    paid: isPaid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: detailsOf(method, intent.amount),
    receipt_email: null,
    receipt_number: null,
    receipt_url: null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status,
    transfer_data: null,
    transfer_group: null,
  };
}

const outcomeOf = (decline: Decline | null): NonNullable<StripeCharge['outcome']> => ({
  advice_code: null,
  network_advice_code: null,
  network_decline_code: null,
  network_status: decline === null ? 'approved_by_network' : 'declined_by_network',
  reason: decline?.decline_code ?? null,
  risk_level: 'normal',
  risk_score: 1,
  seller_message:
    decline === null ? 'Payment complete.' : 'The bank did not return any further details with this decline.',
  type: decline === null ? 'authorized' : 'issuer_declined',
});

function detailsOf(method: StripePaymentMethod, amount: number): NonNullable<StripeCharge['payment_method_details']> {
  const test = testMethodOf(method);
  const fingerprint = fingerprintOf(test);
  if (method.card === undefined) {
    return {
      type: 'us_bank_account',
      us_bank_account: {
        account_holder_type: 'individual',
        account_type: 'checking',
        bank_name: test.brand,
        fingerprint,
        last4: test.last4,
        payment_reference: null,
        routing_number: '110000000',
      },
    };
  }
  return {
    type: 'card',
    card: {
      amount_authorized: amount,
      authorization_code: null,
      brand: test.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      electronic_commerce_indicator: null,
      exp_month: method.card.exp_month,
      exp_year: method.card.exp_year,
      fingerprint,
      funding: method.card.funding,
      installments: null,
      last4: test.last4,
      mandate: null,
      network: test.brand,
      network_transaction_id: null,
      regulated_status: 'unregulated',
      three_d_secure: null,
      transaction_link_id: null,
      wallet: null,
    },
  };
}
