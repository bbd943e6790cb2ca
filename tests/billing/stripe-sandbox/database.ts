import type { PrismaClient } from '../../../src/db/index.ts';
import { openTestDatabase } from '../../support/databases.ts';

/** An empty database with all tables. */
export async function createTestDatabase(kind: 'embedded' | 'postgres'): Promise<PrismaClient> {
  const { database } = await openTestDatabase(kind);
  return database.prisma;
}
