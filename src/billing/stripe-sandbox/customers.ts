import { z } from 'zod';
import { type ApiCall, type ApiResult, nowSeconds, objectAtAddress, type SandboxContext } from './context.ts';
import { clearableText, email, mergeMetadata, metadata, parseParameters } from './parameters.ts';
import { createStripeId, randomLetters } from './stripe-ids.ts';
import type { StripeCustomer } from './stripe-objects.ts';

const customerParameters = z.strictObject({
  name: clearableText(256).optional(),
  email: email().optional(),
  description: clearableText().optional(),
  phone: clearableText(20).optional(),
  metadata: metadata().optional(),
});
type CustomerParameters = z.output<typeof customerParameters>;

/** POST /v1/customers */
export async function createCustomer(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const customer = newCustomer(context, parseParameters(customerParameters, call.parameters));
  return { answer: customer, insert: [customer] };
}

/** POST /v1/customers/:id */
export async function updateCustomer(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'customer', id);
  const { metadata, ...fields } = parseParameters(customerParameters, call.parameters);
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const to: StripeCustomer = { ...from, ...given, metadata: mergeMetadata(from.metadata, metadata) };
  return { answer: to, replace: { from, to } };
}

/** GET /v1/customers/:id */
export async function retrieveCustomer(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'customer', id) };
}

/** A customer that is not stored yet. */
export function newCustomer({ clock, ids }: SandboxContext, parameters: CustomerParameters): StripeCustomer {
  return {
    id: createStripeId(ids, 'cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: nowSeconds(clock),
    currency: null,
    default_source: null,
    delinquent: false,
    description: parameters.description ?? null,
    email: parameters.email ?? null,
    invoice_prefix: randomLetters(ids, 8).toUpperCase(),
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
  };
}
