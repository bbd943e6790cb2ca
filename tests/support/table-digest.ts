import type { Database } from '../../src/db/database.ts';

/** What stands in every table: its name with the number of its rows and a digest over all of them. */
export type TableDigest = Readonly<Record<string, string>>;

/** Digests every table of the application; two digests are equal exactly when no row differs. */
export async function digestTables({ prisma }: Pick<Database, 'prisma'>): Promise<TableDigest> {
  const tables = await prisma.$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename <> '_prisma_migrations' ORDER BY name`;
  // The names come from the database itself.
  const statement = tables
    .map(
      ({ name }) => `SELECT '${name}' AS name, count(*) || ' rows, ' ||
        md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) AS digest FROM "${name}" AS t`,
    )
    .join(' UNION ALL ');
  const rows = await prisma.$queryRawUnsafe<{ name: string; digest: string }[]>(statement);
  return Object.fromEntries(rows.map(({ name, digest }) => [name, digest]));
}
