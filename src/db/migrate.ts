import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { IdSource } from '../ids.ts';
import type { Database } from './database.ts';

const migrationsFolder = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** The number under which `prisma migrate` takes its advisory lock, so that the two never run at once. */
const advisoryLock = 72_707_369;

/** Prisma's own table, as its schema engine creates it. */
const migrationsTable = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
);`;

/** The schema of the database is not the one that this version was made for. */
export class MigrationError extends Error {
  override readonly name = 'MigrationError';
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

async function readMigrations(): Promise<Migration[]> {
  const entries = await readdir(migrationsFolder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(`${migrationsFolder}/${name}/migration.sql`, 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

/**
 * Brings the database to the newest schema, in one transaction, and keeps Prisma's table of migrations true.
 * Several processes may call it at once. Gives the names of those it applied.
 */
export async function migrate(database: Database, ids: IdSource): Promise<string[]> {
  const migrations = await readMigrations();
  const applied = await readApplied(database);
  const pending = migrations.filter((migration) => {
    const known = applied.get(migration.name);
    if (known !== undefined && known !== migration.checksum) {
      throw new MigrationError(`Migration ${migration.name} was changed after it had been applied to this database.`);
    }
    return known === undefined;
  });
  const unknown = [...applied.keys()].filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new MigrationError(`This database is newer than this version: it has ${unknown.join(', ')}.`);
  }
  if (pending.length > 0) await database.runScript(script(pending, ids));
  return pending.map((migration) => migration.name);
}

async function readApplied(database: Database): Promise<Map<string, string>> {
  const [found] = await database.prisma.$queryRaw<{ exists: boolean }[]>`
    SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists`;
  if (found?.exists !== true) return new Map();
  const rows = await database.prisma.$queryRaw<{ migration_name: string; checksum: string }[]>`
    SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL`;
  return new Map(rows.map((row) => [row.migration_name, row.checksum]));
}

/**
 * One script, which PostgreSQL runs as one transaction. The lock lasts until that has been committed: released
 * before, it would let the next process in where nothing of this one can be seen yet. A migration that another
 * process applied while this one waited is passed over.
 */
function script(pending: readonly Migration[], ids: IdSource): string {
  const steps = pending.map(
    ({ name, sql, checksum }) => `
DO $migration$
BEGIN
  IF NOT EXISTS (SELECT FROM _prisma_migrations WHERE migration_name = '${name}' AND finished_at IS NOT NULL) THEN
    EXECUTE $statements$${sql}$statements$;
    INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, applied_steps_count)
    VALUES ('${ids.randomBytes(16).toString('hex')}', '${checksum}', now(), '${name}', 1);
  END IF;
END
$migration$;`,
  );
  return [`SELECT pg_advisory_xact_lock(${advisoryLock});`, migrationsTable, ...steps].join('\n');
}
