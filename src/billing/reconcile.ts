import Stripe from 'stripe';
import { type Catalog, findPlan } from '../catalog/index.ts';
import type { Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { InvalidInputError, type InputIssue } from '../errors.ts';
import type { Ledger } from '../ledger/index.ts';
import { findAccountOfCustomer } from './checkout.store.ts';
import { findPayment, readPaymentIds } from './payment.store.ts';
import { readCreditsTakenBack, type Returns } from './returns.ts';
import { comparePayment, type KnownPayment } from './rules/compare-payment.ts';
import { comparePlanPeriods, compareSubscription } from './rules/compare-subscription.ts';
import { idOf } from './stripe-subscription.ts';
import { fromStripeTime } from './stripe-time.ts';
import { findSubscription, readIdsNotEndedBefore, readKnownIds, readPeriods } from './subscription.store.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Difference, Payment } from './types.ts';

/** Which stretch of time is compared, its end not included. */
export interface ReconcileWindow {
  readonly from: Instant;
  readonly to: Instant;
}

/** What a comparison of Stripe with the journal came to. */
export interface Reconciliation {
  /** Each with whether it was repaired: it is not there any more. */
  readonly differences: readonly (Difference & { readonly repaired: boolean })[];
  /** How many payments and subscriptions of ours were compared. */
  readonly compared: number;
  /** How many of Stripe's belong to none of our accounts. */
  readonly ignored: number;
  /** Where to go on; null when all was compared. */
  readonly next: string | null;
}

/** Compares what Stripe says of payments and subscriptions with the journal. */
export interface Reconcile {
  /**
   * Compares page after page until all is compared or the time is up, in milliseconds; at least one page. `after` is
   * the `next` of the call before. Repairs what differs when it is told to, as an event about it would have.
   */
  run(
    window: ReconcileWindow,
    options: { readonly after: string | null; readonly repair: boolean; readonly mostMs: number },
  ): Promise<Reconciliation>;
}

export interface ReconcileDependencies {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly stripe: Stripe;
  readonly subscriptions: Subscriptions;
  readonly returns: Returns;
  /** Told why something could not be repaired. */
  readonly onRepairError: (error: unknown) => void;
}

const dayMs = 24 * 60 * 60 * 1_000;
export const longestWindowMs = 400 * dayMs;
/**
 * How long before the window something may have begun that changed in it: a bank debit settles after days, a bank sends
 * a refund back after weeks and decides a dispute after months.
 */
const begunBeforeMs = { payment: 14 * dayMs, refund: 30 * dayMs, dispute: 120 * dayMs };

/** Stripe's most. A page that is repaired takes longer for each thing on it. */
const pageSize = 100;
const pageSizeOfRepairs = 20;
/** A subscription is read with its invoices, in several calls. */
const pageSizeOfSubscriptions = 20;
/** How many things of a page are looked at together. */
const mostAtOnce = 5;

/** Something of Stripe's that is compared and repaired as one. */
interface Unit {
  /** What differs; null when it is none of ours. */
  compare(): Promise<Difference[] | null>;
  bringUpToDate(): Promise<unknown>;
}

/** Some of what is compared, and after what the next page begins; null at the end. */
interface Page {
  readonly units: readonly Unit[];
  readonly next: string | null;
}
type ReadPage = (window: ReconcileWindow, after: string | null, repair: boolean) => Promise<Page>;

/** The parts in which all is compared, in this order. */
const parts = [
  'payments',
  'refunds',
  'disputes',
  'subscriptions',
  'unknown_subscriptions',
  'ended_subscriptions',
] as const;
type Part = (typeof parts)[number];

interface Position {
  readonly part: Part;
  readonly after: string | null;
}

export function createReconcile(dependencies: ReconcileDependencies): Reconcile {
  const { database, stripe } = dependencies;
  const { prisma } = database;
  const paymentUnit = (id: string, listed: Stripe.PaymentIntent | null): Unit =>
    createPaymentUnit(dependencies, id, listed);
  const subscriptionUnits = (ids: readonly string[], { to }: ReconcileWindow): Unit[] =>
    ids.map((id) => createSubscriptionUnit(dependencies, id, to));

  /** Payments as Stripe lists them, and those of the same time that the journal alone has. */
  const readPayments: ReadPage = async ({ from, to }, after, repair) => {
    const begin = (from - begunBeforeMs.payment) as Instant; // An earlier instant is an instant.
    const [lastId, lastAt] = after?.split('@') ?? [];
    const listed = await stripe.paymentIntents.list({
      created: createdIn(begin, to),
      expand: ['data.latest_charge'],
      ...pageOf(lastId, repair ? pageSizeOfRepairs : pageSize),
    });
    const last = listed.has_more ? listed.data.at(-1) : undefined;
    const ids = new Set(listed.data.map(({ id }) => id));
    const knownIds = await readPaymentIds(
      prisma,
      last === undefined ? begin : fromStripeTime(last.created),
      lastAt === undefined ? to : fromStripeTime(Number(lastAt)),
    );
    return {
      units: [
        ...listed.data.filter(({ status }) => status === 'succeeded').map((intent) => paymentUnit(intent.id, intent)),
        ...knownIds.filter((id) => !ids.has(id)).map((id) => paymentUnit(id, null)),
      ],
      next: last === undefined ? null : `${last.id}@${last.created}`,
    };
  };

  /** The payments of refunds or disputes, save those that were compared as such. */
  const readReturned =
    (
      list: (params: Stripe.RefundListParams & Stripe.DisputeListParams) => Promise<Stripe.ApiList<Returned>>,
      begunBefore: number,
    ): ReadPage =>
    async ({ from, to }, after, repair) => {
      const listed = await list({
        created: createdIn((from - begunBefore) as Instant, to), // An earlier instant is an instant.
        expand: ['data.payment_intent.latest_charge'],
        ...pageOf(after, repair ? pageSizeOfRepairs : pageSize),
      });
      const intents = new Map<string, Stripe.PaymentIntent>();
      for (const { payment_intent: intent } of listed.data) {
        if (intent === null || typeof intent === 'string') continue;
        if (fromStripeTime(intent.created) < from - begunBeforeMs.payment) intents.set(intent.id, intent);
      }
      return { units: [...intents.values()].map((intent) => paymentUnit(intent.id, intent)), next: nextOf(listed) };
    };

  /** Subscriptions that the journal has, as far as they could have changed in the window. */
  const readSubscriptions: ReadPage = async (window, after) => {
    const ids = await readIdsNotEndedBefore(prisma, window.from, {
      after: after ?? '',
      limit: pageSizeOfSubscriptions,
    });
    const isFull = ids.length === pageSizeOfSubscriptions;
    return { units: subscriptionUnits(ids, window), next: isFull ? (ids.at(-1) ?? null) : null };
  };

  /** Subscriptions that Stripe lists and the journal does not have. */
  const readUnknownSubscriptions =
    (paramsOf: (window: ReconcileWindow) => Stripe.SubscriptionListParams): ReadPage =>
    async (window, after, repair) => {
      const limit = repair ? pageSizeOfRepairs : pageSize;
      const listed = await stripe.subscriptions.list({ ...paramsOf(window), ...pageOf(after, limit) });
      const ids = listed.data.map(({ id }) => id);
      const known = new Set(await readKnownIds(prisma, ids));
      const unknown = ids.filter((id) => !known.has(id));
      return { units: subscriptionUnits(unknown, window), next: nextOf(listed) };
    };

  const pages: Readonly<Record<Part, ReadPage>> = {
    payments: readPayments,
    refunds: readReturned((params) => stripe.refunds.list(params), begunBeforeMs.refund),
    disputes: readReturned((params) => stripe.disputes.list(params), begunBeforeMs.dispute),
    subscriptions: readSubscriptions,
    unknown_subscriptions: readUnknownSubscriptions(() => ({})),
    ended_subscriptions: readUnknownSubscriptions(({ from, to }) => ({
      status: 'ended',
      created: createdIn(from, to),
    })),
  };

  return {
    run: async (window, { after, repair, mostMs }) => {
      let position: Position | null = positionIn(window, after);
      const startedAt = performance.now();
      const outcomes: Outcome[] = [];
      do {
        const { part, after: last }: Position = position;
        const page: Page = await pages[part](window, last, repair);
        outcomes.push(...(await inTurns(page.units, (unit) => settle(unit, repair, dependencies.onRepairError))));
        position = positionAfter(part, page.next);
      } while (position !== null && performance.now() - startedAt < mostMs);
      const own = outcomes.filter((outcome) => outcome !== null);
      return {
        differences: withoutRepetitions(own.flat()),
        compared: own.length,
        ignored: outcomes.length - own.length,
        next: position === null ? null : wordOf(position),
      };
    },
  };
}

/** Something that a payment of it went back by. */
type Returned = Pick<Stripe.Refund, 'payment_intent'> & { readonly id: string };

type Outcome = Reconciliation['differences'] | null;

/** Compares a unit, repairs it when that is wanted, and compares it again. */
async function settle(unit: Unit, repair: boolean, onRepairError: (error: unknown) => void): Promise<Outcome> {
  const found = await unit.compare();
  if (found === null) return null;
  if (!repair || found.length === 0) return found.map((difference) => ({ ...difference, repaired: false }));
  try {
    await unit.bringUpToDate();
  } catch (error) {
    // Without Stripe nothing else can be repaired either; all other reasons are of this one thing.
    if (error instanceof Stripe.errors.StripeError) throw error;
    onRepairError(error);
  }
  const left = (await unit.compare()) ?? [];
  const isLeft = new Set(left.map(keyOf));
  const wasFound = new Set(found.map(keyOf));
  return [
    ...found.map((difference) => ({ ...difference, repaired: !isLeft.has(keyOf(difference)) })),
    ...left.filter((one) => !wasFound.has(keyOf(one))).map((difference) => ({ ...difference, repaired: false })),
  ];
}

const keyOf = ({ kind, subject, id, message }: Difference): string => [kind, subject, id, message].join(' ');

/** A payment that went back twice is on two pages. */
const withoutRepetitions = (differences: Reconciliation['differences']): Reconciliation['differences'] => [
  ...new Map(differences.map((difference) => [keyOf(difference), difference])).values(),
];

/** Works on a few at a time. */
async function inTurns<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  for (let done = 0; done < items.length; done += mostAtOnce) {
    results.push(...(await Promise.all(items.slice(done, done + mostAtOnce).map(work))));
  }
  return results;
}

