export {
  type Accounts,
  type CreatedAccount,
  createAccounts,
  type GrantRequest,
  type Owned,
  type VoidRequest,
} from './accounts.ts';
export type { Account, Caller, Scope } from './types.ts';
