import { setTimeout as wait } from 'node:timers/promises';
import DataLoader from 'dataloader';
import type { Clock } from '../clock.ts';
import type { Database, Transaction } from '../db/index.ts';
import { gathering } from '../gathering.ts';
import { project } from './core/apply.ts';
import type { AccountId, Command, Grant, GrantId, Instant, Transfer, WalletState } from './core/types.ts';

import type { AttachmentWriter, BalanceFollower } from './attachments.ts';
import { Batch, nameOf } from './batch.ts';
import { commitBatch, type Committing } from './commit.ts';
import { GroupCommit, type GroupCommitLimits } from './group-commit.ts';
import { genesisHash } from './journal-hash.ts';
import { keyNamesOf, namedBy } from './named-by.ts';
import { RememberedWallets } from './remembered-wallets.ts';
import type { LedgerAnswer, LedgerRequest, LedgerUnit, UnitAnswer } from './request.ts';
import {
  findGrantOwner,
  findKeys,
  findNextDue,
  findUnrecorded,
  type IdempotencyKey,
  insertWallet,
  type KeyName,
  loadWallets,
  type StoredWallet,
  writeChanges,
} from './wallet.store.ts';

/** The wallet as it is at an instant: what fell due by then counts, though nobody has recorded it. */
export interface WalletView {
  readonly state: WalletState;
  /** Transfers that fell due and are not recorded yet; the next command records exactly these, first. */
  readonly unrecorded: readonly Transfer[];
  /** The newest recorded transfer, 0 before the first, and the hash of the chain up to it. */
  readonly head: { readonly sequence: number; readonly hash: Buffer; readonly at: Instant };
  readonly updatedAt: Instant;
  readonly at: Instant;
}

export interface Ledger {
  /** Applies a command to a wallet, durably, once. Throws `BusyError` when too many wait. */
  execute(request: LedgerRequest): Promise<LedgerAnswer>;
  /** Applies several commands to a wallet in one transaction, in their order. Throws `BusyError` when too many wait. */
  executeUnit(unit: LedgerUnit): Promise<readonly UnitAnswer[]>;
  /** What would come of a unit now; nothing is written. */
  rehearse(unit: LedgerUnit): Promise<readonly UnitAnswer[]>;
  /** Opens the wallet of a new account inside the transaction that creates it, with its first grants. */
  openWallet(transaction: Transaction, accountId: AccountId, grants: readonly Command[], now: Instant): Promise<void>;
  /** The wallet at this moment; null when the account has none. Concurrent reads are gathered. */
  wallet(accountId: AccountId): Promise<WalletView | null>;
  /** What came of a key that was used before, if it was. */
  findKey(name: KeyName): Promise<IdempotencyKey | null>;
  findGrantOwner(grantId: GrantId): Promise<AccountId | null>;
  /** A grant of a wallet as it is now; null when the wallet has no such grant. */
  grant(accountId: AccountId, grantId: GrantId): Promise<Grant | null>;
  /** Grants of a wallet as they are at one moment, in the order of the ids; those that it does not have are left out. */
  grants(accountId: AccountId, grantIds: readonly GrantId[]): Promise<Grant[]>;
  /** Records what fell due on wallets that nobody touches; gives how many it touched. */
  sweep(limit: number): Promise<number>;
  /** The first instant after another one at which a grant begins or expires or a hold lapses; null without any. */
  nextDueAt(after: Instant): Promise<Instant | null>;
}

/** How much the ledger takes on at once; how many batches are under way is the database's to say. */
export const limits: Omit<GroupCommitLimits, 'batchesInFlight'> = {
  batchSize: 1_024,
  queueDepth: 10_000,
  queueDepthPerAccount: 2_000,
};
/** Large enough that a statement is worth its way, small enough that the first part is not waited for long. */
const usualPartSize = 256;

/**
 * The ledger over a database. `pause` is how a batch waits before it is run again, by the machine's timers unless a
 * simulation has its own.
 */
