import { createHash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ReusedDatabase } from './reused-database.ts';
import { simulate, SimulationFailed } from './simulation.ts';

const defaultSteps = 20;

const help = `Runs the service through random commands, crashes and lost answers, and checks that nothing is lost.

  npm run sim -- --seed 7              one run; its last line is the hash of all rows at the end
  npm run sim -- --seeds 1-200         many runs; the last line is a hash of their hashes
  npm run sim -- --seed 7 --steps 100  longer runs; the default is ${defaultSteps} steps

The same seed and steps give the same hash. Ends with 1 at the first thing that is wrong, with what was done before it.`;

await main();

async function main(): Promise<void> {
  const { seeds, steps } = readArguments();
  const database = new ReusedDatabase();
  try {
    const startedAt = performance.now();
    const hashes: string[] = [];
    for (const seed of seeds) {
      const { hash, ...counts } = await simulate(await database.next(), seed, steps);
      console.log(
        `seed ${seed}: ${Object.entries(counts)
          .map(([name, count]) => `${count} ${name}`)
          .join(', ')}`,
      );
      hashes.push(hash);
    }
    console.log(`${seeds.length} runs in ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
    const [only = ''] = hashes;
    console.log(hashes.length === 1 ? only : createHash('sha256').update(hashes.join()).digest('hex'));
    process.exit(0);
  } catch (error) {
    console.error(error instanceof SimulationFailed ? error.message : error);
    process.exit(1);
  }
}

function readArguments(): { seeds: number[]; steps: number } {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      steps: { type: 'string', default: String(defaultSteps) },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const range = /^(\d+)-(\d+)$/.exec(values.seeds ?? `${values.seed ?? '1'}-${values.seed ?? '1'}`);
  const [from, to, steps] = [Number(range?.[1]), Number(range?.[2]), Number(values.steps)];
  if (!(from <= to && Number.isInteger(steps) && steps > 0)) {
    console.error(help);
    process.exit(1);
  }
  return { seeds: Array.from({ length: to - from + 1 }, (_, index) => from + index), steps };
}
