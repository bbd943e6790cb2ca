import { createHash } from 'node:crypto';
import type { Database } from '../../src/db/database.ts';

/** What stands in every table: its name with the number of its rows and a digest over all of them. */
export type TableDigest = Readonly<Record<string, string>>;

/** Digests every table of the application; two digests are equal exactly when no row differs. */
export async function digestTables({ prisma }: Pick<Database, 'prisma'>): Promise<TableDigest> {
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations'
    ORDER BY tablename`;
  const digests: Record<string, string> = {};
  for (const { name } of tables) {
    // The names come from the database itself.
    const rows = await prisma.$queryRawUnsafe<{ row: string }[]>(
      `SELECT (t.*)::text AS row FROM "${name}" AS t ORDER BY 1`,
    );
    const digest = createHash('sha256').update(rows.map(({ row }) => row).join('\n'));
    digests[name] = `${rows.length} rows, ${digest.digest('hex')}`;
  }
  return digests;
}
