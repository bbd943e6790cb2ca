import Stripe from 'stripe';
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { IdempotencyConflictError, NoSubscriptionError } from '../errors.ts';
import type { IdSource } from '../ids.ts';
import {
  type AccountId,
  type IdempotencyKey,
  idempotencyKeyOf,
  insertKey,
  type Instant,
  type Ledger,
} from '../ledger/index.ts';
import { KeyUsedError } from './checkout.store.ts';
import { deletePlanChange, insertPlanChange, type PlanChangeOrder, readPlanChange } from './plan-change.store.ts';
import type { PresentPlans } from './present-plans.ts';
import { decidePlanChange, type PlanChangeKind } from './rules/plan-change.ts';
import { planItem } from './rules/price-list.ts';
import { upgradeCredits } from './rules/upgrade-credits.ts';
import { withStripe } from './stripe-failures.ts';
import type { StripePrices } from './stripe-prices.ts';
import { idOf } from './stripe-subscription.ts';
import { toStripeTime } from './stripe-time.ts';
import { readPeriods } from './subscription.store.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { PlanChoice, PlanSubscription, SubscriptionId } from './types.ts';

/** What a change of plan does, or would do. */
export interface PlanChange {
  readonly subscription: PlanSubscription;
  readonly effectiveAt: Instant;
  readonly creditsNow: number;
  readonly amountDueNowCents: number;
  readonly currency: string;
}

/** What its owner does to a subscription. All of it throws `NoSubscriptionError` and `PaymentProviderError`. */
export interface PlanChanges {
  /** What {@link change} would do now. Throws `UnknownPlanError`, `NotPurchasableError`. */
  preview(accountId: AccountId, wanted: PlanChoice): Promise<PlanChange>;
  /** Throws what {@link preview} throws, `InvalidInputError` and `IdempotencyConflictError`. */
  change(accountId: AccountId, input: PlanChoice & Keyed): Promise<PlanChange>;
  /** Throws `InvalidInputError` and `IdempotencyConflictError`. */
  cancel(accountId: AccountId, input: { readonly atPeriodEnd: boolean } & Keyed): Promise<PlanSubscription>;
  /** Goes on with a subscription that was to end, or that is paused. */
  resume(accountId: AccountId): Promise<PlanSubscription>;
}

interface Keyed {
  readonly idempotencyKey: string | null;
}

interface PlanChangeDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly stripe: Stripe;
  readonly prices: StripePrices;
  readonly plans: PresentPlans;
  readonly subscriptions: Subscriptions;
  readonly onProviderError: (error: unknown) => void;
}

