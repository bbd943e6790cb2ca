export { type Billing, billingModeNames, billingWriters, createBilling } from './billing.ts';
export { createStripeClient } from './stripe-client.ts';
export type { BillingInterval, CheckoutId, CheckoutMode, OpenedCheckout } from './types.ts';
