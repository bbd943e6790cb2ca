/** One of the things that are measured against each other. */
export interface Side {
  readonly name: string;
  readonly unit: Unit;
  /** What the project aims at, in words; it is printed and never judged. */
  readonly target: string | null;
  /** Runs it for about so many seconds after a warm-up of its own, and gives what it measured. */
  readonly run: (seconds: number) => Promise<number>;
}

export type Unit = 'per second' | 'ms' | 'MiB';

/** Two sides of which the one is divided by the other, round by round. */
export interface Comparison {
  readonly name: string;
  readonly dividend: string;
  readonly divisor: string;
  /** As of a side. */
  readonly target: string | null;
}

/** What each side measured in one round, by the side's name. */
export type Round = ReadonlyMap<string, number>;

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** The order of a round: as they stand in even rounds, from the last to the first in odd ones. */
export function orderOf<Item>(items: readonly Item[], round: number): readonly Item[] {
  return round % 2 === 0 ? items : items.toReversed();
}

/** Runs every side once a round, one after the other, and tells of each as soon as it is measured. */
export async function runRounds(
  sides: readonly Side[],
  { rounds, seconds }: { rounds: number; seconds: number },
  onMeasured: (round: number, side: Side, value: number) => void,
): Promise<Round[]> {
  const measured: Round[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const values = new Map<string, number>();
    for (const side of orderOf(sides, round)) {
      const value = await side.run(seconds);
      values.set(side.name, value);
      onMeasured(round, side, value);
    }
    measured.push(values);
  }
  return measured;
}

/** What a side measured, round by round. Throws when a round is without it. */
export function valuesOf(rounds: readonly Round[], name: string): number[] {
  return rounds.map((round) => {
    const value = round.get(name);
    if (value === undefined) throw new Error(`A round is without the side "${name}".`);
    return value;
  });
}

/** The ratio of two sides, round by round: what slows a whole round down slows both. */
export function ratiosOf(rounds: readonly Round[], { dividend, divisor }: Comparison): number[] {
  const below = valuesOf(rounds, divisor);
  return valuesOf(rounds, dividend).map((value, round) => value / (below[round] ?? Number.NaN));
}

/** The least, the middle and the greatest; of an even number the middle is the mean of the two. Throws for none. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((left, right) => left - right);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (min === undefined || max === undefined || upper === undefined || lower === undefined) {
    throw new Error('Nothing was measured.');
  }
  return { min, median: (lower + upper) / 2, max };
}

/** The least value that this share of all is not above (nearest rank). Throws for no values. */
export function percentileOf(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error('Nothing was measured.');
  return value;
}
