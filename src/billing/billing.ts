import Stripe from 'stripe';
import type { Catalog, CatalogSnapshot } from '../catalog/index.ts';
import type { Clock, Instant } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import {
  CheckoutUnavailableError,
  IdempotencyConflictError,
  InvalidInputError,
  NotPurchasableError,
  PaymentProviderError,
  RedirectNotAllowedError,
  UnknownCreditPackError,
  UnknownPlanError,
} from '../errors.ts';
import type { IdSource } from '../ids.ts';
import type { JobHandler, Jobs } from '../jobs/index.ts';
import { type AccountId, type IdempotencyKey, idempotencyKeyOf, type Ledger, maximumCredits } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import {
  insertCheckout,
  insertCustomerId,
  KeyUsedError,
  readCheckout,
  readCustomerId,
  writeSession,
} from './checkout.store.ts';
import { isAllowedRedirect } from './redirects.ts';
import { createEventHandler, receiveEvent, type WebhookAnswer } from './stripe-events.ts';
import type { Checkout, CheckoutId, CreateCheckoutInput, OpenedCheckout } from './types.ts';

export interface Billing {
  readonly mode: BillingMode;
  readonly checkoutAvailable: boolean;
  /**
   * Writes an order and opens its checkout at Stripe. Throws, in this order, `InvalidInputError`,
   * `IdempotencyConflictError`, `CheckoutUnavailableError`, `UnknownPlanError`, `UnknownCreditPackError`,
   * `NotPurchasableError`, `RedirectNotAllowedError`, `PaymentProviderError`.
   */
  createCheckout(input: CreateCheckoutInput, accountId: AccountId): Promise<OpenedCheckout>;
  /** A checkout of this account; null for another's, and until its session exists. */
  findCheckout(accountId: AccountId, id: CheckoutId): Promise<OpenedCheckout | null>;
  /** Takes in an event as Stripe sent it, byte for byte. */
  receiveEvent(body: Buffer, signature: string | undefined): Promise<WebhookAnswer>;
  readonly applyEvent: JobHandler;
}

export interface BillingDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly catalog: Catalog;
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mode: BillingMode;
  /** Null when billing is disabled. */
  readonly stripe: { readonly client: Stripe; readonly webhookSecret: string } | null;
  readonly allowedRedirects: readonly string[];
  /** Where clients reach this server, without a trailing slash. */
  readonly publicUrl: () => string;
  readonly onProviderError: (error: unknown) => void;
}

/** How long an order waits for its buyer; Stripe's own limit. */
const orderLifetimeMs = 24 * 60 * 60 * 1_000;
const retryAfterMs = 5_000;

export function createBilling(dependencies: BillingDependencies): Billing {
  const { database, mode, stripe } = dependencies;
  return {
    mode,
    checkoutAvailable: stripe !== null,
    createCheckout: (input, accountId) => createCheckout(dependencies, input, accountId),
    findCheckout: async (accountId, id) => {
      const checkout = isStorable(id) ? await readCheckout(database.prisma, accountId, id) : null;
      return checkout !== null && isOpened(checkout) ? checkout : null;
    },
    receiveEvent: (body, signature) => receiveEvent(dependencies, body, signature),
    applyEvent: createEventHandler(dependencies),
  };
}

const isOpened = (checkout: Checkout): checkout is OpenedCheckout => checkout.session !== null;

