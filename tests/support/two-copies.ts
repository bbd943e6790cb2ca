import { type Database } from '../../src/db/database.ts';
import { openTestDatabase } from './databases.ts';
import { connectAgain } from './second-connection.ts';
import { startTestApp, type TestApp, type TestAppOptions } from './test-app.ts';

/** Two copies of the server on one PostgreSQL, each with connections of its own. */
export interface TwoCopies {
  readonly database: Database;
  readonly here: TestApp;
  readonly there: TestApp;
  readonly end: () => Promise<void>;
}

/** Starts both at once. */
export async function startTwoCopies(options: Omit<TestAppOptions, 'database'> = {}): Promise<TwoCopies> {
  const database = await openTestDatabase('postgres');
  const owns = [await connectAgain(database), await connectAgain(database)];
  const [here, there] = await Promise.all(owns.map((own) => startTestApp('postgres', { ...options, database: own })));
  if (here === undefined || there === undefined) throw new Error('Too few copies were started.');
  const end = async (): Promise<void> => {
    await Promise.all([here.close(), there.close()]);
    for (const own of owns) await own.database.close();
    await database.database.close();
  };
  return { database: database.database, here, there, end };
}
