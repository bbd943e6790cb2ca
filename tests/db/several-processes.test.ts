import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { openPostgresDatabase } from '../../src/db/postgres.ts';
import { startTestApp } from '../support/test-app.ts';

async function onServer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  await client.query(statement);
  await client.end();
}

test('given an empty PostgreSQL, when 6 copies of the server start on it at once, then all of them start and agree', async () => {
  const name = `wzrd_copies_${process.pid}`;
  await onServer(`CREATE DATABASE ${name}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  const start = async (environment: Record<string, string>) => {
    const database = { database: await openPostgresDatabase(url.href), url: url.href };
    const app = await startTestApp('postgres', { database, environment });
    return { app, database: database.database };
  };
  // Nobody gave them an administrator's key, so one of them makes it.
  const outcomes = await Promise.allSettled(
    Array.from({ length: 6 }, () => start({ ADMIN_API_KEY: '', BILLING_MODE: 'disabled' })),
  );
  expect(outcomes.filter(({ status }) => status === 'rejected')).toEqual([]);
  const copies = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));

  const newKeys = copies.flatMap(({ app }) => (app.app.newAdminKey === null ? [] : [app.app.newAdminKey]));
  expect(newKeys).toHaveLength(1);
  for (const { app } of copies) {
    const { data } = await app.graphql('mutation { createAccount(input: { name: "x" }) { __typename } }', {
      key: newKeys[0] ?? null,
    });
    expect(data).toEqual({ createAccount: { __typename: 'CreatedAccount' } });
    const answer = await app.graphql<{ models: unknown[]; plans: unknown[] }>('{ models { id } plans { code } }');
    expect([answer.data.models.length, answer.data.plans.length]).toEqual([174, 4]);
  }
  for (const { app, database } of copies) {
    await app.close();
    await database.close();
  }
  await onServer(`DROP DATABASE ${name} WITH (FORCE)`);
});
