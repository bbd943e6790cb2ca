import { poolSize } from '../src/db/postgres.ts';
import { ledgerLimits } from '../src/ledger/index.ts';
import { meanOf } from './closed-loop.ts';
import { runSql, startBenchPostgres } from './postgres.ts';
import { machineSettings, makeReport, printNumber, type Report } from './report.ts';
import { type Comparison, runRounds, type Side } from './rounds.ts';
import { openLedgerHolds } from './sides/ledger-holds.ts';
import { findBestClients, openOneStatement } from './sides/one-statement.ts';
import { createPlainTables, uniformWallets } from './sides/plain-tables.ts';
import { openPrismaTransactions, prismaCallers } from './sides/prisma-transaction.ts';

export interface RunOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly say: (line: string) => void;
}

/** Callers of the ledger at once, where its throughput is measured. */
const ledgerCallers = 512;

const comparisons: readonly Comparison[] = [
  { name: 'C hot / B hot', dividend: 'C hot', divisor: 'B hot', target: '>= 20' },
  { name: 'C hot / A hot', dividend: 'C hot', divisor: 'A hot', target: '>= 6' },
  { name: 'C uniform / A uniform', dividend: 'C uniform', divisor: 'A uniform', target: '>= 1' },
  { name: 'C lone / A lone (latency)', dividend: 'C lone', divisor: 'A lone', target: '<= 8' },
];

/** Our ledger against one SQL statement a debit (A) and one transaction of Prisma's a debit (B). */
export async function benchLedger({ rounds, seconds, say }: RunOptions): Promise<Report> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    say('Starting PostgreSQL.');
    const postgres = await startBenchPostgres();
    closers.push(() => postgres.stop());
    const url = await postgres.newDatabase('bench_ledger');
    const ours = await openLedgerHolds(url);
    closers.push(() => ours.close());
    await createPlainTables(url);
    const oneStatement = await openOneStatement(url);
    closers.push(() => oneStatement.close());
    const prisma = openPrismaTransactions(url);
    closers.push(() => prisma.close());

    say(`Opening ${uniformWallets} wallets.`);
    const hot = await ours.openWallets(1);
    const many = await ours.openWallets(uniformWallets);
    // A young database has no statistics, and plans as if its tables were empty; autovacuum mends that in a minute.
    await ours.run({ wallets: many, callers: ledgerCallers, seconds: 1 });
    await runSql(url, 'VACUUM (ANALYZE)');
    say(`Looking for the best number of clients for A (${oneStatement.tool}).`);
    const clients = {
      hot: await findBestClients(oneStatement, 'hot'),
      uniform: await findBestClients(oneStatement, 'uniform'),
    };

    const perSecond = { unit: 'per second', target: null } as const;
    const sides: Side[] = [
      { ...perSecond, name: 'A hot', run: (time) => oneStatement.debitsPerSecond('hot', clients.hot, time) },
      {
        ...perSecond,
        name: 'C hot',
        run: async (time) => (await ours.run({ wallets: hot, callers: ledgerCallers, seconds: time })).callsPerSecond,
      },
      { ...perSecond, name: 'B hot', run: (time) => prisma.debitsPerSecond(time) },
      {
        ...perSecond,
        name: 'A uniform',
        run: (time) => oneStatement.debitsPerSecond('uniform', clients.uniform, time),
      },
      {
        ...perSecond,
        name: 'C uniform',
        run: async (time) => (await ours.run({ wallets: many, callers: ledgerCallers, seconds: time })).callsPerSecond,
      },
      {
        name: 'A lone',
        unit: 'ms',
        target: null,
        run: async (time) => 1_000 / (await oneStatement.debitsPerSecond('hot', 1, time)),
      },
      {
        name: 'C lone',
        unit: 'ms',
        target: null,
        run: async (time) => meanOf((await ours.run({ wallets: hot, callers: 1, seconds: time })).latenciesMs),
      },
    ];
    const measured = await runRounds(sides, { rounds, seconds }, (round, { name, unit }, value) =>
      say(`Round ${round + 1} of ${rounds}: ${name} ${printNumber(value)} ${unit}`),
    );
    const ranWith = {
      ...machineSettings(),
      ...(await postgres.settings()),
      A: `${oneStatement.tool}, ${clients.hot} clients on the hot wallet, ${clients.uniform} on all`,
      B: `${prismaCallers} callers, pool of ${prismaCallers}`,
      C: `${ledgerCallers} callers, pool of ${poolSize}`,
      'Batch size of the ledger': ledgerLimits.batchSize,
      'Batches under way': ours.database.concurrentBatches,
      'Wallets, where uniform': uniformWallets,
      Rounds: rounds,
      'Seconds a side': seconds,
    };
    return makeReport({ bench: 'ledger', ranWith, notes: [], sides, comparisons }, measured);
  } finally {
    for (const closer of closers.reverse()) await closer();
  }
}
