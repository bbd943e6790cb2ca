import { isDeepStrictEqual } from 'node:util';
import type { Database, Transaction } from '../db/index.ts';
import { unpaidOf } from './core/claim.ts';
import type { AccountId, Grant, GrantId, Hold, HoldId } from './core/types.ts';
import { type Places, Replay, type ReplayedHold } from './replay.ts';
import { readHolds, readJournal, readRecordedWallet } from './verify.store.ts';
import type { StoredWallet } from './wallet.store.ts';

/** A journal of millions of rows takes its time. */
export const verifyTimeoutMs = 120_000;

/** What a check of a wallet against its journal found. */
export interface Verification {
  readonly ok: boolean;
  /** How many transfers were checked. */
  readonly transfers: number;
  /** The number of the first transfer that is not as it was written, or the id of a grant or hold that does not agree; null when all is well or the wallet itself disagrees. */
  readonly firstBad:
    | { readonly kind: 'transfer'; readonly sequence: number }
    | { readonly kind: 'grant'; readonly id: GrantId }
    | { readonly kind: 'hold'; readonly id: HoldId }
    | null;
  /** What is wrong with it, for people. */
  readonly problem: string | null;
  /** The hash of the newest transfer that the wallet knows, in hexadecimal. */
  readonly head: string;
}

/** Recomputes everything of a wallet from its journal and names the first row that disagrees; null without a wallet. */
export async function verifyWallet({ prisma }: Database, accountId: AccountId): Promise<Verification | null> {
  return prisma.$transaction((transaction) => verifyIn(transaction, accountId), {
    // One view of the tables for all of it, whatever is committed meanwhile.
    isolationLevel: 'RepeatableRead',
    timeout: verifyTimeoutMs,
  });
}

/** The same inside a transaction, which decides what is seen. */
export async function verifyIn(transaction: Transaction, accountId: AccountId): Promise<Verification | null> {
  const recorded = await readRecordedWallet(transaction, accountId);
  if (recorded === null) return null;
  const { wallet, grants } = recorded;
  const replay = new Replay(accountId);
  const head = wallet.headHash.toString('hex');
  for await (const { transfer, hash } of readJournal(transaction, accountId)) {
    const problem = replay.add(transfer, hash);
    if (problem !== null) {
      const firstBad = { kind: 'transfer', sequence: transfer.sequence } as const;
      return { ok: false, transfers: replay.sequence, firstBad, problem, head };
    }
  }
  const found =
    grantProblem(replay, grants) ??
    (await holdProblem(transaction, accountId, replay)) ??
    walletProblem(replay, wallet);
  return { ok: found === null, transfers: replay.sequence, firstBad: null, problem: null, head, ...found };
}

type Found = Pick<Verification, 'firstBad' | 'problem'>;

function grantProblem(replay: Replay, grants: readonly Grant[]): Found | null {
  const missing = new Set(replay.grants.keys());
  for (const grant of grants) {
    if (!grantAgrees(grant, replay.placesOf(grant.id))) {
      return { firstBad: { kind: 'grant', id: grant.id }, problem: 'Its amounts are not those of the journal.' };
    }
    missing.delete(grant.id);
  }
  const [id] = missing;
  return id === undefined
    ? null
    : { firstBad: { kind: 'grant', id }, problem: 'The journal knows it, but it is not there.' };
}

/** Whether a grant's parts are those of the journal. */
export const grantAgrees = (grant: Grant, places: Places): boolean =>
  places.PENDING === grant.pending &&
  places.AVAILABLE === grant.remaining &&
  places.HELD === grant.held &&
  // What paid a debt counts as consumed; what is owed for the grant does not.
  places.CONSUMED + places.DEBT === grant.consumed &&
  places.EXPIRED === grant.expired &&
  places.REVOKED === grant.revoked &&
  0 - places.ISSUED === grant.amount;

async function holdProblem(transaction: Transaction, accountId: AccountId, replay: Replay): Promise<Found | null> {
  const missing = new Set(replay.holds.keys());
  for await (const hold of readHolds(transaction, accountId)) {
    if (!holdAgrees(hold, replay.holds.get(hold.id))) {
      return { firstBad: { kind: 'hold', id: hold.id }, problem: 'Its hold is not that of the journal.' };
    }
    missing.delete(hold.id);
  }
  const [id] = missing;
  return id === undefined
    ? null
    : { firstBad: { kind: 'hold', id }, problem: 'The journal knows its hold, but it is not there.' };
}

/** Whether a hold is that of the journal, which does not hear of the release of one that had lapsed. */
export function holdAgrees(hold: Hold, replayed: ReplayedHold | undefined): boolean {
  if (replayed === undefined) return false;
  const releasedLate = hold.status === 'RELEASED' && replayed.status === 'LAPSED';
  const sameEnd = hold.status === replayed.status && hold.settledAt === replayed.settledAt;
  return (sameEnd || releasedLate) && isDeepStrictEqual(hold.fundings, replayed.fundings);
}

function walletProblem(replay: Replay, { state, headHash }: StoredWallet): Found | null {
  if (replay.sequence !== state.sequence || !replay.hash.equals(headHash)) {
    return {
      firstBad: null,
      problem: `The wallet knows ${state.sequence} transfers, the journal has ${replay.sequence}.`,
    };
  }
  const { wallet } = replay;
  const owed = [...state.clawbacks.values()].reduce((debt, clawback) => debt + unpaidOf(clawback), 0);
  const agrees =
    wallet.AVAILABLE === state.available &&
    wallet.HELD === state.held &&
    wallet.PENDING === state.pending &&
    wallet.DEBT === 0 - state.debt &&
    owed === state.debt &&
    0 - wallet.ISSUED === state.issued;
  return agrees ? null : { firstBad: null, problem: "The wallet's amounts are not those of the journal." };
}

/** Whether the wallet's history up to a transfer is the one that had this hash (hexadecimal), recomputed row by row. */
export async function proveHistory(
  { prisma }: Database,
  accountId: AccountId,
  sequence: number,
  hash: string,
): Promise<boolean> {
  return prisma.$transaction(
    async (transaction) => {
      const replay = new Replay(accountId);
      for await (const stored of readJournal(transaction, accountId)) {
        if (replay.sequence === sequence || replay.add(stored.transfer, stored.hash) !== null) break;
      }
      return replay.sequence === sequence && replay.hash.toString('hex') === hash.toLowerCase();
    },
    { isolationLevel: 'RepeatableRead', timeout: verifyTimeoutMs },
  );
}
