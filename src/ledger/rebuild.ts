import type { Database, Transaction } from '../db/index.ts';
import type { AccountId, Grant, Hold, WalletState } from './core/types.ts';
import { Replay } from './replay.ts';
import { grantAgrees, holdAgrees, type Verification, verifyIn, verifyTimeoutMs } from './verify.ts';
import { readHolds, readJournal, readRecordedWallet } from './verify.store.ts';
import { lockWallets, type StoredWallet, writeChanges } from './wallet.store.ts';

/** What came of rebuilding a wallet. */
export interface Rebuild {
  /** How many rows (the wallet, grants, holds) were written anew. */
  readonly corrected: number;
  /** How the wallet stands now. Nothing is corrected by a journal that is itself not as it was written. */
  readonly verification: Verification;
}

/**
 * Writes the amounts of a wallet, its grants and its holds anew from its journal; null without a wallet. Commands on
 * the wallet wait meanwhile, others do not. A grant or hold that is not there at all stays missing: the journal does
 * not know when it ends.
 */
export async function rebuildWallet({ prisma }: Database, accountId: AccountId): Promise<Rebuild | null> {
  return prisma.$transaction(
    async (transaction) => {
      await lockWallets(transaction, [accountId]);
      const corrected = await correct(transaction, accountId);
      const verification = await verifyIn(transaction, accountId);
      return verification === null ? null : { corrected, verification };
    },
    { timeout: verifyTimeoutMs },
  );
}

/** Gives how many rows it wrote. */
async function correct(transaction: Transaction, accountId: AccountId): Promise<number> {
  const recorded = await readRecordedWallet(transaction, accountId);
  if (recorded === null) return 0;
  const { wallet, grants } = recorded;
  const replay = new Replay(accountId);
  let lastInstant = wallet.state.lastInstant;
  for await (const { transfer, hash } of readJournal(transaction, accountId)) {
    if (replay.add(transfer, hash) !== null) return 0;
    if (transfer.recordedAt > lastInstant) lastInstant = transfer.recordedAt;
  }
  const wrongHolds: Hold[] = [];
  for await (const hold of readHolds(transaction, accountId)) {
    if (holdFrom(replay, hold) !== hold) wrongHolds.push(hold);
  }
  const wrongGrants = grants.filter((grant) => grantFrom(replay, grant) !== grant);

  const before: StoredWallet = { ...wallet, state: withRows(wallet.state, wrongGrants, wrongHolds) };
  const state: WalletState = {
    ...withRows(
      wallet.state,
      wrongGrants.map((grant) => grantFrom(replay, grant)),
      wrongHolds.map((hold) => holdFrom(replay, hold)),
    ),
    available: replay.wallet.AVAILABLE,
    held: replay.wallet.HELD,
    pending: replay.wallet.PENDING,
    debt: 0 - replay.wallet.DEBT,
    issued: 0 - replay.wallet.ISSUED,
    sequence: replay.sequence,
    lastInstant,
  };
  const after: StoredWallet = { ...wallet, state, revision: wallet.revision + 1, headHash: replay.hash };
  const walletIsRight = totalsOf(before) === totalsOf(after);
  const corrected = wrongGrants.length + wrongHolds.length + (walletIsRight ? 0 : 1);
  if (corrected > 0) {
    const changes = [{ before, after, transfers: [] }];
    await writeChanges(transaction, { changes, keys: [], inserts: [], now: wallet.updatedAt });
  }
  return corrected;
}

const withRows = (state: WalletState, grants: readonly Grant[], holds: readonly Hold[]): WalletState => ({
  ...state,
  grants: new Map(grants.map((grant) => [grant.id, grant])),
  holds: new Map(holds.map((hold) => [hold.id, hold])),
});

const totalsOf = ({ state, headHash }: StoredWallet): string =>
  JSON.stringify([
    state.available,
    state.held,
    state.pending,
    state.debt,
    state.issued,
    state.sequence,
    headHash.toString('hex'),
  ]);

/** The grant as the journal has it; the grant itself when it agrees. */
function grantFrom(replay: Replay, grant: Grant): Grant {
  const places = replay.placesOf(grant.id);
  return grantAgrees(grant, places)
    ? grant
    : {
        ...grant,
        amount: 0 - places.ISSUED,
        pending: places.PENDING,
        remaining: places.AVAILABLE,
        held: places.HELD,
        consumed: places.CONSUMED + places.DEBT,
        expired: places.EXPIRED,
        revoked: places.REVOKED,
      };
}

/** The hold as the journal has it; the hold itself when it agrees, or when the journal does not know it. */
function holdFrom(replay: Replay, hold: Hold): Hold {
  const replayed = replay.holds.get(hold.id);
  if (replayed === undefined || holdAgrees(hold, replayed)) return hold;
  return { ...hold, ...replayed, amount: replayed.fundings.reduce((sum, { held }) => sum + held, 0) };
}
