import type Stripe from 'stripe';
import type { Database } from '../db/index.ts';
import { deleteCustomerId } from './checkout.store.ts';
import type { Orders } from './orders.ts';
import type { Returns } from './returns.ts';
import { orMissing } from './stripe-client.ts';
import type { StripeEventHint } from './stripe-event.store.ts';
import type { StripePrices } from './stripe-prices.ts';
import { idOf } from './stripe-subscription.ts';
import { findSubscription } from './subscription.store.ts';
import type { Outcome, Subscriptions } from './subscriptions.ts';
import type { TopUps } from './top-ups.ts';

/** What Stripe is to tell us of; everything else is IGNORED. */
export const handledEventTypes = [
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'customer.subscription.paused',
  'customer.subscription.resumed',
  'customer.subscription.trial_will_end',
  'invoice.paid',
  'invoice.payment_failed',
  'invoice.voided',
  'invoice.marked_uncollectible',
  'charge.refunded',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
  'charge.dispute.closed',
  'customer.updated',
  'customer.deleted',
  'payment_method.attached',
  'payment_method.automatically_updated',
  'price.created',
  'price.updated',
  'price.deleted',
  'product.created',
  'product.updated',
  'product.deleted',
] as const;
type HandledEventType = (typeof handledEventTypes)[number];

const isHandled = (type: string): type is HandledEventType => (handledEventTypes as readonly string[]).includes(type); // To ask whether a text is one of them.

/** Finds what an event speaks of and brings it to what Stripe says of it now. */
export function createEventApplier({
  database,
  stripe,
  prices,
  orders,
  subscriptions,
  returns,
  topUps,
}: {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly prices: StripePrices;
  readonly orders: Orders;
  readonly subscriptions: Subscriptions;
  readonly returns: Returns;
  readonly topUps: TopUps;
}): (event: StripeEventHint) => Promise<Outcome> {
  const paid = async (
    paymentIntent: string | { readonly id: string } | null | undefined,
    event: StripeEventHint,
  ): Promise<Outcome> => (paymentIntent == null ? 'IGNORED' : returns.bringUpToDate(idOf(paymentIntent), event));

  return async (event) => {
    const { type, objectId } = event;
    if (!isHandled(type)) return 'IGNORED';
    switch (type) {
      case 'checkout.session.completed':
      case 'checkout.session.async_payment_succeeded':
      case 'checkout.session.async_payment_failed':
      case 'checkout.session.expired':
        return orders.bringUpToDate(objectId, event);
      case 'customer.subscription.updated': {
        const outcome = await subscriptions.bringUpToDate(objectId, event);
        const subscription = await findSubscription(database.prisma, objectId);
        if (subscription !== null) await topUps.paymentMethodChanged(subscription.accountId);
        return outcome;
      }
      case 'customer.subscription.created':
      case 'customer.subscription.deleted':
      case 'customer.subscription.paused':
      case 'customer.subscription.resumed':
      case 'customer.subscription.trial_will_end':
        return subscriptions.bringUpToDate(objectId, event);
      case 'invoice.paid':
      case 'invoice.payment_failed':
      case 'invoice.voided':
      case 'invoice.marked_uncollectible': {
        const invoice = await orMissing(stripe.invoices.retrieve(objectId));
        const subscription = invoice?.parent?.subscription_details?.subscription;
        return subscription === undefined ? 'IGNORED' : subscriptions.bringUpToDate(idOf(subscription), event);
      }
      case 'charge.refunded':
        return paid((await orMissing(stripe.charges.retrieve(objectId)))?.payment_intent, event);
      case 'refund.created':
      case 'refund.updated':
      case 'refund.failed':
        return paid((await orMissing(stripe.refunds.retrieve(objectId)))?.payment_intent, event);
      case 'charge.dispute.created':
      case 'charge.dispute.updated':
      case 'charge.dispute.funds_withdrawn':
      case 'charge.dispute.funds_reinstated':
      case 'charge.dispute.closed':
        return paid((await orMissing(stripe.disputes.retrieve(objectId)))?.payment_intent, event);
      case 'customer.updated':
        return topUps.customerChanged(objectId);
      case 'payment_method.attached':
      case 'payment_method.automatically_updated': {
        const customer = (await orMissing(stripe.paymentMethods.retrieve(objectId)))?.customer ?? null;
        if (customer === null) return 'IGNORED';
        const updated = type === 'payment_method.automatically_updated' ? objectId : undefined;
        return topUps.customerChanged(idOf(customer), updated);
      }
      case 'customer.deleted': {
        const customer = await orMissing(stripe.customers.retrieve(objectId));
        if (customer !== null && customer.deleted !== true) return 'IGNORED';
        return (await deleteCustomerId(database.prisma, objectId)) ? 'APPLIED' : 'IGNORED';
      }
      case 'price.created':
      case 'price.updated':
      case 'price.deleted':
        return (await prices.refresh(objectId)) ? 'APPLIED' : 'IGNORED';
      case 'product.created':
      case 'product.updated':
      case 'product.deleted':
        return (await prices.refreshProduct(objectId)) ? 'APPLIED' : 'IGNORED';
    }
  };
}
