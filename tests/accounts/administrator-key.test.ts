import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { createIdSource } from '../../src/ids.ts';
import { openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { connectAgain } from '../support/second-connection.ts';
import { createTestClock } from '../support/test-clock.ts';

describe('the key of the administrator', () => {
  let testDatabase: TestDatabase;

  beforeAll(async () => {
    testDatabase = await openTestDatabase('postgres');
  });
  afterAll(() => testDatabase.database.close());

  /** Starts the server with a key in its environment, and tells which of these keys may do what administrators do. */
  const whoMay = async (adminApiKey: string | undefined, keys: readonly string[]): Promise<boolean[]> => {
    const { database, url } = await connectAgain(testDatabase);
    const environment = { PORT: '0', BILLING_MODE: 'sandbox', ADMIN_API_KEY: adminApiKey };
    const clock = createTestClock();
    const app = await startApp({
      config: { ...readConfig(environment), databaseUrl: url },
      database,
      clock,
      createIds: createIdSource,
      log: pino({ level: 'silent' }),
      automaticJobs: false,
    });
    const answers = await Promise.all(
      keys.map((key) =>
        fetch(`${app.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-api-key': key },
          body: JSON.stringify({ query: '{ accountById(id: "none") { account { id } } }' }),
        }),
      ),
    );
    await app.close();
    return answers.map(({ status }) => status === 200);
  };

  it('given ADMIN_API_KEY was changed, when the server starts again, then only the new key counts, and the old one again when it comes back', async () => {
    const [first, second] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
    expect(await whoMay(first, [first, second])).toEqual([true, false]);
    expect(await whoMay(second, [first, second])).toEqual([false, true]);
    expect(await whoMay(first, [first, second])).toEqual([true, false]);
    expect(await whoMay(undefined, [first, second])).toEqual([true, false]);
  });
});
