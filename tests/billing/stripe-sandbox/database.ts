import { readFileSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { PrismaPGlite } from 'pglite-prisma-adapter';
import { PrismaClient } from '../../../src/db/generated/client.ts';

/** An empty embedded database with all tables. */
export async function createTestDatabase(): Promise<PrismaClient> {
  const pglite = await PGlite.create();
  await pglite.exec(readFileSync('prisma/migrations/20261122000000_init/migration.sql', 'utf8'));
  return new PrismaClient({ adapter: new PrismaPGlite(pglite) });
}
