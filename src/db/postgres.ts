import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import type { Database } from './database.ts';
import { PrismaClient } from './generated/client.ts';

const poolSize = 10;
/** A database that does not answer is an error after this long, not a request that hangs. */
const connectTimeoutMs = 5_000;
const statementTimeoutMs = 30_000;

/** Opens a PostgreSQL 14 or newer by its URL; throws when it cannot be reached. */
export async function openPostgresDatabase(url: string): Promise<Database> {
  const adapter = new PrismaPg({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    application_name: 'wzrd-credits',
  });
  const prisma = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: statementTimeoutMs },
  });
  await prisma.$queryRaw`SELECT 1`;
  return {
    prisma,
    kind: 'postgres',
    concurrentBatches: 2,
    runScript: (sql) => runOnOwnConnection(url, sql),
    close: () => prisma.$disconnect(),
  };
}

async function runOnOwnConnection(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
