import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { describe, expect, inject, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Database } from '../../src/db/database.ts';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { MigrationError, migrate } from '../../src/db/index.ts';
import { openPostgresDatabase } from '../../src/db/postgres.ts';
import { createIdSource } from '../../src/ids.ts';
import { describeOnBoth, openTestDatabase } from '../support/databases.ts';
import { digestTables } from '../support/table-digest.ts';

const ids = createIdSource(systemClock);
const folder = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** The migrations of this version with the checksums that `prisma migrate` would give them. */
async function expectedMigrations(): Promise<{ migration_name: string; checksum: string }[]> {
  const names = (await readdir(folder)).filter((name) => !name.includes('.')).sort();
  return Promise.all(
    names.map(async (migration_name) => ({
      migration_name,
      checksum: createHash('sha256')
        .update(await readFile(`${folder}/${migration_name}/migration.sql`))
        .digest('hex'),
    })),
  );
}

const readMigrations = ({ prisma }: Database) =>
  prisma.$queryRaw<{ migration_name: string; checksum: string; finished: boolean; applied_steps_count: number }[]>`
    SELECT migration_name, checksum, finished_at IS NOT NULL AS finished, applied_steps_count
    FROM _prisma_migrations ORDER BY migration_name`;

describeOnBoth('Migrations', (kind) => {
  test('given a migrated database, when it is migrated again, then nothing is done and the data stays', async () => {
    const { database } = await openTestDatabase(kind);
    await database.prisma.serverSecret.create({ data: { name: 'kept', value: new Uint8Array(32) } });
    const before = await digestTables(database);
    expect(await migrate(database, ids)).toEqual([]);
    expect(await digestTables(database)).toEqual(before);
    const expected = await expectedMigrations();
    expect(await readMigrations(database)).toEqual(
      expected.map((migration) => ({ ...migration, finished: true, applied_steps_count: 1 })),
    );
    await database.close();
  });

  test('given a migration that was changed after it had been applied, when the server starts, then it refuses and changes nothing', async () => {
    const { database } = await openTestDatabase(kind);
    await database.prisma.$executeRaw`UPDATE _prisma_migrations SET checksum = 'of another text'`;
    const [{ migration_name: name } = { migration_name: '' }] = await expectedMigrations();
    const refusal = await migrate(database, ids).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationError);
    expect(String(refusal)).toContain(`Migration ${name} was changed after it had been applied`);
    await database.close();
  });

  test('given a database of a newer version, when an older one starts on it, then it refuses and names what it does not know', async () => {
    const { database } = await openTestDatabase(kind);
    await database.prisma.$executeRaw`
      INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES ('x', 'y', now(), '29990101000000_wonders')`;
    await expect(migrate(database, ids)).rejects.toThrow('newer than this version: it has 29990101000000_wonders');
    await database.close();
  });
});

test('given an empty embedded database, when it is migrated, then all is applied; a script that fails leaves nothing behind', async () => {
  const database = wrapEmbedded(await PGlite.create());
  // A name that the migration wants is taken, so that it fails in its middle.
  await database.runScript('CREATE TABLE wallet (mine integer)');
  await expect(migrate(database, ids)).rejects.toThrow(/wallet/);
  const tables = () => database.prisma.$queryRaw`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`;
  expect(await tables()).toEqual([{ name: 'wallet' }]);

  await database.runScript('DROP TABLE wallet');
  const expected = await expectedMigrations();
  expect(await migrate(database, ids)).toEqual(expected.map(({ migration_name }) => migration_name));
  expect(await readMigrations(database)).toHaveLength(expected.length);
  await database.close();
});

describe('on PostgreSQL, several processes', () => {
  const url = new URL(inject('postgresUrl'));
  const onServer = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: inject('postgresUrl') });
    await client.connect();
    await client.query(statement);
    await client.end();
  };

  test('given an empty database, when 8 processes migrate it at once, then each migration is applied once and none of them fails', async () => {
    const expected = await expectedMigrations();
    // The moment at which they could collide is short, so it is met several times.
    for (let round = 0; round < 5; round += 1) {
      const name = `wzrd_migrators_${process.pid}_${round}`;
      await onServer(`CREATE DATABASE ${name}`);
      url.pathname = `/${name}`;
      const databases = await Promise.all(Array.from({ length: 8 }, () => openPostgresDatabase(url.href)));
      const outcomes = await Promise.allSettled(databases.map((database) => migrate(database, ids)));
      expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
      const [first] = databases;
      expect(first && (await readMigrations(first))).toMatchObject(expected);
      await Promise.all(databases.map((database) => database.close()));
      await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
    }
  });

  test('given `prisma migrate` at work, when the server starts, then it waits for its lock', async () => {
    const name = `wzrd_migrators_${process.pid}_lock`;
    await onServer(`CREATE DATABASE ${name}`);
    url.pathname = `/${name}`;
    const prismaMigrate = new pg.Client({ connectionString: url.href });
    await prismaMigrate.connect();
    await prismaMigrate.query('SELECT pg_advisory_lock(72707369)');
    const database = await openPostgresDatabase(url.href);
    let done = false;
    const migrating = migrate(database, ids).finally(() => {
      done = true;
    });
    const waiting = async (): Promise<number> => {
      const { rowCount } = await prismaMigrate.query(
        `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`,
      );
      return rowCount ?? 0;
    };
    await expect.poll(waiting).toBe(1);
    expect(done).toBe(false);
    await prismaMigrate.query('SELECT pg_advisory_unlock(72707369)');
    expect(await migrating).not.toEqual([]);
    await prismaMigrate.end();
    await database.close();
    await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
  });
});
