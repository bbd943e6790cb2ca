import { pageUrl } from './context.ts';
import type { Draft } from './draft.ts';
import { secondsPerDay } from './due.ts';
import { dueOf, newInvoice } from './new-invoice.ts';
import { cancelPayment, confirmPayment, newPaymentIntent } from './payments.ts';
import { readSettings } from './settings.ts';
import { invalidRequest } from './stripe-error.ts';
import type {
  PendingLine,
  StripeInvoice,
  StripeInvoicePayment,
  StripePaymentIntent,
  StripePaymentMethod,
  StripeSubscription,
} from './stripe-objects.ts';
import { endSubscription } from './subscription-end.ts';
import type { Decline } from './test-payment-methods.ts';

/** How long after a failed try the next one comes; after the last of them none does. */
const retryDays = [3, 5, 7];
const draftSeconds = 60 * 60;

/** Starts an invoice of a subscription; `finalizes` says whether it waits for its hour first. */
export async function startInvoice(
  draft: Draft,
  from: StripeSubscription,
  options: {
    reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update';
    lines: readonly PendingLine[];
    period: { start: number; end: number };
    finalizes: 'at_once' | 'in_an_hour' | 'never';
    prorationDate?: number;
  },
): Promise<{ invoice: StripeInvoice; subscription: StripeSubscription }> {
  const { finalizes, ...rest } = options;
  const customer = await draft.get('customer', from.customer);
  const made = newInvoice(draft, {
    ...rest,
    id: draft.newId('in'),
    subscription: from,
    customer,
    finalizesAt: finalizes === 'in_an_hour' ? draft.now + draftSeconds : null,
  });
  const invoice = draft.insert<StripeInvoice>({ ...made, auto_advance: finalizes !== 'never' });
  draft.tell('invoice.created', invoice);
  return { invoice, subscription: draft.change(from, { latest_invoice: invoice.id }) };
}

/** Makes an invoice final: it gets its number, takes the customer's balance in, and can be paid. */
export async function finalizeInvoice(draft: Draft, from: StripeInvoice): Promise<StripeInvoice> {
  const customer = await draft.get('customer', from.customer);
  const due = dueOf(from.total, customer.balance);
  const endingBalance = from.total + customer.balance - due.amount_due;
  const sequence = customer.next_invoice_sequence ?? 1;
  const numbered = draft.change(customer, { balance: endingBalance, next_invoice_sequence: sequence + 1 });
  if (endingBalance !== customer.balance) draft.tell('customer.updated', numbered, customer);
  const page = pageUrl(draft.context, `invoices/${from.id}`);
  const open = draft.change(from, {
    ...due,
    automatically_finalizes_at: null,
    effective_at: draft.now,
    ending_balance: endingBalance,
    hosted_invoice_url: page,
    invoice_pdf: `${page}/pdf`,
    next_payment_attempt: null,
    number: `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`,
    starting_balance: customer.balance,
    status: 'open',
    status_transitions: { ...from.status_transitions, finalized_at: draft.now },
  });
  draft.tell('invoice.finalized', open);
  if (open.amount_due > 0) startPayment(draft, open);
  return open;
}

/** Tries to collect what a final invoice asks for. Null as payment method: the customer has none. */
export async function collectInvoice(
  draft: Draft,
  invoice: StripeInvoice,
  method: StripePaymentMethod | null,
  { offSession, isAutomatic, session }: { offSession: boolean; isAutomatic: boolean; session?: string },
): Promise<{ invoice: StripeInvoice; intent: StripePaymentIntent | null; decline: Decline | null }> {
  if (invoice.amount_due === 0) return { invoice: await markPaid(draft, invoice), intent: null, decline: null };
  const payment = await openPaymentOf(draft, invoice);
  const stored = await draft.get('payment_intent', payment.payment.payment_intent);
  const intent = session === undefined ? stored : draft.change(stored, { sandbox: { ...stored.sandbox, session } });
  const attempt = isAutomatic ? { attempt_count: invoice.attempt_count + 1, attempted: true } : { attempted: true };
  if (method === null) {
    const decline: Decline = {
      code: 'resource_missing',
      decline_code: 'no_payment_method',
      message: 'This customer has no attached payment source or default payment method.',
    };
    return { invoice: await collectionFailed(draft, invoice, attempt, isAutomatic), intent, decline };
  }
  const tried = confirmPayment(draft, intent, method, { offSession });
  if (tried.decline !== null) {
    return { ...tried, invoice: await collectionFailed(draft, invoice, attempt, isAutomatic) };
  }
  if (tried.intent.status === 'succeeded') {
    return { ...tried, invoice: await markPaid(draft, draft.change(invoice, attempt)) };
  }
  return { ...tried, invoice: draft.change(invoice, { ...attempt, next_payment_attempt: null }) };
}

