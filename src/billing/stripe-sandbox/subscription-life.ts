import type { Draft } from './draft.ts';
import { isRunning, trialNoticeSecondsOf } from './due.ts';
import { collectInvoice, finalizeInvoice, paymentMethodOf, startInvoice, subscriptionOf } from './invoice-life.ts';
import { periodLines } from './new-subscription.ts';
import { periodEndAfter, recurrenceOf } from './periods.ts';
import type { StripeInvoice, StripeSubscription } from './stripe-objects.ts';
import { endSubscription } from './subscription-end.ts';
import { enterPhase } from './schedule-life.ts';

/** Does what a subscription's instant has brought: the notice of a trial's end, its end, or the next period. */
export async function subscriptionIsDue(draft: Draft, from: StripeSubscription): Promise<void> {
  const noticeAt = trialNoticeSecondsOf(from);
  if (noticeAt !== null && noticeAt <= draft.now) {
    const told = draft.change(from, { sandbox: { ...from.sandbox, trial_end_told: true } });
    draft.tell('customer.subscription.trial_will_end', told);
    return;
  }
  if (from.cancel_at !== null && from.cancel_at <= draft.now) {
    await endSubscription(draft, from, null);
    return;
  }
  await beginPeriod(draft, from);
}

/** A draft's hour is over, or a failed payment is tried again. */
export async function invoiceIsDue(draft: Draft, invoice: StripeInvoice): Promise<void> {
  const final = invoice.status === 'draft' ? await finalizeInvoice(draft, invoice) : invoice;
  const subscription = await subscriptionOf(draft, final);
  const method = await paymentMethodOf(draft, subscription);
  await collectInvoice(draft, final, method, { offSession: true, isAutomatic: true });
}

async function beginPeriod(draft: Draft, from: StripeSubscription): Promise<void> {
  const isTrialEnd = from.status === 'trialing';
  if (isTrialEnd && (await paymentMethodOf(draft, from)) === null) {
    const behavior = from.trial_settings?.end_behavior.missing_payment_method;
    if (behavior === 'cancel') return void (await endSubscription(draft, from, null));
    if (behavior === 'pause') return pause(draft, from);
  }
  const entered = await enterPhase(draft, from, draft.now);
  if (!isRunning(entered)) return;
  const started = startPeriod(draft, entered, isTrialEnd ? 'active' : entered.status);
  await startCycleInvoice(draft, started, from);
}

/** Moves all items into the period that begins now. */
export function startPeriod(
  draft: Draft,
  from: StripeSubscription,
  status: StripeSubscription['status'],
): StripeSubscription {
  const data = from.items.data.map((item) => ({
    ...item,
    current_period_start: draft.now,
    current_period_end: periodEndAfter(from.billing_cycle_anchor, recurrenceOf(item.price), draft.now),
  }));
  return draft.change(from, { status, items: { ...from.items, data } });
}

/** Bills the period that has begun, with what has waited for it; `before` is the subscription of the period before. */
async function startCycleInvoice(
  draft: Draft,
  started: StripeSubscription,
  before: StripeSubscription,
): Promise<StripeInvoice> {
  const lines = [...started.sandbox.pending, ...(await periodLines(draft, started))];
  const billed = draft.change(started, { sandbox: { ...started.sandbox, pending: [] } });
  const [item] = before.items.data;
  const { invoice, subscription } = await startInvoice(draft, billed, {
    reason: 'subscription_cycle',
    lines,
    period: { start: item?.current_period_start ?? draft.now, end: draft.now },
    // What an unpaid subscription costs waits until it is paid for again.
    finalizes: started.status === 'unpaid' ? 'never' : 'in_an_hour',
  });
  draft.tell('customer.subscription.updated', subscription, before);
  return invoice;
}

function pause(draft: Draft, from: StripeSubscription): void {
  const paused = draft.change(from, {
    status: 'paused',
    status_details: {
      paused: {
        subscription: { type: 'trial_end_without_payment_method' },
        transitioned_at: draft.now,
        type: 'subscription',
      },
    },
  });
  draft.tell('customer.subscription.updated', paused, from);
  draft.tell('customer.subscription.paused', paused);
}
