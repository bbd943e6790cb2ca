import {
  type BillingInterval,
  billingModeNames,
  type CheckoutId,
  type CheckoutMode,
  type OpenedCheckout,
} from '../billing/index.ts';
import { type CreditPack, findPlan, type Plan } from '../catalog/index.ts';
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

/** Opens Stripe's page for customers; gives its address. */
export const createPortalSession = async (
  context: Context,
  returnUrl: Optional<string>,
): Promise<{ readonly url: string }> => ({
  url: await context.services.billing.createPortalSession(callerOf(context).accountId, returnUrl ?? null),
});

/** The plan of a subscription's checkout, sold still or not; null for a pack's. */
export const planOfCheckout = ({ services }: Context, { planCode }: OpenedCheckout): Plan | null =>
  planCode === null ? null : findPlan(services.catalog.snapshot(), planCode);

/** The pack of a checkout; null when it is not sold any more. */
export const packOfCheckout = ({ services }: Context, { packCode }: OpenedCheckout): CreditPack | null =>
  services.catalog.snapshot().creditPackByCode.get(packCode ?? '') ?? null;
