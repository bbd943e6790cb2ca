import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type PlantedBug, plantedBugs } from './planted-bugs.ts';

const lastSeed = 500;
/** What a run of the simulator needs; it is copied, so that the sources themselves are never touched. */
const copied = ['package.json', 'tsconfig.json', 'prisma', 'src', 'tests/ledger', 'tests/simulator', 'tests/support'];

const help = `Plants bugs in a copy of the sources, one at a time, and looks how soon the simulator finds each of them.

  npm run sim:bugs                 all of them, and at last the sources as they are
  npm run sim:bugs -- --only lapse those whose names contain a text

Each has ${lastSeed} seeds. Ends with 1 when a bug is not found, or when something is wrong without one.`;

const untouched: PlantedBug = { name: 'none', replacements: [] };

const { values } = parseArgs({ options: { only: { type: 'string' }, help: { type: 'boolean', default: false } } });
if (values.help) console.log(help);
else process.exitCode = await findAll(values.only ?? null);

async function findAll(only: string | null): Promise<number> {
  const bugs = [...plantedBugs, untouched].filter(({ name }) => only === null || name.includes(only));
  console.log('| planted bug | seed | what found it |');
  console.log('| --- | --- | --- |');
  let missed = 0;
  for (const bug of bugs) {
    const found = await find(bug);
    console.log(`| ${bug.name} | ${found?.seed ?? 'none'} | ${found?.invariant ?? `nothing in ${lastSeed} seeds`} |`);
    if ((found === null) !== (bug === untouched)) missed += 1;
  }
  return missed === 0 ? 0 : 1;
}

/** The seed and the invariant that find a bug, or null. */
async function find(bug: PlantedBug): Promise<{ seed: string; invariant: string } | null> {
  const folder = await mkdtemp(join(tmpdir(), 'wzrd-planted-'));
  try {
    for (const path of copied) await cp(path, join(folder, path), { recursive: true });
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    for (const { file, text, by } of bug.replacements) await replaceOnce(join(folder, file), text, by);
    return await runSeeds(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Replaces a text that must be there exactly once: a bug that is not planted would prove nothing. */
async function replaceOnce(file: string, text: string, by: string): Promise<void> {
  const parts = (await readFile(file, 'utf8')).split(text);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} times, not once: ${text}`);
  await writeFile(file, parts.join(by));
}

function runSeeds(folder: string): Promise<{ seed: string; invariant: string } | null> {
  const run = spawn(process.execPath, ['--import', 'tsx', 'tests/simulator/main.ts', '--seeds', `1-${lastSeed}`], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  run.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
  });
  return new Promise((resolve, reject) => {
    run.once('error', reject);
    run.once('close', (code) => {
      if (code === 0) return resolve(null);
      const found = /^Seed (?<seed>\d+), step \d+: (?<what>[^\n]*)/m.exec(said)?.groups;
      if (found?.seed === undefined || found.what === undefined)
        return reject(new Error(`The simulator failed: ${said}`));
      resolve({ seed: found.seed, invariant: found.what.split(': ')[0] ?? found.what });
    });
  });
}
