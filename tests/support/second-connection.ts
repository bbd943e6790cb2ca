import { openPostgresDatabase } from '../../src/db/postgres.ts';
import type { TestDatabase } from './databases.ts';

/**
 * A database as a second process sees it: with connections of its own on PostgreSQL. The embedded database has
 * one process, so there it is the same connection, left open when this one is closed.
 */
export async function connectAgain({ database, url }: TestDatabase): Promise<TestDatabase> {
  if (url === null) return { database: { ...database, close: async () => {} }, url };
  return { database: await openPostgresDatabase(url), url };
}