export function createPlanChanges(dependencies: PlanChangeDependencies): PlanChanges {
  const { clock, database, ids, ledger, plans, subscriptions, stripe, onProviderError } = dependencies;
  const { prisma } = database;

  const presentOf = async (accountId: AccountId): Promise<PlanSubscription> => {
    const present = await plans.subscription(accountId);
    if (present === null) throw new NoSubscriptionError();
    return present;
  };

  /** The subscription after Stripe was told something of it, with the credits that follow from it. */
  const broughtUpToDate = async ({ accountId, id, stripeId }: PlanSubscription): Promise<PlanSubscription> => {
    await withStripe(() => subscriptions.bringUpToDate(stripeId, null), onProviderError);
    const present = await plans.find(accountId, id);
    if (present === null) throw new Error(`The subscription ${id} was there a moment ago.`);
    return present;
  };

  /** What a key stands for; null when it is new. Throws {@link IdempotencyConflictError}. */
  const subjectOf = async (key: IdempotencyKey | undefined): Promise<string | null> => {
    const known = key === undefined ? null : await ledger.findKey(key);
    if (known !== null && key !== undefined && !known.requestHash.equals(key.requestHash)) {
      throw new IdempotencyConflictError(key.key);
    }
    return known?.subjectId ?? null;
  };

  const carryOut = async (order: PlanChangeOrder, key: IdempotencyKey | undefined): Promise<PlanChange> => {
    const subscription = await plans.find(order.accountId, order.subscriptionId);
    if (subscription === null) throw new Error(`The change ${order.id} is of no subscription.`);
    await withStripe(async () => {
      try {
        await tellStripe(dependencies, subscription, order);
      } catch (error) {
        // A card that is refused has changed nothing; after any other failure nobody knows, and the same is asked again.
        if (error instanceof Stripe.errors.StripeCardError) await deletePlanChange(prisma, order, key);
        throw error;
      }
    }, onProviderError);
    const { effectiveAt, creditsNow, amountDueNowCents, currency } = order;
    return { subscription: await broughtUpToDate(subscription), effectiveAt, creditsNow, amountDueNowCents, currency };
  };

  const replayOf = async (accountId: AccountId, key: IdempotencyKey | undefined): Promise<PlanChangeOrder | null> => {
    const subject = await subjectOf(key);
    return subject === null ? null : readPlanChange(prisma, accountId, subject);
  };

  return {
    preview: async (accountId, wanted) => {
      const subscription = await presentOf(accountId);
      const { effectiveAt, creditsNow, amountDueNowCents, currency } = await plan(dependencies, subscription, wanted);
      return { subscription, effectiveAt, creditsNow, amountDueNowCents, currency };
    },

    change: async (accountId, input) => {
      const id = ids.next('change');
      const key = idempotencyKeyOf(input, { accountId, mutation: 'changePlan', subjectId: id });
      const replayed = await replayOf(accountId, key);
      if (replayed !== null) return carryOut(replayed, key);
      const { planCode, interval } = input;
      const subscription = await presentOf(accountId);
      const planned = await plan(dependencies, subscription, { planCode, interval });
      const order: PlanChangeOrder = {
        ...planned,
        accountId,
        id,
        subscriptionId: subscription.id,
        planCode,
        interval,
        createdAt: clock.now(),
      };
      try {
        await insertPlanChange(prisma, order, key);
      } catch (error) {
        // Another request with the same key was quicker.
        const theirs = error instanceof KeyUsedError ? await replayOf(accountId, key) : null;
        if (theirs === null) throw error;
        return carryOut(theirs, key);
      }
      return carryOut(order, key);
    },

    cancel: async (accountId, input) => {
      const present = await plans.subscription(accountId);
      const key = idempotencyKeyOf(input, {
        accountId,
        mutation: 'cancelSubscription',
        subjectId: present?.id ?? '',
      });
      const known = await subjectOf(key);
      if (known !== null) {
        const replayed = await plans.find(accountId, known as SubscriptionId); // Stored by this mutation alone.
        if (replayed !== null) return replayed;
      }
      if (present === null) throw new NoSubscriptionError();
      await withStripe(async () => {
        await dropNext(stripe, present);
        if (input.atPeriodEnd) await stripe.subscriptions.update(present.stripeId, { cancel_at_period_end: true });
        else await stripe.subscriptions.cancel(present.stripeId);
      }, onProviderError);
      if (key !== undefined) await prisma.$transaction((transaction) => insertKey(transaction, key, clock.now()));
      return broughtUpToDate(present);
    },

    resume: async (accountId) => {
      const present = await presentOf(accountId);
      await withStripe(async () => {
        if (present.cancelAtPeriodEnd) {
          await stripe.subscriptions.update(present.stripeId, { cancel_at_period_end: false });
        }
        if (present.status === 'PAUSED') {
          await stripe.subscriptions.resume(present.stripeId);
        }
      }, onProviderError);
      return broughtUpToDate(present);
    },
  };
}

type Planned = Pick<PlanChangeOrder, 'kind' | 'effectiveAt' | 'creditsNow' | 'amountDueNowCents' | 'currency'>;

/** What a change comes to if it is made now. */
async function plan(
  { catalog, clock, database, onProviderError, stripe, prices }: PlanChangeDependencies,
  subscription: PlanSubscription,
  wanted: PlanChoice,
): Promise<Planned> {
  const snapshot = catalog.snapshot();
  const { currency } = snapshot;
  const kind = decidePlanChange(snapshot, subscription, wanted);
  const now = clock.now();
  const free = { kind, creditsNow: 0, amountDueNowCents: 0, currency };
  switch (kind) {
    case 'STAY':
      return { ...free, effectiveAt: now };
    case 'AT_PERIOD_END':
    case 'IN_TRIAL':
      return { ...free, effectiveAt: subscription.currentPeriodEnd };
    case 'UPGRADE': {
      const given = await readPeriods(database.prisma, subscription);
      const quota = snapshot.planByCode.get(wanted.planCode)?.monthlyQuota ?? 0;
      const invoice = await withStripe(async () => {
        const { items, prorationDate } = await upgradeOf({ catalog, stripe, prices }, subscription, wanted, now);
        return stripe.invoices.createPreview({
          subscription: subscription.stripeId,
          subscription_details: { items, proration_behavior: 'always_invoice', proration_date: prorationDate },
        });
      }, onProviderError);
      return {
        ...free,
        effectiveAt: now,
        creditsNow: upgradeCredits(given, now, quota),
        amountDueNowCents: invoice.amount_due,
      };
    }
  }
}

