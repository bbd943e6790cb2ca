import type Stripe from 'stripe';
import type { Database } from '../db/index.ts';
import { CheckoutUnavailableError, NoCustomerError } from '../errors.ts';
import type { BillingMode } from '../config.ts';
import type { AccountId } from '../ledger/index.ts';
import { readCustomerId } from './checkout.store.ts';
import type { Redirects } from './redirects.ts';
import { withStripe } from './stripe-failures.ts';
import { billingModeNames } from './types.ts';

/**
 * Opens Stripe's page on which customers manage cards, invoices and their subscription; gives its address. Throws, in this order,
 * `CheckoutUnavailableError`, `RedirectNotAllowedError`, `NoCustomerError`, `PaymentProviderError`.
 */
export async function createPortalSession(
  {
    database,
    mode,
    connection,
    redirects,
    onProviderError,
  }: {
    readonly database: Database;
    readonly mode: BillingMode;
    readonly connection: { readonly stripe: Stripe } | null;
    readonly redirects: Redirects;
    readonly onProviderError: (error: unknown) => void;
  },
  accountId: AccountId,
  returnUrl: string | null,
): Promise<string> {
  if (connection === null) throw new CheckoutUnavailableError(billingModeNames[mode]);
  const return_url = redirects.check(returnUrl) ?? redirects.own('portal');
  const customer = await readCustomerId(database.prisma, accountId);
  if (customer === null) throw new NoCustomerError('Nothing was bought yet. Buy a plan or a pack first.');
  const { url } = await withStripe(
    () => connection.stripe.billingPortal.sessions.create({ customer, return_url }),
    onProviderError,
  );
  return url;
}
