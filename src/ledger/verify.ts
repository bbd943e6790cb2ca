import type { Database } from '../db/index.ts';
import type { AccountId, Grant, GrantId, LedgerAccount, Transfer } from './core/types.ts';
import { genesisHash, transferHash } from './journal-hash.ts';
import { readJournal, readRecordedWallet } from './verify.store.ts';
import type { StoredWallet } from './wallet.store.ts';

/** What a check of a wallet against its journal found. */
export interface Verification {
  readonly ok: boolean;
  /** How many transfers were checked. */
  readonly transfers: number;
  /** The number of the first transfer that is not as it was written, or the id of a grant that does not agree; null when all is well or the wallet itself disagrees. */
  readonly firstBad:
    { readonly kind: 'transfer'; readonly sequence: number } | { readonly kind: 'grant'; readonly id: GrantId } | null;
  /** What is wrong with it, for people. */
  readonly problem: string | null;
  /** The hash of the newest transfer that the wallet knows, in hexadecimal. */
  readonly head: string;
}

type Places = Record<LedgerAccount, number>;

const emptyPlaces = (): Places => ({
  ISSUED: 0,
  PENDING: 0,
  AVAILABLE: 0,
  HELD: 0,
  CONSUMED: 0,
  EXPIRED: 0,
  REVOKED: 0,
  DEBT: 0,
});

/** The amounts of a wallet and of its grants, built up from transfers one by one. */
class Replay {
  readonly wallet = emptyPlaces();
  readonly grants = new Map<GrantId, Places>();
  sequence = 0;
  hash: Buffer;
  readonly #accountId: AccountId;

  constructor(accountId: AccountId) {
    this.#accountId = accountId;
    this.hash = genesisHash(accountId);
  }

  /** Takes in the next transfer; says what is wrong with it, or null. */
  add(transfer: Transfer, storedHash: Buffer): string | null {
    if (transfer.sequence !== this.sequence + 1) return `Number ${this.sequence + 1} is missing before it.`;
    this.hash = transferHash(this.hash, this.#accountId, transfer);
    this.sequence = transfer.sequence;
    if (!this.hash.equals(storedHash)) return 'Its hash does not fit its content and the transfer before it.';
    for (const { grantId, amount } of transfer.fundings) {
      const grant = this.grants.get(grantId) ?? emptyPlaces();
      this.grants.set(grantId, grant);
      for (const places of [grant, this.wallet]) {
        places[transfer.from] -= amount;
        places[transfer.to] += amount;
      }
    }
    if (this.wallet.AVAILABLE !== transfer.availableAfter) {
      return `It says that ${transfer.availableAfter} were available after it; it were ${this.wallet.AVAILABLE}.`;
    }
    return null;
  }
}

/** Recomputes everything of a wallet from its journal and names the first row that disagrees; null without a wallet. */
export async function verifyWallet({ prisma }: Database, accountId: AccountId): Promise<Verification | null> {
  return prisma.$transaction(
    async (transaction) => {
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
      const found = grantProblem(replay, grants) ?? walletProblem(replay, wallet);
      return { ok: found === null, transfers: replay.sequence, firstBad: null, problem: null, head, ...found };
    },
    // One view of the tables for all of it, whatever is committed meanwhile.
    { isolationLevel: 'RepeatableRead', timeout: 120_000 },
  );
}

type Found = Pick<Verification, 'firstBad' | 'problem'>;

function grantProblem(replay: Replay, grants: readonly Grant[]): Found | null {
  for (const grant of grants) {
    const places = replay.grants.get(grant.id) ?? emptyPlaces();
    const agrees =
      places.PENDING === grant.pending &&
      places.AVAILABLE === grant.remaining &&
      places.HELD === grant.held &&
      // What paid a debt counts as consumed; what is owed for the grant does not.
      places.CONSUMED + places.DEBT === grant.consumed &&
      places.EXPIRED === grant.expired &&
      places.REVOKED === grant.revoked &&
      -places.ISSUED === grant.amount;
    if (!agrees) {
      return { firstBad: { kind: 'grant', id: grant.id }, problem: 'Its amounts are not those of the journal.' };
    }
    replay.grants.delete(grant.id);
  }
  const [missing] = replay.grants.keys();
  return missing === undefined
    ? null
    : { firstBad: { kind: 'grant', id: missing }, problem: 'The journal knows it, but it is not there.' };
}

function walletProblem(replay: Replay, { state, headHash }: StoredWallet): Found | null {
  if (replay.sequence !== state.sequence || !replay.hash.equals(headHash)) {
    return {
      firstBad: null,
      problem: `The wallet knows ${state.sequence} transfers, the journal has ${replay.sequence}.`,
    };
  }
  const { wallet } = replay;
  const agrees =
    wallet.AVAILABLE === state.available &&
    wallet.HELD === state.held &&
    wallet.PENDING === state.pending &&
    wallet.DEBT === 0 - state.debt &&
    -wallet.ISSUED === state.issued;
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
    { isolationLevel: 'RepeatableRead', timeout: 120_000 },
  );
}
