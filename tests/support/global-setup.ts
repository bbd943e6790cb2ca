import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { systemClock } from '../../src/clock.ts';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openPostgresDatabase } from '../../src/db/postgres.ts';
import { createIdSource } from '../../src/ids.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL server's `postgres` database. */
    postgresUrl: string;
    /** The name of a migrated database on it, to be copied. */
    postgresTemplate: string;
    /** A file with the dump of a migrated embedded database, to be loaded. */
    embeddedDump: string;
  }
}

/** Gives every test file a migrated database of both kinds to copy, which is much quicker than to make one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [postgres, embedded] = await Promise.all([preparePostgres(), prepareEmbedded()]);
  project.provide('postgresUrl', postgres.url);
  project.provide('postgresTemplate', postgres.template);
  project.provide('embeddedDump', embedded.file);
  return async () => {
    await postgres.stop();
    await embedded.remove();
  };
}

async function preparePostgres(): Promise<{ url: string; template: string; stop: () => Promise<void> }> {
  const given = process.env['TEST_DATABASE_URL'];
  let server: PostgresServer;
  try {
    server = given === undefined ? await startPostgresServer({ durable: false }) : { url: given, stop: async () => {} };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `No PostgreSQL could be started for the tests. Set TEST_DATABASE_URL to one that may be written to. ${reason}`,
    );
  }
  const template = `wzrd_template_${process.pid}`;
  await runOn(server.url, `DROP DATABASE IF EXISTS ${template}`, `CREATE DATABASE ${template}`);
  const url = new URL(server.url);
  url.pathname = `/${template}`;
  const database = await openPostgresDatabase(url.href);
  await migrate(database, createIdSource(systemClock));
  await database.close();
  return {
    url: server.url,
    template,
    stop: async () => {
      await runOn(server.url, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
      await server.stop();
    },
  };
}

async function runOn(url: string, ...statements: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

async function prepareEmbedded(): Promise<{ file: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'wzrd-embedded-'));
  const file = join(folder, 'dump.tar');
  const pglite = await PGlite.create();
  await migrate(wrapEmbedded(pglite), createIdSource(systemClock));
  const dump = await pglite.dumpDataDir('none');
  await writeFile(file, Buffer.from(await dump.arrayBuffer()));
  await pglite.close();
  return { file, remove: () => rm(folder, { recursive: true, force: true }) };
}
