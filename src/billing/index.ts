export { type Billing, billingModeNames, createBilling } from './billing.ts';
export { billingWriters } from './checkout.store.ts';
export { createStripeClient } from './stripe-client.ts';
export type { BillingInterval, CheckoutId, CheckoutMode, OpenedCheckout } from './types.ts';
