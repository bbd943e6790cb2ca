import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { listObjects, listParameters } from './lists.ts';
import { parseParameters, text } from './parameters.ts';
import { invalidRequest, resourceMissing, StripeSandboxError } from './stripe-error.ts';
import type { StripeCustomer, StripePaymentMethod } from './stripe-objects.ts';
import { declineOf, findTestPaymentMethod, type TestPaymentMethod } from './test-payment-methods.ts';

const listMethodParameters = listParameters.extend({
  customer: text().optional(),
  type: z.enum(['card', 'us_bank_account']).optional(),
});

/** GET /v1/payment_methods */
export async function listPaymentMethods(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, type, ...page } = parseParameters(listMethodParameters, call.parameters);
  const wanted = { ...(customer === undefined ? {} : { customer }), ...(type === undefined ? {} : { type }) };
  const url = '/v1/payment_methods';
  return { answer: await listObjects(context, 'payment_method', { ...page, matching: [wanted], url }) };
}

/** GET /v1/payment_methods/:id */
export async function retrievePaymentMethod(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'payment_method', id) };
}

/** POST /v1/payment_methods/:id/attach */
export async function attachPaymentMethod(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const parameters = parseParameters(z.strictObject({ customer: text() }), call.parameters);
  const draft = createDraft(context, call);
  const customer = await objectInParameter(context, 'customer', parameters.customer, 'customer');
  const method = await takePaymentMethod(draft, id, { param: 'payment_method', status: 404 });
  return draft.result(attach(draft, method, customer));
}

/** POST /v1/payment_methods/:id/detach */
export async function detachPaymentMethod(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const draft = createDraft(context, call);
  const method = await objectAtAddress(context, 'payment_method', id);
  parseParameters(z.strictObject({}), call.parameters);
  if (method.customer === null) {
    throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.', {
      param: 'payment_method',
    });
  }
  return draft.result(await detach(draft, method));
}

/** The payment method that a caller names, made now where it is the name of a test one. */
export async function takePaymentMethod(
  draft: Draft,
  id: string,
  { param, status }: { param: string; status: 400 | 404 },
): Promise<StripePaymentMethod> {
  const test = findTestPaymentMethod(id);
  if (test !== null) return draft.insert(newPaymentMethod(draft, test));
  const stored = await draft.find('payment_method', id);
  if (stored === null) throw resourceMissing(status, 'payment_method', id, param);
  return stored;
}

/** Gives a payment method to a customer; nothing happens when they have it. */
export function attach(draft: Draft, method: StripePaymentMethod, customer: StripeCustomer): StripePaymentMethod {
  if (method.customer === customer.id) return method;
  if (method.customer !== null) {
    throw invalidRequest('The payment method you provided has already been attached to a customer.', {
      param: 'payment_method',
    });
  }
  const test = testMethodOf(method);
  const decline = declineOf(test, false);
  if (!test.canBeAttached && decline !== null) {
    throw new StripeSandboxError(402, { type: 'card_error', ...decline });
  }
  const attached = draft.change(method, { customer: customer.id });
  draft.tell('payment_method.attached', attached);
  return attached;
}

/** Takes a payment method from its customer, and from where it was their default. */
async function detach(draft: Draft, method: StripePaymentMethod): Promise<StripePaymentMethod> {
  const detached = draft.change(method, { customer: null });
  draft.tell('payment_method.detached', detached, method);
  if (method.customer === null) return detached;
  const customer = await draft.find('customer', method.customer);
  if (customer !== null && customer.invoice_settings.default_payment_method === method.id) {
    const without = draft.change(customer, {
      invoice_settings: { ...customer.invoice_settings, default_payment_method: null },
    });
    draft.tell('customer.updated', without, customer);
  }
  for (const subscription of await draft.list('subscription', { default_payment_method: method.id })) {
    if (subscription.ended_at !== null) continue;
    const without = draft.change(subscription, { default_payment_method: null });
    draft.tell('customer.subscription.updated', without, subscription);
  }
  return detached;
}

/** What a payment method does in tests. */
export function testMethodOf({ sandbox }: StripePaymentMethod): TestPaymentMethod {
  const test = findTestPaymentMethod(sandbox.test_method);
  if (test === null) throw new Error(`The Stripe sandbox knows no test payment method ${sandbox.test_method}.`);
  return test;
}

/** A payment method that belongs to nobody and is not stored yet. */
export function newPaymentMethod(draft: Draft, test: TestPaymentMethod): StripePaymentMethod {
  return {
    id: draft.newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: { address: null, email: null, name: null, phone: null, tax_id: null },
    created: draft.now,
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: {},
    type: test.type,
    ...(test.type === 'card' ? { card: cardOf(test) } : { us_bank_account: bankAccountOf(test) }),
    sandbox: { test_method: test.name },
  };
}

const cardOf = (test: TestPaymentMethod): NonNullable<StripePaymentMethod['card']> => ({
  brand: test.brand,
  checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
  country: 'US',
  display_brand: test.brand,
  exp_month: 12,
  exp_year: 2034,
  fingerprint: fingerprintOf(test),
  funding: 'credit',
  generated_from: null,
  last4: test.last4,
  networks: { available: [test.brand], preferred: null },
  regulated_status: 'unregulated',
  three_d_secure_usage: { supported: true },
  wallet: null,
});

const bankAccountOf = (test: TestPaymentMethod): NonNullable<StripePaymentMethod['us_bank_account']> => ({
  account_holder_type: 'individual',
  account_type: 'checking',
  bank_name: test.brand,
  financial_connections_account: null,
  fingerprint: fingerprintOf(test),
  last4: test.last4,
  networks: { preferred: 'ach', supported: ['ach'] },
  routing_number: '110000000',
  status_details: {},
});

/** The same number has the same fingerprint wherever it turns up. */
export const fingerprintOf = ({ last4 }: TestPaymentMethod): string => `SandboxTest${last4}X`;
