import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { runClosedLoop } from '../closed-loop.ts';
import { debitCredits, uniformWallets } from './plain-tables.ts';

const run = promisify(execFile);

/** How the debits are spread: all on one wallet, or evenly over many. */
export type Spreading = 'hot' | 'uniform';

/** Debits of one SQL statement each, at the best that a client of PostgreSQL can do. */
export interface OneStatement {
  /** The tool and its version. */
  readonly tool: string;
  /** Debits a second with so many clients. */
  debitsPerSecond(spreading: Spreading, clients: number, seconds: number): Promise<number>;
  close(): Promise<void>;
}

const warmUpSeconds = 1;
/** As many as a machine with two cores has use for. */
const threads = 2;

const debit = (wallet: string): string =>
  `WITH debited AS (UPDATE plain.balance SET credits = credits - ${debitCredits} ` +
  `WHERE id = ${wallet} AND credits >= ${debitCredits} RETURNING id) ` +
  `INSERT INTO plain.entry (balance_id, credits) SELECT id, ${debitCredits} FROM debited`;

/** pgbench when it is on the PATH, else a loop over the driver. */
export async function openOneStatement(url: string): Promise<OneStatement> {
  const version = await pgbenchVersion();
  return version === null ? openLoop(url) : openPgbench(url, version);
}

async function pgbenchVersion(): Promise<string | null> {
  try {
    return (await run('pgbench', ['--version'])).stdout.trim();
  } catch {
    return null;
  }
}

async function openPgbench(url: string, version: string): Promise<OneStatement> {
  const folder = await mkdtemp(join(tmpdir(), 'wzrd-pgbench-'));
  const scripts: Record<Spreading, string> = {
    hot: `${debit('1')};\n`,
    uniform: `\\set wallet random(1, ${uniformWallets})\n${debit(':wallet')};\n`,
  };
  for (const [name, script] of Object.entries(scripts)) await writeFile(join(folder, `${name}.sql`), script);
  const pgbench = async (spreading: Spreading, clients: number, seconds: number): Promise<number> => {
    const { stdout } = await run('pgbench', [
      '--no-vacuum',
      '--protocol=prepared',
      `--file=${join(folder, `${spreading}.sql`)}`,
      `--client=${clients}`,
      `--jobs=${Math.min(threads, clients)}`,
      `--time=${seconds}`,
      url,
    ]);
    const perSecond = /^tps = ([\d.]+)/m.exec(stdout)?.[1];
    if (perSecond === undefined) throw new Error(`pgbench did not say how fast it was: ${stdout}`);
    return Number(perSecond);
  };
  return {
    tool: `${version}, -M prepared`,
    debitsPerSecond: async (spreading, clients, seconds) => {
      await pgbench(spreading, clients, warmUpSeconds);
      return pgbench(spreading, clients, seconds);
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function openLoop(url: string): OneStatement {
  return {
    tool: 'pg loop (pgbench is not on the PATH)',
    debitsPerSecond: async (spreading, callers, seconds) => {
      const clients = await Promise.all(
        Array.from({ length: callers }, async () => {
          const client = new pg.Client({ connectionString: url });
          await client.connect();
          return client;
        }),
      );
      try {
        const { callsPerSecond } = await runClosedLoop({ callers, warmUpSeconds, seconds }, async (caller) => {
          const wallet = spreading === 'hot' ? 1 : 1 + Math.floor(Math.random() * uniformWallets);
          await clients[caller]?.query({ name: 'debit', text: debit('$1::integer'), values: [wallet] });
        });
        return callsPerSecond;
      } finally {
        await Promise.all(clients.map((client) => client.end()));
      }
    },
    close: async () => {},
  };
}

const triedClients = [8, 16, 24, 32];
const trySeconds = 2;

/** The number of clients with which debits are quickest here: the other sides are held against the best. */
export async function findBestClients(oneStatement: OneStatement, spreading: Spreading): Promise<number> {
  let best = { clients: 0, perSecond: 0 };
  for (const clients of triedClients) {
    const perSecond = await oneStatement.debitsPerSecond(spreading, clients, trySeconds);
    if (perSecond > best.perSecond) best = { clients, perSecond };
  }
  return best.clients;
}
