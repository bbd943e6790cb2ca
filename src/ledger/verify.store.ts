import type { Transaction } from '../db/index.ts';
import type { AccountId, Grant, Hold, Instant, Transfer } from './core/types.ts';
import { toGrant, toHold, toTransfer } from './recorded-rows.store.ts';
import { loadWallets, type StoredWallet } from './wallet.store.ts';

const pageSize = 5_000;

/** Every recorded transfer of a wallet with its stored hash, oldest first, a page at a time. */
export async function* readJournal(
  transaction: Transaction,
  accountId: AccountId,
): AsyncGenerator<{ transfer: Transfer; hash: Buffer }> {
  let after: number | null = null;
  for (;;) {
    const rows: Awaited<ReturnType<typeof transaction.transfer.findMany>> = await transaction.transfer.findMany({
      where: { accountId, ...(after === null ? {} : { sequence: { gt: after } }) },
      orderBy: { sequence: 'asc' },
      take: pageSize,
    });
    for (const row of rows) yield { transfer: toTransfer(row), hash: Buffer.from(row.hash) };
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = last.sequence;
  }
}

/** Every recorded hold of a wallet, in the order of their ids, a page at a time. */
export async function* readHolds(transaction: Transaction, accountId: AccountId): AsyncGenerator<Hold> {
  let after = '';
  for (;;) {
    const rows: Awaited<ReturnType<typeof transaction.hold.findMany>> = await transaction.hold.findMany({
      where: { accountId, id: { gt: after } },
      orderBy: { id: 'asc' },
      take: pageSize,
    });
    for (const row of rows) yield toHold(row);
    const last = rows.at(-1);
    if (last === undefined || rows.length < pageSize) return;
    after = last.id;
  }
}

/** A wallet and all of its grants, as they are recorded. */
export async function readRecordedWallet(
  transaction: Transaction,
  accountId: AccountId,
): Promise<{ wallet: StoredWallet; grants: Grant[] } | null> {
  const named = [{ accountId, holdIds: [], grantIds: [] }];
  // Nothing is projected here, so no instant matters.
  const { wallets } = await loadWallets(transaction, named, [], 0 as Instant);
  const wallet = wallets.get(accountId);
  if (wallet === undefined) return null;
  const rows = await transaction.grant.findMany({ where: { accountId }, orderBy: { id: 'asc' } });
  return { wallet, grants: rows.map(toGrant) };
}
