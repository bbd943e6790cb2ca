import type { PGlite } from '@electric-sql/pglite';

/**
 * Empties all tables of an embedded database in a fraction of the time that making them anew takes; empty tables store
 * what comes as new ones do. Gives how many it emptied: none where there are none yet.
 */
export async function emptyTables(pglite: PGlite): Promise<number> {
  const { rows } = await pglite.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname IN ('public', 'simulation') AND tablename <> '_prisma_migrations' ORDER BY name`,
  );
  if (rows.length === 0) return 0;
  // The journal refuses to be emptied, and goes on doing so afterwards.
  await pglite.exec(`
    BEGIN;
    ALTER TABLE transfer DISABLE TRIGGER transfer_is_immutable;
    TRUNCATE ${rows.map(({ name }) => name).join(', ')} RESTART IDENTITY;
    ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable;
    COMMIT`);
  return rows.length;
}
