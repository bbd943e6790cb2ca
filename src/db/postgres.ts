import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Database, ExclusiveWork } from './database.ts';
import { DatabaseUnavailableError } from './database-unavailable-error.ts';
import { followPostgres } from './followers.ts';
import { openPostgresChannel } from './process-channel.ts';
import { PrismaClient } from './generated/client.ts';
import { preparedMark } from './rows.ts';

/** The most connections that a process opens for what it does all the time. */
export const poolSize = 10;
/** A database that does not answer is an error after this long, not a request that hangs. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 30_000;

/** Any numbers that nobody else uses: not that of the migrations, which are run while the first is held. */
const exclusiveLocks: Record<ExclusiveWork, number> = { start: 72_707_370, 'move-clock': 72_707_371 };

/** Opens a PostgreSQL 14 or newer by its URL; throws when it cannot be reached. */
export async function openPostgresDatabase(url: string): Promise<Database> {
  const adapter = new PrismaPg(
    {
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: connectTimeoutMs,
      idleTimeoutMillis: 30_000,
      keepAlive: true,
      statement_timeout: statementTimeoutMs,
      application_name: 'wzrd-credits',
    },
    { statementNameGenerator: createStatementNames() },
  );
  const prisma = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: statementTimeoutMs },
  });
  try {
    await prisma.$queryRaw`SELECT 1`;
  } catch (error) {
    await prisma.$disconnect();
    const server = new URL(url).host;
    throw new DatabaseUnavailableError(
      `The PostgreSQL at ${server}`,
      error,
      'Start it, or set DATABASE_URL to another one.',
    );
  }
  const listenerConfig = { connectionString: url, connectionTimeoutMillis: connectTimeoutMs, keepAlive: true };
  return {
    prisma,
    kind: 'postgres',
    concurrentBatches: 2,
    runScript: async (sql) => {
      await onOwnConnection(url, (client) => client.query(sql));
    },
    exclusively: (kind, work) =>
      onOwnConnection(url, async (client) => {
        // Held until the transaction ends, also where connections are shared by transaction.
        await client.query(`BEGIN; SELECT pg_advisory_xact_lock(${exclusiveLocks[kind]})`);
        const result = await work();
        await client.query('COMMIT');
        return result;
      }),
    follow: (topic, options) => followPostgres(listenerConfig, topic, options),
    openChannel: (channel, options) => openPostgresChannel(listenerConfig, channel, options),
    close: () => prisma.$disconnect(),
  };
}

/** More texts than the ledger's hot statements have; whatever made more of them must not fill the server's memory. */
const mostPreparedStatements = 200;

/** Names the statements that ask for it, each text its own, so that every connection parses and plans them once. */
function createStatementNames(): (query: { readonly sql: string }) => string {
  const names = new Map<string, string>();
  return ({ sql }) => {
    if (!sql.includes(preparedMark)) return '';
    const known = names.get(sql);
    if (known !== undefined || names.size === mostPreparedStatements) return known ?? '';
    const name = `wzrd_${names.size}`;
    names.set(sql, name);
    return name;
  };
}

/** Ends the connection in any case, and with it what was not committed. */
async function onOwnConnection<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  // A connection that breaks while nothing is asked of it would end the process; the next statement tells of it.
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
