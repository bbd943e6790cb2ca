import type { Account, CreatedAccount } from '../accounts/index.ts';
import type { Instant } from '../clock.ts';
import type { AccountId, Grant, GrantCategory, GrantId, WalletView } from '../ledger/index.ts';
import { type Context, callerOf, keyFrom } from './context.ts';
import { byId, type Page, type PageArguments, pageOf } from './pages.ts';
import type { InWallet } from './wallet.ts';

type Optional<Value> = Value | null | undefined;

export const account = (context: Context): Promise<Account | null> =>
  context.services.accounts.find(callerOf(context).accountId);

/** Another account, for support. */
export const accountById = ({ services }: Context, id: string): Promise<Account | null> =>
  services.accounts.find(id as AccountId); // Found, or nothing.

/** All accounts, for support. */
export const accounts = ({ services }: Context, args: PageArguments): Promise<Page<Account>> =>
  pageOf(
    args,
    byId<Account>(),
    (page) => services.accounts.page(page),
    () => services.accounts.count(),
  );

export async function walletOfAccount({ services }: Context, { id }: Account): Promise<WalletView> {
  const wallet = await services.ledger.wallet(id);
  if (wallet === null) throw new Error('An account has no wallet.');
  return wallet;
}

export const createAccount = (
  context: Context,
  input: { name: string; idempotencyKey?: Optional<string> },
): Promise<CreatedAccount> =>
  context.services.accounts.create(
    { name: input.name, idempotencyKey: keyFrom(context, input.idempotencyKey) },
    callerOf(context).accountId,
  );

export async function grantCredits(
  context: Context,
  input: {
    accountId: string;
    credits: number;
    reason: string;
    category: GrantCategory;
    priority: number;
    effectiveAt?: Optional<Instant>;
    expiresAt?: Optional<Instant>;
    idempotencyKey: string;
  },
): Promise<InWallet<Grant>> {
  const grant = await context.services.accounts.grantCredits(
    {
      accountId: input.accountId as AccountId, // Found, or nothing is done.
      credits: input.credits,
      reason: input.reason,
      category: input.category,
      priority: input.priority,
      effectiveAt: input.effectiveAt ?? null,
      expiresAt: input.expiresAt ?? null,
      idempotencyKey: keyFrom(context, input.idempotencyKey) ?? input.idempotencyKey,
    },
    callerOf(context).accountId,
  );
  return inWallet(context, grant);
}

export async function voidGrant(
  context: Context,
  input: { id: string; reason: string; idempotencyKey?: Optional<string> },
): Promise<InWallet<Grant>> {
  const grant = await context.services.accounts.voidGrant(
    {
      id: input.id as GrantId, // Found, or nothing is done.
      reason: input.reason,
      idempotencyKey: keyFrom(context, input.idempotencyKey),
    },
    callerOf(context).accountId,
  );
  return inWallet(context, grant);
}

async function inWallet({ services }: Context, grant: Grant & { accountId: AccountId }): Promise<InWallet<Grant>> {
  const wallet = await services.ledger.wallet(grant.accountId);
  if (wallet === null) throw new Error('An account has no wallet.');
  return { wallet, thing: wallet.state.grants.get(grant.id) ?? grant };
}
