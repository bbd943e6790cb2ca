import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, mkdtemp, readdir, readlink, rm, symlink } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DataDirectoryInUseError, lockDataDirectory } from '../../src/db/data-directory-lock.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wzrd-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const lock = (): string => join(folder, 'lock');
const holder = fileURLToPath(new URL('../support/hold-data-directory.ts', import.meta.url));

/** Another process that tries to lock the folder; it says what came of it, and lives on until it is killed. */
async function startHolder(): Promise<{ said: string; kill(): Promise<void> }> {
  const child = spawn(process.execPath, ['--import', 'tsx', holder, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    said: line.toString().trim(),
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

test('given a folder, when it is locked, then the lock names its owner, and unlocking removes it', async () => {
  const unlock = await lockDataDirectory(folder);
  expect(await readlink(lock())).toMatch(new RegExp(`^${hostname()} process ${process.pid} started \\S+$`));
  await unlock();
  expect(await readdir(folder)).toEqual([]);
  await (
    await lockDataDirectory(folder)
  )();
});

test('given a folder that another process has, when it is locked, then it is refused with what to do, and the lock stays', async () => {
  const other = await startHolder();
  expect(other.said).toBe('locked');
  const held = await readlink(lock());
  const refusal = await lockDataDirectory(folder).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(DataDirectoryInUseError);
  expect(String(refusal)).toContain(
    `The data folder ${folder} is in use by another process (${held}). Stop it, or set DATA_DIR`,
  );
  expect(await readlink(lock())).toBe(held);

  // Killed, it cannot unlock; its lock is taken over.
  await other.kill();
  expect(await readlink(lock())).toBe(held);
  const unlock = await lockDataDirectory(folder);
  expect(await readlink(lock())).not.toBe(held);
  expect(await readdir(folder)).toEqual(['lock']);
  await unlock();
});

test('given a lock of this process, when it is locked again, then it is refused', async () => {
  const unlock = await lockDataDirectory(folder);
  await expect(lockDataDirectory(folder)).rejects.toThrow(DataDirectoryInUseError);
  await unlock();
});

test.each([
  ['a process id that was given out again', () => `${hostname()} process ${process.pid} started 1`, true],
  ['a process that is long gone', () => `${hostname()} process 4194305 started 1`, true],
  ['another machine', () => `${hostname()}-2 process 1 started 1`, false],
  ['nobody that can be read', () => 'hello', false],
])(
  'given a lock of %s, when the folder is locked, then it is taken over only from the dead',
  async (_name, owner, taken) => {
    await symlink(owner(), lock());
    if (taken) {
      const unlock = await lockDataDirectory(folder);
      expect(await readlink(lock())).toContain(`process ${process.pid} `);
      await unlock();
      expect(await readdir(folder)).toEqual([]);
    } else {
      await expect(lockDataDirectory(folder)).rejects.toThrow(DataDirectoryInUseError);
      expect(await readlink(lock())).toBe(owner());
    }
  },
);

test('given a stale lock, when 20 callers want it at once, then exactly one gets it', async () => {
  await symlink(`${hostname()} process 4194305 started 1`, lock());
  const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockDataDirectory(folder)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect((await lstat(lock())).isSymbolicLink()).toBe(true);
  expect(await readdir(folder)).toEqual(['lock']);
});

test('given a lock that another process has taken over meanwhile, when its first owner unlocks, then it stays', async () => {
  const unlock = await lockDataDirectory(folder);
  await rm(lock());
  const successor = `${hostname()} process 1 started 1`;
  await symlink(successor, lock());
  await unlock();
  expect(await readlink(lock())).toBe(successor);
});

test('given a process that died while it took over a lock, when the folder is locked, then it is taken over all the same', async () => {
  const dead = `${hostname()} process 4194305 started 1`;
  await symlink(dead, lock());
  await symlink(`${hostname()} process 4194306 started 1`, `${lock()}.${dead.replaceAll(/[^\w]/g, '-')}`);
  await lockDataDirectory(folder);
  expect(await readlink(lock())).toContain(`process ${process.pid} `);
  expect(await readdir(folder)).toEqual(['lock']);
});
