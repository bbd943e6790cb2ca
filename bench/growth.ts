import type { Report } from './report.ts';
import type { Comparison, Side } from './rounds.ts';
import { type BenchPostgres, runSql } from './postgres.ts';
import { runClosedLoop } from './closed-loop.ts';
import { fillSql, type FillerSize, rowsOf } from './filler.ts';
import { ledgerCallers, ledgerSettings, rate, settle } from './ledger.ts';
import { type AddCloser, runBench, type RunOptions } from './run.ts';
import { type LedgerHolds, openLedgerHolds } from './sides/ledger-holds.ts';
import { uniformWallets } from './sides/plain-tables.ts';

/** Wallets whose history is read, and how much history each has at least. */
const readWallets = 100;
const pageSize = 20;
const pageCallers = 16;
const target = '>= 0.9';

const subjects = ['hot', 'uniform', 'page of 20'] as const;

/** Our ledger on tables that hold nothing else against itself on tables full of other wallets. */
export function benchGrowth(options: RunOptions & { size: FillerSize }): Promise<Report> {
  const { say, size } = options;
  return runBench('ledger --growth', options, async (postgres, addCloser) => {
    const empty = await openSides(postgres, addCloser, 'empty', null, say);
    const full = await openSides(postgres, addCloser, 'full', size, say);
    const comparisons = subjects.map((subject): Comparison => ({
      name: `${subject}, full / empty`,
      dividend: `${subject}, full`,
      divisor: `${subject}, empty`,
      target,
    }));
    const rows = Object.entries(rowsOf(size)).map(([table, count]) => [`Rows of filler, ${table}`, count] as const);
    const ranWith = { ...full.settings, ...Object.fromEntries(rows), 'Callers of a page': pageCallers };
    const notes = ['The wallets that are measured are the same few in both; the filler lies around them.'];
    const sides = subjects.flatMap((subject) => [empty.sides[subject], full.sides[subject]]);
    return { sides, comparisons, ranWith, notes };
  });
}

async function openSides(
  postgres: BenchPostgres,
  addCloser: AddCloser,
  name: 'empty' | 'full',
  size: FillerSize | null,
  say: RunOptions['say'],
): Promise<{ sides: Record<(typeof subjects)[number], Side>; settings: Record<string, string> }> {
  const url = await postgres.newDatabase(`bench_${name}`);
  const ours = await openLedgerHolds(url);
  addCloser(() => ours.close());
  if (size !== null) {
    for (const { table, sql } of fillSql(size)) {
      say(`Filling ${table}.`);
      // Spares the look-up of a foreign key for every row; a test runs the same statements with them.
      await runSql(url, `SET session_replication_role = replica; ${sql}`);
    }
  }
  say(`Opening ${uniformWallets} wallets on the ${name} tables.`);
  const hot = await ours.openWallets(1);
  const many = await ours.openWallets(uniformWallets);
  const read = many.slice(0, readWallets);
  await ours.holdOnEach(read, pageSize);
  await settle(ours, url, many);
  const run = (wallets: typeof hot) => async (seconds: number) =>
    (await ours.run({ wallets, callers: ledgerCallers, seconds })).callsPerSecond;
  return {
    sides: {
      hot: rate(`hot, ${name}`, run(hot)),
      uniform: rate(`uniform, ${name}`, run(many)),
      'page of 20': rate(`page of 20, ${name}`, (seconds) => readPages(ours, read, seconds)),
    },
    settings: ledgerSettings(ours),
  };
}

/** Reads the newest transfers of wallets as the API does: the wallet first, then its page. */
async function readPages(
  { ledger, history }: LedgerHolds,
  wallets: Parameters<LedgerHolds['run']>[0]['wallets'],
  seconds: number,
): Promise<number> {
  const everything = { types: null, from: null, to: null };
  const newest = { after: null, before: null, limit: pageSize, inverted: false };
  let next = 0;
  const { callsPerSecond } = await runClosedLoop({ callers: pageCallers, warmUpSeconds: 1, seconds }, async () => {
    const accountId = wallets[next++ % wallets.length];
    const wallet = accountId === undefined ? null : await ledger.wallet(accountId);
    if (wallet === null) throw new Error('A wallet that is measured is not there.');
    const page = await history.transfers(wallet, everything, newest);
    if (page.length !== pageSize) throw new Error(`A page has ${page.length} transfers instead of ${pageSize}.`);
  });
  return callsPerSecond;
}