/** Notes that the debit which an invoice waited for has ended. */
export async function settleInvoice(
  draft: Draft,
  invoice: StripeInvoice,
  outcome: 'succeeded' | 'failed',
): Promise<void> {
  if (outcome === 'succeeded') await markPaid(draft, invoice);
  else await collectionFailed(draft, invoice, {}, true);
}

/** Takes an invoice back that was not paid. */
export async function voidInvoice(draft: Draft, from: StripeInvoice): Promise<StripeInvoice> {
  return giveUp(draft, from, {
    status: 'void',
    status_transitions: { ...from.status_transitions, voided_at: draft.now },
  });
}

/** Gives an invoice up that will not be paid. */
export async function markUncollectible(draft: Draft, from: StripeInvoice): Promise<StripeInvoice> {
  return giveUp(draft, from, {
    status: 'uncollectible',
    status_transitions: { ...from.status_transitions, marked_uncollectible_at: draft.now },
  });
}

/** The payment method that a subscription is collected with. */
export async function paymentMethodOf(
  draft: Draft,
  { customer: customerId, default_payment_method }: StripeSubscription,
): Promise<StripePaymentMethod | null> {
  const customer = await draft.get('customer', customerId);
  const id = default_payment_method ?? customer.invoice_settings.default_payment_method;
  return id === null ? null : draft.find('payment_method', id);
}

export const subscriptionOf = (draft: Draft, { parent }: StripeInvoice): Promise<StripeSubscription> =>
  draft.get('subscription', parent.subscription_details.subscription);

