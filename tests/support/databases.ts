import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { describe, inject } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { openPostgresDatabase } from '../../src/db/postgres.ts';

export type DatabaseKind = Database['kind'];

/** A migrated, empty database of a kind, and the URL of one that several processes can open. */
export interface TestDatabase {
  readonly database: Database;
  /** Null on the embedded database. */
  readonly url: string | null;
}

let made = 0;

/** Opens an empty, migrated database that nobody else uses; closing it removes it. */
export async function openTestDatabase(kind: DatabaseKind): Promise<TestDatabase> {
  return kind === 'embedded' ? openEmbedded() : openPostgres();
}

async function openEmbedded(): Promise<TestDatabase> {
  const dump = new Blob([await readFile(inject('embeddedDump'))]);
  return { database: wrapEmbedded(await PGlite.create({ loadDataDir: dump })), url: null };
}

async function openPostgres(): Promise<TestDatabase> {
  made += 1;
  const name = `wzrd_test_${process.pid}_${made}`;
  const server = inject('postgresUrl');
  await onServer(server, `CREATE DATABASE ${name} TEMPLATE ${inject('postgresTemplate')}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = await openPostgresDatabase(url.href);
  return {
    database: {
      ...database,
      close: async () => {
        await database.close();
        await onServer(server, `DROP DATABASE ${name} WITH (FORCE)`);
      },
    },
    url: url.href,
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
}

/** The same tests on the embedded database and on PostgreSQL. */
export function describeOnBoth(subject: string, tests: (kind: DatabaseKind) => void): void {
  describe.each<DatabaseKind>(['embedded', 'postgres'])(`${subject} on the %s database`, tests);
}
