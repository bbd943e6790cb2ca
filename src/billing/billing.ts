import type Stripe from 'stripe';
import type { Catalog } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import { CheckoutUnavailableError } from '../errors.ts';
import type { IdSource } from '../ids.ts';
import type { JobHandler, Jobs } from '../jobs/index.ts';
import type { AccountId, Ledger, PageRequest } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { createEventApplier } from './apply-event.ts';
import { setAutoTopUp, type SetAutoTopUpInput } from './auto-top-up.ts';
import { readAutoTopUp } from './auto-top-up.store.ts';
import { type CheckoutResult, createCheckout, findOpenedCheckout, readCheckoutResult } from './checkouts.ts';
import { countInvoices, readInvoicePage } from './invoice.store.ts';
import { createNightlyReconcile } from './nightly-reconcile.ts';
import { createOrders } from './orders.ts';
import { createPlanChanges, type PlanChanges } from './plan-changes.ts';
import { createPortalSession } from './portal.ts';
import { createPresentPlans, type PresentPlans } from './present-plans.ts';
import { type PriceIds, readPriceIds } from './price-ids.ts';
import { createReconcile, positionIn, type Reconciliation, type ReconcileWindow } from './reconcile.ts';
import { createRedirects } from './redirects.ts';
import { createReturns } from './returns.ts';
import {
  countEvents,
  readEventPage,
  replayEvent,
  type StripeEvent,
  type StripeEventState,
} from './stripe-event.store.ts';
import { createEventHandler, receiveEvent, type WebhookAnswer } from './stripe-events.ts';
import { withStripe } from './stripe-failures.ts';
import { createStripePrices, type SetUpStep } from './stripe-prices.ts';
import { createStripeUnits } from './stripe-units.ts';
import { createSubscriptions } from './subscriptions.ts';
import { createTopUpNeeds } from './top-up-needs.ts';
import { createTopUps } from './top-ups.ts';
import {
  type AutoTopUp,
  billingModeNames,
  type CheckoutId,
  type CreateCheckoutInput,
  type Difference,
  type Invoice,
  type OpenedCheckout,
} from './types.ts';

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
  /** How far a checkout of any account is, for whoever knows its id; null when there is none. */
  checkoutResult(id: string): Promise<CheckoutResult | null>;
  /** The ids of the prices in Stripe. */
  priceIds(): Promise<PriceIds>;
  /**
   * Opens Stripe's page for customers; gives its address. Throws, in this order, `CheckoutUnavailableError`,
   * `RedirectNotAllowedError`, `NoCustomerError`, `PaymentProviderError`.
   */
  createPortalSession(accountId: AccountId, returnUrl: string | null): Promise<string>;
  /** What accounts are subscribed to. */
  readonly plans: PresentPlans;
  /** What is done to a subscription. Throws `CheckoutUnavailableError` when billing is disabled. */
  readonly planChanges: PlanChanges;
  readonly invoices: {
    page(accountId: AccountId, page: PageRequest<string>): Promise<Invoice[]>;
    count(accountId: AccountId): Promise<number>;
  };
  readonly autoTopUp: {
    /** How an account tops itself up; null when it was never set. */
    find(accountId: AccountId): Promise<AutoTopUp | null>;
    /**
     * Throws, in this order, `InvalidInputError` (shape), `CheckoutUnavailableError`, `UnknownCreditPackError`,
     * `InvalidInputError` (the pack is too small), `NoCustomerError`, `PaymentProviderError`.
     */
    set(accountId: AccountId, input: SetAutoTopUpInput): Promise<AutoTopUp>;
    /** Has it looked at whether an account that spent something needs a top-up. Takes no time and does not throw. */
    afterSpending(accountId: AccountId): void;
    /** Notices accounts that need a top-up and that nobody noticed; gives how many it looked at. */
    sweep(limit: number): Promise<number>;
    /** When all that was spent has been looked at. */
    settled(): Promise<void>;
  };
  /** The inbox of Stripe's events. */
  readonly events: {
    /** Takes in an event as Stripe sent it, byte for byte. */
    receive(body: Buffer, signature: string | undefined): Promise<WebhookAnswer>;
    page(state: StripeEventState | null, page: PageRequest<string>): Promise<StripeEvent[]>;
    count(state: StripeEventState | null): Promise<number>;
    /** Has an event applied again from the start; null when there is none with the id. */
    replay(id: string): Promise<StripeEvent | null>;
  };
  /**
   * Makes what the catalog sells and Stripe lacks; `apply: false` only says what it would do. Throws, in this order,
   * `CheckoutUnavailableError`, `PaymentProviderError`.
   */
  setUpStripe(apply: boolean): Promise<SetUpStep[]>;
  readonly reconcile: {
    /**
     * Compares what Stripe says of a stretch of time with the journal, for as long as a request may take. Throws, in
     * this order, `InvalidInputError`, `CheckoutUnavailableError`, `PaymentProviderError`.
     */
    run(window: ReconcileWindow, options: { after: string | null; repair: boolean }): Promise<Reconciliation>;
    /** Sees to it that the coming night has its comparison, where there is anything to compare. */
    planNight(): Promise<void>;
  };
  readonly jobs: {
    readonly applyEvent: JobHandler;
    readonly nextMonth: JobHandler;
    readonly topUp: JobHandler;
    readonly reconcile: JobHandler;
  };
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
  /** Told when an account could not be looked at after it spent something; the sweep makes up for it. */
  readonly onNoticeError: (error: unknown) => void;
  /** Told why an account that needs a top-up gets none. */
  readonly onTopUpHeldUp: (accountId: AccountId, reason: string) => void;
  /** Whether the nightly comparison repairs what it finds. */
  readonly repairAtNight: boolean;
  /** Told what the nightly comparison finds. */
  readonly onDifference: (difference: Difference & { readonly repaired: boolean }) => void;
  /** Told why something that differs could not be repaired. */
  readonly onRepairError: (error: unknown) => void;
}

