import type { Database } from './database.ts';
import { openEmbeddedDatabase } from './embedded.ts';
import { openPostgresDatabase } from './postgres.ts';

export { DataDirectoryInUseError } from './data-directory-lock.ts';
export type { ChannelOptions, Database, ProcessChannel, Transaction } from './database.ts';
export type { Followers } from './followers.ts';
export { DatabaseUnavailableError } from './database-unavailable-error.ts';
export { isPassing, isUniqueViolation } from './database-errors.ts';
export { Prisma, type PrismaClient } from './generated/client.ts';
export { MigrationError, migrate } from './migrate.ts';
export { type Columns, insertRows, pickColumns, prepared, selectRows, type Statement, updateRows } from './rows.ts';
export { readSecret } from './secrets.ts';

/** Opens the database that the configuration names: PostgreSQL by its URL, else the embedded one in `dataDir`. */
export function openDatabase(config: { databaseUrl: string | null; dataDir: string }): Promise<Database> {
  return config.databaseUrl === null ? openEmbeddedDatabase(config.dataDir) : openPostgresDatabase(config.databaseUrl);
}
