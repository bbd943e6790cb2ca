import { beforeEach, expect, test } from 'vitest';
import { createStripeSandboxStore } from '../../src/billing/stripe-sandbox/index.ts';
import { type Instant } from '../../src/clock.ts';
import { type OpenCheckout, openCheckout } from '../support/billing.ts';
import { describeOnBoth, openTestDatabase, type TestDatabase } from '../support/databases.ts';
import { differencesIn, reconcile } from '../support/reconcile.ts';
import { sessionIn } from '../support/subscriber.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { createTestClock, type TestClock } from '../support/test-clock.ts';
import { type SandboxHarness, startSandbox } from './stripe-sandbox/harness.ts';

const at = (instant: string): Instant => Date.parse(instant) as Instant; // Milliseconds since 1970.

describeOnBoth('The night in test mode', (kind) => {
  let clock: TestClock;
  let sandbox: SandboxHarness;
  let given: TestDatabase;
  let app: TestApp;
  let key: string;

  /** A server in test mode before a Stripe of its own, whose events never come. */
  const start = (environment: Record<string, string> = {}): Promise<TestApp> =>
    startTestApp(kind, {
      clock,
      database: given,
      environment: {
        BILLING_MODE: 'test_only',
        STRIPE_SECRET_KEY: 'sk_test_night',
        STRIPE_WEBHOOK_SECRET: 'whsec_night',
        STRIPE_API_URL: sandbox.apiOrigin,
        ...environment,
      },
    });

  beforeEach(async () => {
    clock = createTestClock('2026-01-10T12:00:00Z');
    given = await openTestDatabase(kind);
    const store = createStripeSandboxStore(given.database.prisma);
    sandbox = await startSandbox({ store, clock, webhookUrl: 'http://127.0.0.1:1' });
    await sandbox.controls.changeSettings({ holds_events: true });
    return async () => {
      await app.close();
      await sandbox.close();
      await given.database.close();
    };
  });

  const buyPack = async (): Promise<OpenCheckout> => {
    ({ key } = await app.newAccount());
    const checkout = await openCheckout(app, key, { mode: 'PACK', packCode: 'pack_100' });
    await sandbox.controls.pay(sessionIn(checkout.url));
    return checkout;
  };
  const differencesLogged = (): Record<string, unknown>[] =>
    app.logged
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'Stripe and the journal differ.');
  const nights = async (): Promise<string[]> =>
    (await app.database.prisma.job.findMany({ where: { kind: 'RECONCILE' }, orderBy: { dueAt: 'asc' } })).map(
      ({ dueAt }) => dueAt.toISOString(),
    );
  const available = async (): Promise<number> =>
    (await app.graphql<{ wallet: { available: number } }>('{ wallet { available } }', { key })).data.wallet.available;

  test('G28 given an event that was dropped, when it is 03:00 in UTC, then the log names what differs, once, and nothing is changed', async () => {
    app = await start();
    await buyPack();
    expect(await nights()).toEqual(['2026-01-11T03:00:00.000Z']);
    clock.advanceTo(at('2026-01-11T02:59:59.999Z'));
    expect(await app.app.jobs.runDue()).toBe(0);
    clock.advanceTo(at('2026-01-11T03:00:00Z'));
    // One step for the plan of the night, one for each of the six pages.
    expect(await app.app.jobs.runDue()).toBe(7);
    expect(differencesLogged()).toMatchObject([
      {
        level: 40,
        kind: 'MISSING',
        subject: 'PAYMENT',
        id: expect.stringMatching(/^pi_/),
        accountId: expect.stringMatching(/^account_/),
        message: 'Stripe has taken in 1000 cents (usd); the journal does not have the payment.',
        repaired: false,
      },
    ]);
    expect(app.logged.join('\n')).not.toMatch(/sk_test_night|whsec_night/);
    expect(await available()).toBe(100);
    expect(await nights()).toEqual(['2026-01-12T03:00:00.000Z']);
  });

  test('G28 given RECONCILE_REPAIR, when the night comes, then what differed is repaired, and the next night finds nothing', async () => {
    app = await start({ RECONCILE_REPAIR: 'true' });
    await buyPack();
    clock.advanceTo(at('2026-01-11T03:00:00Z'));
    await app.app.jobs.runDue();
    expect(differencesLogged()).toMatchObject([{ kind: 'MISSING', subject: 'PAYMENT', repaired: true }]);
    expect(await available()).toBe(200); // 100 welcome + 100
    clock.advanceTo(at('2026-01-12T03:00:00Z'));
    await app.app.jobs.runDue();
    expect(differencesLogged()).toHaveLength(1);
  });

  test('given a payment of after midnight, when the night comes, then it is left to the next one: its event may be on its way', async () => {
    app = await start();
    clock.advanceTo(at('2026-01-11T00:00:00Z'));
    await buyPack();
    clock.advanceTo(at('2026-01-11T03:00:00Z'));
    await app.app.jobs.runDue();
    expect(differencesLogged()).toEqual([]);
    clock.advanceTo(at('2026-01-12T03:00:00Z'));
    await app.app.jobs.runDue();
    expect(differencesLogged()).toHaveLength(1);
  });

  test('given nobody worked for a week, when somebody does again, then the days of that week are compared too', async () => {
    app = await start();
    await buyPack();
    clock.advanceTo(at('2026-01-18T09:00:00Z'));
    await app.app.jobs.runDue();
    expect(differencesLogged()).toHaveLength(1);
    expect(await nights()).toEqual(['2026-01-19T03:00:00.000Z']);
  });

  test('given Stripe out of reach, when the night comes, then it is tried again, the next night is planned, and a page is given up when that has come', async () => {
    app = await start({ STRIPE_API_URL: 'http://127.0.0.1:1' });
    clock.advanceTo(at('2026-01-11T03:00:00Z'));
    const page = await app.app.jobs.runDue();
    expect(page).toBe(2);
    expect(
      await app.database.prisma.job.findMany({ where: { kind: 'RECONCILE' }, orderBy: { dueAt: 'asc' } }),
    ).toMatchObject([
      { lastError: expect.stringContaining('connection'), attempts: 1 },
      { lastError: null, dueAt: new Date('2026-01-12T03:00:00Z') },
    ]);
    clock.advanceTo(at('2026-01-12T03:00:00Z'));
    await app.app.jobs.runDue();
    // The page of the first night is gone; that of the second waits, and the third night is planned.
    expect(
      await app.database.prisma.job.findMany({ where: { kind: 'RECONCILE' }, orderBy: { dueAt: 'asc' } }),
    ).toMatchObject([
      { id: expect.stringContaining(`${at('2026-01-12T00:00:00Z')}`), attempts: 1 },
      { dueAt: new Date('2026-01-13T03:00:00Z') },
    ]);
  });

  test("given customers of somebody else's, when more than a page of their payments is compared, then they are ignored", async () => {
    app = await start();
    await buyPack();
    const { id: customer } = await sandbox.stripe.customers.create();
    for (let paid = 0; paid < 21; paid += 1) {
      clock.advanceSeconds(1);
      await sandbox.stripe.paymentIntents.create({
        amount: 1_000,
        currency: 'usd',
        customer,
        payment_method: 'pm_card_visa',
        confirm: true,
      });
    }
    const found = await reconcile(app, { repair: true });
    expect(found).toMatchObject({ compared: 1, ignored: 21, left: 0, next: null });
    expect(differencesIn(found)).toEqual([expect.stringMatching(/^MISSING PAYMENT pi_\w+ repaired$/)]);
    // Ours is on the second page now, and no payment of either page counts as one that the journal alone has.
    expect(await reconcile(app, { repair: true })).toMatchObject({ compared: 1, ignored: 21, differences: [] });
  });

  test('given two processes on one database, when both start and work at night, then the night is compared once', async () => {
    app = await start();
    await buyPack();
    const other = await start();
    expect(await nights()).toHaveLength(1);
    clock.advanceTo(at('2026-01-11T03:00:00Z'));
    await Promise.all([app.app.jobs.runDue(), other.app.jobs.runDue(), app.app.jobs.runDue()]);
    await app.app.jobs.runDue();
    const logged = [...app.logged, ...other.logged].filter((line) => line.includes('Stripe and the journal differ.'));
    expect(logged).toHaveLength(1);
    await other.close();
  });
});

test('given the sandbox, whose clock runs ahead by years, when it starts, then no night is planned', async () => {
  const app = await startTestApp('embedded');
  expect(await app.database.prisma.job.count({ where: { kind: 'RECONCILE' } })).toBe(0);
  await app.close();
});
