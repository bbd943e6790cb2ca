import type { PGlite } from '@electric-sql/pglite';
import { migrate } from '../../src/db/index.ts';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { createIdSource } from '../../src/ids.ts';
import { createTestClock } from '../support/test-clock.ts';
import { createNotes } from './noted-commands.ts';

/**
 * Gives a database the tables of the service, or empties those that it has: that is much quicker than to make them anew,
 * and empty tables store what comes as new ones do, so a run does not depend on the runs before it.
 */
export async function emptyDatabase(pglite: PGlite): Promise<void> {
  const { rows } = await pglite.query<{ name: string }>(
    `SELECT schemaname || '.' || tablename AS name FROM pg_tables
     WHERE schemaname IN ('public', 'simulation') AND tablename <> '_prisma_migrations' ORDER BY name`,
  );
  if (rows.length === 0) {
    await migrate(wrapEmbedded(pglite), createIdSource(createTestClock()));
    await pglite.exec(createNotes);
    return;
  }
  // The journal refuses to be emptied, and goes on doing so afterwards.
  await pglite.exec(`
    BEGIN;
    ALTER TABLE transfer DISABLE TRIGGER transfer_is_immutable;
    TRUNCATE ${rows.map(({ name }) => name).join(', ')} RESTART IDENTITY;
    ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable;
    COMMIT`);
}