function createPaymentUnit(
  { database: { prisma }, ledger, returns }: ReconcileDependencies,
  id: string,
  listed: Stripe.PaymentIntent | null,
): Unit {
  let fresh = listed;

  const readKnown = async (payment: Payment): Promise<KnownPayment> => {
    const { accountId } = payment;
    const toTakeBack = await readCreditsTakenBack(prisma, payment);
    const grants = await ledger.grants(
      accountId,
      toTakeBack.map(({ grantId }) => grantId),
    );
    const clawbacks = (await ledger.wallet(accountId))?.state.clawbacks;
    return {
      payment,
      toTakeBack,
      takenBack: new Map(grants.map((grant) => [grant.id, clawbacks?.get(grant.id)?.total ?? 0])),
    };
  };

  return {
    compare: async () => {
      const intent = fresh ?? (await returns.retrieve(id));
      fresh = null; // It is read anew after a repair.
      const payment = await findPayment(prisma, id);
      const customer = intent?.customer ?? null;
      const accountId =
        payment?.accountId ?? (customer === null ? null : await findAccountOfCustomer(prisma, idOf(customer)));
      if (accountId === null) return null;
      const isPaid = intent?.status === 'succeeded';
      if (payment === null && (!isPaid || !(await returns.isForUs(intent)))) return null;
      const { amount_received: paidCents = 0, currency = '' } = intent ?? {};
      const returnedCents = isPaid ? Math.min(paidCents, await returns.returnedCents(intent)) : 0;
      return comparePayment(
        isPaid ? { accountId, id, paidCents, returnedCents, currency } : null,
        payment === null ? null : await readKnown(payment),
      );
    },
    bringUpToDate: () => returns.bringUpToDate(id, null),
  };
}

