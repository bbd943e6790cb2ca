import type Stripe from 'stripe';

// Stripe's own types, narrowed to what the sandbox fills in and to what travels: ids where Stripe may
// expand, strings where the SDK reads a decimal.

export type StripeCustomer = Stripe.Customer;
export type StripeProduct = Stripe.Product;
export type StripePaymentIntent = Stripe.PaymentIntent;

export type StripePrice = Omit<Stripe.Price, 'product' | 'unit_amount' | 'unit_amount_decimal'> & {
  product: string;
  unit_amount: number;
  unit_amount_decimal: string;
};

export type StripeLineItem = Omit<Stripe.LineItem, 'price' | 'quantity' | 'description'> & {
  price: StripePrice;
  quantity: number;
  description: string;
};

type StripePlan = Omit<Stripe.Plan, 'amount_decimal'> & { amount_decimal: string };
export type StripeSubscriptionItem = Omit<Stripe.SubscriptionItem, 'price' | 'plan'> & {
  price: StripePrice;
  plan: StripePlan;
};
export type StripeSubscription = Omit<Stripe.Subscription, 'customer' | 'items'> & {
  customer: string;
  items: StripeList<StripeSubscriptionItem>;
};

type NarrowedSessionField =
  | 'mode'
  | 'status'
  | 'customer'
  | 'payment_intent'
  | 'subscription'
  | 'amount_total'
  | 'currency'
  | 'success_url'
  | 'metadata'
  | 'line_items';
export type StripeCheckoutSession = Omit<Stripe.Checkout.Session, NarrowedSessionField> & {
  mode: 'payment' | 'subscription';
  status: 'open' | 'complete' | 'expired';
  customer: string | null;
  payment_intent: string | null;
  subscription: string | null;
  amount_total: number;
  currency: string;
  success_url: string;
  metadata: Stripe.Metadata;
  line_items: StripeList<StripeLineItem>;
  /** What the session will give to the object that paying makes; never shown. */
  resulting_metadata: Stripe.Metadata;
};

export interface StripeEvent {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: object };
  livemode: false;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
  /** Whether the webhook's receiver has accepted it; never shown. */
  delivered: boolean;
}

interface StripeList<Item> {
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
  'checkout.session': StripeCheckoutSession;
  payment_intent: StripePaymentIntent;
  subscription: StripeSubscription;
  event: StripeEvent;
}
export type StripeKind = keyof StripeObjects;
export type StripeObject = StripeObjects[StripeKind];
