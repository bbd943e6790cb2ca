import { setTimeout as wait } from 'node:timers/promises';
import { openPostgresDatabase } from '../../src/db/postgres.ts';
import { createRandom } from '../support/random.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { adminKey } from '../support/test-app.ts';
import { beginIntent, type Book, createBook } from './book.ts';
import {
  type Check,
  checkEnd,
  checkLeases,
  checksOfTheDatabase,
  checksOfTheLoad,
  countEndings,
  countUnderWay,
} from './checks.ts';
import { cancelOne, type LoadWallet, loadWallet, runClient, send } from './load.ts';
import { type Account, identicalRound, scarceRound } from './rounds.ts';
import { type Servers, startServers } from './servers.ts';
import type { Settings } from './settings.ts';
import { createWire } from './wire.ts';

/** What a run did and found. */
export interface Report {
  readonly settings: Settings;
  readonly book: Book;
  readonly kills: number;
  /** How long the load lasted. */
  readonly loadSeconds: number;
  /** How long it took until nothing was under way; null when that was not waited for. */
  readonly settleSeconds: number | null;
  readonly endings: readonly { readonly ending: string; readonly count: number }[];
  readonly warnings: ReadonlyMap<string, number>;
  readonly checks: readonly Check[];
}

const leastRounds = 1;
/** So many of each kind of round in a run: one every five seconds. */
const roundsOf = ({ seconds }: Settings): number => Math.max(leastRounds, Math.floor(seconds / 5));
const creditsOfHotWallet = 1_000_000;
const creditsOfRichWallets = 20_000;

/** Loads server processes on a database that nobody else uses, and checks what is left. */
export async function runStress(settings: Settings, databaseUrl: string): Promise<Report> {
  const book = createBook();
  const mayBeKilled = settings.kills > 0;
  const servers = await startServers(settings.processes, databaseUrl);
  try {
    const database = await openPostgresDatabase(databaseUrl);
    try {
      const wire = createWire(servers, book, mayBeKilled);
      const studio = createStudio(wire);
      const wallets = await openWallets(book, studio, settings.wallets);
      const loadSeconds = await load({ settings, servers, book, studio, wire, wallets });
      await servers.untilAllAreUp();
      await Promise.all(
        wallets.flatMap((wallet) => [...wallet.hanging].map((id) => cancelOne(book, studio, wallet, id))),
      );
      const leases = await checkLeases(database);
      const settled = await settle(settings, database);
      const ofTheDatabase = await checksOfTheDatabase(database, studio, book, mayBeKilled);
      await servers.stop();
      return {
        settings,
        book,
        kills: servers.kills(),
        loadSeconds,
        settleSeconds: settled?.seconds ?? null,
        endings: await countEndings(database),
        warnings: servers.logs.warnings,
        checks: [
          ...checksOfTheLoad(book, servers, settings.kills),
          ...ofTheDatabase,
          leases,
          ...(settled === null ? [] : [settled.check]),
        ],
      };
    } finally {
      await database.close();
    }
  } finally {
    await servers.stop();
  }
}

async function load(parts: {
  settings: Settings;
  servers: Servers;
  book: Book;
  studio: Studio;
  wire: ReturnType<typeof createWire>;
  wallets: readonly LoadWallet[];
}): Promise<number> {
  const { settings, servers, book, studio, wire, wallets } = parts;
  const fresh = await Promise.all(Array.from({ length: 2 * roundsOf(settings) }, () => openAccount(book, studio)));
  const startedAt = performance.now();
  let isOver = false;
  const clients = Array.from({ length: settings.clients }, (_, index) =>
    runClient({ index, seed: settings.seed, book, wire, wallets, isOver: () => isOver }),
  );
  try {
    await Promise.all([
      wait(settings.seconds * 1_000),
      runRounds(settings, book, studio, fresh),
      killRepeatedly(settings, servers),
    ]);
  } finally {
    isOver = true;
    await Promise.all(clients);
  }
  return (performance.now() - startedAt) / 1_000;
}

/** The rounds, spread over the time of the load; on a slow machine fewer of them. */
async function runRounds(settings: Settings, book: Book, studio: Studio, fresh: readonly Account[]): Promise<void> {
  const overAt = performance.now() + settings.seconds * 1_000;
  for (const [index, account] of fresh.entries()) {
    if (index >= 2 * leastRounds && performance.now() > overAt) return;
    await wait((settings.seconds * 1_000) / (2 * fresh.length));
    const round = index % 2 === 0 ? identicalRound : scarceRound;
    try {
      await round(book, studio, account);
    } catch (error) {
      book.unexpected.push(`A round did not come to its end: ${String(error)}`);
    }
  }
}

async function killRepeatedly({ kills, seconds, seed }: Settings, servers: Servers): Promise<void> {
  const random = createRandom(seed);
  const pauseMs = (seconds * 1_000) / (kills + 1);
  const giveUpAt = performance.now() + 10 * seconds * 1_000;
  while (servers.kills() < kills && performance.now() < giveUpAt) {
    await wait(pauseMs / 2 + random.below(Math.ceil(pauseMs)));
    // When no other one is up, it is tried again a little later.
    await servers.killOne(random);
  }
}

/** Waits until nothing is under way, as long as the settings allow; null when they do not want that. */
async function settle(
  { settleWithinSeconds }: Settings,
  database: Parameters<typeof countUnderWay>[0],
): Promise<{ seconds: number; check: Check } | null> {
  if (settleWithinSeconds === 0) return null;
  const startedAt = performance.now();
  const seconds = (): number => (performance.now() - startedAt) / 1_000;
  while ((await countUnderWay(database)) > 0 && seconds() < settleWithinSeconds) await wait(250);
  const says = `G14 G20 within ${settleWithinSeconds} s after the load every generation has ended and nothing is held`;
  return { seconds: seconds(), check: await checkEnd(database, says) };
}

async function openAccount(book: Book, studio: Studio): Promise<Account> {
  const { createAccount } = await studio.ask<{ createAccount: { account: { id: string }; apiKey: string } }>(
    'mutation { createAccount(input: { name: "Stress" }) { ... on CreatedAccount { account { id } apiKey } } }',
    { key: adminKey },
  );
  book.accountIds.push(createAccount.account.id);
  return { id: createAccount.account.id, key: createAccount.apiKey };
}

/** One wallet with plenty for half of the load, and others of which every second one soon runs short. */
async function openWallets(book: Book, studio: Studio, wanted: number): Promise<LoadWallet[]> {
  const accounts = await Promise.all(Array.from({ length: wanted }, () => openAccount(book, studio)));
  const give = async ({ id }: Account, credits: number): Promise<void> => {
    const name = `first-${id}`;
    const intent = beginIntent(book, { mutation: 'grantCredits', name, accountId: id, keyed: true });
    const more = { idempotencyKey: name, reason: name };
    await send(book, intent, String(credits), () => studio.giveCredits(id, credits, more));
  };
  await Promise.all(
    accounts.map(async (account, index) => {
      if (index % 2 === 0) await give(account, index === 0 ? creditsOfHotWallet : creditsOfRichWallets);
    }),
  );
  return accounts.map(loadWallet);
}
