import type { PGlite } from '@electric-sql/pglite';
import { migrate } from '../../src/db/index.ts';
import { wrapEmbedded } from '../../src/db/embedded.ts';
import { createIdSource } from '../../src/ids.ts';
import { emptyTables } from '../support/empty-tables.ts';
import { createTestClock } from '../support/test-clock.ts';
import { createNotes } from './noted-commands.ts';

/** Gives a database the tables of the service, or empties those that it has, so that a run does not depend on the runs before it. */
export async function emptyDatabase(pglite: PGlite): Promise<void> {
  if ((await emptyTables(pglite)) > 0) return;
  await migrate(wrapEmbedded(pglite), createIdSource(createTestClock()));
  await pglite.exec(createNotes);
}
