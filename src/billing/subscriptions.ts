import type Stripe from 'stripe';
import { type Catalog, findPlan } from '../catalog/index.ts';
import type { Clock, Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import type { JobHandler, Jobs } from '../jobs/index.ts';
import type { AccountId, Ledger } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { endCheckout, findAccountOfCustomer, findCheckout } from './checkout.store.ts';
import { writeInvoices } from './invoice.store.ts';
import { insertPayment, readPaymentsOf } from './payment.store.ts';
import { givePlanCredits } from './plan-credits.ts';
import { takeBackReturned } from './returns.ts';
import { entitlementsOf } from './rules/entitlements.ts';
import { type PlansByPrice, readStripeSubscription, type StripeSubscription } from './stripe-subscription.ts';
import type { StripePrices } from './stripe-prices.ts';
import type { StripeUnits } from './stripe-units.ts';
import { findSubscription, readPeriodsOfInvoice, writeSubscription } from './subscription.store.ts';
import type { Checkout, CheckoutId, PlanSubscription, SubscriptionId } from './types.ts';

/** What came of looking at something of Stripe's: it is none of ours, or it was brought up to date. */
export type Outcome = 'APPLIED' | 'IGNORED';

/** The event that asks for a look; null when something else does, such as a clock or a request. */
export type Seen = { readonly createdAt: Instant } | null;

/** A subscription of ours as Stripe has it now. */
export interface SubscriptionReading {
  /** Under its id here, or under a new one. */
  readonly subscription: PlanSubscription;
  readonly atStripe: StripeSubscription;
  /** The order that it came from, if it was made here. */
  readonly order: Checkout | null;
}

/** Subscriptions, brought to what Stripe says of them. */
export interface Subscriptions {
  /** Brings a subscription and its credits up to date; which event asked for it, and how often, does not matter. */
  bringUpToDate(stripeId: string, seen: Seen): Promise<Outcome>;
  /** Reads a subscription from Stripe and writes nothing; null when it is not there or none of ours. */
  lookUp(stripeId: string): Promise<SubscriptionReading | null>;
  /** Gives the next month of a subscription that is paid by the year. */
  readonly nextMonth: JobHandler;
}

export interface SubscriptionDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly jobs: Pick<Jobs, 'insert' | 'wake'>;
  readonly units: StripeUnits;
  readonly prices: StripePrices;
  readonly stripe: Stripe;
}

export function createSubscriptions(dependencies: SubscriptionDependencies): Subscriptions {
  const { prices, units } = dependencies;
  const bringUpToDate: Subscriptions['bringUpToDate'] = async (stripeId, seen) => {
    let outcome: Outcome = 'APPLIED';
    await units.bringUpToDate(stripeId, seen, async () => {
      outcome = await look(dependencies, stripeId);
    });
    return outcome;
  };
  return {
    bringUpToDate,
    lookUp: (stripeId) =>
      readSubscription(dependencies, { planOf: (priceId) => prices.lookUpPlanOf(priceId) }, stripeId),
    nextMonth: async (job) => {
      await bringUpToDate(job.subjectId, null);
      return { kind: 'done' };
    },
  };
}

async function readSubscription(
  { database: { prisma }, ids, stripe }: SubscriptionDependencies,
  prices: PlansByPrice,
  stripeId: string,
): Promise<SubscriptionReading | null> {
  const atStripe = await readStripeSubscription(stripe, prices, stripeId);
  if (atStripe === null) return null;
  const known = await findSubscription(prisma, stripeId);
  const accountId = known?.accountId ?? (await findAccountOfCustomer(prisma, atStripe.customerId));
  if (accountId === null) return null;
  const { checkoutId, facts } = atStripe;
  const order =
    checkoutId === undefined || !isStorable(checkoutId) ? null : await findCheckout(prisma, checkoutId as CheckoutId); // Found, or nothing.
  return {
    subscription: {
      accountId,
      id: known?.id ?? (ids.next('subscription') as SubscriptionId), // A new id with the prefix of subscriptions is one.
      stripeId,
      ...atStripe.choice,
      status: facts.status,
      currentPeriodStart: atStripe.currentPeriodStart,
      currentPeriodEnd: atStripe.currentPeriodEnd,
      cancelAtPeriodEnd: facts.cancelAtPeriodEnd,
      next: atStripe.next,
      createdAt: atStripe.createdAt,
      endedAt: facts.endedAt,
    },
    atStripe,
    order: order?.accountId === accountId && order.mode === 'SUBSCRIPTION' ? order : null,
  };
}

async function look(dependencies: SubscriptionDependencies, stripeId: string): Promise<Outcome> {
  const { clock, database } = dependencies;
  const { prisma } = database;
  const reading = await readSubscription(dependencies, dependencies.prices, stripeId);
  if (reading === null) return 'IGNORED';
  const { subscription, atStripe, order } = reading;
  const { accountId } = subscription;
  await writeSubscription(prisma, subscription);
  await writeInvoices(
    prisma,
    atStripe.invoices.map((invoice) => ({ ...invoice, accountId })),
  );
  const next = await givePlanCredits(dependencies, subscription, atStripe.facts, order);
  if (order !== null && isOver(subscription)) await endCheckout(prisma, order, 'FAILED', clock.now());
  await notePayments(dependencies, accountId, atStripe);
  if (next !== null) await comeBackAt(dependencies, subscription, next);
  return 'APPLIED';
}

/** It gives nothing any more, and what was not paid by now never will be. */
const isOver = ({ status, endedAt }: PlanSubscription): boolean => status === 'INCOMPLETE_EXPIRED' || endedAt !== null;

/** Notes what was paid, and takes back what of it went back: months may have come since. */
async function notePayments(
  { database, catalog, ledger }: SubscriptionDependencies,
  accountId: AccountId,
  { facts, payments }: StripeSubscription,
): Promise<void> {
  const { prisma } = database;
  const quotaOf = (planCode: string): number => findPlan(catalog.snapshot(), planCode)?.monthlyQuota ?? 0;
  const entitlements = entitlementsOf(facts);
  for (const { paymentIntentId, invoiceId, ...payment } of payments) {
    const given = await readPeriodsOfInvoice(prisma, accountId, invoiceId);
    const toCome = entitlements.filter(
      (entitlement) =>
        entitlement.kind === 'MONTH' &&
        entitlement.invoiceId === invoiceId &&
        !given.some(({ startsAt }) => startsAt === entitlement.startsAt),
    );
    const credits =
      given.reduce((sum, period) => sum + period.credits, 0) +
      toCome.reduce((sum, { planCode }) => sum + quotaOf(planCode), 0);
    await insertPayment(prisma, {
      ...payment,
      accountId,
      id: paymentIntentId,
      kind: 'INVOICE',
      subjectId: invoiceId,
      grantId: null,
      credits,
      returnedCents: 0,
    });
  }
  const invoiceIds = payments.map(({ invoiceId }) => invoiceId);
  for (const payment of await readPaymentsOf(prisma, accountId, invoiceIds)) {
    if (payment.returnedCents > 0) await takeBackReturned({ database, ledger }, payment);
  }
}

async function comeBackAt(
  { database, jobs }: SubscriptionDependencies,
  { accountId, id, stripeId }: PlanSubscription,
  dueAt: Instant,
): Promise<void> {
  const job = { id: `job_${id}_${dueAt}`, kind: 'PLAN_PERIOD', accountId, subjectId: stripeId, dueAt } as const;
  await database.prisma.$transaction((transaction) => jobs.insert(transaction, [job]));
}
