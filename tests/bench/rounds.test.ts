import { describe, expect, it } from 'vitest';
import { orderOf, percentileOf, ratiosOf, runRounds, type Side, spreadOf, valuesOf } from '../../bench/rounds.ts';

const side = (name: string, run: Side['run']): Side => ({ name, unit: 'per second', target: null, run });

describe('the rounds of a benchmark', () => {
  it('run from the first to the last side and then from the last to the first', () => {
    expect([0, 1, 2].map((round) => orderOf(['A', 'B', 'C'], round))).toEqual([
      ['A', 'B', 'C'],
      ['C', 'B', 'A'],
      ['A', 'B', 'C'],
    ]);
  });

  it('run every side once a round, one after the other, for the seconds that were asked for', async () => {
    const ran: string[] = [];
    let underWay = 0;
    const sides = ['A', 'B'].map((name) =>
      side(name, async (seconds) => {
        underWay += 1;
        await Promise.resolve();
        ran.push(`${name} for ${seconds} with ${underWay} under way`);
        underWay -= 1;
        return ran.length;
      }),
    );
    const told: string[] = [];

    const rounds = await runRounds(sides, { rounds: 2, seconds: 7 }, (round, { name }, value) =>
      told.push(`${round} ${name} ${value}`),
    );

    expect(ran).toEqual(['A', 'B', 'B', 'A'].map((name) => `${name} for 7 with 1 under way`));
    expect(told).toEqual(['0 A 1', '0 B 2', '1 B 3', '1 A 4']);
    expect(valuesOf(rounds, 'A')).toEqual([1, 4]);
    expect(valuesOf(rounds, 'B')).toEqual([2, 3]);
  });

  it('end with the first side that fails', async () => {
    const failing = side('A', () => Promise.reject(new Error('no longer there')));
    const never = side('B', () => Promise.reject(new Error('was run after a failure')));
    await expect(runRounds([failing, never], { rounds: 3, seconds: 1 }, () => {})).rejects.toThrow('no longer there');
  });

  it('divide within a round, so that a slow round does not tilt the ratio', () => {
    // The machine was ten times slower in the second round, for both: 600 / 100 and 60 / 10.
    const rounds = [new Map([['A', 100], ['C', 600]]), new Map([['A', 10], ['C', 60]])]; // prettier-ignore
    expect(ratiosOf(rounds, { name: 'C / A', dividend: 'C', divisor: 'A', target: null })).toEqual([6, 6]);
  });

  it('do not let a misspelt side pass for one that measured nothing', () => {
    expect(() => valuesOf([new Map([['A hot', 1]])], 'A warm')).toThrow('A warm');
  });
});

describe('the spread of what was measured', () => {
  it.each([
    { values: [5], spread: { min: 5, median: 5, max: 5 } },
    { values: [9, 1, 4], spread: { min: 1, median: 4, max: 9 } },
    // (4 + 10) / 2 = 7; as texts, 10 would stand before 2.
    { values: [10, 2, 40, 4], spread: { min: 2, median: 7, max: 40 } },
  ])('of $values is $spread', ({ values, spread }) => {
    expect(spreadOf(values)).toEqual(spread);
  });

  it('leaves the values in their order, which is that of the rounds', () => {
    const values = [3, 1, 2];
    spreadOf(values);
    expect(values).toEqual([3, 1, 2]);
  });

  it('is not made up where nothing was measured', () => {
    expect(() => spreadOf([])).toThrow('Nothing was measured.');
    expect(() => percentileOf([], 0.99)).toThrow('Nothing was measured.');
  });
});

describe('a percentile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it.each([
    { share: 0.99, value: 99 },
    { share: 0.5, value: 50 },
    { share: 1, value: 100 },
    { share: 0, value: 1 },
  ])('of $share among 1 to 100 is $value', ({ share, value }) => {
    expect(percentileOf(hundred, share)).toBe(value);
  });

  it('is a value that was measured, never one between two', () => {
    expect(percentileOf([1, 2], 0.5)).toBe(1);
    expect(percentileOf([1, 2], 0.51)).toBe(2);
  });
});
