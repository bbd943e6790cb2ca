import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import { type Database, isPassing, isUniqueViolation, type Statement } from '../db/index.ts';
import { type Attachments, attachedTo } from './attachments.ts';
import { Batch, type Decided } from './batch.ts';
import type { AccountId, Instant } from './core/types.ts';
import type { Waiting } from './group-commit.ts';
import { keyNamesOf, namedBy } from './named-by.ts';
import type { RememberedWallets } from './remembered-wallets.ts';
import type { LedgerUnit, UnitAnswer } from './request.ts';
import { loadWallets, lockWallets, type StoredWallet, unlessChanged, writeChanges } from './wallet.store.ts';

/** How batches are carried out. */
export interface Committing {
  readonly database: Database;
  readonly clock: Clock;
  readonly attachments: Attachments;
  /** Told of the wallets that have changed, once that is committed. */
  readonly onCommit: (accountIds: readonly AccountId[]) => void;
  /** How a batch waits before it is run again. */
  readonly pause: (ms: number) => Promise<void>;
  /** How many commands of a batch are decided and written at a time. */
  readonly partSize: number;
  readonly remembered: RememberedWallets;
}

type Member = Waiting<LedgerUnit, readonly UnitAnswer[]>;
/** Takes the answers of the units that come next. */
type Answer = (answers: readonly (readonly UnitAnswer[])[]) => void;

const mostAttempts = 6;
const firstRetryDelayMs = 10;

/**
 * Carries out a batch; never rejects. Members are answered once what they asked for is committed, while the database is at
 * the next part; gives what answers the last of them.
 */
export async function commitBatch(committing: Committing, batch: readonly Member[]): Promise<() => void> {
  let left = batch;
  let answerLast = (): void => {};
  const answer: Answer = (answers) => {
    const answered = left.slice(0, answers.length);
    left = left.slice(answers.length);
    const resolve = (): void => {
      for (const [index, member] of answered.entries()) member.resolve(answers[index] ?? []);
    };
    // Those of an earlier part wait until the next is on its way.
    if (left.length > 0) setImmediate(resolve);
    else answerLast = resolve;
  };
  try {
    await withRetries(committing, () => commit(committing, left, answer));
    if (left.length > 0) throw new Error('A batch of the ledger gave too few answers.');
  } catch (error) {
    // A database that is gone is gone for each of them; what one bad command did, it does to itself alone.
    if (batch.length === 1 || isPassing(error)) for (const member of left) member.reject(error);
    else for (const member of left) (await commitBatch(committing, [member]))();
  }
  return answerLast;
}

async function withRetries({ pause }: Committing, run: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await run();
      return;
    } catch (error) {
      // A key or id that another process wrote meanwhile is seen by the next attempt.
      if (attempt === mostAttempts || !(isPassing(error) || isUniqueViolation(error))) throw error;
      await pause(firstRetryDelayMs * 2 ** attempt);
    }
  }
}

async function commit(committing: Committing, members: readonly Member[], answer: Answer): Promise<void> {
  const units = members.map(({ request }) => request);
  const written = await commitUnlocked(committing, units, answer);
  if (written < units.length) answer(await commitLocked(committing, units.slice(written)));
}

/**
 * Decides holds without a lock, by what is remembered or read of the wallets, part by part, and writes each part in one
 * statement, which is committed by itself and which the database refuses when somebody else has written to one of the
 * wallets. Gives how many of the units are written and answered: it stops before the first part of which anything else is to
 * be told than that all of it took effect.
 */
