import pg from 'pg';
import { type PostgresServer, startPostgresServer } from '../tests/support/postgres-server.ts';

/** A durable PostgreSQL for one run, on a folder that goes with it. */
export interface BenchPostgres {
  /** Makes an empty database and gives its URL. */
  newDatabase(name: string): Promise<string>;
  /** The version and the settings that a measurement depends on, as the server itself tells them. */
  settings(): Promise<Record<string, string>>;
  stop(): Promise<void>;
}

const tellingSettings = [
  'server_version',
  'fsync',
  'synchronous_commit',
  'full_page_writes',
  'wal_sync_method',
  'shared_buffers',
  'max_wal_size',
];

/** Starts a PostgreSQL whose commits are on disk when they are answered. */
export async function startBenchPostgres(): Promise<BenchPostgres> {
  const server: PostgresServer = await startPostgresServer({ durable: true });
  return {
    newDatabase: async (name) => {
      await runSql(server.url, `CREATE DATABASE ${name}`);
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    settings: async () => {
      const client = new pg.Client({ connectionString: server.url });
      await client.connect();
      try {
        const settings: Record<string, string> = {};
        for (const name of tellingSettings) {
          const { rows } = await client.query<{ value: string }>('SELECT current_setting($1) AS value', [name]);
          settings[`PostgreSQL ${name}`] = rows[0]?.value ?? '';
        }
        return settings;
      } finally {
        await client.end();
      }
    },
    stop: () => server.stop(),
  };
}

/** Runs SQL of one or more statements on a connection of its own. */
export async function runSql(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** A young database plans as if its tables were empty; autovacuum mends that in a minute, this does at once. */
export const gatherStatistics = (url: string): Promise<void> => runSql(url, 'VACUUM (ANALYZE)');
