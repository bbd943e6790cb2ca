import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { lockDataDirectory } from './data-directory-lock.ts';
import type { Database } from './database.ts';
import { PrismaClient } from './generated/client.ts';

/** Opens the embedded database in `dataDir`; throws when another process has it open. */
export async function openEmbeddedDatabase(dataDir: string): Promise<Database> {
  await mkdir(dataDir, { recursive: true });
  const unlock = await lockDataDirectory(dataDir);
  try {
    const pglite = await PGlite.create(join(dataDir, 'database'));
    return wrapEmbedded(pglite, unlock);
  } catch (error) {
    await unlock();
    throw error;
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
    close: async () => {
      await prisma.$disconnect();
      if (!pglite.closed) await pglite.close();
      await afterClose();
    },
  };
}

/** Long enough for a loaded machine: callers wait for their place here, not in an open transaction. */
const transactionOptions = { maxWait: 30_000, timeout: 30_000 };
