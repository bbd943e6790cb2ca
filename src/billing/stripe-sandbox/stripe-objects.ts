import type Stripe from 'stripe';

// Stripe's own types, narrowed to what the sandbox fills in and to what travels: ids where Stripe may
// expand, strings where the SDK reads a decimal. `sandbox` holds what the stand-in remembers beside
// what Stripe shows; it is never shown.

type Narrowed<Type, Fields> = Omit<Type, keyof Fields> & Fields;

export type StripeCustomer = Narrowed<
  Stripe.Customer,
  {
    balance: number;
    invoice_settings: Narrowed<Stripe.Customer.InvoiceSettings, { default_payment_method: string | null }>;
    sandbox: { deleted: boolean };
  }
>;
export type StripeProduct = Stripe.Product;

export interface StripeRecurring {
  interval: 'day' | 'week' | 'month' | 'year';
  interval_count: number;
  meter: null;
  trial_period_days: null;
  usage_type: 'licensed';
}
export type StripePrice = Narrowed<
  Stripe.Price,
  {
    product: string;
    recurring: StripeRecurring | null;
    unit_amount: number;
    unit_amount_decimal: string;
    lookup_key: string | null;
  }
>;

export type StripeLineItem = Narrowed<Stripe.LineItem, { price: StripePrice; quantity: number; description: string }>;

export type StripePaymentMethod = Narrowed<
  Stripe.PaymentMethod,
  {
    customer: string | null;
    metadata: Stripe.Metadata;
    /** The name of the test payment method that it was made of. */
    sandbox: { test_method: string };
  }
>;

export type StripePaymentIntent = Narrowed<
  Stripe.PaymentIntent,
  {
    customer: string | null;
    latest_charge: string | null;
    payment_method: string | null;
    sandbox: {
      /** When and how a debit that is under way ends. */
      settles_at: number | null;
      settles: 'succeeded' | 'failed' | null;
      /** What waits for the payment. */
      session: string | null;
      invoice: string | null;
      off_session: boolean;
    };
  }
>;

export type StripeCharge = Narrowed<
  Stripe.Charge,
  { customer: string | null; payment_intent: string; payment_method: string }
>;

export type StripeRefund = Narrowed<
  Stripe.Refund,
  {
    charge: string;
    payment_intent: string;
    metadata: Stripe.Metadata;
    status: 'succeeded' | 'pending' | 'failed' | 'canceled';
  }
>;

export type StripeBalanceTransaction = Narrowed<Stripe.BalanceTransaction, { source: string }>;

export type StripeDispute = Narrowed<
  Stripe.Dispute,
  {
    charge: string;
    payment_intent: string;
    balance_transactions: StripeBalanceTransaction[];
  }
>;

type StripePlan = Narrowed<Stripe.Plan, { amount_decimal: string; product: string }>;
export type StripeSubscriptionItem = Narrowed<
  Stripe.SubscriptionItem,
  { price: StripePrice; plan: StripePlan; quantity: number }
>;

/** A line that waits for the next invoice of a subscription. */
export interface PendingLine {
  readonly amount: number;
  readonly description: string;
  /** Null for what is sold once beside a subscription. */
  readonly item: string | null;
  readonly period: { readonly start: number; readonly end: number };
  readonly price: StripePrice;
  readonly proration: boolean;
  readonly quantity: number;
}

export type StripeSubscription = Narrowed<
  Stripe.Subscription,
  {
    customer: string;
    items: StripeList<StripeSubscriptionItem>;
    latest_invoice: string | null;
    default_payment_method: string | null;
    schedule: string | null;
    sandbox: {
      trial_end_told: boolean;
      /** What `create_prorations` has left for the next invoice. */
      pending: readonly PendingLine[];
    };
  }
>;

export type StripeSubscriptionSchedule = Narrowed<
  Stripe.SubscriptionSchedule,
  {
    customer: string;
    subscription: string | null;
    phases: StripeSchedulePhase[];
    end_behavior: 'release';
  }
