import { afterAll, describe, expect, it } from 'vitest';
import { ReusedDatabase } from './reused-database.ts';
import { simulate } from './simulation.ts';

const steps = 12;
const seedsInAll = 200;
const seedsInATest = 25;
const firstSeeds = Array.from({ length: seedsInAll / seedsInATest }, (_, index) => 1 + index * seedsInATest);

describe('The simulator', () => {
  const database = new ReusedDatabase();
  afterAll(() => database.close());

  it('given a seed, when it is run again, then all rows are the same at the end', async () => {
    const first = await simulate(await database.next(), 7, steps);
    expect(await simulate(await database.next(), 7, steps)).toEqual(first);
    expect((await simulate(await database.next(), 8, steps)).hash).not.toBe(first.hash);
  });

  it.each(firstSeeds)(
    `G01 G02 G03 G05 G06 G07 G08 G09 G10 G11 G12 G14 G20 G21 G39 G40 given crashes, lost answers and random commands (${seedsInATest} seeds from %i on), then all holds`,
    async (first) => {
      const totals = { generations: 0, deaths: 0, lostAnswers: 0 };
      for (let seed = first; seed < first + seedsInATest; seed += 1) {
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
