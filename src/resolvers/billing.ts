import {
  type BillingInterval,
  billingModeNames,
  type CheckoutId,
  type CheckoutMode,
  type OpenedCheckout,
} from '../billing/index.ts';
import type { CreditPack, Plan } from '../catalog/index.ts';
import { type Context, callerOf, keyFrom } from './context.ts';

type Optional<Value> = Value | null | undefined;

/** `CreateCheckoutInput` as GraphQL gives it. */
export interface CreateCheckoutArguments {
  readonly mode: CheckoutMode;
  readonly planCode?: Optional<string>;
  readonly packCode?: Optional<string>;
  readonly interval: BillingInterval;
  readonly successUrl?: Optional<string>;
  readonly cancelUrl?: Optional<string>;
  readonly idempotencyKey?: Optional<string>;
}

export const billingStatus = ({ services: { billing } }: Context) => ({
  mode: billingModeNames[billing.mode],
  checkoutAvailable: billing.checkoutAvailable,
});

export const createCheckout = (context: Context, given: CreateCheckoutArguments): Promise<OpenedCheckout> =>
  context.services.billing.createCheckout(
    {
      mode: given.mode,
      planCode: given.planCode ?? null,
      packCode: given.packCode ?? null,
      interval: given.interval,
      successUrl: given.successUrl ?? null,
      cancelUrl: given.cancelUrl ?? null,
      idempotencyKey: keyFrom(context, given.idempotencyKey),
    },
    callerOf(context).accountId,
  );

export const checkout = (context: Context, id: string): Promise<OpenedCheckout | null> =>
  context.services.billing.findCheckout(callerOf(context).accountId, id as CheckoutId); // Found among the caller's, or nowhere.

/** The plan of a subscription's checkout; null when it is not sold any more. */
export const planOfCheckout = ({ services }: Context, { planCode }: OpenedCheckout): Plan | null =>
  services.catalog.snapshot().planByCode.get(planCode ?? '') ?? null;

/** The pack of a checkout; null when it is not sold any more. */
export const packOfCheckout = ({ services }: Context, { packCode }: OpenedCheckout): CreditPack | null =>
  services.catalog.snapshot().creditPackByCode.get(packCode ?? '') ?? null;
