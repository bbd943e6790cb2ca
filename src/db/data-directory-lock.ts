import { readFileSync } from 'node:fs';
import { readlink, rename, rm, symlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';

/** Another process has the folder open. */
export class DataDirectoryInUseError extends Error {
  override readonly name = 'DataDirectoryInUseError';

  constructor(dataDir: string, owner: string) {
    super(
      `The data folder ${resolve(dataDir)} is in use by another process (${owner}). Stop it, or set DATA_DIR to another folder.`,
    );
  }
}

interface Owner {
  readonly host: string;
  readonly processId: number;
  /** When the process started, as the kernel counts it: a process id alone may have been given out again. */
  readonly started: string;
}

/**
 * Locks a data folder for this process and gives the function that unlocks it. The lock is a symbolic link
 * whose target names its owner: making one is atomic everywhere, and there is no moment at which it is
 * there without its text. A lock whose owner has died is taken over.
 */
export async function lockDataDirectory(dataDir: string): Promise<() => Promise<void>> {
  const path = join(dataDir, 'lock');
  const mine = format(currentOwner());
  const other = await take(path, mine);
  if (other !== null) throw new DataDirectoryInUseError(dataDir, other);
  return async () => {
    if ((await readOwner(path)) === mine) await rm(path);
  };
}

/** Takes a lock; gives whoever has it instead, or null when it was taken. */
async function take(path: string, mine: string): Promise<string | null> {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    try {
      await symlink(mine, path);
      return null;
    } catch (error) {
      if (!isExisting(error)) throw error;
    }
    const found = await readOwner(path);
    if (found === null) continue;
    if (isAlive(parse(found))) return found;
    // Nobody replaces the lock of a dead owner without the lock of that replacement, so that what is read stays true.
    const replacement = `${path}.${found.replaceAll(/[^\w]/g, '-')}`;
    const other = await take(replacement, mine);
    if (other !== null) return other;
    if ((await readOwner(path)) === found) {
      await rename(replacement, path);
      return null;
    }
    await rm(replacement);
  }
  return 'an owner that changes all the time';
}

async function readOwner(path: string): Promise<string | null> {
  try {
    return await readlink(path);
  } catch {
    return null;
  }
}

const isExisting = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EEXIST';

const currentOwner = (): Owner => ({
  host: hostname(),
  processId: process.pid,
  started: startOf(process.pid) ?? 'unknown',
});

const format = (owner: Owner): string => `${owner.host} process ${owner.processId} started ${owner.started}`;

function parse(text: string): Owner | null {
  const match = /^(?<host>.*) process (?<processId>\d+) started (?<started>\S+)$/.exec(text);
  const { host, processId, started } = match?.groups ?? {};
  if (host === undefined || processId === undefined || started === undefined) return null;
  return { host, processId: Number(processId), started };
}

/** An owner on another machine, or one that cannot be read, counts as alive: harm is worse than a refusal. */
function isAlive(owner: Owner | null): boolean {
  if (owner === null || owner.host !== hostname()) return true;
  try {
    process.kill(owner.processId, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const started = startOf(owner.processId);
  return started === null || owner.started === 'unknown' || started === owner.started;
}

/** Field 22 of /proc/PID/stat (proc(5)), where there is one. */
function startOf(processId: number): string | null {
  try {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
