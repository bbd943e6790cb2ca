import { createHash } from 'node:crypto';
import type { AccountId, Transfer } from './core/types.ts';

/** What stands before the first transfer of a wallet in its chain: SHA-256 over the account's id. */
export const genesisHash = (accountId: AccountId): Buffer =>
  createHash('sha256').update(`wallet ${accountId}`).digest();

/**
 * The hash of a transfer, chained to the one before: SHA-256 over the previous hash and every field of the row
 * in a fixed order, so that a changed, removed or inserted row breaks the chain at its place.
 */
export function transferHash(previous: Uint8Array, accountId: AccountId, transfer: Transfer): Buffer {
  const row = [
    accountId,
    transfer.sequence,
    transfer.type,
    transfer.from,
    transfer.to,
    transfer.amount,
    transfer.availableAfter,
    transfer.fundings.map(({ grantId, amount }) => [grantId, amount]),
    transfer.holdId,
    transfer.reason,
    transfer.occurredAt,
    transfer.recordedAt,
  ];
  return createHash('sha256').update(previous).update(JSON.stringify(row)).digest();
}
