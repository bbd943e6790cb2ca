export { type Billing, createBilling } from './billing.ts';
export type { CheckoutResult } from './checkouts.ts';
export { invoiceKeyOf } from './invoice.store.ts';
export type { PlanChange } from './plan-changes.ts';
export type { PriceIds } from './price-ids.ts';
export { checkoutProgress } from './rules/checkout-progress.ts';
export type { Reconciliation, ReconcileWindow } from './reconcile.ts';
export { createStripeClient } from './stripe-client.ts';
export { eventKeyOf, type StripeEvent, type StripeEventState } from './stripe-event.store.ts';
export type { SetUpStep } from './stripe-prices.ts';
export {
  type AutoTopUp,
  type BillingInterval,
  billingModeNames,
  type CheckoutId,
  type CheckoutMode,
  type Difference,
  type Invoice,
  type OpenedCheckout,
  type PlanChoice,
  type PlanSubscription,
  type SubscriptionId,
} from './types.ts';
export { billingWriters } from './writers.ts';
