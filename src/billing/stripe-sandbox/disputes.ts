import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { secondsPerDay } from './due.ts';
import { createDraft, type Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { parseParameters, text } from './parameters.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeBalanceTransaction, StripeCharge, StripeDispute } from './stripe-objects.ts';

const disputeListParameters = listParameters.extend({
  charge: text().optional(),
  created: createdRange.optional(),
  payment_intent: text().optional(),
});

const feeAmount = 1_500;
const answerSeconds = 21 * secondsPerDay;

/** GET /v1/disputes */
export async function listDisputes(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { charge, payment_intent, ...page } = parseParameters(disputeListParameters, call.parameters);
  const wanted = {
    ...(charge === undefined ? {} : { charge }),
    ...(payment_intent === undefined ? {} : { payment_intent }),
  };
  return { answer: await listObjects(context, 'dispute', { ...page, matching: [wanted], url: '/v1/disputes' }) };
}

/** GET /v1/disputes/:id */
export async function retrieveDispute(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'dispute', id) };
}

/** POST /v1/disputes/:id/close */
export async function closeDispute(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const dispute = await objectAtAddress(context, 'dispute', id);
  parseParameters(z.strictObject({}), call.parameters);
  const draft = createDraft(context, call);
  return draft.result(loseDispute(draft, dispute));
}

/** A cardholder wants the money of a charge back; an inquiry takes none yet. */
export function openDispute(
  draft: Draft,
  charge: StripeCharge,
  { amount = charge.amount, isInquiry = false }: { amount?: number; isInquiry?: boolean },
): StripeDispute {
  if (charge.status !== 'succeeded')
    throw invalidRequest(`Charge ${charge.id} has not been paid and cannot be disputed.`);
  if (charge.disputed) throw invalidRequest(`Charge ${charge.id} has been disputed before.`);
  if (amount > charge.amount)
    throw invalidRequest('A dispute cannot be about more than the charge.', { param: 'amount' });
  const disputed = draft.change(charge, { disputed: true });
  draft.tell('charge.updated', disputed, charge);
  const opened = draft.insert(newDispute(draft, charge, amount, isInquiry));
  draft.tell('charge.dispute.created', opened);
  return isInquiry ? opened : withdrawFunds(draft, opened, -amount);
}

/** The bank takes an inquiry further: now the money is withdrawn. */
export function escalateDispute(draft: Draft, from: StripeDispute): StripeDispute {
  if (from.status !== 'warning_needs_response' && from.status !== 'warning_under_review') {
    throw invalidRequest(`Dispute ${from.id} is ${from.status}, no inquiry.`);
  }
  const to = draft.change(from, { status: 'needs_response', is_charge_refundable: false });
  draft.tell('charge.dispute.updated', to, from);
  return withdrawFunds(draft, to, -from.amount);
}

/** The merchant has answered: the bank looks at it. */
export function answerDispute(draft: Draft, from: StripeDispute): StripeDispute {
  const status =
    from.status === 'needs_response'
      ? 'under_review'
      : from.status === 'warning_needs_response'
        ? 'warning_under_review'
        : null;
  if (status === null) throw invalidRequest(`Dispute ${from.id} is ${from.status} and waits for no answer.`);
  const evidence_details = {
    ...from.evidence_details,
    has_evidence: true,
    submission_count: from.evidence_details.submission_count + 1,
    submission_method: 'manual' as const,
  };
  const to = draft.change(from, { status, evidence_details });
  draft.tell('charge.dispute.updated', to, from);
  return to;
}

/** The bank sides with the merchant: what was withdrawn comes back, an inquiry ends. */
export function winDispute(draft: Draft, from: StripeDispute): StripeDispute {
  requireUndecided(from);
  const isInquiry = from.status.startsWith('warning_');
  const won = draft.change(from, { status: isInquiry ? 'warning_closed' : 'won' });
  draft.tell('charge.dispute.closed', won, from);
  if (isInquiry) return won;
  const reinstated = draft.change(won, {
    balance_transactions: [...won.balance_transactions, newBalanceTransaction(draft, won, won.amount)],
  });
  draft.tell('charge.dispute.funds_reinstated', reinstated, won);
  return reinstated;
}

/** The bank sides with the cardholder, or the merchant gives in. */
export function loseDispute(draft: Draft, from: StripeDispute): StripeDispute {
  requireUndecided(from);
  const isInquiry = from.status.startsWith('warning_');
  const lost = draft.change(from, { status: isInquiry ? 'warning_closed' : 'lost' });
  draft.tell('charge.dispute.closed', lost, from);
  return lost;
}

const undecidedStatuses = new Set<string>([
  'needs_response',
  'under_review',
  'warning_needs_response',
  'warning_under_review',
]);

function requireUndecided({ id, status }: StripeDispute): void {
  if (!undecidedStatuses.has(status)) {
    throw invalidRequest(`This dispute is already closed (${id} is ${status}).`, { param: 'dispute' });
  }
}

function withdrawFunds(draft: Draft, from: StripeDispute, amount: number): StripeDispute {
  const to = draft.change(from, {
    balance_transactions: [...from.balance_transactions, newBalanceTransaction(draft, from, amount)],
  });
  draft.tell('charge.dispute.funds_withdrawn', to, from);
  return to;
}

function newBalanceTransaction(draft: Draft, dispute: StripeDispute, amount: number): StripeBalanceTransaction {
  const fee = amount < 0 ? feeAmount : 0;
  return {
    id: draft.newId('txn'),
    object: 'balance_transaction',
    amount,
    available_on: draft.now,
    balance_type: 'payments',
    created: draft.now,
    currency: dispute.currency,
    description: `${amount < 0 ? 'Chargeback withdrawal' : 'Chargeback reversal'} for ${dispute.charge}`,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: dispute.currency,
              description: 'Dispute fee',
              type: 'stripe_fee',
            },
          ],
    net: amount - fee,
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute.id,
    status: 'available',
    type: 'adjustment',
  };
}

function newDispute(draft: Draft, charge: StripeCharge, amount: number, isInquiry: boolean): StripeDispute {
  return {
    id: draft.newId('du'),
    object: 'dispute',
    amount,
    balance_transactions: [],
    charge: charge.id,
    created: draft.now,
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: {
      access_activity_log: null,
      billing_address: null,
      cancellation_policy: null,
      cancellation_policy_disclosure: null,
      cancellation_rebuttal: null,
      customer_communication: null,
      customer_email_address: null,
      customer_name: null,
      customer_purchase_ip: null,
      customer_signature: null,
      duplicate_charge_documentation: null,
      duplicate_charge_explanation: null,
      duplicate_charge_id: null,
      enhanced_evidence: {},
      product_description: null,
      receipt: null,
      refund_policy: null,
      refund_policy_disclosure: null,
      refund_refusal_explanation: null,
      service_date: null,
      service_documentation: null,
      shipping_address: null,
      shipping_carrier: null,
      shipping_date: null,
      shipping_documentation: null,
      shipping_tracking_number: null,
      uncategorized_file: null,
      uncategorized_text: null,
    },
    evidence_details: {
      due_by: draft.now + answerSeconds,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: isInquiry,
    livemode: false,
    metadata: {},
    payment_intent: charge.payment_intent,
    payment_method_details: {
      type: 'card',
      card: {
        brand: 'visa',
        case_type: isInquiry ? 'inquiry' : 'chargeback',
        network: 'visa',
        network_reason_code: '10.4',
      },
    },
    reason: 'fraudulent',
    status: isInquiry ? 'warning_needs_response' : 'needs_response',
  };
}