/** How long a request may compare, in milliseconds: shorter than what stands between it and its sender waits. */
const longestRequestMs = 20_000;

export function createBilling(dependencies: BillingDependencies): Billing {
  const { allowedRedirects, clock, database, jobs, mode, onProviderError, publicUrl, stripe } = dependencies;
  const { prisma } = database;
  const redirects = createRedirects({ allowed: allowedRedirects, sandbox: mode === 'sandbox', publicUrl });
  const plans = createPresentPlans({ database, clock });
  const connection = stripe === null ? null : connect({ ...dependencies, plans }, stripe.client);
  const connected = (): NonNullable<typeof connection> => {
    if (connection === null) throw new CheckoutUnavailableError(billingModeNames[mode]);
    return connection;
  };
  const night = createNightlyReconcile({
    ...dependencies,
    repair: dependencies.repairAtNight,
    reconcile: (window, options) => connected().reconcile.run(window, options),
  });
  const dependenciesOfCheckouts = { ...dependencies, connection, plans, redirects };
  return {
    mode,
    checkoutAvailable: connection !== null,
    createCheckout: (input, accountId) => createCheckout(dependenciesOfCheckouts, input, accountId),
    findCheckout: async (accountId, id) => (isStorable(id) ? findOpenedCheckout(dependencies, accountId, id) : null),
    checkoutResult: async (id) => (isStorable(id) ? readCheckoutResult(dependencies, id) : null),
    priceIds: () => readPriceIds(database, mode),
    createPortalSession: (accountId, returnUrl) => createPortalSession(dependenciesOfCheckouts, accountId, returnUrl),
    plans,
    planChanges: {
      preview: async (accountId, wanted) => connected().planChanges.preview(accountId, wanted),
      change: async (accountId, input) => connected().planChanges.change(accountId, input),
      cancel: async (accountId, input) => connected().planChanges.cancel(accountId, input),
      resume: async (accountId) => connected().planChanges.resume(accountId),
    },
    invoices: {
      page: (accountId, page) => readInvoicePage(prisma, accountId, page),
      count: (accountId) => countInvoices(prisma, accountId),
    },
    autoTopUp: {
      find: (accountId) => readAutoTopUp(prisma, accountId),
      set: (accountId, input) => setAutoTopUp(dependenciesOfCheckouts, accountId, input),
      afterSpending: (accountId) => connection?.needs.notice(accountId),
      sweep: async (limit) => connection?.needs.sweep(limit) ?? 0,
      settled: async () => connection?.needs.settled(),
    },
    events: {
      receive: (body, signature) => receiveEvent(dependencies, body, signature),
      page: (state, page) => readEventPage(prisma, state, page),
      count: (state) => countEvents(prisma, state),
      replay: async (id) => {
        const event = isStorable(id) ? await replayEvent(prisma, jobs, id, clock.now()) : null;
        if (event !== null) jobs.wake();
        return event;
      },
    },
    setUpStripe: async (apply) => {
      const { prices } = connected();
      return withStripe(() => prices.setUp(apply), onProviderError);
    },
    reconcile: {
      run: async (window, options) => {
        positionIn(window, options.after);
        const { reconcile } = connected();
        return withStripe(() => reconcile.run(window, { ...options, mostMs: longestRequestMs }), onProviderError);
      },
      planNight: () => night.plan(),
    },
    jobs: {
      applyEvent: createEventHandler({
        database,
        clock,
        apply: (event) => {
          if (connection === null) throw new Error('Billing was switched off while an event waited.');
          return connection.applyEvent(event);
        },
      }),
      nextMonth: (job) => connected().subscriptions.nextMonth(job),
      topUp: (job) => connected().topUps.look(job),
      reconcile: night.step,
    },
  };
}

/** All that talks to Stripe. */
function connect(dependencies: BillingDependencies & { readonly plans: PresentPlans }, stripe: Stripe) {
  const units = createStripeUnits(dependencies);
  const prices = createStripePrices({ ...dependencies, stripe });
  const common = { ...dependencies, stripe, units, prices };
  const subscriptions = createSubscriptions(common);
  const orders = createOrders({ ...common, subscriptions });
  const needs = createTopUpNeeds(dependencies);
  const topUps = createTopUps({ ...common, needs });
  const returns = createReturns({ ...common, orders, subscriptions, topUps });
  const applyEvent = createEventApplier({ ...common, orders, subscriptions, returns, topUps });
  const planChanges = createPlanChanges({ ...common, subscriptions });
  const reconcile = createReconcile({ ...common, subscriptions, returns });
  return { stripe, prices, subscriptions, needs, topUps, applyEvent, planChanges, reconcile };
}
