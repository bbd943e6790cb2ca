import { lockDataDirectory } from '../../src/db/data-directory-lock.ts';

// A process of its own for the tests: it locks the folder that it is given and keeps it until it is killed.
try {
  await lockDataDirectory(process.argv[2] ?? '');
  process.stdout.write('locked\n');
  setInterval(() => {}, 60_000);
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
