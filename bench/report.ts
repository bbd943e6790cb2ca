import { cpus } from 'node:os';
import { type Comparison, ratiosOf, type Round, type Side, type Spread, spreadOf, valuesOf } from './rounds.ts';

/** Everything that a run found out, for people and for machines. */
export interface Report {
  readonly bench: string;
  /** Versions and settings that the numbers depend on. */
  readonly ranWith: Readonly<Record<string, string | number>>;
  readonly notes: readonly string[];
  readonly sides: readonly (Spread & { name: string; unit: Side['unit']; target: string | null; rounds: number[] })[];
  readonly ratios: readonly (Spread & { name: string; target: string | null; rounds: number[] })[];
}

/** What every benchmark ran on. */
export const machineSettings = (): Record<string, string | number> => ({
  'Node.js': process.version,
  CPU: cpus()[0]?.model.trim() ?? 'unknown',
  CPUs: cpus().length,
});

/** Sums rounds up. */
export function makeReport(
  given: Pick<Report, 'bench' | 'ranWith' | 'notes'> & {
    readonly sides: readonly Side[];
    readonly comparisons: readonly Comparison[];
  },
  rounds: readonly Round[],
): Report {
  const { bench, ranWith, notes, sides, comparisons } = given;
  return {
    bench,
    ranWith,
    notes,
    sides: sides.map(({ name, unit, target }) => {
      const values = valuesOf(rounds, name);
      return { name, unit, target, ...spreadOf(values), rounds: values };
    }),
    ratios: comparisons.map((comparison) => {
      const values = ratiosOf(rounds, comparison);
      return { name: comparison.name, target: comparison.target, ...spreadOf(values), rounds: values };
    }),
  };
}

/** The report as tables of plain text. */
export function printReport(report: Report): string {
  const { bench, ranWith, notes, sides, ratios } = report;
  const settings = Object.entries(ranWith).map(([name, value]) => [name, String(value)]);
  return [
    `Ran with (bench ${bench})`,
    table(settings),
    '',
    'Sides',
    table([
      ['', 'min', 'median', 'max', 'unit', 'aim'],
      ...sides.map((side) => [side.name, ...numbers(side), side.unit, side.target ?? '']),
    ]),
    '',
    'Ratios, each within a round',
    table([
      ['', 'min', 'median', 'max', 'aim'],
      ...ratios.map((ratio) => [ratio.name, ...numbers(ratio), ratio.target ?? '']),
    ]),
    ...notes.flatMap((note) => ['', note]),
    '',
  ].join('\n');
}

const numbers = ({ min, median, max }: Spread): string[] => [min, median, max].map(printNumber);

/** A number with about three digits that say something. */
export const printNumber = (value: number): string => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** Rows as columns of equal width; numbers stand on the right. */
function table(rows: readonly string[][]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          /^[\d.]+$/.test(cell) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd()
        .replace(/^/, '  '),
    )
    .join('\n');
}