async function createCheckout(
  dependencies: BillingDependencies,
  input: CreateCheckoutInput,
  accountId: AccountId,
): Promise<OpenedCheckout> {
  const { catalog, clock, database, ids, mode, stripe } = dependencies;
  checkShape(input);
  const id = ids.next('checkout') as CheckoutId; // A new id with the prefix of checkouts is one.
  const key = idempotencyKeyOf(input, { accountId, mutation: 'createCheckout', subjectId: id });
  const replayed = key === undefined ? null : await replayOf(dependencies, key);
  if (stripe === null) throw new CheckoutUnavailableError(billingModeNames[mode]);
  if (replayed !== null) return openSession(dependencies, stripe.client, replayed);

  const item = itemOf(catalog.snapshot(), input);
  const redirects = redirectsOf(dependencies, input);
  await checkRoom(dependencies, accountId, item.credits);
  const now = clock.now();
  const order: Checkout = {
    ...item,
    ...redirects,
    id,
    accountId,
    mode: input.mode,
    status: 'CREATED',
    creditsGranted: 0,
    currency: catalog.snapshot().currency,
    session: null,
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
  return openSession(dependencies, stripe.client, stored);
}

export const billingModeNames = {
  disabled: 'DISABLED',
  sandbox: 'SANDBOX',
  test_only: 'TEST_ONLY',
  live: 'LIVE',
} as const satisfies Record<BillingMode, string>;

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
async function replayOf({ database, ledger }: BillingDependencies, key: IdempotencyKey): Promise<Checkout | null> {
  const known = await ledger.findKey(key);
  if (known === null) return null;
  if (!known.requestHash.equals(key.requestHash)) throw new IdempotencyConflictError(key.key);
  return readCheckout(database.prisma, key.accountId, known.subjectId as CheckoutId); // Stored by this mutation alone.
}

/** Money is not taken for credits that the wallet could not be given. */
async function checkRoom({ ledger }: BillingDependencies, accountId: AccountId, credits: number): Promise<void> {
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

function redirectsOf(
  { allowedRedirects, mode, publicUrl }: BillingDependencies,
  input: CreateCheckoutInput,
): Pick<Checkout, 'successUrl' | 'cancelUrl'> {
  const own = publicUrl();
  const checked = (url: string | null, outcome: 'success' | 'cancel'): string => {
    if (url === null) return `${own}/billing/return?checkout=${outcome}`;
    if (!isAllowedRedirect(url, [own, ...allowedRedirects], mode === 'sandbox')) throw new RedirectNotAllowedError(url);
    return url;
  };
  return { successUrl: checked(input.successUrl, 'success'), cancelUrl: checked(input.cancelUrl, 'cancel') };
}

/** Asks Stripe for the session of an order. Asked again, Stripe gives the same one, by the order's id. */
async function openSession(
  dependencies: BillingDependencies,
  stripe: Stripe,
  order: Checkout,
): Promise<OpenedCheckout> {
  if (isOpened(order)) return order;
  const { database } = dependencies;
  try {
    const customer = await customerOf(dependencies, stripe, order.accountId);
    const session = await stripe.checkout.sessions.create(sessionParams(order, customer), { idempotencyKey: order.id });
    if (session.url === null) throw new Error(`Stripe gave the session ${session.id} no URL.`);
    const expiresAt = (session.expires_at * 1_000) as Instant; // Stripe counts seconds since 1970.
    const opened = { id: session.id, url: session.url };
    await writeSession(database.prisma, order, { ...opened, expiresAt });
    return { ...order, session: opened, expiresAt };
  } catch (error) {
    if (!(error instanceof Stripe.errors.StripeError)) throw error;
    dependencies.onProviderError(error);
    throw new PaymentProviderError(retryAfterMs);
  }
}

function sessionParams(order: Checkout, customer: string): Stripe.Checkout.SessionCreateParams {
  const metadata = { checkout_id: order.id, account_id: order.accountId };
  const price = {
    currency: order.currency,
    unit_amount: order.priceCents,
    product_data: { name: order.itemName },
  };
  const common = {
    customer,
    client_reference_id: order.id,
    metadata,
    success_url: order.successUrl,
    cancel_url: order.cancelUrl,
  };
  if (order.interval === null) {
    return {
      ...common,
      mode: 'payment',
      line_items: [{ quantity: 1, price_data: price }],
      payment_intent_data: { metadata },
    };
  }
  const interval = order.interval === 'MONTH' ? 'month' : 'year';
  return {
    ...common,
    mode: 'subscription',
    line_items: [{ quantity: 1, price_data: { ...price, recurring: { interval } } }],
    subscription_data: { metadata },
  };
}

/** The one customer of an account; Stripe makes it once, by the account's id. */
async function customerOf(
  { database, clock }: BillingDependencies,
  stripe: Stripe,
  accountId: AccountId,
): Promise<string> {
  const known = await readCustomerId(database.prisma, accountId);
  if (known !== null) return known;
  const customer = await stripe.customers.create(
    { metadata: { account_id: accountId } },
    { idempotencyKey: `customer_${accountId}` },
  );
  return insertCustomerId(database.prisma, accountId, customer.id, clock.now());
}
