import { newCharge } from './charges.ts';
import { secondsPerDay } from './due.ts';
import { openDispute } from './disputes.ts';
import type { Draft } from './draft.ts';
import { testMethodOf } from './payment-methods.ts';
import { shown } from './show.ts';
import { StripeSandboxError } from './stripe-error.ts';
import { randomLetters } from './stripe-ids.ts';
import type { StripeCharge, StripePaymentIntent, StripePaymentMethod } from './stripe-objects.ts';
import { type Decline, declineOf } from './test-payment-methods.ts';

/** What a payment is for. */
interface PaymentRequest {
  readonly amount: number;
  readonly currency: string;
  readonly customer: string | null;
  readonly description?: string | null;
  readonly metadata?: Record<string, string>;
  readonly setupFutureUsage?: StripePaymentIntent['setup_future_usage'];
  readonly session?: string;
  readonly invoice?: string;
}

interface Payment {
  readonly intent: StripePaymentIntent;
  readonly decline: Decline | null;
}

const debitSeconds = 3 * secondsPerDay;

/** A payment that nobody has tried to make yet. */
export function newPaymentIntent(draft: Draft, request: PaymentRequest): StripePaymentIntent {
  const id = draft.newId('pi');
  const intent = draft.insert<StripePaymentIntent>({
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: request.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${randomLetters(draft.context.ids, 25)}`,
    confirmation_method: 'automatic',
    created: draft.now,
    currency: request.currency,
    customer: request.customer,
    customer_account: null,
    description: request.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: request.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: ['card', 'us_bank_account'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: request.setupFutureUsage ?? null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
    sandbox: {
      settles_at: null,
      settles: null,
      session: request.session ?? null,
      invoice: request.invoice ?? null,
      off_session: false,
    },
  });
  draft.tell('payment_intent.created', intent);
  return intent;
}

/** Tries to make a payment: it succeeds, is declined, or, as a bank debit, takes its days. */
export function confirmPayment(
  draft: Draft,
  intent: StripePaymentIntent,
  method: StripePaymentMethod,
  { offSession }: { offSession: boolean },
): Payment {
  const test = testMethodOf(method);
  const decline = declineOf(test, offSession);
  const tried = { ...intent, payment_method: method.id, sandbox: { ...intent.sandbox, off_session: offSession } };
  if (test.type === 'us_bank_account') {
    const charge = draft.insert(newCharge(draft, tried, method, 'pending', null));
    draft.tell('charge.pending', charge);
    const processing = draft.change(intent, {
      ...tried,
      last_payment_error: null,
      latest_charge: charge.id,
      status: 'processing',
      sandbox: {
        ...tried.sandbox,
        settles_at: draft.now + debitSeconds,
        settles: decline === null ? 'succeeded' : 'failed',
      },
    });
    draft.tell('payment_intent.processing', processing);
    return { intent: processing, decline: null };
  }
  const charge = draft.insert(newCharge(draft, tried, method, decline === null ? 'succeeded' : 'failed', decline));
  if (decline !== null) {
    return { intent: fail(draft, intent, { ...tried, latest_charge: charge.id }, charge, method, decline), decline };
  }
  const succeeded = succeed(draft, intent, { ...tried, latest_charge: charge.id }, charge);
  if (test.charge === 'is_disputed') openDispute(draft, charge, {});
  return { intent: succeeded, decline: null };
}

/** Ends a bank debit that was under way. */
export async function settleDebit(
  draft: Draft,
  intent: StripePaymentIntent,
  outcome: 'succeeded' | 'failed',
): Promise<StripePaymentIntent> {
  if (intent.latest_charge === null || intent.payment_method === null) {
    throw new Error(`The debit ${intent.id} is under way without a charge.`);
  }
  const pending = await draft.get('charge', intent.latest_charge);
  const method = await draft.get('payment_method', intent.payment_method);
  const settled = { ...intent, sandbox: { ...intent.sandbox, settles_at: null, settles: null } };
  if (outcome === 'succeeded') {
    const charge = draft.change(pending, {
      status: 'succeeded',
      paid: true,
      captured: true,
      amount_captured: pending.amount,
    });
    return succeed(draft, intent, settled, charge);
  }
  const test = testMethodOf(method);
  const decline = declineOf(test, intent.sandbox.off_session) ?? {
    code: 'debit_not_authorized',
    decline_code: 'debit_not_authorized',
    message: 'The debit was not authorized by the account’s holder.',
  };
  const charge = draft.change(pending, {
    status: 'failed',
    failure_code: decline.decline_code,
    failure_message: decline.message,
  });
  return fail(draft, intent, settled, charge, method, decline);
}

/** Gives up a payment that has not been made. */
export function cancelPayment(draft: Draft, intent: StripePaymentIntent): StripePaymentIntent {
  const canceled = draft.change(intent, {
    status: 'canceled',
    canceled_at: draft.now,
    cancellation_reason: 'void_invoice',
    sandbox: { ...intent.sandbox, settles_at: null, settles: null },
  });
  draft.tell('payment_intent.canceled', canceled);
  return canceled;
}

/** The answer to a caller whose payment was declined. */
export function cardError(draft: Draft, payment: Payment & { decline: Decline }, method: object): StripeSandboxError {
  const { intent, decline } = payment;
  return new StripeSandboxError(402, {
    type: 'card_error',
    ...decline,
    ...(intent.latest_charge === null ? {} : { charge: intent.latest_charge }),
    doc_url: `https://stripe.com/docs/error-codes/${decline.code.replaceAll('_', '-')}`,
    payment_intent: shown(draft.context.clock, intent),
    payment_method: method,
  });
}

function succeed(
  draft: Draft,
  from: StripePaymentIntent,
  tried: StripePaymentIntent,
  charge: StripeCharge,
): StripePaymentIntent {
  draft.tell('charge.succeeded', charge);
  const succeeded = draft.change(from, {
    ...tried,
    amount_received: tried.amount,
    last_payment_error: null,
    status: 'succeeded',
  });
  draft.tell('payment_intent.succeeded', succeeded);
  return succeeded;
}

function fail(
  draft: Draft,
  from: StripePaymentIntent,
  tried: StripePaymentIntent,
  charge: StripeCharge,
  method: StripePaymentMethod,
  decline: Decline,
): StripePaymentIntent {
  draft.tell('charge.failed', charge);
  const { sandbox: _sandbox, ...shownMethod } = method;
  const failed = draft.change(from, {
    ...tried,
    payment_method: null,
    last_payment_error: { type: 'card_error', charge: charge.id, ...decline, payment_method: shownMethod },
    status: 'requires_payment_method',
  });
  draft.tell('payment_intent.payment_failed', failed);
  return failed;
}
