import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { DataDirectoryInUseError, lockDataDirectory } from './data-directory-lock.ts';
import type { Database } from './database.ts';
import { nobodyElse } from './followers.ts';
import { DatabaseUnavailableError } from './database-unavailable-error.ts';
import { PrismaClient } from './generated/client.ts';

/** Opens the embedded database in `dataDir`; throws when another process has it open. */
export async function openEmbeddedDatabase(dataDir: string): Promise<Database> {
  const unlock = await takeDataDirectory(dataDir);
  try {
    const pglite = await PGlite.create(join(dataDir, 'database'));
    return wrapEmbedded(pglite, unlock);
  } catch (error) {
    await unlock();
    throw error;
  }
}

/** Makes the folder if it is not there, and locks it. */
async function takeDataDirectory(dataDir: string): Promise<() => Promise<void>> {
  try {
    await mkdir(dataDir, { recursive: true });
    return await lockDataDirectory(dataDir);
  } catch (error) {
    if (error instanceof DataDirectoryInUseError) throw error;
    const folder = `The data folder ${resolve(dataDir)}`;
    throw new DatabaseUnavailableError(folder, error, 'Set DATA_DIR to a folder that can be written to.');
  }
}

/** The embedded database over an open PGlite; `afterClose` runs when all is closed. */
export function wrapEmbedded(pglite: PGlite, afterClose: () => Promise<void> = async () => {}): Database {
  const prisma = new PrismaClient({ adapter: new PrismaPGlite(pglite), transactionOptions });
  return {
    prisma,
    kind: 'embedded',
    // One connection runs one transaction at a time; a second batch would only wait.
    concurrentBatches: 1,
    runScript: async (sql) => {
      await pglite.exec(sql);
    },
    // The embedded database has one process.
    exclusively: (_kind, work) => work(),
    follow: async (_topic, { takeIn }) => {
      await takeIn();
      return nobodyElse;
    },
    openChannel: async () => ({ tell: async () => {}, close: async () => {} }),
    close: async () => {
      await prisma.$disconnect();
      if (!pglite.closed) await pglite.close();
      await afterClose();
    },
  };
}

/** Long enough for a loaded machine: callers wait for their place here, not in an open transaction. */
const transactionOptions = { maxWait: 30_000, timeout: 30_000 };
