import type Stripe from 'stripe';
import type { Database } from '../db/index.ts';
import type { AccountId } from '../ledger/index.ts';
import { readCustomerId } from './checkout.store.ts';
import type { PresentPlans } from './present-plans.ts';
import { orMissing } from './stripe-client.ts';
import { idOf } from './stripe-subscription.ts';

/** What an account is charged without being asked: the customer's default, else the subscription's, else the newest kept. */
export interface Chargeable {
  readonly customerId: string;
  /** Null when none is kept. */
  readonly paymentMethodId: string | null;
}

/** Who is charged for an account, and what; null when it has no customer at Stripe. */
export async function findChargeable(
  { database, plans, stripe }: { database: Database; plans: PresentPlans; stripe: Stripe },
  accountId: AccountId,
): Promise<Chargeable | null> {
  const customerId = await readCustomerId(database.prisma, accountId);
  if (customerId === null) return null;
  const customer = await orMissing(stripe.customers.retrieve(customerId));
  if (customer === null || customer.deleted === true) return null;
  const ofCustomer = customer.invoice_settings.default_payment_method;
  if (ofCustomer !== null) return { customerId, paymentMethodId: idOf(ofCustomer) };
  const subscription = await plans.subscription(accountId);
  const present = subscription === null ? null : await orMissing(stripe.subscriptions.retrieve(subscription.stripeId));
  const ofSubscription = present?.default_payment_method ?? null;
  if (ofSubscription !== null) return { customerId, paymentMethodId: idOf(ofSubscription) };
  const kept = await stripe.paymentMethods.list({ customer: customerId, limit: 1 });
  return { customerId, paymentMethodId: kept.data[0]?.id ?? null };
}
