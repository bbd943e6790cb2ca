import { type BenchPostgres, startBenchPostgres } from './postgres.ts';
import { machineSettings, makeReport, printNumber, type Report } from './report.ts';
import { type Comparison, runRounds, type Side } from './rounds.ts';

export interface RunOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Tells a person how far the run is. */
  readonly say: (line: string) => void;
}

/** What a benchmark has made ready to be measured. */
export interface Prepared {
  readonly sides: readonly Side[];
  readonly comparisons: readonly Comparison[];
  /** Beside what every benchmark ran with. */
  readonly ranWith: Readonly<Record<string, string | number>>;
  readonly notes: readonly string[];
}

/** Something to be closed when the run ends, however it ends. */
export type AddCloser = (close: () => Promise<unknown>) => void;

/** Starts a PostgreSQL, prepares a benchmark on it, measures its sides in turn and clears everything away. */
export async function runBench(
  name: string,
  { rounds, seconds, say }: RunOptions,
  prepare: (postgres: BenchPostgres, addCloser: AddCloser) => Promise<Prepared>,
): Promise<Report> {
  const closers: (() => Promise<unknown>)[] = [];
  // All at once: what is under way would keep those open that wait for it, and ends with the server.
  const closeAndExit = (): void => {
    void Promise.allSettled(closers.map((close) => close())).finally(() => process.exit(130));
  };
  process.once('SIGINT', closeAndExit);
  process.once('SIGTERM', closeAndExit);
  try {
    say('Starting PostgreSQL.');
    const postgres = await startBenchPostgres();
    closers.push(() => postgres.stop());
    const { sides, comparisons, ranWith, notes } = await prepare(postgres, (close) => closers.push(close));
    const measured = await runRounds(sides, { rounds, seconds }, (round, side, value) =>
      say(`Round ${round + 1} of ${rounds}: ${side.name}  ${printNumber(value)} ${side.unit}`),
    );
    const settings = {
      ...machineSettings(),
      ...(await postgres.settings()),
      ...ranWith,
      Rounds: rounds,
      'Seconds a side and round': seconds,
    };
    return makeReport({ bench: name, ranWith: settings, notes, sides, comparisons }, measured);
  } finally {
    process.off('SIGINT', closeAndExit);
    process.off('SIGTERM', closeAndExit);
    for (const close of closers.reverse()) await close();
  }
}