/** What Stripe is told to make an upgrade, or asked what it would cost. */
async function upgradeOf(
  { catalog, stripe, prices }: Pick<PlanChangeDependencies, 'catalog' | 'stripe' | 'prices'>,
  subscription: PlanSubscription,
  wanted: PlanChoice,
  at: Instant,
): Promise<{ items: { id: string; price: string }[]; prorationDate: number }> {
  const price = await priceOf({ catalog, prices }, wanted);
  const present = await stripe.subscriptions.retrieve(subscription.stripeId);
  const [item] = present.items.data;
  if (item === undefined) throw new Error(`The subscription ${subscription.stripeId} has no item.`);
  return { items: [{ id: item.id, price }], prorationDate: toStripeTime(at) };
}

function priceOf(
  { catalog, prices }: Pick<PlanChangeDependencies, 'catalog' | 'prices'>,
  { planCode, interval }: PlanChoice,
): Promise<string> {
  const snapshot = catalog.snapshot();
  const wanted = snapshot.planByCode.get(planCode);
  const item = wanted === undefined ? null : planItem(snapshot, wanted, interval);
  if (item === null) throw new Error(`The plan ${planCode} was sold a moment ago.`);
  return prices.ensure(item);
}

/** Makes a change at Stripe; made again under the same order it is one change. */
async function tellStripe(
  dependencies: PlanChangeDependencies,
  subscription: PlanSubscription,
  order: PlanChangeOrder,
): Promise<void> {
  const { stripe } = dependencies;
  const options = { idempotencyKey: order.id };
  const kind: PlanChangeKind = order.kind;
  switch (kind) {
    case 'STAY':
      await dropNext(stripe, subscription);
      return;
    case 'AT_PERIOD_END':
      await scheduleNext(dependencies, subscription, order);
      return;
    case 'IN_TRIAL':
    case 'UPGRADE': {
      await dropNext(stripe, subscription);
      const { items, prorationDate } = await upgradeOf(dependencies, subscription, order, order.createdAt);
      await stripe.subscriptions.update(
        subscription.stripeId,
        kind === 'IN_TRIAL'
          ? { items, proration_behavior: 'none' }
          : {
              items,
              proration_behavior: 'always_invoice',
              proration_date: prorationDate,
              payment_behavior: 'error_if_incomplete',
            },
        options,
      );
    }
  }
}

/** Has Stripe change the price when the present period ends. */
async function scheduleNext(
  { catalog, prices, stripe }: PlanChangeDependencies,
  { stripeId }: PlanSubscription,
  order: PlanChangeOrder,
): Promise<void> {
  const price = await priceOf({ catalog, prices }, order);
  const present = await stripe.subscriptions.retrieve(stripeId);
  const schedule =
    present.schedule === null
      ? await stripe.subscriptionSchedules.create({ from_subscription: stripeId }, { idempotencyKey: order.id })
      : await stripe.subscriptionSchedules.retrieve(idOf(present.schedule));
  const startsAt = schedule.current_phase?.start_date;
  const phase = schedule.phases.find(({ start_date }) => start_date === startsAt) ?? schedule.phases[0];
  if (phase === undefined) throw new Error(`The schedule ${schedule.id} has no phase.`);
  await stripe.subscriptionSchedules.update(schedule.id, {
    end_behavior: 'release',
    proration_behavior: 'none',
    phases: [
      {
        start_date: phase.start_date,
        end_date: phase.end_date,
        items: phase.items.map((item) => ({ price: idOf(item.price), quantity: item.quantity ?? 1 })),
      },
      {
        items: [{ price, quantity: 1 }],
        duration: { interval: order.interval === 'MONTH' ? 'month' : 'year', interval_count: 1 },
      },
    ],
  });
}

/** Gives up a change that was to come. */
async function dropNext(stripe: Stripe, { stripeId }: PlanSubscription): Promise<void> {
  const { schedule } = await stripe.subscriptions.retrieve(stripeId);
  if (schedule !== null) await stripe.subscriptionSchedules.release(idOf(schedule));
}
