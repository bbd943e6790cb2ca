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

/** Something that happened to an account, for those who integrate it. */
export interface AccountEvent {
  readonly accountId: AccountId;
  readonly id: string;
  readonly type: 'LOW_BALANCE';
  readonly data: { readonly available: number; readonly lowBalanceThreshold: number };
  readonly createdAt: Instant;
}
