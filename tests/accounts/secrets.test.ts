import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoKeys } from '../../src/app.ts';
import { type BillingApp, openCheckout, sendToWebhook, startBillingApp, webhookSecret } from '../support/billing.ts';
import { type DatabaseKind, describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { createStudio } from '../support/studio.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

/** The tables in which a text stands anywhere, as text or as the bytes of it. */
async function tablesWith({ database }: Pick<TestDatabase, 'database'>, text: string): Promise<string[]> {
  const tables = await database.prisma.$queryRaw<{ name: string }[]>`
    SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`;
  const found: string[] = [];
  for (const { name } of tables) {
    // The names come from the database itself.
    const [row] = await database.prisma.$queryRawUnsafe<{ found: boolean }[]>(
      `SELECT EXISTS (SELECT FROM "${name}" AS t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0) AS found`,
      text,
      Buffer.from(text).toString('hex'),
    );
    if (row?.found === true) found.push(name);
  }
  return found;
}

const meets = (app: TestApp, key: string): Promise<number> =>
  app.graphql('{ account { id } }', { key }).then(({ status }) => status);

describeOnBoth('Secrets', (kind) => {
  let app: BillingApp;
  beforeAll(async () => {
    app = await startBillingApp(kind);
  });
  afterAll(() => app.close());

  test('G37 given keys in use, a checkout and failures of all kinds, when every table and every line of the log is searched, then no secret is found', async () => {
    const { id, key } = await app.newAccount();
    const studio = createStudio(app);
    await studio.giveCredits(id, 10);
    await openCheckout(app, key);
    expect(await meets(app, `${key}x`)).toBe(401);
    expect(await meets(app, webhookSecret)).toBe(401);
    await sendToWebhook(app, '{}', 't=1,v1=00');
    await app.stripe.goDown();
    await app.graphql('mutation { createCheckout(input: { mode: PACK, packCode: "pack_500" }) { __typename } }', {
      key,
    });
    await app.stripe.comeBack();

    const secrets = { key, adminKey, webhookSecret, stripeKey: 'sk_test_known_to_the_tests' };
    // The search itself finds what is there.
    expect(await tablesWith(app, id)).toContain('account');
    const log = app.logged.join('');
    expect(log).toContain('Stripe did not answer');
    for (const [name, secret] of Object.entries(secrets)) {
      expect([name, await tablesWith(app, secret), log.includes(secret)]).toEqual([name, [], false]);
    }
    expect(log).not.toMatch(/whsec_|sk_test_|sk_live_|wzrd_[\w-]{20}/);
  });
});

describe.each<DatabaseKind>(['embedded', 'postgres'])('Keys that everybody knows on the %s database', (kind) => {
  test('G37 given a sandbox on this machine, when it is opened to others, then its demo keys are refused and an administrator gets a new key, once', async () => {
    const database = await openTestDatabase(kind);
    const start = (environment: Record<string, string>): Promise<TestApp> =>
      startTestApp(kind, { database, environment: { ADMIN_API_KEY: '', ...environment } });
    try {
      const local = await start({});
      expect(local.app.newAdminKey).toBeNull();
      expect([await meets(local, demoKeys.account), await meets(local, demoKeys.admin)]).toEqual([200, 200]);
      await local.close();

      const open = await start({ HOST: '0.0.0.0' });
      expect([await meets(open, demoKeys.account), await meets(open, demoKeys.admin)]).toEqual([401, 401]);
      const adminKey = open.app.newAdminKey ?? '';
      expect(adminKey).toMatch(/^wzrd_[\w-]{43}$/);
      const { data } = await open.graphql<{ createAccount: { __typename: string } }>(
        'mutation { createAccount(input: { name: "First" }) { __typename } }',
        { key: adminKey },
      );
      expect(data.createAccount.__typename).toBe('CreatedAccount');
      await open.close();

      const again = await start({ HOST: '0.0.0.0' });
      expect(again.app.newAdminKey).toBeNull();
      expect(await meets(again, adminKey)).toBe(200);
      expect(await tablesWith(database, adminKey)).toEqual([]);
      await again.close();
    } finally {
      await database.database.close();
    }
  });
});

describe('Keys that everybody knows', () => {
  test.each([
    [
      'billing with real keys',
      { BILLING_MODE: 'test_only', STRIPE_SECRET_KEY: 'sk_test_x', STRIPE_WEBHOOK_SECRET: 'whsec_x' },
    ],
    ['billing switched off', { BILLING_MODE: 'disabled' }],
    ['a database of its own', { DATABASE_URL: 'postgresql://somewhere/else', BILLING_MODE: 'sandbox' }],
  ])('G37 given %s, when the demo keys are tried, then nobody has them', async (_name, environment) => {
    const app = await startTestApp('postgres', { environment });
    expect([await meets(app, demoKeys.account), await meets(app, demoKeys.admin)]).toEqual([401, 401]);
    expect(await meets(app, adminKey)).toBe(200);
    await app.close();
  });
});
