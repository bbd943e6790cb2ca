import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import DataLoader from 'dataloader';
import type { Clock } from '../clock.ts';
import { type Database, isPassing, isUniqueViolation, type Statement, type Transaction } from '../db/index.ts';
import { gathering } from '../gathering.ts';
import { project } from './core/apply.ts';
import { grantsNamedBy } from './core/named-grants.ts';
import type { AccountId, Command, Grant, GrantId, HoldId, Instant, Transfer, WalletState } from './core/types.ts';

import { Batch, type Decided, nameOf } from './batch.ts';
import { GroupCommit, type GroupCommitLimits, type Waiting } from './group-commit.ts';
import { genesisHash } from './journal-hash.ts';
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
  lockWallets,
  type Named,
  type StoredWallet,
  writeChanges,
  writeUnlessChanged,
} from './wallet.store.ts';

/** Writes the rows that many commands of a batch attached, with as few statements as it can. */
export type AttachmentWriter =
  /** New rows, which are written by the statement that writes the ledger's own. */
  | { readonly kind: 'insert'; readonly statementFor: (rows: readonly unknown[], now: Instant) => Statement }
  /** Anything else, after it. */
  | { readonly kind: 'write'; readonly write: (transaction: Transaction, rows: readonly unknown[]) => Promise<void> };

/** What may be spent from a wallet, before and after what is written to it in one transaction. */
export interface BalanceChange {
  readonly accountId: AccountId;
  readonly availableBefore: number;
  readonly availableAfter: number;
}

/** Rows that other parts write with every change of a balance, whichever command makes it, by the names of their writers. */
export type BalanceFollower = (
  changes: readonly BalanceChange[],
  now: Instant,
) => ReadonlyMap<string, readonly unknown[]>;

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
const usualPartSize = 128;
const mostAttempts = 6;
const firstRetryDelayMs = 10;

interface LedgerDependencies {
  readonly database: Database;
  readonly clock: Clock;
  /** The other parts' set-based writers, by name. */
  readonly writers: ReadonlyMap<string, AttachmentWriter>;
  readonly follow: BalanceFollower;
  readonly onCommit: (accountIds: readonly AccountId[]) => void;
  /** How many commands of a batch are decided and written at a time. */
  readonly partSize: number;
  readonly remembered: RememberedWallets;
}

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
  const { database, clock, pause = wait } = options;
  const dependencies: LedgerDependencies = {
    partSize: usualPartSize,
    follow: () => new Map(),
    onCommit: () => {},
    remembered: new RememberedWallets(),
    ...options,
  };
  const groupCommit = new GroupCommit<LedgerUnit, readonly UnitAnswer[]>(
    { ...limits, batchesInFlight: database.concurrentBatches },
    (batch) => settleBatch(batch, (units) => withRetries(() => commit(dependencies, units), pause)),
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

/** Runs a batch and gives what answers its callers; one that cannot be run as a whole is run one by one, so that only the bad fail. */
async function settleBatch(
  batch: readonly Waiting<LedgerUnit, readonly UnitAnswer[]>[],
  run: (units: readonly LedgerUnit[]) => Promise<(readonly UnitAnswer[])[]>,
): Promise<() => void> {
  try {
    const answers = await run(batch.map(({ request }) => request));
    return () => {
      for (const [index, waiting] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) waiting.reject(new Error('A batch of the ledger gave too few answers.'));
        else waiting.resolve(answer);
      }
    };
  } catch (error) {
    // A database that is gone is gone for each of them; what one bad command did, it does to itself alone.
    const isHopeless = batch.length === 1 || isPassing(error);
    const answers: (() => void)[] = [];
    for (const waiting of batch) {
      answers.push(isHopeless ? () => waiting.reject(error) : await settleBatch([waiting], run));
    }
    return () => {
      for (const answer of answers) answer();
    };
  }
}

async function withRetries<Result>(run: () => Promise<Result>, pause: (ms: number) => Promise<void>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run();
    } catch (error) {
      // A key or id that another process wrote meanwhile is seen by the next attempt.
      if (attempt === mostAttempts || !(isPassing(error) || isUniqueViolation(error))) throw error;
      await pause(firstRetryDelayMs * 2 ** attempt);
    }
  }
}

async function commit(
  dependencies: LedgerDependencies,
  units: readonly LedgerUnit[],
): Promise<(readonly UnitAnswer[])[]> {
  return (await commitRemembered(dependencies, units)) ?? commitLocked(dependencies, units);
}

/**
 * Decides by what is remembered of the wallets and writes it in one statement, which the database refuses when somebody else
 * has written to one of them. Null, with nothing written, for whatever else there is to be seen first.
 */
async function commitRemembered(
  dependencies: LedgerDependencies,
  units: readonly LedgerUnit[],
): Promise<(readonly UnitAnswer[])[] | null> {
  const { database, clock, remembered, onCommit, partSize } = dependencies;
  const isSimple = ({ command }: LedgerRequest): boolean => command.kind === 'hold';
  const accountIds = [...new Set(units.map(({ accountId }) => accountId))].sort();
  const commands = units.reduce((sum, { requests }) => sum + requests.length, 0);
  // Many commands on one wallet are written while the next are decided, which takes a transaction.
  const isFewPerWallet = commands <= partSize * accountIds.length;
  if (!isFewPerWallet || !units.every(({ requests }) => requests.every(isSimple))) return null;
  const now = clock.now();
  const wallets = remembered.recall(accountIds, now);
  if (wallets === null) return null;

  const batch = new Batch(wallets, [], now);
  const decided = batch.decide(units);
  const isAllApplied = decided.answers.every((answers) => answers.every(({ kind }) => kind === 'applied'));
  const { inserts, others } = otherRows(dependencies, decided, now);
  // Who is refused is refused by what stands in the database.
  if (!isAllApplied || others.length > 0 || decided.changes.length === 0) return null;
  try {
    const { changes, newKeys: keys } = decided;
    await writeUnlessChanged(database.prisma, { changes, keys, inserts, now });
  } catch (error) {
    remembered.estrange(accountIds, now);
    if (isPassing(error) || isUniqueViolation(error)) return null;
    throw error;
  }
  for (const wallet of batch.wallets()) {
    const until = remembered.untilOf(wallet.state.accountId);
    if (until !== null) remembered.remember(wallet, until, now);
  }
  onCommit(accountIds);
  return [...decided.answers];
}

