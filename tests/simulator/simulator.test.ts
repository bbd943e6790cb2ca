import { expect, test } from 'vitest';
import { ReusedDatabase } from './reused-database.ts';
import { describeSeeds } from './run-seeds.ts';
import { simulate } from './simulation.ts';

describeSeeds({ first: 1, count: 100 });

test(
  'given a seed, when the simulator runs it again, then all rows are the same at the end',
  { timeout: 120_000 },
  async () => {
    const database = new ReusedDatabase();
    const first = await simulate(await database.next(), 7, 12);
    expect(await simulate(await database.next(), 7, 12)).toEqual(first);
    expect((await simulate(await database.next(), 8, 12)).hash).not.toBe(first.hash);
    await database.close();
  },
);
