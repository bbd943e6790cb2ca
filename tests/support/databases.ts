import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { describe, inject } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { openPostgresDatabase } from '../../src/db/postgres.ts';
import { emptyTables } from './empty-tables.ts';

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

/** Embedded databases that are open and empty: to empty one takes a hundredth of the time that it takes to load one. */
const free: EmptyEmbedded[] = [];

interface EmptyEmbedded {
  readonly pglite: PGlite;
  /** What {@link shapeOf} said when it was new. */
  readonly shape: string;
  readonly uses: number;
}

/** The files of tables that were emptied stay in memory, so that no database is emptied for ever. */
const mostUses = 50;

async function openEmbedded(): Promise<TestDatabase> {
  const { pglite, shape, uses } = free.pop() ?? (await loadEmbedded());
  let closed = false;
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    // A test that changed the tables, as some do, leaves a database that nobody else can use.
    if (uses < mostUses && (await shapeOf(pglite)) === shape) {
      // What was set for the session, prepared or listened to goes, too.
      await pglite.exec('DISCARD ALL');
      await emptyTables(pglite);
      free.push({ pglite, shape, uses: uses + 1 });
    } else await pglite.close();
  };
  return { database: { ...wrapEmbedded(pglite), close }, url: null };
}

async function loadEmbedded(): Promise<EmptyEmbedded> {
  const dump = new Blob([await readFile(inject('embeddedDump'))]);
  const pglite = await PGlite.create({ loadDataDir: dump });
  return { pglite, shape: await shapeOf(pglite), uses: 1 };
}

/** Says which tables, columns, constraints, triggers and functions there are; two that say the same have the same. */
async function shapeOf(pglite: PGlite): Promise<string> {
  const { rows } = await pglite.query<{ shape: string }>(`
    SELECT (SELECT md5(string_agg(oid::text, ' ' ORDER BY oid)) FROM pg_class)
      || (SELECT md5(string_agg(attrelid || '.' || attnum || attnotnull, ' ' ORDER BY attrelid, attnum)) FROM pg_attribute)
      || (SELECT md5(string_agg(oid::text, ' ' ORDER BY oid)) FROM pg_constraint)
      || (SELECT md5(string_agg(oid || tgenabled::text, ' ' ORDER BY oid)) FROM pg_trigger)
      || (SELECT md5(string_agg(oid || prosrc, ' ' ORDER BY oid)) FROM pg_proc) AS shape`);
  return JSON.stringify(rows);
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