/** Takes the wallets' rows, reads what the commands need, and writes what they come to, part by part. */
async function commitLocked(
  dependencies: LedgerDependencies,
  units: readonly LedgerUnit[],
): Promise<(readonly UnitAnswer[])[]> {
  const { database, clock, remembered, onCommit, partSize } = dependencies;
  const named = namedBy(units);
  const accountIds = named.map(({ accountId }) => accountId).sort();
  const keyNames = keyNamesOf(units);
  const changed = new Set<AccountId>();
  const { answers, wallets, dueBy, now } = await database.prisma.$transaction(async (transaction) => {
    await lockWallets(transaction, accountIds);
    // Taken after the locks: who waited sees the time of those that it waited for.
    const now = clock.now();
    const loaded = await loadWallets(transaction, named, keyNames, now);
    const batch = new Batch(loaded.wallets, loaded.keys, now);
    const answers: (readonly UnitAnswer[])[] = [];
    let writing = Promise.resolve();
    try {
      for (const part of partsOf(units, partSize)) {
        // The database writes one part while the next is decided.
        if (answers.length > 0) await nextTurn();
        const decided = batch.decide(part);
        answers.push(...decided.answers);
        for (const { after } of decided.changes) changed.add(after.state.accountId);
        await writing;
        writing = write(transaction, dependencies, decided, now);
        // It is awaited below, but it may fail before.
        writing.catch(() => {});
      }
    } finally {
      await writing;
    }
    return { answers, wallets: batch.wallets(), dueBy: loaded.dueBy, now };
  });
  for (const wallet of wallets) remembered.remember(wallet, dueBy, now);
  onCommit([...changed]);
  return answers;
}

/** Units in their order, in parts of about so many commands; a unit is in one part. */
function partsOf(units: readonly LedgerUnit[], partSize: number): LedgerUnit[][] {
  const parts: LedgerUnit[][] = [];
  let size = partSize;
  for (const unit of units) {
    const part = parts.at(-1);
    if (part === undefined || size >= partSize) {
      parts.push([unit]);
      size = 0;
    } else part.push(unit);
    size += unit.requests.length;
  }
  return parts;
}

/** Decides without a lock, and keeps nothing of it. */
async function rehearse(database: Database, clock: Clock, unit: LedgerUnit): Promise<readonly UnitAnswer[]> {
  const now = clock.now();
  const { wallets, keys } = await loadWallets(database.prisma, namedBy([unit]), keyNamesOf([unit]), now);
  return new Batch(wallets, keys, now).decide([unit]).answers[0] ?? [];
}

const keyNamesOf = (units: readonly LedgerUnit[]): KeyName[] =>
  units.flatMap(({ requests }) =>
    requests.flatMap(({ key }) =>
      key === undefined ? [] : [{ accountId: key.accountId, mutation: key.mutation, key: key.key }],
    ),
  );

/** Writes what a part of a batch has come to. */
async function write(
  transaction: Transaction,
  dependencies: LedgerDependencies,
  decided: Decided,
  now: Instant,
): Promise<void> {
  const { changes, newKeys: keys } = decided;
  const { inserts, others } = otherRows(dependencies, decided, now);
  if (changes.length > 0) await writeChanges(transaction, { changes, keys, inserts, now });
  for (const writeOther of others) await writeOther(transaction);
}

/** What other parts write with a part of a batch: new rows, and anything else. */
function otherRows(
  { writers, follow }: LedgerDependencies,
  { changes, attachments }: Decided,
  now: Instant,
): { inserts: Statement[]; others: ((transaction: Transaction) => Promise<void>)[] } {
  const inserts: Statement[] = [];
  const others: ((transaction: Transaction) => Promise<void>)[] = [];
  const followed = follow(
    changes.map(({ before, after }) => ({
      accountId: after.state.accountId,
      availableBefore: before.state.available,
      availableAfter: after.state.available,
    })),
    now,
  );
  for (const [name, rows] of [...attachments, ...followed]) {
    const writer = writers.get(name);
    if (writer === undefined) throw new Error(`No writer "${name}" is registered with the ledger.`);
    if (writer.kind === 'insert') inserts.push(writer.statementFor(rows, now));
    else others.push((transaction) => writer.write(transaction, rows));
  }
  return { inserts, others };
}

/** What the commands of a batch name, for each wallet. */
function namedBy(units: readonly LedgerUnit[]): Named[] {
  const byAccount = new Map<AccountId, { accountId: AccountId; holdIds: HoldId[]; grantIds: GrantId[] }>();
  for (const { accountId, requests } of units) {
    const named = byAccount.get(accountId) ?? { accountId, holdIds: [], grantIds: [] };
    byAccount.set(accountId, named);
    for (const { command } of requests) {
      if ('holdId' in command) named.holdIds.push(command.holdId);
      named.grantIds.push(...grantsNamedBy(command));
    }
  }
  return [...byAccount.values()];
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
