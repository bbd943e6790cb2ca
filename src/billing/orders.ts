import type Stripe from 'stripe';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import { type Credits, type GrantId, idempotencyKeyOf, type Ledger } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { endCheckout, findCheckout, type PaidOrder, writeCheckoutPayment } from './checkout.store.ts';
import { orMissing } from './stripe-client.ts';
import { idOf } from './stripe-subscription.ts';
import { fromStripeTime } from './stripe-time.ts';
import type { Outcome, Seen, Subscriptions } from './subscriptions.ts';
import type { StripeUnits } from './stripe-units.ts';
import type { Checkout, CheckoutId, Payment } from './types.ts';

/** Orders, brought to what Stripe says of their sessions. */
export interface Orders {
  /** Brings the order of a session up to date; which event asked for it, and how often, does not matter. */
  bringUpToDate(sessionId: string, seen: Seen): Promise<Outcome>;
  /** The order of a session of Stripe's; null when it is none of ours. */
  orderOf(session: Stripe.Checkout.Session): Promise<Checkout | null>;
}

export function createOrders(dependencies: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly ledger: Ledger;
  readonly units: StripeUnits;
  readonly stripe: Stripe;
  readonly subscriptions: Subscriptions;
}): Orders {
  const { database, clock, stripe, units, subscriptions } = dependencies;

  const retrieve = (sessionId: string): Promise<Stripe.Checkout.Session | null> =>
    orMissing(stripe.checkout.sessions.retrieve(sessionId, { expand: ['payment_intent'] }));

  const orderOf: Orders['orderOf'] = async (session) => {
    const checkoutId = session.metadata?.['checkout_id'];
    if (checkoutId === undefined || !isStorable(checkoutId)) return null;
    const order = await findCheckout(database.prisma, checkoutId as CheckoutId); // Written by `createCheckout`, or found nowhere.
    return order === null || (order.session !== null && order.session.id !== session.id) ? null : order;
  };

  const apply = async (session: Stripe.Checkout.Session, order: Checkout, seen: Seen): Promise<void> => {
    const isPaid = session.payment_status === 'paid' || session.payment_status === 'no_payment_required';
    if (session.status === 'complete') {
      await writeCheckoutPayment(database.prisma, order, isPaid ? 'PAID' : 'PENDING');
    }
    if (session.status === 'expired') {
      await endCheckout(database.prisma, order, 'EXPIRED', clock.now());
    } else if (session.status === 'complete' && order.mode === 'SUBSCRIPTION') {
      // Its credits come with the subscription, and complete it.
      if (session.subscription !== null) await subscriptions.bringUpToDate(idOf(session.subscription), seen);
    } else if (session.status === 'complete' && isPaid) {
      await grantPack(dependencies, order, paymentOf(session));
    } else if (session.status === 'complete' && hasFailed(session)) {
      await endCheckout(database.prisma, order, 'FAILED', clock.now());
    }
  };

  return {
    orderOf,
    bringUpToDate: async (sessionId, seen) => {
      const found = await retrieve(sessionId);
      const order = found === null ? null : await orderOf(found);
      if (order === null) return 'IGNORED';
      await units.bringUpToDate(order.id, seen, async () => {
        const session = await retrieve(sessionId);
        if (session !== null) await apply(session, order, seen);
      });
      return 'APPLIED';
    },
  };
}

/** A payment on its way is not there yet; one that the bank has refused has to be made anew. */
function hasFailed({ payment_intent: paymentIntent }: Stripe.Checkout.Session): boolean {
  if (paymentIntent === null || typeof paymentIntent === 'string') return false;
  return paymentIntent.status === 'requires_payment_method' || paymentIntent.status === 'canceled';
}

type SessionPayment = Pick<Payment, 'id' | 'paidCents' | 'currency' | 'createdAt'>;

/** The payment of a session; null when there was nothing to pay. */
function paymentOf({ payment_intent: paymentIntent }: Stripe.Checkout.Session): SessionPayment | null {
  if (paymentIntent === null || typeof paymentIntent === 'string') return null;
  const { id, amount_received: paidCents, currency, created } = paymentIntent;
  return { id, paidCents, currency, createdAt: fromStripeTime(created) };
}

/** Gives the credits of an order, once: the order's id is the key under which they are given. */
async function grantPack(
  { ids, ledger }: { readonly ids: IdSource; readonly ledger: Ledger },
  order: Checkout,
  paid: SessionPayment | null,
): Promise<void> {
  const { accountId, id, credits } = order;
  const grantId = ids.next('grant') as GrantId; // A new id with the prefix of grants is one.
  const answer = await ledger.execute({
    accountId,
    command: {
      kind: 'grant',
      grantId,
      source: 'PACK',
      category: 'PAID',
      priority: 30,
      amount: credits as Credits, // More than 0 for every pack, by its CHECK constraint.
      effectiveAt: null,
      expiresAt: null,
      reason: order.itemName,
    },
    key: idempotencyKeyOf({ idempotencyKey: id }, { accountId, mutation: 'checkout.paid', subjectId: grantId }),
    attach: (_effect, now) => {
      const row: PaidOrder = { accountId, id, creditsGranted: credits, completedAt: now };
      const payment: Payment | null =
        paid === null ? null : { ...paid, accountId, kind: 'PACK', subjectId: id, grantId, credits, returnedCents: 0 };
      return [{ writer: 'paid-order', row }, ...(payment === null ? [] : [{ writer: 'payment', row: payment }])];
    },
  });
  if (answer.kind !== 'applied' && answer.kind !== 'replayed') {
    throw new Error(`The credits of ${id} were not granted: ${JSON.stringify(answer)}.`);
  }
}
