import type Stripe from 'stripe';
import type { PaidLine, SubscriptionFacts } from './rules/entitlements.ts';
import { orMissing } from './stripe-client.ts';
import type { StripePrices } from './stripe-prices.ts';
import { fromStripeTime } from './stripe-time.ts';
import type { Invoice, PlanChoice, SubscriptionStatus } from './types.ts';

/** A subscription as Stripe has it now, with all its invoices. */
export interface StripeSubscription {
  readonly id: string;
  readonly customerId: string;
  /** The order that it came from; undefined when it came from elsewhere. */
  readonly checkoutId: string | undefined;
  readonly choice: PlanChoice;
  readonly next: PlanChoice | null;
  readonly facts: SubscriptionFacts;
  readonly currentPeriodStart: SubscriptionFacts['anchor'];
  readonly currentPeriodEnd: SubscriptionFacts['anchor'];
  readonly createdAt: SubscriptionFacts['anchor'];
  readonly invoices: readonly Omit<Invoice, 'accountId'>[];
  readonly payments: readonly InvoicePayment[];
}

/** What says which plan a price is for. */
export type PlansByPrice = Pick<StripePrices, 'planOf'>;

/** Money that came in for an invoice. */
export interface InvoicePayment {
  readonly paymentIntentId: string;
  readonly invoiceId: string;
  readonly paidCents: number;
  readonly currency: string;
  readonly createdAt: SubscriptionFacts['anchor'];
}

const statusNames: Readonly<Record<string, SubscriptionStatus>> = {
  trialing: 'TRIALING',
  active: 'ACTIVE',
  past_due: 'PAST_DUE',
  canceled: 'CANCELED',
  incomplete: 'INCOMPLETE',
  incomplete_expired: 'INCOMPLETE_EXPIRED',
  unpaid: 'UNPAID',
  paused: 'PAUSED',
};

/** Nobody knows what a new status of Stripe's means, so it entitles to nothing. */
const statusOf = (status: string): SubscriptionStatus =>
  Object.hasOwn(statusNames, status) ? (statusNames[status] ?? 'PAUSED') : 'PAUSED';

export const idOf = (reference: string | { readonly id: string }): string =>
  typeof reference === 'string' ? reference : reference.id;

/** Reads a subscription; null when it is not there or is for none of our plans. */
export async function readStripeSubscription(
  stripe: Stripe,
  prices: PlansByPrice,
  id: string,
): Promise<StripeSubscription | null> {
  const subscription = await orMissing(stripe.subscriptions.retrieve(id));
  const item = subscription?.items.data[0];
  if (subscription == null || item === undefined) return null;
  const choice = await prices.planOf(item.price.id);
  if (choice === null) return null;

  const invoices: Stripe.Invoice[] = [];
  for await (const invoice of stripe.invoices.list({ subscription: id, limit: 100, expand: ['data.payments'] })) {
    invoices.push(invoice);
  }
  const paid = invoices.filter((invoice) => invoice.status === 'paid').toReversed();
  const lines: PaidLine[] = [];
  for (const invoice of paid) lines.push(...(await linesOf(stripe, prices, invoice)));
  const { trial_start: trialStart, trial_end: trialEnd } = subscription;
  return {
    id: subscription.id,
    customerId: idOf(subscription.customer),
    checkoutId: subscription.metadata['checkout_id'],
    choice,
    next: await nextOf(stripe, prices, subscription, item.current_period_end),
    facts: {
      status: statusOf(subscription.status),
      planCode: choice.planCode,
      anchor: fromStripeTime(subscription.billing_cycle_anchor),
      trial:
        trialStart === null || trialEnd === null
          ? null
          : { startsAt: fromStripeTime(trialStart), endsAt: fromStripeTime(trialEnd) },
      cancelAtPeriodEnd: isToEnd(subscription, item.current_period_end),
      endedAt: subscription.ended_at === null ? null : fromStripeTime(subscription.ended_at),
      lines,
    },
    currentPeriodStart: fromStripeTime(item.current_period_start),
    currentPeriodEnd: fromStripeTime(item.current_period_end),
    createdAt: fromStripeTime(subscription.created),
    invoices: invoices.map((invoice) => toInvoice(invoice, id)),
    payments: paid.flatMap(paymentsOf),
  };
}

/** It ends with its period, whether that was said as such or by the instant. */
const isToEnd = ({ cancel_at_period_end, cancel_at }: Stripe.Subscription, periodEnd: number): boolean =>
  cancel_at_period_end || (cancel_at !== null && cancel_at <= periodEnd);

async function linesOf(stripe: Stripe, prices: PlansByPrice, invoice: Stripe.Invoice): Promise<PaidLine[]> {
  const given: Stripe.InvoiceLineItem[] = [];
  if (invoice.lines.has_more) {
    for await (const line of stripe.invoices.listLineItems(invoice.id, { limit: 100 })) given.push(line);
  } else {
    given.push(...invoice.lines.data);
  }
  const lines: PaidLine[] = [];
  for (const line of given) {
    const price = line.pricing?.price_details?.price;
    const plan = price === undefined ? null : await prices.planOf(idOf(price));
    if (plan === null || line.period.end <= line.period.start) continue;
    lines.push({
      invoiceId: invoice.id,
      planCode: plan.planCode,
      // Changes come as lines of the subscription or, in Stripe's flexible billing, as invoice items.
      isProration:
        line.parent?.subscription_item_details?.proration ?? line.parent?.invoice_item_details?.proration ?? false,
      amountCents: line.amount,
      startsAt: fromStripeTime(line.period.start),
      endsAt: fromStripeTime(line.period.end),
    });
  }
  return lines;
}

/** What a schedule has it change to when the present period ends. */
async function nextOf(
  stripe: Stripe,
  prices: PlansByPrice,
  subscription: Stripe.Subscription,
  periodEnd: number,
): Promise<PlanChoice | null> {
  if (subscription.schedule === null) return null;
  const schedule = await orMissing(stripe.subscriptionSchedules.retrieve(idOf(subscription.schedule)));
  const phase = schedule?.phases.find(({ start_date }) => start_date >= periodEnd);
  const price = phase?.items[0]?.price;
  return price === undefined ? null : prices.planOf(idOf(price));
}

/** An invoice as it is stored. */
const toInvoice = (invoice: Stripe.Invoice, subscriptionId: string | null): Omit<Invoice, 'accountId'> => ({
  id: invoice.id,
  subscriptionId,
  number: invoice.number,
  status: invoice.status ?? 'draft',
  totalCents: invoice.total,
  currency: invoice.currency,
  hostedUrl: invoice.hosted_invoice_url ?? null,
  pdfUrl: invoice.invoice_pdf ?? null,
  createdAt: fromStripeTime(invoice.created),
});

function paymentsOf(invoice: Stripe.Invoice): InvoicePayment[] {
  return (invoice.payments?.data ?? []).flatMap(({ payment, status, amount_paid: paidCents, created, currency }) => {
    if (status !== 'paid' || payment.payment_intent === undefined || !paidCents) return [];
    const paymentIntentId = idOf(payment.payment_intent);
    return [{ paymentIntentId, invoiceId: invoice.id, paidCents, currency, createdAt: fromStripeTime(created) }];
  });
}