function startPayment(draft: Draft, invoice: StripeInvoice): void {
  const intent = newPaymentIntent(draft, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description: invoice.billing_reason === 'subscription_create' ? 'Subscription creation' : 'Subscription update',
    setupFutureUsage: 'off_session',
    invoice: invoice.id,
  });
  draft.insert<StripeInvoicePayment>({
    id: draft.newId('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: draft.now,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  });
}

/** The payment of an invoice that is to be made; it may be as new as the invoice. */
async function openPaymentOf(draft: Draft, invoice: StripeInvoice): Promise<StripeInvoicePayment> {
  const isOpen = (payment: StripeInvoicePayment) => payment.invoice === invoice.id && payment.status === 'open';
  const stored = await draft.list('invoice_payment', { invoice: invoice.id, status: 'open' });
  const fresh = draft.inserted.filter((object) => object.object === 'invoice_payment');
  const payment = [...stored, ...fresh].find(isOpen);
  if (payment === undefined) throw invalidRequest(`Invoice ${invoice.id} has no payment to make.`);
  return payment;
}

async function markPaid(draft: Draft, from: StripeInvoice): Promise<StripeInvoice> {
  const paid = draft.change(from, {
    amount_paid: from.amount_due,
    amount_remaining: 0,
    attempted: true,
    auto_advance: false,
    next_payment_attempt: null,
    status: 'paid',
    status_transitions: { ...from.status_transitions, paid_at: draft.now },
  });
  if (from.amount_due > 0) {
    const payment = await openPaymentOf(draft, from);
    const made = draft.change(payment, {
      amount_paid: payment.amount_requested,
      status: 'paid',
      status_transitions: { canceled_at: null, paid_at: draft.now },
    });
    draft.tell('invoice_payment.paid', made);
  }
  draft.tell('invoice.updated', paid, from);
  draft.tell('invoice.paid', paid);
  draft.tell('invoice.payment_succeeded', paid);
  await recover(draft, paid);
  return paid;
}

/** A subscription whose bills are settled is active again. */
async function recover(draft: Draft, invoice: StripeInvoice): Promise<void> {
  const subscription = await subscriptionOf(draft, invoice);
  if (!['past_due', 'unpaid', 'incomplete'].includes(subscription.status)) return;
  const unpaid = await draft.list('invoice', {
    status: 'open',
    parent: { subscription_details: { subscription: subscription.id } },
  });
  if (unpaid.some(({ id, status, attempted }) => id !== invoice.id && status === 'open' && attempted)) return;
  const active = draft.change(subscription, { status: 'active' });
  draft.tell('customer.subscription.updated', active, subscription);
}

async function collectionFailed(
  draft: Draft,
  from: StripeInvoice,
  attempt: Partial<Pick<StripeInvoice, 'attempt_count' | 'attempted'>>,
  isAutomatic: boolean,
): Promise<StripeInvoice> {
  const tried = { ...from, ...attempt };
  const days = retryDays[tried.attempt_count - 1];
  const isLast = days === undefined && tried.attempt_count > retryDays.length;
  const retriesAt = days === undefined || !tried.auto_advance ? null : draft.now + days * secondsPerDay;
  const failed = draft.change(from, {
    ...attempt,
    next_payment_attempt: isAutomatic ? retriesAt : from.next_payment_attempt,
  });
  draft.tell('invoice.updated', failed, from);
  draft.tell('invoice.payment_failed', failed);
  const subscription = await subscriptionOf(draft, failed);
  if (subscription.status === 'incomplete') return expireIncomplete(draft, failed, subscription);
  if (subscription.status !== 'active' && subscription.status !== 'past_due') return failed;
  if (isAutomatic && isLast) return failForGood(draft, failed, subscription);
  if (subscription.status === 'active') {
    draft.tell('customer.subscription.updated', draft.change(subscription, { status: 'past_due' }), subscription);
  }
  return failed;
}

/** The first payment of a subscription has failed: there will be none. */
async function expireIncomplete(
  draft: Draft,
  invoice: StripeInvoice,
  subscription: StripeSubscription,
): Promise<StripeInvoice> {
  const expired = draft.change(subscription, { status: 'incomplete_expired', ended_at: draft.now });
  draft.tell('customer.subscription.updated', expired, subscription);
  return voidInvoice(draft, invoice);
}

async function failForGood(
  draft: Draft,
  invoice: StripeInvoice,
  subscription: StripeSubscription,
): Promise<StripeInvoice> {
  const { after_last_try } = await readSettings(draft.context.store);
  if (after_last_try === 'canceled') {
    await endSubscription(draft, subscription, 'payment_failed');
    return draft.get('invoice', invoice.id);
  }
  draft.tell('customer.subscription.updated', draft.change(subscription, { status: 'unpaid' }), subscription);
  return invoice;
}

async function giveUp(draft: Draft, from: StripeInvoice, changes: Partial<StripeInvoice>): Promise<StripeInvoice> {
  const wasOpen = from.status === 'open';
  const ended = draft.change(from, { ...changes, auto_advance: false, next_payment_attempt: null });
  if (wasOpen && from.amount_due > 0 && ended.status === 'void') {
    const payment = await openPaymentOf(draft, from);
    draft.change(payment, { status: 'canceled', status_transitions: { canceled_at: draft.now, paid_at: null } });
    cancelPayment(draft, await draft.get('payment_intent', payment.payment.payment_intent));
  }
  draft.tell('invoice.updated', ended, from);
  draft.tell(ended.status === 'void' ? 'invoice.voided' : 'invoice.marked_uncollectible', ended);
  if ((await subscriptionOf(draft, ended)).status !== 'incomplete') await recover(draft, ended);
  return ended;
}