function createSubscriptionUnit(
  { database: { prisma }, catalog, subscriptions }: ReconcileDependencies,
  stripeId: string,
  before: Instant,
): Unit {
  return {
    compare: async () => {
      const known = await findSubscription(prisma, stripeId);
      const reading = await subscriptions.lookUp(stripeId);
      if (reading === null) return known === null ? null : compareSubscription(null, known);
      const { subscription, atStripe, order } = reading;
      const differences = compareSubscription(subscription, known);
      // Its credits come with it.
      if (known === null) return differences;
      const given = await readPeriods(prisma, known);
      const quotaOf = (planCode: string): number => findPlan(catalog.snapshot(), planCode)?.monthlyQuota ?? 0;
      const credits = { subscription, facts: atStripe.facts, order, given, quotaOf };
      return [...differences, ...comparePlanPeriods(credits, before)];
    },
    bringUpToDate: () => subscriptions.bringUpToDate(stripeId, null),
  };
}

/** Stripe counts in whole seconds, so that both ends are the next one. */
const createdIn = (from: Instant, to: Instant): Stripe.RangeQueryParam => ({
  gte: Math.ceil(from / 1_000),
  lt: Math.ceil(to / 1_000),
});

const pageOf = (after: string | null | undefined, limit: number): Stripe.PaginationParams => ({
  limit,
  ...(after == null ? {} : { starting_after: after }),
});

const nextOf = ({ data, has_more }: Stripe.ApiList<{ readonly id: string }>): string | null =>
  has_more ? (data.at(-1)?.id ?? null) : null;

/** Where a call begins. Throws {@link InvalidInputError} for a window or a place that is none. */
export function positionIn({ from, to }: ReconcileWindow, after: string | null): Position {
  const issues: InputIssue[] = [];
  if (from >= to) issues.push({ path: ['from'], message: 'Must be before the end of the window.' });
  else if (to - from > longestWindowMs)
    issues.push({ path: ['from'], message: 'Must be at most 400 days before the end of the window.' });
  const position = after === null ? ({ part: 'payments', after: null } as const) : readPosition(after);
  if (position === null) issues.push({ path: ['after'], message: 'Must be the `next` of an earlier answer.' });
  if (issues.length > 0 || position === null) throw new InvalidInputError(issues);
  return position;
}

const wordOf = ({ part, after }: Position): string => (after === null ? part : `${part}:${after}`);

function readPosition(word: string): Position | null {
  const [, name, after = null] = /^([a-z_]+)(?::(\w{1,255}(?:@\d{1,12})?))?$/.exec(word) ?? [];
  const part = parts.find((one) => one === name);
  return part === undefined ? null : { part, after };
}

function positionAfter(part: Part, next: string | null): Position | null {
  if (next !== null) return { part, after: next };
  const following = parts[parts.indexOf(part) + 1];
  return following === undefined ? null : { part: following, after: null };
}
