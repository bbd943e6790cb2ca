export { type Accounts, type CreatedAccount, createAccounts } from './accounts.ts';
export type { Account, Caller } from './types.ts';
