import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { parseParameters, text } from './parameters.ts';

const paymentListParameters = listParameters.extend({
  created: createdRange.optional(),
  invoice: text().optional(),
  payment: z.strictObject({ type: z.enum(['payment_intent']), payment_intent: text().optional() }).optional(),
  status: z.enum(['canceled', 'open', 'paid']).optional(),
});

/** GET /v1/invoice_payments */
export async function listInvoicePayments(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { invoice, payment, status, ...page } = parseParameters(paymentListParameters, call.parameters);
  const wanted = {
    ...(invoice === undefined ? {} : { invoice }),
    ...(payment?.payment_intent === undefined ? {} : { payment: { payment_intent: payment.payment_intent } }),
    ...(status === undefined ? {} : { status }),
  };
  const url = '/v1/invoice_payments';
  return { answer: await listObjects(context, 'invoice_payment', { ...page, matching: [wanted], url }) };
}

/** GET /v1/invoice_payments/:id */
export async function retrieveInvoicePayment(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'invoice_payment', id) };
}
