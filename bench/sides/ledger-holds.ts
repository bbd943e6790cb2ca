import { randomUUID } from 'node:crypto';
import { openCatalog } from '../../src/catalog/index.ts';
import { systemClock } from '../../src/clock.ts';
import { type Database, migrate } from '../../src/db/index.ts';
import { openPostgresDatabase } from '../../src/db/postgres.ts';
import {
  type GenerateInput,
  type GenerationId,
  generationWriters,
  holdIdOf,
  queuedGeneration,
} from '../../src/generation/index.ts';
import { createIdSource } from '../../src/ids.ts';
import { type Job, jobWriter } from '../../src/jobs/index.ts';
import {
  type AccountId,
  type Credits,
  createHistory,
  createLedger,
  type GrantId,
  type History,
  idempotencyKeyOf,
  type Ledger,
} from '../../src/ledger/index.ts';
import { type LoopResult, runClosedLoop } from '../closed-loop.ts';
import { debitCredits } from './plain-tables.ts';

/** Our own ledger on a database, as `generate` calls it. */
export interface LedgerHolds {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly history: History;
  /** Makes accounts with a wallet of three grants each. */
  openWallets(count: number): Promise<AccountId[]>;
  /** Holds credits on wallets that are drawn evenly, so many callers at once. */
  run(options: { wallets: readonly AccountId[]; callers: number; seconds: number }): Promise<LoopResult>;
  /** Holds credits so many times on each of these wallets. */
  holdOnEach(wallets: readonly AccountId[], times: number): Promise<void>;
  close(): Promise<void>;
}

const ids = createIdSource(systemClock);
/** More than a run can hold; three of them stay below what a wallet may ever have been given. */
const grantCredits = 600_000_000 as Credits; // Positive and below the maximum.
const grantsPerWallet = 3;
const walletsPerTransaction = 250;
const holdLifetimeMs = 15 * 60_000;
const warmUpSeconds = 1;
const modelId = 'fal-ai/flux/schnell';
const price = { version: 1, credits: debitCredits };

/** Migrates an empty database, fills the catalog and opens the ledger with the writers that `generate` uses. */
export async function openLedgerHolds(url: string): Promise<LedgerHolds> {
  const database = await openPostgresDatabase(url);
  const clock = systemClock;
  await migrate(database, ids);
  const throwError = (error: unknown): never => {
    throw error;
  };
  // Generations refer to models. Once they are written, nobody has to look for changes.
  const catalog = await openCatalog({ database, clock, providers: new Set(), onRefreshError: throwError });
  await catalog.close();
  const ledger = createLedger({ database, clock, writers: new Map([...generationWriters, ['job', jobWriter]]) });
  return {
    database,
    ledger,
    history: createHistory(database),
    openWallets: (count) => openWallets(database, ledger, count),
    run: ({ wallets, callers, seconds }) =>
      runClosedLoop({ callers, warmUpSeconds, seconds }, () => hold(ledger, draw(wallets))),
    holdOnEach: async (wallets, times) => {
      for (let time = 0; time < times; time += 1) {
        await Promise.all(wallets.map((accountId) => hold(ledger, accountId)));
      }
    },
    close: () => database.close(),
  };
}

function draw(wallets: readonly AccountId[]): AccountId {
  const wallet = wallets[Math.floor(Math.random() * wallets.length)];
  if (wallet === undefined) throw new Error('There are no wallets to draw from.');
  return wallet;
}

/** What `generate` asks of the ledger for one call: the hold, the client's key, the generation and its first job. */
async function hold(ledger: Ledger, accountId: AccountId): Promise<void> {
  const id = ids.next('gen') as GenerationId; // A new id with the prefix of generations is one.
  const input: GenerateInput = {
    operation: 'GENERATE',
    modelId,
    kind: null,
    prompt: 'A lighthouse in the rain',
    params: null,
    assets: null,
    quoteId: null,
    metadata: null,
    idempotencyKey: randomUUID(),
  };
  const answer = await ledger.execute({
    accountId,
    command: { kind: 'hold', holdId: holdIdOf(id), amount: debitCredits as Credits, lifetimeMs: holdLifetimeMs }, // 3 is positive.
    key: idempotencyKeyOf(input, { accountId, mutation: 'generate', subjectId: id }),
    attach: (_effect, now) => [
      { writer: 'generation', row: queuedGeneration({ id, accountId, apiKeyId: null, modelId, price, input, now }) },
      {
        writer: 'job',
        row: { id: `job_${id}`, kind: 'SUBMIT', accountId, subjectId: id, dueAt: now } satisfies Job,
      },
    ],
  });
  if (answer.kind !== 'applied') throw new Error(`A hold was not applied: ${JSON.stringify(answer)}.`);
}

async function openWallets(database: Database, ledger: Ledger, count: number): Promise<AccountId[]> {
  const accountIds = Array.from({ length: count }, () => ids.next('account') as AccountId); // New ids of accounts.
  const now = systemClock.now();
  for (let from = 0; from < count; from += walletsPerTransaction) {
    const some = accountIds.slice(from, from + walletsPerTransaction);
    await database.prisma.$transaction(async (transaction) => {
      await transaction.account.createMany({
        data: some.map((id) => ({ id, name: 'Benchmark', createdAt: new Date(now) })),
      });
      for (const accountId of some) await ledger.openWallet(transaction, accountId, newGrants(), now);
    });
  }
  return accountIds;
}

const newGrants = (): Parameters<Ledger['openWallet']>[2] =>
  Array.from({ length: grantsPerWallet }, () => ({
    kind: 'grant',
    grantId: ids.next('grant') as GrantId, // A new id with the prefix of grants is one.
    source: 'ADJUSTMENT',
    category: 'PAID',
    priority: 0,
    amount: grantCredits,
    effectiveAt: null,
    expiresAt: null,
    reason: 'For a benchmark',
  }));
