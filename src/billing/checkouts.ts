import type Stripe from 'stripe';
import type { Catalog, CatalogSnapshot } from '../catalog/index.ts';
import type { Clock, Instant } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import {
  CheckoutUnavailableError,
  IdempotencyConflictError,
  InvalidInputError,
  NotPurchasableError,
  UnknownCreditPackError,
  UnknownPlanError,
} from '../errors.ts';
import type { IdSource } from '../ids.ts';
import { type AccountId, type IdempotencyKey, idempotencyKeyOf, type Ledger, maximumCredits } from '../ledger/index.ts';
import { findCheckout, insertCheckout, KeyUsedError, readCheckout, writeSession } from './checkout.store.ts';
import { ensureCustomer } from './customers.ts';
import type { PresentPlans } from './present-plans.ts';
import type { Redirects } from './redirects.ts';
import { type CheckoutProgress, checkoutProgress } from './rules/checkout-progress.ts';
import { type PricedItem, pricedItem } from './rules/price-list.ts';
import { withStripe } from './stripe-failures.ts';
import type { PricedLine, StripePrices } from './stripe-prices.ts';
import { fromStripeTime } from './stripe-time.ts';
import {
  billingModeNames,
  type Checkout,
  type CheckoutId,
  type CreateCheckoutInput,
  isEntitled,
  type OpenedCheckout,
} from './types.ts';

export interface CheckoutDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly mode: BillingMode;
  /** Null when billing is disabled. */
  readonly connection: { readonly stripe: Stripe; readonly prices: StripePrices } | null;
  readonly plans: PresentPlans;
  readonly redirects: Redirects;
  readonly onProviderError: (error: unknown) => void;
}

type Connection = NonNullable<CheckoutDependencies['connection']>;

/** How long an order waits for its buyer; Stripe's own limit. */
const orderLifetimeMs = 24 * 60 * 60 * 1_000;

const isOpened = (checkout: Checkout): checkout is OpenedCheckout => checkout.session !== null;

/** A checkout of an account; null for another's, and until its session exists. */
export async function findOpenedCheckout(
  { database }: Pick<CheckoutDependencies, 'database'>,
  accountId: AccountId,
  id: CheckoutId,
): Promise<OpenedCheckout | null> {
  const checkout = await readCheckout(database.prisma, accountId, id);
  return checkout !== null && isOpened(checkout) ? checkout : null;
}

/** What is told of a checkout to whoever knows its id, which nobody guesses. */
export interface CheckoutResult {
  readonly progress: CheckoutProgress;
  readonly creditsGranted: number;
}

/** How far a checkout of any account is; null when there is none. */
export async function readCheckoutResult(
  { database }: Pick<CheckoutDependencies, 'database'>,
  id: string,
): Promise<CheckoutResult | null> {
  const checkout = await findCheckout(database.prisma, id as CheckoutId); // Found, or nothing.
  if (checkout === null) return null;
  return { progress: checkoutProgress(checkout), creditsGranted: checkout.creditsGranted };
}

/**
 * Writes an order and opens its checkout at Stripe. Throws, in this order, `InvalidInputError`,
 * `IdempotencyConflictError`, `CheckoutUnavailableError`, `UnknownPlanError`, `UnknownCreditPackError`,
 * `NotPurchasableError`, `RedirectNotAllowedError`, `PaymentProviderError`.
 */
export async function createCheckout(
  dependencies: CheckoutDependencies,
  input: CreateCheckoutInput,
  accountId: AccountId,
): Promise<OpenedCheckout> {
  const { catalog, clock, database, ids, mode, connection, redirects } = dependencies;
  checkShape(input);
  const id = ids.next('checkout') as CheckoutId; // A new id with the prefix of checkouts is one.
  const key = idempotencyKeyOf(input, { accountId, mutation: 'createCheckout', subjectId: id });
  const replayed = key === undefined ? null : await replayOf(dependencies, key);
  if (connection === null) throw new CheckoutUnavailableError(billingModeNames[mode]);
  if (replayed !== null) return openSession(dependencies, connection, replayed);

  const item = itemOf(catalog.snapshot(), input);
  await checkThatItCanBeBought(dependencies, accountId, item);
  const now = clock.now();
  const order: Checkout = {
    ...item,
    id,
    accountId,
    mode: input.mode,
    status: 'CREATED',
    creditsGranted: 0,
    currency: catalog.snapshot().currency,
    successUrl: redirects.check(input.successUrl) ?? redirects.own('success', id),
    cancelUrl: redirects.check(input.cancelUrl) ?? redirects.own('cancel'),
    session: null,
    payment: null,
    createdAt: now,
    expiresAt: (now + orderLifetimeMs) as Instant, // A later instant is an instant.
    completedAt: null,
  };
  let stored: Checkout;
  try {
    stored = await insertCheckout(database.prisma, order, key, now);
  } catch (error) {
    // Another request with the same key was quicker.
    const theirs = error instanceof KeyUsedError && key !== undefined ? await replayOf(dependencies, key) : null;
    if (theirs === null) throw error;
    stored = theirs;
  }
  return openSession(dependencies, connection, stored);
}

