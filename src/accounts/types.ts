import type { AccountId, Instant } from '../ledger/index.ts';

/** `account`: what the owner of an account may do. `admin`: what an operator may do. */
export type Scope = 'account' | 'admin';

export interface Account {
  readonly id: AccountId;
  readonly name: string | null;
  readonly planCode: string;
  readonly createdAt: Instant;
}

/** Who is calling, as the key tells. */
export interface Caller {
  readonly accountId: AccountId;
  readonly apiKeyId: string;
  readonly scopes: ReadonlySet<Scope>;
}
