import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { clearableText, email, mergeMetadata, metadata, parseParameters, text } from './parameters.ts';
import { invalidRequest, resourceMissing } from './stripe-error.ts';
import { randomLetters } from './stripe-ids.ts';
import type { StripeCustomer } from './stripe-objects.ts';
import { endSubscription } from './subscription-end.ts';

const customerParameters = z.strictObject({
  name: clearableText(256).optional(),
  email: email().optional(),
  description: clearableText().optional(),
  phone: clearableText(20).optional(),
  metadata: metadata().optional(),
});
type CustomerParameters = z.output<typeof customerParameters>;

const updateParameters = customerParameters.extend({
  invoice_settings: z.strictObject({ default_payment_method: clearableText().optional() }).optional(),
});

const customerListParameters = listParameters.extend({ created: createdRange.optional(), email: text().optional() });

/** POST /v1/customers */
export async function createCustomer(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const draft = createDraft(context, call);
  return draft.result(insertCustomer(draft, parseParameters(customerParameters, call.parameters)));
}

/** POST /v1/customers/:id */
export async function updateCustomer(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'customer', id);
  if (from.sandbox.deleted) throw resourceMissing(404, 'customer', id, 'id');
  const { metadata, invoice_settings, ...fields } = parseParameters(updateParameters, call.parameters);
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const draft = createDraft(context, call);
  const method = invoice_settings?.default_payment_method;
  const settings =
    method === undefined
      ? {}
      : {
          invoice_settings: {
            ...from.invoice_settings,
            default_payment_method: await attachedMethod(draft, from, method),
          },
        };
  const to = draft.change(from, { ...given, ...settings, metadata: mergeMetadata(from.metadata, metadata) });
  draft.tell('customer.updated', to, from);
  return draft.result(to);
}

/** GET /v1/customers/:id */
export async function retrieveCustomer(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'customer', id) };
}

/** GET /v1/customers */
export async function listCustomers(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { email: wanted, ...page } = parseParameters(customerListParameters, call.parameters);
  const matching = [{ ...(wanted === undefined ? {} : { email: wanted }), sandbox: { deleted: false } }];
  return { answer: await listObjects(context, 'customer', { ...page, matching, url: '/v1/customers' }) };
}

/** DELETE /v1/customers/:id */
export async function deleteCustomer(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'customer', id);
  parseParameters(z.strictObject({}), call.parameters);
  if (from.sandbox.deleted) throw resourceMissing(404, 'customer', id, 'id');
  const draft = createDraft(context, call);
  for (const subscription of await draft.list('subscription', { customer: id })) {
    if (subscription.ended_at === null) await endSubscription(draft, subscription, null);
  }
  for (const method of await draft.list('payment_method', { customer: id })) draft.change(method, { customer: null });
  draft.tell('customer.deleted', from);
  return draft.result(draft.change(from, { sandbox: { deleted: true } }));
}

/** Adds a customer. */
export function insertCustomer(draft: Draft, parameters: CustomerParameters): StripeCustomer {
  const customer = draft.insert(newCustomer(draft, parameters));
  draft.tell('customer.created', customer);
  return customer;
}

/** A default payment method must be the customer's own already; null takes the default away. */
async function attachedMethod(draft: Draft, customer: StripeCustomer, id: string | null): Promise<string | null> {
  if (id === null) return null;
  const param = 'invoice_settings[default_payment_method]';
  const method = await objectInParameter(draft.context, 'payment_method', id, param);
  if (method.customer === customer.id) return id;
  throw invalidRequest(
    `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
    { code: 'resource_missing', param },
  );
}

function newCustomer(draft: Draft, parameters: CustomerParameters): StripeCustomer {
  return {
    id: draft.newId('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: draft.now,
    currency: null,
    default_source: null,
    delinquent: false,
    description: parameters.description ?? null,
    email: parameters.email ?? null,
    invoice_prefix: randomLetters(draft.context.ids, 8).toUpperCase(),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: null,
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: mergeMetadata({}, parameters.metadata),
    name: parameters.name ?? null,
    next_invoice_sequence: 1,
    phone: parameters.phone ?? null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
    sandbox: { deleted: false },
  };
}
