import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { rowsOf } from './filler.ts';
import { benchGrowth } from './growth.ts';
import { benchHttp } from './http.ts';
import { benchLedger } from './ledger.ts';
import { benchMemory } from './memory.ts';
import { printReport, type Report } from './report.ts';

const help = `npm run bench -- ledger [--json FILE] [--rounds N] [--seconds S]
npm run bench -- ledger --growth [--wallets N] [--transfers M] [...]
npm run bench -- http [--json FILE] [--rounds N] [--seconds S]
npm run bench -- memory [--json FILE]

  ledger         our ledger against one SQL statement a debit and Prisma's transactions, on one PostgreSQL
  http           our GraphQL endpoint against stock Yoga, Mercurius with its compiler and bare node:http
  memory         what our endpoint keeps of a million requests
  --rounds N     how often every side is run, in an order that turns from round to round (5)
  --seconds S    how long a side is measured in a round, in whole seconds (3)
  --json FILE    writes the report for machines, too

  --growth       our ledger on empty tables against full ones instead; takes gigabytes and many minutes
  --wallets N    how many wallets fill the tables (1000000)
  --transfers M  how many transfers these have in all (10000000)
`;

/** The arguments make no sense; the message says which. */
class ArgumentError extends Error {}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof ArgumentError) process.stderr.write(`${error.message}\n\n${help}`);
  else process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  const [bench] = positionals;
  if (positionals.length !== 1 || (bench !== 'ledger' && bench !== 'http' && bench !== 'memory')) {
    throw new ArgumentError('Say which benchmark to run: ledger, http or memory.');
  }
  const report = await run(bench, values);
  process.stdout.write(`\n${printReport(report)}`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

function run(bench: 'ledger' | 'http' | 'memory', values: ReturnType<typeof readArguments>['values']): Promise<Report> {
  const options = {
    rounds: wholeNumber('rounds', values.rounds ?? '5'),
    seconds: wholeNumber('seconds', values.seconds ?? '3'),
    say: (line: string) => process.stderr.write(`${line}\n`),
  };
  if (bench === 'memory') return benchMemory(options);
  if (values.growth !== true) {
    if (values.wallets !== undefined || values.transfers !== undefined) {
      throw new ArgumentError('--wallets and --transfers belong to --growth.');
    }
    return bench === 'http' ? benchHttp(options) : benchLedger(options);
  }
  if (bench === 'http') throw new ArgumentError('--growth belongs to ledger.');
  const size = {
    wallets: wholeNumber('wallets', values.wallets ?? '1000000'),
    transfers: wholeNumber('transfers', values.transfers ?? '10000000'),
  };
  try {
    rowsOf(size);
  } catch (error) {
    throw error instanceof RangeError ? new ArgumentError(error.message) : error;
  }
  return benchGrowth({ ...options, size });
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        growth: { type: 'boolean' },
        wallets: { type: 'string' },
        transfers: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new ArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new ArgumentError(`--${name} must be a whole number from 1 on, not "${text}".`);
  return Number(text);
}
