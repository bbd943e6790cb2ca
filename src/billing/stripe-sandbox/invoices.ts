import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { createDraft } from './draft.ts';
import { collectInvoice, markUncollectible, paymentMethodOf, subscriptionOf, voidInvoice } from './invoice-life.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { boolean, parseParameters, text } from './parameters.ts';
import { takePaymentMethod } from './payment-methods.ts';
import { cardError } from './payments.ts';
import { shown } from './show.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeInvoice } from './stripe-objects.ts';

const invoiceListParameters = listParameters.extend({
  created: createdRange.optional(),
  customer: text().optional(),
  status: z.enum(['draft', 'open', 'paid', 'uncollectible', 'void']).optional(),
  subscription: text().optional(),
});

/** GET /v1/invoices */
export async function listInvoices(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, status, subscription, ...page } = parseParameters(invoiceListParameters, call.parameters);
  const wanted = {
    ...(customer === undefined ? {} : { customer }),
    ...(status === undefined ? {} : { status }),
    ...(subscription === undefined ? {} : { parent: { subscription_details: { subscription } } }),
  };
  return { answer: await listObjects(context, 'invoice', { ...page, matching: [wanted], url: '/v1/invoices' }) };
}

/** GET /v1/invoices/:id */
export async function retrieveInvoice(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'invoice', id) };
}

/** POST /v1/invoices/:id/pay */
export async function payInvoice(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const parameters = parseParameters(
    z.strictObject({ off_session: boolean().optional(), payment_method: text().optional() }),
    call.parameters,
  );
  const invoice = await objectAtAddress(context, 'invoice', id);
  if (invoice.status === 'paid') throw invalidRequest('Invoice is already paid');
  requireStatus(invoice, ['open', 'uncollectible'], 'paid');
  const draft = createDraft(context, call);
  const method =
    parameters.payment_method === undefined
      ? await paymentMethodOf(draft, await subscriptionOf(draft, invoice))
      : await takePaymentMethod(draft, parameters.payment_method, { param: 'payment_method', status: 400 });
  const offSession = parameters.off_session ?? true;
  const collected = await collectInvoice(draft, invoice, method, { offSession, isAutomatic: false });
  const { intent, decline } = collected;
  if (decline === null) return draft.result(collected.invoice);
  if (method === null || intent === null) throw invalidRequest(decline.message, { code: decline.code });
  return draft.result(collected.invoice, cardError(draft, { intent, decline }, shown(context.clock, method)));
}

/** POST /v1/invoices/:id/void */
export async function voidOpenInvoice(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const invoice = await objectAtAddress(context, 'invoice', id);
  parseParameters(z.strictObject({}), call.parameters);
  requireStatus(invoice, ['open', 'uncollectible'], 'voided');
  const draft = createDraft(context, call);
  return draft.result(await voidInvoice(draft, invoice));
}

/** POST /v1/invoices/:id/mark_uncollectible */
export async function markInvoiceUncollectible(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const invoice = await objectAtAddress(context, 'invoice', id);
  parseParameters(z.strictObject({}), call.parameters);
  requireStatus(invoice, ['open'], 'marked as uncollectible');
  const draft = createDraft(context, call);
  return draft.result(await markUncollectible(draft, invoice));
}

function requireStatus({ status }: StripeInvoice, allowed: readonly StripeInvoice['status'][], done: string): void {
  if (allowed.includes(status)) return;
  throw invalidRequest(`This invoice is ${status} and cannot be ${done}: it must be ${allowed.join(' or ')}.`, {
    code: 'invoice_not_editable',
  });
}
