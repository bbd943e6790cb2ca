import { parseArgs } from 'node:util';
import { startPostgresServer } from '../../support/postgres-server.ts';
import { printCheck } from '../report.ts';
import { type ProviderReport, type ProviderSettings, runProviders } from './run.ts';

const usage = `npm run stress:providers -- [--generations 500] [--faults 20] [--seconds-per-kill 4] [--processes 2] [--seed N]

Starts a PostgreSQL, three providers of which a share of all requests goes wrong, and servers that are killed by kill -9
while they work; asks for generations, waits for their ends, and checks what became of each.

Ends with 0 when all checks are ok, with 1 otherwise.
`;

/** A lease, the wait for a request whose fate is unknown, a provider that is left alone for a while, each several times over. */
const settleWithinSeconds = 900;

const settings = readSettings();
if (settings === null) process.stdout.write(usage);
else {
  const postgres = await startPostgresServer({ durable: false });
  try {
    const report = await runProviders(settings, postgres.url);
    process.stdout.write(print(report));
    if (report.checks.some(({ faults }) => faults.length > 0)) process.exitCode = 1;
  } finally {
    await postgres.stop();
  }
}

function readSettings(): ProviderSettings | null {
  const { values } = parseArgs({
    options: {
      generations: { type: 'string', default: '500' },
      faults: { type: 'string', default: '20' },
      'seconds-per-kill': { type: 'string', default: '4' },
      processes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  return {
    generations: Number(values.generations),
    faultPercent: Number(values.faults),
    secondsPerKill: Number(values['seconds-per-kill']),
    processes: Number(values.processes),
    seed: Number(values.seed),
    settleWithinSeconds,
  };
}

function print({
  settings: { seed, generations },
  kills,
  seconds,
  endings,
  faults,
  orphaned,
  checks,
}: ProviderReport): string {
  const row = (what: string, value: number | string): string => `${String(value).padStart(8)}  ${what}`;
  return [
    `seed ${seed}: ${generations} generations`,
    '',
    row('kill -9', kills),
    row('seconds until all had ended', seconds.toFixed(1)),
    row('orphaned, as the operator sees them', orphaned),
    ...endings.map(({ ending, count }) => row(`generations in the end: ${ending}`, count)),
    ...[...faults].map(([name, times]) => row(`fault: ${name}`, times)),
    '',
    ...checks.map(printCheck),
    '',
  ].join('\n');
}
