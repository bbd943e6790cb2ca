import { poolSize } from '../src/db/postgres.ts';
import { ledgerLimits } from '../src/ledger/index.ts';
import { meanOf } from './closed-loop.ts';
import { gatherStatistics } from './postgres.ts';
import type { Report } from './report.ts';
import { type Comparison, percentileOf, type Side } from './rounds.ts';
import { runBench, type RunOptions } from './run.ts';
import { httpConnections, openGenerateOverHttp } from './sides/generate-over-http.ts';
import { type LedgerHolds, openLedgerHolds } from './sides/ledger-holds.ts';
import { findBestClients, openOneStatement } from './sides/one-statement.ts';
import { createPlainTables, uniformWallets } from './sides/plain-tables.ts';
import { openPrismaTransactions, prismaCallers } from './sides/prisma-transaction.ts';

/** Callers of the ledger at once, where its throughput is measured. */
export const ledgerCallers = 1_024;
/** Callers at once, where its slowest answers are measured. */
const patientCallers = 128;

const comparisons: readonly Comparison[] = [
  { name: 'C hot / B hot', dividend: 'C hot', divisor: 'B hot', target: '>= 20' },
  { name: 'C hot / A hot', dividend: 'C hot', divisor: 'A hot', target: '>= 6' },
  { name: 'C uniform / A uniform', dividend: 'C uniform', divisor: 'A uniform', target: '>= 1' },
  { name: 'D hot / A hot', dividend: 'D hot', divisor: 'A hot', target: '>= 1.5' },
  { name: 'D hot, no workers / A hot', dividend: 'D hot, no workers', divisor: 'A hot', target: null },
  { name: 'C lone / A lone (latency)', dividend: 'C lone', divisor: 'A lone', target: '<= 8' },
];

const notes = [
  'A: one SQL statement a debit. B: one interactive transaction of Prisma a debit. C: our ledger, a hold with the\n' +
    "client's key, the generation and its job. D: generate over HTTP and GraphQL, the server in a process of its own,\n" +
    'its workers running what was generated (and once without them). A and C lone are means over one caller.',
  'D has the load generator on the same cores as the server and PostgreSQL; A has pgbench there, B and C load themselves.',
];

/** Our ledger against one SQL statement a debit (A) and one transaction of Prisma's a debit (B). */
export function benchLedger(options: RunOptions): Promise<Report> {
  const { say } = options;
  return runBench('ledger', options, async (postgres, addCloser) => {
    const url = await postgres.newDatabase('bench_ledger');
    const ours = await openLedgerHolds(url);
    addCloser(() => ours.close());
    await createPlainTables(url);
    const oneStatement = await openOneStatement(url);
    addCloser(() => oneStatement.close());
    const prisma = openPrismaTransactions(url);
    addCloser(() => prisma.close());
    const shipped = await openGenerateOverHttp(await postgres.newDatabase('bench_generate'), 'src/main.ts');
    addCloser(() => shipped.close());
    const withoutWorkers = await openGenerateOverHttp(
      await postgres.newDatabase('bench_generate_without_workers'),
      'bench/sides/server-without-workers.ts',
    );
    addCloser(() => withoutWorkers.close());

    say(`Opening ${uniformWallets} wallets.`);
    const hot = await ours.openWallets(1);
    const many = await ours.openWallets(uniformWallets);
    await settle(ours, url, many);
    say(`Looking for the best number of clients for A (${oneStatement.tool}).`);
    const clients = {
      hot: await findBestClients(oneStatement, 'hot'),
      uniform: await findBestClients(oneStatement, 'uniform'),
    };

    const hold = (wallets: typeof hot, callers: number) => (seconds: number) => ours.run({ wallets, callers, seconds });
    const sides: readonly Side[] = [
      rate('A hot', (seconds) => oneStatement.debitsPerSecond('hot', clients.hot, seconds)),
      rate('C hot', async (seconds) => (await hold(hot, ledgerCallers)(seconds)).callsPerSecond),
      rate('B hot', (seconds) => prisma.debitsPerSecond(seconds)),
      rate('D hot', (seconds) => shipped.generationsPerSecond(seconds)),
      rate('D hot, no workers', (seconds) => withoutWorkers.generationsPerSecond(seconds)),
      rate('A uniform', (seconds) => oneStatement.debitsPerSecond('uniform', clients.uniform, seconds)),
      rate('C uniform', async (seconds) => (await hold(many, ledgerCallers)(seconds)).callsPerSecond),
      latency('A lone', async (seconds) => 1_000 / (await oneStatement.debitsPerSecond('hot', 1, seconds))),
      latency('C lone', async (seconds) => meanOf((await hold(hot, 1)(seconds)).latenciesMs)),
      {
        ...latency(`C p99 at ${patientCallers} callers`, async (seconds) =>
          percentileOf((await hold(hot, patientCallers)(seconds)).latenciesMs, 0.99),
        ),
        target: '< 50',
      },
    ];
    const ranWith = {
      A: `${oneStatement.tool}; the best of ${clients.hot} clients on the hot wallet, ${clients.uniform} on all`,
      B: `${prismaCallers} callers, pool of ${prismaCallers}`,
      ...ledgerSettings(ours),
      D: `${httpConnections} connections, one account`,
      'Wallets, where uniform': uniformWallets,
    };
    return { sides, comparisons, ranWith, notes };
  });
}

/** How the ledger was set and used, for a report. */
export const ledgerSettings = ({ database }: LedgerHolds): Record<string, string> => ({
  C: `${ledgerCallers} callers, pool of ${poolSize}, ${ledgerLimits.batchSize} a batch, ${database.concurrentBatches} batches under way`,
});

/** Lets the tables be no longer new before anything is measured. */
export async function settle(ours: LedgerHolds, url: string, wallets: Parameters<LedgerHolds['run']>[0]['wallets']) {
  await ours.run({ wallets, callers: ledgerCallers, seconds: 1 });
  await gatherStatistics(url);
}

/** A side of which more is better. */
export const rate = (name: string, run: Side['run']): Side => ({ name, unit: 'per second', target: null, run });
const latency = (name: string, run: Side['run']): Side => ({ name, unit: 'ms', target: null, run });