export function createLedger(options: {
  database: Database;
  clock: Clock;
  writers: ReadonlyMap<string, AttachmentWriter>;
  follow?: BalanceFollower;
  /** Told of the wallets that have changed, once that is committed; must neither throw nor take time. */
  onCommit?: (accountIds: readonly AccountId[]) => void;
  pause?: (ms: number) => Promise<void>;
  partSize?: number;
}): Ledger {
  const { database, clock, writers, follow = () => new Map(), onCommit = () => {} } = options;
  const { pause = wait, partSize = usualPartSize } = options;
  const remembered = new RememberedWallets();
  const attachments = { writers, follow };
  const committing: Committing = { database, clock, attachments, onCommit, pause, partSize, remembered };
  const groupCommit = new GroupCommit<LedgerUnit, readonly UnitAnswer[]>(
    { ...limits, batchesInFlight: database.concurrentBatches },
    (batch) => commitBatch(committing, batch),
  );
  const wallets = new DataLoader<AccountId, WalletView | null>((ids) => readWallets(database, clock, ids), gathering);
  const keys = new DataLoader<KeyName, IdempotencyKey | null>((names) => readKeys(database, names), gathering);
  const executeUnit = (unit: LedgerUnit): Promise<readonly UnitAnswer[]> =>
    groupCommit.submit(unit.accountId, unit, unit.requests.length);
  const execute = async (request: LedgerRequest): Promise<LedgerAnswer> => {
    const [answer] = await executeUnit({ accountId: request.accountId, requests: [request], allOrNone: false });
    if (answer === undefined || answer.kind === 'withheld') throw new Error('A command on its own has no answer.');
    return answer;
  };
  return {
    execute,
    executeUnit,
    rehearse: (unit) => rehearse(database, clock, unit),
    openWallet,
    wallet: (accountId) => wallets.load(accountId),
    findKey: (name) => keys.load(name),
    grant: async (accountId, grantId) => (await readGrants(database, clock, accountId, [grantId]))[0] ?? null,
    grants: (accountId, grantIds) => readGrants(database, clock, accountId, grantIds),
    findGrantOwner: (grantId) => findGrantOwner(database.prisma, grantId),
    sweep: async (limit) => {
      const accountIds = await findUnrecorded(database.prisma, clock.now(), limit);
      await Promise.all(accountIds.map((accountId) => execute({ accountId, command: { kind: 'expire' } })));
      return accountIds.length;
    },
    nextDueAt: (after) => findNextDue(database.prisma, after),
  };
}

/** Decides without a lock, and keeps nothing of it. */
async function rehearse(database: Database, clock: Clock, unit: LedgerUnit): Promise<readonly UnitAnswer[]> {
  const now = clock.now();
  const { wallets, keys } = await loadWallets(database.prisma, namedBy([unit]), keyNamesOf([unit]), now);
  return new Batch(wallets, keys, now).decide([unit]).answers[0] ?? [];
}

async function openWallet(
  transaction: Transaction,
  accountId: AccountId,
  grants: readonly Command[],
  now: Instant,
): Promise<void> {
  const empty: StoredWallet = {
    state: {
      accountId,
      available: 0,
      held: 0,
      pending: 0,
      debt: 0,
      issued: 0,
      sequence: 0,
      lastInstant: now,
      grants: new Map(),
      holds: new Map(),
      clawbacks: new Map(),
    },
    revision: 1,
    headHash: genesisHash(accountId),
    updatedAt: now,
    nextLapseAt: null,
  };
  await insertWallet(transaction, empty);
  if (grants.length === 0) return;
  const requests = grants.map((command) => ({ accountId, command }));
  const unit: LedgerUnit = { accountId, requests, allOrNone: false };
  const { changes, answers } = new Batch(new Map([[accountId, empty]]), [], now).decide([unit]);
  const refused = answers.flat().find((answer) => answer.kind !== 'applied');
  if (refused !== undefined) throw new Error(`A new wallet refused its first grant: ${JSON.stringify(refused)}.`);
  await writeChanges(transaction, { changes, keys: [], inserts: [], now });
}

async function readWallets(
  database: Database,
  clock: Clock,
  accountIds: readonly AccountId[],
): Promise<(WalletView | null)[]> {
  const now = clock.now();
  const named = [...new Set(accountIds)].map((accountId) => ({ accountId, holdIds: [], grantIds: [] }));
  const { wallets } = await loadWallets(database.prisma, named, [], now);
  return accountIds.map((accountId) => {
    const stored = wallets.get(accountId);
    if (stored === undefined) return null;
    const { state, transfers } = project(stored.state, now);
    return {
      state,
      unrecorded: transfers,
      head: { sequence: stored.state.sequence, hash: stored.headHash, at: stored.state.lastInstant },
      updatedAt: transfers.at(-1)?.occurredAt ?? stored.updatedAt,
      at: state.lastInstant,
    };
  });
}

async function readGrants(
  database: Database,
  clock: Clock,
  accountId: AccountId,
  grantIds: readonly GrantId[],
): Promise<Grant[]> {
  const now = clock.now();
  const { wallets } = await loadWallets(database.prisma, [{ accountId, holdIds: [], grantIds }], [], now);
  const stored = wallets.get(accountId);
  if (stored === undefined) return [];
  const { grants } = project(stored.state, now).state;
  return grantIds.flatMap((id) => grants.get(id) ?? []);
}

async function readKeys(database: Database, names: readonly KeyName[]): Promise<(IdempotencyKey | null)[]> {
  const found = new Map((await findKeys(database.prisma, names)).map((key) => [nameOf(key), key]));
  return names.map((name) => found.get(nameOf(name)) ?? null);
}
