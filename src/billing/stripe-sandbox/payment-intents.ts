import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import {
  boolean,
  clearableText,
  currency,
  integer,
  list,
  mergeMetadata,
  metadata,
  parseParameters,
  text,
} from './parameters.ts';
import { attach, takePaymentMethod } from './payment-methods.ts';
import { cardError, confirmPayment, newPaymentIntent } from './payments.ts';
import { shown } from './show.ts';
import { invalidRequest } from './stripe-error.ts';

const smallestAmount = 50;
const largestAmount = 99_999_999;

const intentParameters = z.strictObject({
  amount: integer(1, largestAmount),
  automatic_payment_methods: z
    .strictObject({ enabled: boolean(), allow_redirects: z.enum(['always', 'never']).optional() })
    .optional(),
  confirm: boolean().optional(),
  currency: currency(),
  customer: text().optional(),
  description: clearableText().optional(),
  error_on_requires_action: boolean().optional(),
  metadata: metadata().optional(),
  off_session: boolean().optional(),
  payment_method: text().optional(),
  payment_method_types: list(z.enum(['card', 'us_bank_account'])).optional(),
  setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
});

const intentListParameters = listParameters.extend({ created: createdRange.optional(), customer: text().optional() });

/** POST /v1/payment_intents */
export async function createPaymentIntent(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const parameters = parseParameters(intentParameters, call.parameters);
  const { amount, confirm = false, customer: customerId, payment_method, off_session: offSession } = parameters;
  if (amount < smallestAmount) {
    throw invalidRequest('Amount must be at least $0.50 usd', { code: 'amount_too_small', param: 'amount' });
  }
  if (offSession !== undefined && !confirm) {
    throw invalidRequest('You cannot set `off_session` when `confirm` is false.', { param: 'off_session' });
  }
  if (confirm && payment_method === undefined) {
    throw invalidRequest(
      'You cannot confirm this PaymentIntent because it is missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.',
      { code: 'payment_intent_unexpected_state', param: 'payment_method' },
    );
  }
  const draft = createDraft(context, call);
  const customer =
    customerId === undefined ? null : await objectInParameter(context, 'customer', customerId, 'customer');
  const taken =
    payment_method === undefined
      ? null
      : await takePaymentMethod(draft, payment_method, { param: 'payment_method', status: 400 });
  if (taken !== null && taken.customer !== null && taken.customer !== (customer?.id ?? null)) {
    throw invalidRequest(
      customer === null
        ? `The provided PaymentMethod belongs to Customer ${taken.customer}; it must be used with that Customer.`
        : 'The provided PaymentMethod does not belong to the Customer you supplied in the request.',
      { param: 'payment_method' },
    );
  }
  const intent = newPaymentIntent(draft, {
    amount,
    currency: parameters.currency,
    customer: customer?.id ?? null,
    description: parameters.description ?? null,
    metadata: mergeMetadata({}, parameters.metadata),
    setupFutureUsage: parameters.setup_future_usage ?? null,
  });
  if (taken === null) return draft.result(intent);
  if (!confirm) {
    return draft.result(draft.change(intent, { payment_method: taken.id, status: 'requires_confirmation' }));
  }
  const payment = confirmPayment(draft, intent, taken, { offSession: offSession ?? false });
  const { decline } = payment;
  if (decline !== null) {
    return draft.result(payment.intent, cardError(draft, { ...payment, decline }, shown(context.clock, taken)));
  }
  if (customer !== null && parameters.setup_future_usage !== undefined) attach(draft, taken, customer);
  return draft.result(payment.intent);
}

/** GET /v1/payment_intents/:id */
export async function retrievePaymentIntent(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'payment_intent', id) };
}

/** GET /v1/payment_intents */
export async function listPaymentIntents(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, ...page } = parseParameters(intentListParameters, call.parameters);
  const matching = [customer === undefined ? {} : { customer }];
  return { answer: await listObjects(context, 'payment_intent', { ...page, matching, url: '/v1/payment_intents' }) };
}
