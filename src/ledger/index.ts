export type {
  AccountId,
  Brand,
  Command,
  Credits,
  Effect,
  Funding,
  Grant,
  GrantCategory,
  GrantId,
  GrantSource,
  GrantState,
  HoldId,
  Instant,
  Refusal,
  Rollover,
  TransactionType,
  Transfer,
} from './core/index.ts';
export { grantStateAt, maximumCredits } from './core/index.ts';
export type { AttachmentWriter, BalanceFollower } from './attachments.ts';
export type { PageRequest } from './history.store.ts';
export { createHistory, type Explanation, effectOnAvailable, type History } from './history.ts';
export { idempotencyKeyOf } from './idempotency.ts';
export { createLedger, type Ledger, limits as ledgerLimits, type WalletView } from './ledger.ts';
export type { Rebuild } from './rebuild.ts';
export type { Attachment, LedgerAnswer, LedgerRequest, LedgerUnit, UnitAnswer } from './request.ts';
export type { Verification } from './verify.ts';
export { freeKey, type IdempotencyKey, insertKey } from './wallet.store.ts';
