export { accountWriters } from './account-event.store.ts';
export { type Accounts, type CreatedAccount, createAccounts } from './accounts.ts';
export { followLowBalances } from './low-balance.ts';
export type { Account, AccountEvent, Caller } from './types.ts';
