import type Stripe from 'stripe';
import type { Database } from '../db/index.ts';
import type { Ledger } from '../ledger/index.ts';
import type { Orders } from './orders.ts';
import { findPayment, writeReturned } from './payment.store.ts';
import { type CreditsOfGrant, creditsTakenBack } from './rules/returned-credits.ts';
import { orMissing } from './stripe-client.ts';
import { idOf } from './stripe-subscription.ts';
import type { StripeUnits } from './stripe-units.ts';
import { readPeriodsOfInvoice } from './subscription.store.ts';
import type { Outcome, Seen, Subscriptions } from './subscriptions.ts';
import type { TopUps } from './top-ups.ts';
import type { Payment } from './types.ts';

/** Money that goes back, in refunds and disputes. */
export interface Returns {
  /** Takes back, or gives back again, the credits of a payment by what Stripe says of it now. */
  bringUpToDate(paymentIntentId: string, seen: Seen): Promise<Outcome>;
  /** A payment as Stripe has it, with its latest charge; null when there is none. */
  retrieve(paymentIntentId: string): Promise<Stripe.PaymentIntent | null>;
  /** How much of a payment has gone back by what Stripe says, in cents: what was refunded, and what disputes have taken. */
  returnedCents(paymentIntent: Stripe.PaymentIntent): Promise<number>;
  /** Whether a payment that is not known here has paid for something of ours. */
  isForUs(paymentIntent: Stripe.PaymentIntent): Promise<boolean>;
}

/** Something that a payment has paid for. */
interface PaidUnit {
  isOurs(): Promise<boolean>;
  bringUpToDate(seen: Seen): Promise<Outcome>;
}

export function createReturns(dependencies: {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly units: StripeUnits;
  readonly stripe: Stripe;
  readonly orders: Orders;
  readonly subscriptions: Subscriptions;
  readonly topUps: TopUps;
}): Returns {
  const { database, ledger, units, stripe, orders, subscriptions, topUps } = dependencies;
  const { prisma } = database;

  const retrieve: Returns['retrieve'] = (id) =>
    orMissing(stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }));

  const unitPaidBy = async ({ id, metadata }: Stripe.PaymentIntent): Promise<PaidUnit | null> => {
    const topUpId = metadata['top_up_id'];
    if (topUpId !== undefined) {
      return { isOurs: () => topUps.isKnown(topUpId), bringUpToDate: () => topUps.bringUpToDate(topUpId) };
    }
    const session = (await stripe.checkout.sessions.list({ payment_intent: id, limit: 1 })).data[0];
    if (session !== undefined) {
      return {
        isOurs: async () => (await orders.orderOf(session)) !== null,
        bringUpToDate: (seen) => orders.bringUpToDate(session.id, seen),
      };
    }
    const subscriptionId = await subscriptionPaidBy(stripe, id);
    if (subscriptionId === null) return null;
    return {
      isOurs: async () => (await subscriptions.lookUp(subscriptionId)) !== null,
      bringUpToDate: (seen) => subscriptions.bringUpToDate(subscriptionId, seen),
    };
  };

  /** The payment as we know it; where the event of its return came first, what it paid for is brought up to date before. */
  const paymentOf = async (paymentIntent: Stripe.PaymentIntent, seen: Seen): Promise<Payment | null> => {
    const known = await findPayment(prisma, paymentIntent.id);
    if (known !== null) return known;
    await (await unitPaidBy(paymentIntent))?.bringUpToDate(seen);
    return findPayment(prisma, paymentIntent.id);
  };

  return {
    retrieve,
    returnedCents: (paymentIntent) => returnedOf(stripe, paymentIntent),
    isForUs: async (paymentIntent) => (await (await unitPaidBy(paymentIntent))?.isOurs()) ?? false,
    bringUpToDate: async (paymentIntentId, seen) => {
      let outcome: Outcome = 'APPLIED';
      await units.bringUpToDate(paymentIntentId, seen, async () => {
        const paymentIntent = await retrieve(paymentIntentId);
        const payment = paymentIntent === null ? null : await paymentOf(paymentIntent, seen);
        if (paymentIntent === null || payment === null) {
          outcome = 'IGNORED';
          return;
        }
        const returnedCents = Math.min(payment.paidCents, await returnedOf(stripe, paymentIntent));
        if (returnedCents !== payment.returnedCents) await writeReturned(prisma, payment, returnedCents);
        // Before its credits go: whoever wanted the money back must not be charged for them again.
        if (payment.kind === 'TOP_UP' && returnedCents > payment.returnedCents) {
          await topUps.suspendForReturn(payment.accountId);
        }
        await takeBackReturned({ database, ledger }, { ...payment, returnedCents });
      });
      return outcome;
    },
  };
}

/** The subscription whose invoice a payment paid; null when it was for none. */
async function subscriptionPaidBy(stripe: Stripe, paymentIntentId: string): Promise<string | null> {
  const [paid] = (
    await stripe.invoicePayments.list({
      payment: { type: 'payment_intent', payment_intent: paymentIntentId },
      limit: 1,
      expand: ['data.invoice'],
    })
  ).data;
  if (paid === undefined || typeof paid.invoice === 'string' || paid.invoice.deleted === true) return null;
  const subscription = paid.invoice.parent?.subscription_details?.subscription;
  return subscription === undefined ? null : idOf(subscription);
}

/** A dispute in one of these has the money; an inquiry, or one that was won, has not. */
const takingDisputes: ReadonlySet<string> = new Set(['needs_response', 'under_review', 'lost']);

/** How much of a payment has gone back: what was refunded, and what disputes have taken. */
async function returnedOf(stripe: Stripe, { id, latest_charge: charge }: Stripe.PaymentIntent): Promise<number> {
  if (charge === null || typeof charge === 'string') return 0;
  if (!charge.disputed) return charge.amount_refunded;
  const disputes = await stripe.disputes.list({ payment_intent: id, limit: 100 });
  return disputes.data
    .filter(({ status }) => takingDisputes.has(status))
    .reduce((sum, { amount }) => sum + amount, charge.amount_refunded);
}

/** What is to be taken back of each grant of a payment by now. */
export const readCreditsTakenBack = async (prisma: Database['prisma'], payment: Payment): Promise<CreditsOfGrant[]> =>
  creditsTakenBack(
    payment,
    payment.grantId === null ? await readPeriodsOfInvoice(prisma, payment.accountId, payment.subjectId) : [],
  );

/** Takes the credits of a payment back that its money no longer covers; asked again it does nothing more. */
export async function takeBackReturned(
  { database: { prisma }, ledger }: { readonly database: Database; readonly ledger: Ledger },
  payment: Payment,
): Promise<void> {
  const { accountId } = payment;
  for (const { grantId, credits: total } of await readCreditsTakenBack(prisma, payment)) {
    const answer = await ledger.execute({
      accountId,
      command: { kind: 'clawback', grantId, total, reason: 'Its payment went back.' },
    });
    if (answer.kind !== 'applied') {
      throw new Error(`The credits of the grant ${grantId} were not taken back: ${JSON.stringify(answer)}.`);
    }
  }
}
