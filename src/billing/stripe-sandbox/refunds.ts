import { z } from 'zod';
import { formatAmount } from './amounts.ts';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { integer, mergeMetadata, metadata, parseParameters, text } from './parameters.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeCharge, StripeRefund } from './stripe-objects.ts';

const refundParameters = z.strictObject({
  charge: text().optional(),
  payment_intent: text().optional(),
  amount: integer(1).optional(),
  reason: z.enum(['duplicate', 'fraudulent', 'requested_by_customer']).optional(),
  metadata: metadata().optional(),
});

const refundListParameters = listParameters.extend({
  charge: text().optional(),
  created: createdRange.optional(),
  payment_intent: text().optional(),
});

/** POST /v1/refunds */
export async function createRefund(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const parameters = parseParameters(refundParameters, call.parameters);
  const draft = createDraft(context, call);
  const charge = await chargeOf(draft, parameters.charge, parameters.payment_intent);
  return draft.result(await refund(draft, charge, parameters));
}

/** GET /v1/refunds/:id */
export async function retrieveRefund(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'refund', id) };
}

/** POST /v1/refunds/:id */
export async function updateRefund(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'refund', id);
  const parameters = parseParameters(z.strictObject({ metadata: metadata().optional() }), call.parameters);
  const draft = createDraft(context, call);
  const to = draft.change(from, { metadata: mergeMetadata(from.metadata, parameters.metadata) });
  draft.tell('refund.updated', to, from);
  return draft.result(to);
}

/** GET /v1/refunds */
export async function listRefunds(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { charge, payment_intent, ...page } = parseParameters(refundListParameters, call.parameters);
  const wanted = {
    ...(charge === undefined ? {} : { charge }),
    ...(payment_intent === undefined ? {} : { payment_intent }),
  };
  return { answer: await listObjects(context, 'refund', { ...page, matching: [wanted], url: '/v1/refunds' }) };
}

/** Gives back what is left of a charge, or a part of it. */
export async function refund(
  draft: Draft,
  charge: StripeCharge,
  wanted: {
    amount?: number | undefined;
    reason?: StripeRefund['reason'] | undefined;
    metadata?: Record<string, string> | undefined;
  },
): Promise<StripeRefund> {
  const left = charge.amount - charge.amount_refunded;
  if (charge.status !== 'succeeded') {
    throw invalidRequest(`Charge ${charge.id} has not been paid: there is nothing to refund.`, {
      code: 'charge_not_refundable',
    });
  }
  if (await isChargedBack(draft, charge)) {
    throw invalidRequest(`Charge ${charge.id} has been charged back; cannot issue a refund.`, {
      code: 'charge_disputed',
    });
  }
  if (left === 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  const amount = wanted.amount ?? left;
  if (amount > left) {
    const money = (value: number) => formatAmount(value, charge.currency);
    throw invalidRequest(
      `Refund amount (${money(amount)}) is greater than unrefunded amount on charge (${money(left)})`,
      { param: 'amount' },
    );
  }
  const made = draft.insert<StripeRefund>({
    id: draft.newId('re'),
    object: 'refund',
    amount,
    balance_transaction: null,
    charge: charge.id,
    created: draft.now,
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata: mergeMetadata({}, wanted.metadata),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: wanted.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  });
  draft.tell('refund.created', made);
  const refunded = draft.change(charge, returned(charge, amount));
  draft.tell('charge.refunded', refunded, charge);
  return made;
}

/** Notes that the bank has sent a refund back: the money is with the merchant again. */
export async function failRefund(draft: Draft, from: StripeRefund): Promise<StripeRefund> {
  if (from.status !== 'succeeded') throw invalidRequest(`Refund ${from.id} is ${from.status} and cannot fail.`);
  const failed = draft.change(from, { status: 'failed', failure_reason: 'unknown' });
  const charge = await draft.get('charge', from.charge);
  draft.change(charge, returned(charge, -from.amount));
  draft.tell('refund.updated', failed, from);
  draft.tell('refund.failed', failed, from);
  return failed;
}

/** Whether a bank has taken the money of a charge, or has not decided yet. */
async function isChargedBack(draft: Draft, charge: StripeCharge): Promise<boolean> {
  if (!charge.disputed) return false;
  const disputes = await draft.list('dispute', { charge: charge.id });
  return disputes.some(({ status }) => ['needs_response', 'under_review', 'lost'].includes(status));
}

function returned(charge: StripeCharge, amount: number): Pick<StripeCharge, 'amount_refunded' | 'refunded'> {
  const amount_refunded = charge.amount_refunded + amount;
  return { amount_refunded, refunded: amount_refunded === charge.amount };
}

async function chargeOf(
  draft: Draft,
  chargeId: string | undefined,
  intentId: string | undefined,
): Promise<StripeCharge> {
  if (chargeId !== undefined) return objectInParameter(draft.context, 'charge', chargeId, 'charge');
  if (intentId === undefined) {
    throw invalidRequest('One of the following params should be provided for this request: payment_intent or charge.');
  }
  const intent = await objectInParameter(draft.context, 'payment_intent', intentId, 'payment_intent');
  if (intent.latest_charge === null) {
    throw invalidRequest(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, {
      param: 'payment_intent',
    });
  }
  return draft.get('charge', intent.latest_charge);
}
