import { setTimeout as wait } from 'node:timers/promises';
import type { Database } from '../../../src/db/database.ts';
import { openPostgresDatabase } from '../../../src/db/postgres.ts';
import { findLedgerFaults } from '../../support/ledger-checks.ts';
import { createRandom } from '../../support/random.ts';
import { createStudio, type Studio } from '../../support/studio.ts';
import { adminKey } from '../../support/test-app.ts';
import { createBook } from '../book.ts';
import { type Check, countEndings, countUnderWay, findSettlementFaults, verifyAll } from '../checks.ts';
import { type Servers, startServers } from '../servers.ts';
import { createWire } from '../wire.ts';
import { type FaultyProviders, startFaultyProviders } from './faulty-providers.ts';

export interface ProviderSettings {
  readonly generations: number;
  readonly processes: number;
  readonly faultPercent: number;
  /** A server is killed about this often while anything is under way; 0: never. */
  readonly secondsPerKill: number;
  readonly settleWithinSeconds: number;
  readonly seed: number;
}

/** What a run did and found. */
export interface ProviderReport {
  readonly settings: ProviderSettings;
  readonly kills: number;
  readonly seconds: number;
  readonly endings: readonly { readonly ending: string; readonly count: number }[];
  readonly faults: ReadonlyMap<string, number>;
  /** Generations whose request may have run at a provider though nobody knows its result. */
  readonly orphaned: number;
  readonly checks: readonly Check[];
}

/** One of each provider, and of each of its protocols. */
const models = ['fal-ai/flux/schnell', 'gmi/pixverse-v5-t2v', 'llama-3.3-70b-versatile', 'gmi/openai-o4-mini'];
const accounts = 10;
const creditsOfEach = 100_000;
const callersAtOnce = 16;

/** Sends generations to servers that are killed, over providers that fail, and checks what became of each. */
export async function runProviders(settings: ProviderSettings, databaseUrl: string): Promise<ProviderReport> {
  const random = createRandom(settings.seed);
  const providers = await startFaultyProviders(random, settings.faultPercent);
  try {
    const servers = await startServers(settings.processes, databaseUrl, providers.environment);
    try {
      const database = await openPostgresDatabase(databaseUrl);
      try {
        return await run(settings, { random, providers, servers, database });
      } finally {
        await database.close();
      }
    } finally {
      await servers.stop();
    }
  } finally {
    await providers.close();
  }
}

interface Parts {
  readonly random: ReturnType<typeof createRandom>;
  readonly providers: FaultyProviders;
  readonly servers: Servers;
  readonly database: Database;
}

async function run(settings: ProviderSettings, parts: Parts): Promise<ProviderReport> {
  const { providers, servers, database } = parts;
  const book = createBook();
  const studio = createStudio(createWire(servers, book, settings.secondsPerKill > 0));
  const keys = await Promise.all(Array.from({ length: accounts }, () => openAccount(studio, book.accountIds)));
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1_000;
  const asked = new Map<string, string>();
  let isOver = false;
  const killing = killRepeatedly(settings, parts, () => isOver);
  try {
    await askForAll(settings, studio, keys, asked);
    while ((await countUnderWay(database)) > 0 && seconds() < settings.settleWithinSeconds) await wait(500);
  } finally {
    isOver = true;
    await killing;
  }
  await servers.untilAllAreUp();
  const orphaned = await readOrphaned(studio);
  const checks: Check[] = [
    { says: `G13 each of ${book.sent} requests got an answer that it may get`, faults: book.unexpected },
    {
      says: `G02 ${settings.generations} keys made ${settings.generations} generations, and answers name them`,
      faults: await findMissing(database, asked, settings.generations),
    },
    { says: `G20 within ${settings.settleWithinSeconds} s each has come to one end`, faults: await findOpen(database) },
    { says: 'G21 at most one request of each was taken by a provider', faults: findTakenTwice(providers) },
    {
      says: 'G21 what was taken is known by its request, or is in the list of the orphaned',
      faults: await findUnlisted(database, providers, orphaned),
    },
    { says: 'G05 every hold is settled once, with all of its amount', faults: await findSettlementFaults(database) },
    { says: 'G20 each success was captured, and nothing else', faults: await findCaptureFaults(database) },
    { says: 'G10 G40 balances are the replay of the journal', faults: await findLedgerFaults(database) },
    { says: `G16 verifyLedger agrees with ${accounts} wallets`, faults: await verifyAll(studio, book.accountIds) },
    { says: 'no server ended by itself', faults: servers.faults },
    { says: 'the logs of the servers have no error', faults: servers.logs.errors },
  ];
  return {
    settings,
    kills: servers.kills(),
    seconds: seconds(),
    endings: await countEndings(database),
    faults: providers.faults,
    orphaned: orphaned.size,
    checks,
  };
}

