import type { BillingMode } from '../config.ts';
import type { AccountId, Brand, GrantId, Instant } from '../ledger/index.ts';

export type CheckoutId = Brand<string, 'CheckoutId'>;
export type CheckoutMode = 'SUBSCRIPTION' | 'PACK';
export type BillingInterval = 'MONTH' | 'YEAR';
export type CheckoutStatus = 'CREATED' | 'COMPLETED' | 'EXPIRED' | 'FAILED';
/** PENDING: a bank is at it, for days where it debits an account. */
export type CheckoutPayment = 'PENDING' | 'PAID';

/** An order: what is bought and for how much, frozen before Stripe was asked. */
export interface Checkout {
  readonly id: CheckoutId;
  readonly accountId: AccountId;
  readonly mode: CheckoutMode;
  readonly status: CheckoutStatus;
  readonly planCode: string | null;
  readonly packCode: string | null;
  /** Of a subscription. */
  readonly interval: BillingInterval | null;
  readonly itemName: string;
  /** Of a pack all of them, of a plan its monthly quota. */
  readonly credits: number;
  readonly creditsGranted: number;
  readonly priceCents: number;
  readonly currency: string;
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** Stripe's session; null until it exists. */
  readonly session: { readonly id: string; readonly url: string } | null;
  /** What Stripe says of the money; null until the buyer is done with the session. */
  readonly payment: CheckoutPayment | null;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly completedAt: Instant | null;
}

/** A checkout that a buyer can be sent to. */
export type OpenedCheckout = Checkout & { readonly session: NonNullable<Checkout['session']> };

/** What a buyer asks for, as it was sent. */
export interface CreateCheckoutInput {
  readonly mode: CheckoutMode;
  readonly planCode: string | null;
  readonly packCode: string | null;
  readonly interval: BillingInterval;
  readonly successUrl: string | null;
  readonly cancelUrl: string | null;
  readonly idempotencyKey: string | null;
}

export type SubscriptionId = Brand<string, 'SubscriptionId'>;
export type SubscriptionStatus =
  'TRIALING' | 'ACTIVE' | 'PAST_DUE' | 'CANCELED' | 'INCOMPLETE' | 'INCOMPLETE_EXPIRED' | 'UNPAID' | 'PAUSED';

/** A subscription as Stripe had it when it was last looked at. */
export interface PlanSubscription {
  readonly accountId: AccountId;
  readonly id: SubscriptionId;
  readonly stripeId: string;
  readonly planCode: string;
  readonly interval: BillingInterval;
  readonly status: SubscriptionStatus;
  readonly currentPeriodStart: Instant;
  readonly currentPeriodEnd: Instant;
  readonly cancelAtPeriodEnd: boolean;
  /** What it changes to at the end of its period; null when it stays as it is. */
  readonly next: PlanChoice | null;
  readonly createdAt: Instant;
  readonly endedAt: Instant | null;
}

export const isEntitled = ({ status }: Pick<PlanSubscription, 'status'>): boolean => entitledStatuses.includes(status);

export const billingModeNames = {
  disabled: 'DISABLED',
  sandbox: 'SANDBOX',
  test_only: 'TEST_ONLY',
  live: 'LIVE',
} as const satisfies Record<BillingMode, string>;

/** A plan and how often it is paid. */
export interface PlanChoice {
  readonly planCode: string;
  readonly interval: BillingInterval;
}

/** These keep the account on the plan; a second subscription beside one of them is not sold. */
const entitledStatuses: readonly SubscriptionStatus[] = ['TRIALING', 'ACTIVE', 'PAST_DUE'];

/** What a subscription has given. */
export interface PlanPeriod {
  readonly accountId: AccountId;
  readonly subscriptionId: SubscriptionId;
  readonly kind: 'TRIAL' | 'MONTH' | 'UPGRADE';
  readonly startsAt: Instant;
  readonly endsAt: Instant;
  readonly planCode: string;
  readonly credits: number;
  readonly invoiceId: string | null;
  readonly grantId: GrantId;
  /** What was left of the month before. */
  readonly rolloverGrantId: GrantId | null;
  readonly creditsEndAt: Instant;
}

/** Money that came in, by the id of Stripe's payment intent. */
export interface Payment {
  readonly accountId: AccountId;
  readonly id: string;
  readonly kind: 'PACK' | 'TOP_UP' | 'INVOICE';
  /** The checkout, the top-up or Stripe's invoice. */
  readonly subjectId: string;
  /** Of an invoice null: its months have their own. */
  readonly grantId: GrantId | null;
  /** What it gives in all. */
  readonly credits: number;
  readonly paidCents: number;
  /** How much of it went back, in refunds and in disputes that are open or lost. */
  readonly returnedCents: number;
  readonly currency: string;
  readonly createdAt: Instant;
}

/** Something that Stripe and our journal do not say alike. */
export interface Difference {
  /** MISSING: Stripe has it and the journal has not. EXTRA: the other way round. */
  readonly kind: 'MISSING' | 'EXTRA' | 'DIFFERING';
  readonly subject: 'PAYMENT' | 'REFUND' | 'SUBSCRIPTION' | 'PLAN_PERIOD';
  /** Stripe's; of credits that only the journal has, that of their grant. */
  readonly id: string;
  readonly accountId: AccountId;
  /** For people. */
  readonly message: string;
}

/** An invoice as Stripe had it when it was last looked at. */
export interface Invoice {
  readonly accountId: AccountId;
  /** Stripe's own. */
  readonly id: string;
  readonly subscriptionId: string | null;
  readonly number: string | null;
  readonly status: string;
  readonly totalCents: number;
  readonly currency: string;
  readonly hostedUrl: string | null;
  readonly pdfUrl: string | null;
  readonly createdAt: Instant;
}

/** How an account tops itself up, and what has come in the way. */
export interface AutoTopUp {
  readonly accountId: AccountId;
  readonly enabled: boolean;
  /** Topped up when less is available; null until it was set. */
  readonly threshold: number | null;
  readonly packCode: string | null;
  /** The most top-ups of a calendar month; null without a limit. */
  readonly monthlyLimit: number | null;
  /** In a row. */
  readonly failures: number;
  /** What could not be charged the last time; empty when there was nothing to charge, null when nothing failed. */
  readonly failedPaymentMethodId: string | null;
  /** Not charged before. */
  readonly retryAt: Instant | null;
  /** Why it is not tried any more, for people; null when it is. */
  readonly suspendedReason: string | null;
}

export type TopUpId = Brand<string, 'TopUpId'>;

/** One automatic purchase of a pack: what is bought, for how much and with what, frozen before Stripe was asked. */
export interface TopUp {
  readonly accountId: AccountId;
  readonly id: TopUpId;
  readonly packCode: string;
  readonly itemName: string;
  readonly credits: number;
  readonly priceCents: number;
  readonly currency: string;
  readonly customerId: string;
  readonly paymentMethodId: string;
  /** Stripe's payment, once it is known. */
  readonly paymentIntentId: string | null;
  readonly createdAt: Instant;
}