async function commitUnlocked(
  { database, clock, attachments, onCommit, partSize, remembered }: Committing,
  units: readonly LedgerUnit[],
  answer: Answer,
): Promise<number> {
  if (!units.every(({ requests }) => requests.every(({ command }) => command.kind === 'hold'))) return 0;
  const accountIds = new Set(units.map(({ accountId }) => accountId));
  const now = clock.now();
  const wallets = await recallOrRead({ database, remembered }, accountIds, now);
  if (wallets === null) return 0;

  const batch = new Batch(wallets, [], now);
  let written = 0;
  const write = async (statement: Statement, { changes, answers }: Decided): Promise<void> => {
    await database.prisma.$queryRaw(statement);
    written += answers.length;
    for (const { after } of changes) remembered.remember(after, now);
    onCommit(changes.map(({ after }) => after.state.accountId));
    answer(answers);
  };
  let writing = Promise.resolve();
  try {
    for (const part of partsOf(units, partSize)) {
      // The database writes one part while the next is decided.
      const decided = batch.decide(part);
      const { changes, newKeys: keys, answers } = decided;
      const { inserts, others } = attachedTo(decided, attachments, now);
      const isAllApplied = answers.every((ofUnit) => ofUnit.every(({ kind }) => kind === 'applied'));
      // Who is refused is refused by what stands in the database.
      const isPlain = isAllApplied && others.length === 0 && changes.length > 0;
      const statement = isPlain ? unlessChanged({ changes, keys, inserts, now }) : null;
      await writing;
      if (statement === null) return written;
      writing = write(statement, decided);
      // It is awaited below, but it may fail before.
      writing.catch(() => {});
      if (written + part.length < units.length) await nextTurn();
    }
    await writing;
  } catch (error) {
    // Where deciding failed, the part before is still under way, and its members must not be carried out again meanwhile.
    await writing.catch(() => {});
    remembered.estrange(accountIds, now);
    if (isPassing(error) || isUniqueViolation(error)) return written;
    throw error;
  }
  return written;
}

/** Wallets as this process knows them, and the others as they are read; null when somebody else writes to one of them, too. */
async function recallOrRead(
  { database, remembered }: Pick<Committing, 'database' | 'remembered'>,
  accountIds: ReadonlySet<AccountId>,
  now: Instant,
): Promise<Map<AccountId, StoredWallet> | null> {
  for (const accountId of accountIds) if (remembered.isEstranged(accountId, now)) return null;
  const known = remembered.recall(accountIds, now);
  const unknown = [...accountIds].filter((accountId) => !known.has(accountId));
  if (unknown.length === 0) return known;
  const named = unknown.map((accountId) => ({ accountId, holdIds: [], grantIds: [] }));
  const { wallets } = await loadWallets(database.prisma, named, [], now);
  return new Map([...known, ...wallets]);
}

/** Takes the wallets' rows, reads what the commands need, and writes what they come to, part by part, in one transaction. */
async function commitLocked(committing: Committing, units: readonly LedgerUnit[]): Promise<(readonly UnitAnswer[])[]> {
  const { database, clock, attachments, onCommit, partSize, remembered } = committing;
  const named = namedBy(units);
  const accountIds = named.map(({ accountId }) => accountId).sort();
  const keyNames = keyNamesOf(units);
  const changed = new Set<AccountId>();
  const { answers, wallets, now } = await database.prisma.$transaction(async (transaction) => {
    await lockWallets(transaction, accountIds);
    // Taken after the locks: who waited sees the time of those that it waited for.
    const now = clock.now();
    const loaded = await loadWallets(transaction, named, keyNames, now);
    const batch = new Batch(loaded.wallets, loaded.keys, now);
    const answers: (readonly UnitAnswer[])[] = [];
    let writing = Promise.resolve();
    const write = async (decided: Decided): Promise<void> => {
      const { changes, newKeys: keys } = decided;
      const { inserts, others } = attachedTo(decided, attachments, now);
      if (changes.length > 0) await writeChanges(transaction, { changes, keys, inserts, now });
      for (const writeOther of others) await writeOther(transaction);
    };
    try {
      for (const part of partsOf(units, partSize)) {
        // The database writes one part while the next is decided.
        if (answers.length > 0) await nextTurn();
        const decided = batch.decide(part);
        answers.push(...decided.answers);
        for (const { after } of decided.changes) changed.add(after.state.accountId);
        await writing;
        writing = write(decided);
        // It is awaited below, but it may fail before.
        writing.catch(() => {});
      }
    } finally {
      await writing;
    }
    return { answers, wallets: batch.wallets(), now };
  });
  for (const wallet of wallets) remembered.remember(wallet, now);
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
