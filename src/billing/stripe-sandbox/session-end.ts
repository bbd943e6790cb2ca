import { insertCustomer } from './customers.ts';
import type { Draft } from './draft.ts';
import { collectInvoice, finalizeInvoice, settleInvoice, startInvoice } from './invoice-life.ts';
import { newSubscription, periodLines } from './new-subscription.ts';
import { attach, newPaymentMethod } from './payment-methods.ts';
import { confirmPayment, newPaymentIntent, settleDebit } from './payments.ts';
import { isOpen } from './show.ts';
import type {
  StripeCheckoutSession,
  StripeCustomer,
  StripePaymentIntent,
  StripePaymentMethod,
} from './stripe-objects.ts';
import { type Decline, declineOf, type TestPaymentMethod } from './test-payment-methods.ts';

/**
 * Pays an open session. A card that is declined changes nothing, and the session stays open; a bank debit completes it
 * before it is paid.
 */
export async function completeSession(
  draft: Draft,
  from: StripeCheckoutSession,
  test: TestPaymentMethod,
): Promise<{ session: StripeCheckoutSession; decline: Decline | null }> {
  if (!isOpen(draft.context.clock, from)) throw new Error(`The session ${from.id} is not open any more.`);
  const decline = test.type === 'card' && from.amount_total > 0 ? declineOf(test, false) : null;
  if (decline !== null) return { session: from, decline };
  const customer = await customerOf(draft, from);
  const session =
    from.mode === 'payment'
      ? await completePayment(draft, from, customer, test)
      : await completeSubscription(draft, from, customer, test);
  draft.tell('checkout.session.completed', session);
  return { session, decline: null };
}

/** Ends a session that was not paid, at its time or before. */
export function expireSession(draft: Draft, from: StripeCheckoutSession): StripeCheckoutSession {
  const expired = draft.change(from, { status: 'expired' });
  draft.tell('checkout.session.expired', expired);
  return expired;
}

/** A bank debit has ended: so has what waited for it, an invoice, a session or both. */
export async function paymentIsDue(draft: Draft, intent: StripePaymentIntent): Promise<void> {
  await endDebit(draft, intent, intent.sandbox.settles ?? 'succeeded');
}

/** Ends a bank debit, before its time where somebody wants it. */
export async function endDebit(
  draft: Draft,
  intent: StripePaymentIntent,
  outcome: 'succeeded' | 'failed',
): Promise<void> {
  const { invoice, session: sessionId } = intent.sandbox;
  await settleDebit(draft, intent, outcome);
  if (invoice !== null) await settleInvoice(draft, await draft.get('invoice', invoice), outcome);
  if (sessionId === null) return;
  const session = await draft.get('checkout.session', sessionId);
  if (outcome === 'failed') {
    draft.tell('checkout.session.async_payment_failed', session);
    return;
  }
  draft.tell('checkout.session.async_payment_succeeded', draft.change(session, { payment_status: 'paid' }));
}

/** Who pays: in subscription mode somebody must, so a customer is made where there is none. */
async function customerOf(draft: Draft, session: StripeCheckoutSession): Promise<StripeCustomer | null> {
  if (session.customer !== null) return draft.get('customer', session.customer);
  return session.mode === 'subscription' ? insertCustomer(draft, {}) : null;
}

async function completePayment(
  draft: Draft,
  from: StripeCheckoutSession,
  customer: StripeCustomer | null,
  test: TestPaymentMethod,
): Promise<StripeCheckoutSession> {
  if (from.amount_total === 0) {
    return draft.change(from, { status: 'complete', payment_status: 'no_payment_required' });
  }
  const { setup_future_usage, metadata } = from.sandbox;
  const method = draft.insert(newPaymentMethod(draft, test));
  if (customer !== null && setup_future_usage !== null) attach(draft, method, customer);
  const intent = newPaymentIntent(draft, {
    amount: from.amount_total,
    currency: from.currency,
    customer: customer?.id ?? null,
    metadata,
    setupFutureUsage: setup_future_usage,
    session: from.id,
  });
  const paid = confirmPayment(draft, intent, method, { offSession: false });
  return draft.change(from, {
    status: 'complete',
    payment_status: paid.intent.status === 'succeeded' ? 'paid' : 'unpaid',
    payment_intent: intent.id,
  });
}

async function completeSubscription(
  draft: Draft,
  from: StripeCheckoutSession,
  customer: StripeCustomer | null,
  test: TestPaymentMethod,
): Promise<StripeCheckoutSession> {
  if (customer === null) throw new Error('A subscription needs a customer, and none was made.');
  const method: StripePaymentMethod = attach(draft, draft.insert(newPaymentMethod(draft, test)), customer);
  const isPaidAtOnce = test.type === 'card' || from.amount_total === 0;
  const status = isPaidAtOnce ? 'active' : 'incomplete';
  const made = newSubscription(draft, from, { customer: customer.id, paymentMethod: method.id, status });
  draft.insert(made);
  const isTrial = made.status === 'trialing';
  const oneTime = isTrial
    ? []
    : from.line_items.data
        .filter(({ price }) => price.recurring === null)
        .map(({ amount_total, description, price, quantity }) => ({
          amount: amount_total,
          description,
          item: null,
          period: { start: draft.now, end: draft.now },
          price,
          proration: false,
          quantity,
        }));
  const { invoice, subscription } = await startInvoice(draft, made, {
    reason: 'subscription_create',
    lines: [...(await periodLines(draft, made)), ...oneTime],
    period: { start: draft.now, end: draft.now },
    finalizes: 'at_once',
  });
  draft.tell('customer.subscription.created', subscription);
  const final = await finalizeInvoice(draft, invoice);
  const collected = await collectInvoice(draft, final, method, {
    offSession: false,
    isAutomatic: true,
    session: from.id,
  });
  const isFree = from.amount_total === 0;
  return draft.change(from, {
    status: 'complete',
    payment_status: isFree ? 'no_payment_required' : collected.invoice.status === 'paid' ? 'paid' : 'unpaid',
    customer: customer.id,
    subscription: subscription.id,
    invoice: invoice.id,
  });
}
