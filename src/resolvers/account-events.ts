import type { AccountEvent } from '../accounts/index.ts';
import type { AccountId } from '../ledger/index.ts';
import { type Context, callerOf } from './context.ts';
import { byId, type Page, type PageArguments, pageOf } from './pages.ts';

/** What happened to the caller's account. */
export const accountEvents = (context: Context, args: PageArguments): Promise<Page<AccountEvent>> =>
  eventsOf(context, callerOf(context).accountId, args);

/** What happened to an account. */
export const eventsOf = (
  { services: { accounts } }: Context,
  accountId: AccountId,
  args: PageArguments,
): Promise<Page<AccountEvent>> =>
  pageOf(
    args,
    byId<AccountEvent>(),
    (page) => accounts.events.page(accountId, page),
    () => accounts.events.count(accountId),
  );

/** An event of the caller's account; null for another's. */
export const accountEvent = (context: Context, id: string): Promise<AccountEvent | null> =>
  context.services.accounts.events.find(callerOf(context).accountId, id);