>;
export type StripeSchedulePhase = Narrowed<
  Stripe.SubscriptionSchedule.Phase,
  {
    items: Narrowed<Stripe.SubscriptionSchedule.Phase.Item, { price: string; plan: string; quantity: number }>[];
    proration_behavior: 'none' | 'create_prorations' | 'always_invoice';
  }
>;

export type StripeInvoiceLine = Narrowed<
  Stripe.InvoiceLineItem,
  {
    parent: Stripe.InvoiceLineItem.Parent;
    pricing: {
      price_details: { price: string; product: string };
      type: 'price_details';
      unit_amount_decimal: string;
    };
    quantity: number;
    quantity_decimal: string;
    subscription: string;
  }
>;
export type StripeInvoice = Narrowed<
  Stripe.Invoice,
  {
    billing_reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update' | 'upcoming';
    customer: string;
    default_payment_method: string | null;
    ending_balance: number | null;
    lines: StripeList<StripeInvoiceLine>;
    metadata: Stripe.Metadata;
    parent: {
      quote_details: null;
      subscription_details: {
        metadata: Stripe.Metadata;
        subscription: string;
        subscription_proration_date?: number;
      };
      type: 'subscription_details';
    };
    status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void';
  }
>;
export type StripeInvoicePayment = Narrowed<
  Stripe.InvoicePayment,
  {
    invoice: string;
    payment: { payment_intent: string; type: 'payment_intent' };
    status: 'open' | 'paid' | 'canceled';
  }
>;

interface NarrowedSessionFields {
  mode: 'payment' | 'subscription';
  status: 'open' | 'complete' | 'expired';
  payment_status: 'paid' | 'unpaid' | 'no_payment_required';
  customer: string | null;
  invoice: string | null;
  payment_intent: string | null;
  subscription: string | null;
  amount_total: number;
  currency: string;
  success_url: string;
  metadata: Stripe.Metadata;
  line_items: StripeList<StripeLineItem>;
  sandbox: {
    /** What the session will give to the payment or subscription that paying makes. */
    metadata: Stripe.Metadata;
    setup_future_usage: 'off_session' | 'on_session' | null;
    trial_days: number;
    missing_payment_method: 'cancel' | 'create_invoice' | 'pause';
  };
}
export type StripeCheckoutSession = Narrowed<Stripe.Checkout.Session, NarrowedSessionFields>;

export type StripePortalSession = Narrowed<Stripe.BillingPortal.Session, { configuration: string }>;

export interface StripeEvent {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: object; previous_attributes?: object };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
  sandbox: {
    /** Whether nothing is left to send: the webhook has accepted it, or does not listen to its type. */
    delivered: boolean;
    /** The newest tries to send it, oldest first, each with what went wrong. */
    attempts: readonly { readonly at: number; readonly problem: string | null }[];
  };
}

/** What the people at the sandbox's dashboard have set; no object of Stripe's. */
export interface SandboxSettings {
  id: 'sandbox_settings';
  object: 'sandbox_settings';
  /** While true, no event is sent of itself. */
  holds_events: boolean;
  /** What becomes of a subscription when the last try to collect a renewal has failed. */
  after_last_try: 'canceled' | 'unpaid';
}

export interface StripeList<Item> {
  object: 'list';
  data: Item[];
  has_more: boolean;
  url: string;
}

/** What each kind of stored object looks like; `object` tells the kind, as in Stripe. */
export interface StripeObjects {
  customer: StripeCustomer;
  product: StripeProduct;
  price: StripePrice;
  payment_method: StripePaymentMethod;
  'checkout.session': StripeCheckoutSession;
  'billing_portal.session': StripePortalSession;
  payment_intent: StripePaymentIntent;
  charge: StripeCharge;
  refund: StripeRefund;
  dispute: StripeDispute;
  subscription: StripeSubscription;
  subscription_schedule: StripeSubscriptionSchedule;
  invoice: StripeInvoice;
  invoice_payment: StripeInvoicePayment;
  event: StripeEvent;
  sandbox_settings: SandboxSettings;
}
export type StripeKind = keyof StripeObjects;
export type StripeObject = StripeObjects[StripeKind];
