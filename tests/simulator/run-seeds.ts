import { afterAll, describe, expect, it } from 'vitest';
import { ReusedDatabase } from './reused-database.ts';
import { simulate } from './simulation.ts';

const steps = 12;
const seedsInATest = 25;

/** Tests that a span of seeds runs clean; two files share the suite's 200, so that they run beside each other. */
export function describeSeeds({ first, count }: { first: number; count: number }): void {
  const firstSeeds = Array.from({ length: count / seedsInATest }, (_, index) => first + index * seedsInATest);
  describe('The simulator', () => {
    const database = new ReusedDatabase();
    afterAll(() => database.close());

    it.each(firstSeeds)(
      `G01 G02 G03 G05 G06 G07 G08 G09 G10 G11 G12 G14 G20 G21 G39 G40 given crashes, lost answers and random commands (${seedsInATest} seeds from %i on), then all holds`,
      async (from) => {
        const totals = { generations: 0, deaths: 0, lostAnswers: 0 };
        for (let seed = from; seed < from + seedsInATest; seed += 1) {
          const { generations, deaths, lostAnswers } = await simulate(await database.next(), seed, steps);
          totals.generations += generations;
          totals.deaths += deaths;
          totals.lostAnswers += lostAnswers;
        }
        // A run in which nothing happens would find nothing.
        expect(Math.min(...Object.values(totals))).toBeGreaterThan(seedsInATest);
      },
      600_000,
    );
  });
}
