import type Stripe from 'stripe';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { AccountId } from '../ledger/index.ts';
import { insertCustomerId, readCustomerId } from './checkout.store.ts';

/** The one customer of an account; Stripe makes it once, by the account's id. */
export async function ensureCustomer(
  { database, clock, stripe }: { database: Database; clock: Clock; stripe: Stripe },
  accountId: AccountId,
): Promise<string> {
  const known = await readCustomerId(database.prisma, accountId);
  if (known !== null) return known;
  const params = { metadata: { account_id: accountId } };
  let customer = await stripe.customers.create(params, { idempotencyKey: `customer_${accountId}` });
  // Stripe remembers the answer under the key, also when that customer was deleted since.
  const present = await stripe.customers.retrieve(customer.id);
  if (present.deleted === true) {
    customer = await stripe.customers.create(params, { idempotencyKey: `customer_${accountId}_after_${customer.id}` });
  }
  return insertCustomerId(database.prisma, accountId, customer.id, clock.now());
}
