import type { AccountId, Brand, Instant } from '../ledger/index.ts';

export type CheckoutId = Brand<string, 'CheckoutId'>;
export type CheckoutMode = 'SUBSCRIPTION' | 'PACK';
export type BillingInterval = 'MONTH' | 'YEAR';
export type CheckoutStatus = 'CREATED' | 'COMPLETED' | 'EXPIRED' | 'FAILED';

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