function checkShape(input: CreateCheckoutInput): void {
  const wanted = input.mode === 'PACK' ? 'packCode' : 'planCode';
  const unwanted = input.mode === 'PACK' ? 'planCode' : 'packCode';
  const issues = [];
  if (input[wanted] === null)
    issues.push({ path: ['input', wanted], message: `Is needed with the mode ${input.mode}.` });
  if (input[unwanted] !== null) {
    issues.push({ path: ['input', unwanted], message: `Has no meaning with the mode ${input.mode}.` });
  }
  if (issues.length > 0) throw new InvalidInputError(issues);
}

/** The order that a key made before; null when it made none. */
async function replayOf({ database, ledger }: CheckoutDependencies, key: IdempotencyKey): Promise<Checkout | null> {
  const known = await ledger.findKey(key);
  if (known === null) return null;
  if (!known.requestHash.equals(key.requestHash)) throw new IdempotencyConflictError(key.key);
  return readCheckout(database.prisma, key.accountId, known.subjectId as CheckoutId); // Stored by this mutation alone.
}

async function checkThatItCanBeBought(
  { ledger, plans }: CheckoutDependencies,
  accountId: AccountId,
  { credits, planCode }: Item,
): Promise<void> {
  const subscription = planCode === null ? null : await plans.subscription(accountId);
  if (subscription !== null && isEntitled(subscription)) {
    throw new NotPurchasableError('There is a subscription already. Change its plan instead of buying a second one.');
  }
  // Money is not taken for credits that the wallet could not be given.
  const wallet = await ledger.wallet(accountId);
  if (wallet !== null && wallet.state.issued + credits > maximumCredits) {
    throw new NotPurchasableError(`A wallet holds at most ${maximumCredits} credits over its life; this one is full.`);
  }
}

type Item = Pick<Checkout, 'planCode' | 'packCode' | 'interval' | 'itemName' | 'credits' | 'priceCents'>;

function itemOf(snapshot: CatalogSnapshot, input: CreateCheckoutInput): Item {
  if (input.mode === 'PACK') {
    const packCode = input.packCode ?? '';
    const pack = snapshot.creditPackByCode.get(packCode);
    if (pack === undefined) throw new UnknownCreditPackError(packCode);
    const { name: itemName, credits, priceCents } = pack;
    return { planCode: null, packCode, interval: null, itemName, credits, priceCents };
  }
  const planCode = input.planCode ?? '';
  const plan = snapshot.planByCode.get(planCode);
  if (plan === undefined) throw new UnknownPlanError(planCode);
  if (plan.contactSales)
    throw new NotPurchasableError(`${plan.name} is sold by our sales team, not through a checkout.`);
  const priceCents = input.interval === 'MONTH' ? plan.monthlyPriceCents : plan.yearlyPriceCents;
  if (priceCents === null)
    throw new NotPurchasableError(`${plan.name} is not sold by the ${input.interval.toLowerCase()}.`);
  if (priceCents === 0) throw new NotPurchasableError(`${plan.name} costs nothing, so there is nothing to pay.`);
  const itemName = `${plan.name} plan`;
  return { planCode, packCode: null, interval: input.interval, itemName, credits: plan.monthlyQuota ?? 0, priceCents };
}

/** Asks Stripe for the session of an order. Asked again, Stripe gives the same one, by the order's id. */
async function openSession(
  { database, clock, onProviderError }: CheckoutDependencies,
  { stripe, prices }: Connection,
  order: Checkout,
): Promise<OpenedCheckout> {
  if (isOpened(order)) return order;
  return withStripe(async () => {
    const customer = await ensureCustomer({ database, clock, stripe }, order.accountId);
    const params = sessionParams(order, customer, await prices.lineOf(soldBy(order)));
    const session = await stripe.checkout.sessions.create(params, { idempotencyKey: order.id });
    if (session.url === null) throw new Error(`Stripe gave the session ${session.id} no URL.`);
    const expiresAt = fromStripeTime(session.expires_at);
    const opened = { id: session.id, url: session.url };
    await writeSession(database.prisma, order, { ...opened, expiresAt });
    return { ...order, session: opened, expiresAt };
  }, onProviderError);
}

/** What an order sells, at the price that it froze. */
function soldBy({ planCode, packCode, interval, itemName: name, priceCents, currency }: Checkout): PricedItem {
  if (planCode !== null && interval !== null) {
    return pricedItem({ planCode, packCode: null, interval }, { name, priceCents, currency });
  }
  return pricedItem({ planCode: null, packCode: packCode ?? '', interval: null }, { name, priceCents, currency });
}

function sessionParams(order: Checkout, customer: string, line: PricedLine): Stripe.Checkout.SessionCreateParams {
  const metadata = { checkout_id: order.id, account_id: order.accountId };
  const common = {
    customer,
    client_reference_id: order.id,
    metadata,
    success_url: order.successUrl,
    cancel_url: order.cancelUrl,
    line_items: [{ quantity: 1, ...line }],
  };
  return order.mode === 'PACK'
    ? { ...common, mode: 'payment', payment_intent_data: { metadata } }
    : { ...common, mode: 'subscription', subscription_data: { metadata } };
}
