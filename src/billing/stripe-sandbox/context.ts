import type { Clock } from '../../clock.ts';
import type { IdSource } from '../../ids.ts';
import type { FormFields } from './form-encoding.ts';
import type { Replacement, StripeSandboxStore } from './store.ts';
import { resourceMissing, type StripeSandboxError } from './stripe-error.ts';
import type { StripeKind, StripeObject, StripeObjects } from './stripe-objects.ts';

/** What every operation of the sandbox works with. */
export interface SandboxContext {
  readonly store: StripeSandboxStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly checkoutBaseUrl: () => string;
  /** The types of events that the webhook listens to. */
  readonly webhookEvents: ReadonlySet<string>;
}

/** One call of the API, past sign-in and decoding. */
export interface ApiCall {
  readonly parameters: FormFields;
  readonly requestId: string;
  readonly idempotencyKey: string | null;
}

/** What an operation wants answered and written; nothing is written before the answer is complete. */
export interface ApiResult {
  readonly answer: StripeObject | ListPage;
  readonly insert?: readonly StripeObject[];
  readonly replace?: readonly Replacement[];
  /** Answered in place of the answer, though what is to be written is written: a declined card leaves a failed payment. */
  readonly refusal?: StripeSandboxError;
}

export interface ListPage {
  readonly object: 'list';
  readonly data: readonly StripeObject[];
  readonly has_more: boolean;
  readonly url: string;
}

/** Where the pages of the sandbox stand, beside the checkout page. */
export const pageUrl = ({ checkoutBaseUrl }: SandboxContext, path: string): string =>
  `${checkoutBaseUrl().replace(/\/checkout$/, '')}/${path}`;

/** The object that an address names. */
export const objectAtAddress = <Kind extends StripeKind>(context: SandboxContext, kind: Kind, id: string) =>
  requireObject(context, kind, id, { status: 404, param: addressParameters[kind] });

/** The object that a parameter names. */
export const objectInParameter = <Kind extends StripeKind>(
  context: SandboxContext,
  kind: Kind,
  id: string,
  param: string,
) => requireObject(context, kind, id, { status: 400, param });

async function requireObject<Kind extends StripeKind>(
  { store }: SandboxContext,
  kind: Kind,
  id: string,
  { status, param }: { status: 404 | 400; param: string },
): Promise<StripeObjects[Kind]> {
  const object = await store.find(kind, id);
  // A customer that was deleted can be looked at, and that is all.
  const isDeleted = object?.object === 'customer' && object.sandbox.deleted;
  if (object === null || (isDeleted && status === 400)) throw resourceMissing(status, kind, id, param);
  return object;
}

/** How Stripe names the id in an address when it is not there. */
const addressParameters: Record<StripeKind, string> = {
  customer: 'id',
  product: 'id',
  price: 'price',
  payment_method: 'payment_method',
  'checkout.session': 'session',
  'billing_portal.session': 'session',
  payment_intent: 'intent',
  charge: 'id',
  refund: 'id',
  dispute: 'id',
  subscription: 'id',
  subscription_schedule: 'id',
  invoice: 'invoice',
  invoice_payment: 'invoice_payment',
  event: 'id',
  sandbox_settings: 'id',
};