async function openAccount(studio: Studio, accountIds: string[]): Promise<string> {
  const { createAccount } = await studio.ask<{ createAccount: { account: { id: string }; apiKey: string } }>(
    'mutation { createAccount(input: { name: "Stress" }) { ... on CreatedAccount { account { id } apiKey } } }',
    { key: adminKey },
  );
  accountIds.push(createAccount.account.id);
  await studio.giveCredits(createAccount.account.id, creditsOfEach);
  return createAccount.apiKey;
}

/** Asks for all generations, some at once, each under a key of its own; `asked` gets the id by the prompt. */
async function askForAll(
  { generations, seed }: ProviderSettings,
  studio: Studio,
  keys: readonly string[],
  asked: Map<string, string>,
): Promise<void> {
  let next = 0;
  const ask = async (): Promise<void> => {
    for (let index = next++; index < generations; index = next++) {
      const prompt = `story ${index} of run ${seed}`;
      const input = { modelId: models[index % models.length], prompt, idempotencyKey: `key-${index}` };
      const answer = await studio.generate(keys[index % keys.length] ?? '', input);
      if (answer.id === undefined) throw new Error(`A generation was refused: ${JSON.stringify(answer)}`);
      asked.set(prompt, answer.id);
    }
  };
  await Promise.all(Array.from({ length: callersAtOnce }, ask));
}

async function killRepeatedly(
  { secondsPerKill }: ProviderSettings,
  { random, servers }: Parts,
  isOver: () => boolean,
): Promise<void> {
  while (secondsPerKill > 0 && !isOver()) {
    await wait(secondsPerKill * (500 + random.below(1_000)));
    if (!isOver()) await servers.killOne(random);
  }
}

interface OrphanPage {
  readonly orphanedGenerations: {
    readonly nodes: readonly { readonly id: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

async function readOrphaned(studio: Studio): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let after: string | null = null; ;) {
    const { orphanedGenerations: page }: OrphanPage = await studio.ask<OrphanPage>(
      `query ($after: String) { orphanedGenerations(first: 100, after: $after) {
        nodes { id } pageInfo { hasNextPage endCursor }
      } }`,
      { key: adminKey, variables: { after } },
    );
    for (const { id } of page.nodes) ids.add(id);
    if (!page.pageInfo.hasNextPage) return ids;
    after = page.pageInfo.endCursor;
  }
}

type Reader = Pick<Database, 'prisma'>;

async function findMissing(
  { prisma }: Reader,
  asked: ReadonlyMap<string, string>,
  generations: number,
): Promise<string[]> {
  const rows = await prisma.generation.findMany({ select: { id: true, prompt: true } });
  return [
    ...(rows.length === generations ? [] : [`There are ${rows.length}.`]),
    ...rows
      .filter(({ id, prompt }) => asked.get(prompt ?? '') !== id)
      .map(({ id, prompt }) => `${id} was made for "${prompt}", whose caller was told ${asked.get(prompt ?? '')}`),
  ];
}

async function findOpen({ prisma }: Reader): Promise<string[]> {
  const rows = await prisma.generation.findMany({ where: { completedAt: null } });
  return rows.map(({ id, status }) => `${id} is ${status}`);
}

const findTakenTwice = (providers: FaultyProviders): string[] =>
  [...providers.acceptedByPrompt()]
    .filter(([, times]) => times > 1)
    .map(([prompt, times]) => `"${prompt}" was taken ${times} times`);

/** A provider took it, and neither the generation nor the operator's list knows. */
async function findUnlisted(
  { prisma }: Reader,
  providers: FaultyProviders,
  orphaned: ReadonlySet<string>,
): Promise<string[]> {
  const taken = providers.acceptedByPrompt();
  const rows = await prisma.generation.findMany({ where: { providerRequestId: null } });
  return rows
    .filter(({ id, prompt }) => taken.has(prompt ?? '') && !orphaned.has(id))
    .map(({ id, status, failureCode }) => `${id} is ${status} ${failureCode ?? ''}`);
}

async function findCaptureFaults({ prisma }: Reader): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ fault: string }[]>`
    SELECT generation.id || ' ' || generation.status || ': charged ' || credits_charged || ', captured ' || coalesce(captured, 0) AS fault
    FROM generation LEFT JOIN (
      SELECT account_id, hold_id, sum(amount)::integer AS captured, count(*) AS captures
      FROM transfer WHERE type = 'CAPTURE' GROUP BY account_id, hold_id
    ) AS settled ON settled.account_id = generation.account_id AND settled.hold_id = generation.id
    WHERE (credits_charged, coalesce(captured, 0), coalesce(captures, 0)) IS DISTINCT FROM
      CASE generation.status WHEN 'SUCCEEDED' THEN (credits, credits, 1::bigint) ELSE (0, 0, 0::bigint) END`;
  return rows.map(({ fault }) => fault);
}
