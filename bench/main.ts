import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { benchLedger } from './ledger.ts';
import { printReport } from './report.ts';

const help = `npm run bench -- ledger [--json FILE] [--rounds N] [--seconds S]

  ledger        our ledger against one SQL statement a debit and Prisma's transactions, on one PostgreSQL
  --rounds N    how often every side is run, in an order that turns from round to round (5)
  --seconds S   how long a side is measured in a round, in whole seconds (3)
  --json FILE   writes the report for machines, too
`;

class ArgumentError extends Error {}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const explained =
    error instanceof ArgumentError
      ? `${error.message}\n\n${help}`
      : String(error instanceof Error ? error.stack : error);
  process.stderr.write(`${explained}\n`);
  process.exitCode = 1;
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = readArguments(args);
  if (values.help === true) {
    process.stdout.write(help);
    return;
  }
  if (positionals.length !== 1 || positionals[0] !== 'ledger') {
    throw new ArgumentError('Say which benchmark to run: ledger.');
  }
  const report = await benchLedger({
    rounds: wholeNumber('rounds', values.rounds),
    seconds: wholeNumber('seconds', values.seconds),
    say: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`\n${printReport(report)}`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        json: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '3' },
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
