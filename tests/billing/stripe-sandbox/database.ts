import type { PrismaClient } from '../../../src/db/index.ts';
import { openTestDatabase } from '../../support/databases.ts';

/** An empty embedded database with all tables. */
export async function createTestDatabase(): Promise<PrismaClient> {
  const { database } = await openTestDatabase('embedded');
  return database.prisma;
}
