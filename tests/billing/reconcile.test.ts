import { beforeEach, describe, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { askToReconcile, differencesIn, reconcile } from '../support/reconcile.ts';
import { createSubscriber, stripeOf, type Subscriber } from '../support/subscriber.ts';
import { digestTables } from '../support/table-digest.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';
import { createTopUpAccount } from '../support/top-ups.ts';

const pack = { mode: 'PACK', packCode: 'pack_100' };

describeOnBoth('Stripe and the journal', (kind) => {
  let app: TestApp;
  let subscriber: Subscriber;
  beforeEach(async () => {
    app = await startTestApp(kind);
    subscriber = await createSubscriber(app);
    return async () => {
      expect(await findLedgerFaults(app.database)).toEqual([]);
      await app.close();
    };
  });

  /** From here on nothing that happens at Stripe is told. */
  const dropEvents = (): Promise<void> => stripeOf(app).changeSettings({ holds_events: true });

  /** Tells all that was held back, late. */
  const deliverAll = async (): Promise<void> => {
    await stripeOf(app).changeSettings({ holds_events: false });
    for (const { id } of await stripeOf(app).listEvents()) await stripeOf(app).deliverEvent(id);
    await app.app.jobs.runDue();
  };

  /** Compares, and expects that no row of any table was changed by it. */
  const look = async () => {
    const before = await digestTables(app.database);
    const found = await reconcile(app);
    expect(await digestTables(app.database)).toEqual(before);
    return found;
  };

  /** The id of Stripe's payment of the only pack. */
  const packPayment = async (): Promise<string> =>
    (await app.database.prisma.payment.findFirstOrThrow({ where: { kind: 'PACK' } })).id;

  const paymentIds = async (): Promise<string[]> =>
    (await app.database.prisma.payment.findMany({ orderBy: { id: 'asc' } })).map(({ id }) => id);

  test('G28 given a pack, a renewal and a refund that nobody told of, when it is repaired, then nothing differs, and again changes nothing', async () => {
    await subscriber.subscribe('pro');
    await subscriber.buy(pack);
    const refunded = await packPayment();
    expect(await look()).toMatchObject({ differences: [], left: 0, compared: 3, ignored: 0, next: null });

    await dropEvents();
    await subscriber.at('2026-02-03T12:00:00.000Z');
    await subscriber.buy(pack);
    await stripeOf(app).refundPayment(refunded, 500);
    const known = await paymentIds();
    const found = await look();
    const subscription = await app.database.prisma.planSubscription.findFirstOrThrow();
    // A pack and a refund show in one place each, a renewal in three: its money, its period and its month.
    expect(found.differences.map(({ kind: how, subject }) => `${how} ${subject}`).sort()).toEqual([
      'DIFFERING SUBSCRIPTION',
      'MISSING PAYMENT',
      'MISSING PAYMENT',
      'MISSING PLAN_PERIOD',
      'MISSING REFUND',
    ]);
    expect(found).toMatchObject({ left: 5, compared: 4 });
    expect(new Set(found.differences.map(({ accountId }) => accountId))).toEqual(new Set([subscriber.id]));
    expect(found.differences.find(({ subject }) => subject === 'REFUND')).toMatchObject({
      id: refunded,
      message: '500 cents of 1000 went back at Stripe; the journal has 0 cents.',
    });
    expect(found.differences.find(({ subject }) => subject === 'SUBSCRIPTION')).toMatchObject({
      id: subscription.stripeId,
      message:
        'start of the period is 2026-02-01T12:00:00.000Z at Stripe and 2026-01-01T12:00:00.000Z in the journal; ' +
        'end of the period is 2026-03-01T12:00:00.000Z at Stripe and 2026-02-01T12:00:00.000Z in the journal.',
    });
    expect(found.differences.find(({ subject }) => subject === 'PLAN_PERIOD')?.message).toBe(
      'The month of pro from 2026-02-01T12:00:00.000Z on was not given.',
    );
    const missing = found.differences.filter(({ subject }) => subject === 'PAYMENT').map(({ id }) => id);
    expect(missing.filter((id) => known.includes(id))).toEqual([]);

    const repaired = await reconcile(app, { repair: true });
    expect(repaired.left).toBe(0);
    expect(repaired.differences.map(({ repaired: done }) => done)).not.toContain(false);
    expect(await paymentIds()).toEqual([...known, ...missing].sort());
    // 100 welcome + 2,000 rolled over + 2,000 of the month + 100 of a pack + 50 of the other, of which half went back
    expect(await subscriber.wallet()).toMatchObject({ available: 4_250, debt: 0, rollover: 2_000 });

    const before = await digestTables(app.database);
    expect(await reconcile(app, { repair: true })).toMatchObject({ differences: [], left: 0, compared: 4 });
    expect(await digestTables(app.database)).toEqual(before);

    // What was repaired is not given again when the events come after all.
    await deliverAll();
    expect(await subscriber.wallet()).toMatchObject({ available: 4_250, debt: 0, rollover: 2_000 });
    expect(await look()).toMatchObject({ differences: [] });
  });

  test('G28 given a subscription that nobody told of, when it is repaired, then it is there with its credits; looking alone does not even remember its price', async () => {
    await dropEvents();
    await subscriber.subscribe('pro');
    expect(await subscriber.subscription()).toBeNull();
    const found = await look();
    expect(found.differences.map(({ kind: how, subject }) => `${how} ${subject}`)).toEqual([
      'MISSING PAYMENT',
      'MISSING SUBSCRIPTION',
    ]);
    expect(await reconcile(app, { repair: true })).toMatchObject({ left: 0 });
    expect(await subscriber.subscription()).toMatchObject({ plan: { code: 'pro' }, status: 'ACTIVE' });
    expect(await subscriber.wallet()).toMatchObject({ available: 2_100 }); // 100 welcome + 2,000
    expect(await look()).toMatchObject({ differences: [] });
  });

  test('G28 given a subscription that ended and a dispute that was won unheard, when it is repaired, then both are as at Stripe', async () => {
    await subscriber.subscribe('pro');
    await subscriber.buy(pack);
    const disputed = await packPayment();
    const { id: disputeId } = await stripeOf(app).openDispute(disputed);
    await app.app.jobs.runDue();
    expect(await subscriber.wallet()).toMatchObject({ available: 2_100 }); // 2,200 - 100 of the disputed pack

    await dropEvents();
    const { customerId } = await app.database.prisma.stripeCustomer.findFirstOrThrow();
    await stripeOf(app).changeCard(customerId, 'pm_card_chargeCustomerFail');
    await stripeOf(app).winDispute(disputeId);
    await subscriber.at('2026-03-20T12:00:00.000Z');
    const { stripeId } = await app.database.prisma.planSubscription.findFirstOrThrow();
    const found = await look();
    // The dispute was opened in January, and is looked at though the window is the last three days.
    expect(differencesIn(found)).toEqual([`DIFFERING SUBSCRIPTION ${stripeId}`, `EXTRA REFUND ${disputed}`]);
    expect(found.differences.find(({ subject }) => subject === 'SUBSCRIPTION')?.message).toContain(
      'status is CANCELED at Stripe and ACTIVE in the journal',
    );
    expect(await reconcile(app, { repair: true })).toMatchObject({ left: 0 });
    expect(await subscriber.subscription()).toBeNull();
    expect(await subscriber.wallet()).toMatchObject({ available: 200, plan: { code: 'free' } }); // 100 welcome + 100
    expect(await look()).toMatchObject({ differences: [] });
  });

  test('G28 given a top-up that was charged and of which half went back unheard, when it is repaired, then it is as at Stripe', async () => {
    const account = await createTopUpAccount(app);
    await account.set({ enabled: true, threshold: 30, packCode: 'pack_100' });
    await account.spendHundred();
    expect(await account.wallet()).toMatchObject({ available: 100 }); // 100 welcome - 100 spent + 100 of the pack
    expect(await look()).toMatchObject({ differences: [], compared: 1, ignored: 0 });
    await dropEvents();
    const topUp = await app.database.prisma.payment.findFirstOrThrow({ where: { kind: 'TOP_UP' } });
    await stripeOf(app).refundPayment(topUp.id, topUp.paidCents / 2);
    expect(differencesIn(await look())).toEqual([`MISSING REFUND ${topUp.id}`]);
    expect(await reconcile(app, { repair: true })).toMatchObject({ left: 0 });
    expect(await account.wallet()).toMatchObject({ available: 50 });
    // Whoever wanted the money back is not charged for the same again.
    expect(await account.read()).toMatchObject({ suspended: true });
    expect(await look()).toMatchObject({ differences: [] });
  });

  describe('given rows that were changed by force', () => {
    let paymentId: string;
    beforeEach(async () => {
      await subscriber.buy(pack);
      paymentId = await packPayment();
    });
    const force = (data: Record<string, unknown>) =>
      app.database.prisma.payment.update({ where: { id: paymentId }, data });

    test('when Stripe does not know a payment, then it is EXTRA, and stays so', async () => {
      const payment = await app.database.prisma.payment.findUniqueOrThrow({ where: { id: paymentId } });
      await app.database.prisma.payment.create({ data: { ...payment, id: 'pi_of_nobody' } });
      expect(await look()).toMatchObject({
        left: 1,
        differences: [
          {
            kind: 'EXTRA',
            subject: 'PAYMENT',
            id: 'pi_of_nobody',
            accountId: subscriber.id,
            message: 'Stripe has not taken in the 1000 cents (usd) that the journal has.',
            repaired: false,
          },
        ],
      });
      expect(await reconcile(app, { repair: true })).toMatchObject({ left: 1, differences: [{ repaired: false }] });
    });

    test('when another sum went back, then it is DIFFERING, and is repaired', async () => {
      await stripeOf(app).refundPayment(paymentId, 500);
      await app.app.jobs.runDue();
      const before = await subscriber.wallet();
      await force({ returnedCents: 300 });
      const found = await look();
      expect(differencesIn(found)).toEqual([`DIFFERING REFUND ${paymentId}`]);
      expect(found.differences[0]?.message).toBe('500 cents of 1000 went back at Stripe; the journal has 300 cents.');
      expect(await reconcile(app, { repair: true })).toMatchObject({ left: 0 });
      expect(await subscriber.wallet()).toEqual(before);
    });

    test('when money went back and its credits did not, then that is DIFFERING, and they are taken', async () => {
      await dropEvents();
      await stripeOf(app).refundPayment(paymentId, 505);
      await force({ returnedCents: 505 });
      const found = await look();
      expect(differencesIn(found)).toEqual([`DIFFERING REFUND ${paymentId}`]);
      // floor(100 × 505 / 1,000)
      expect(found.differences[0]?.message).toMatch(
        /^50 credits of the grant grant_\w+ are to be taken back; 0 were\.$/,
      );
      expect(await reconcile(app, { repair: true })).toMatchObject({ left: 0 });
      expect(await subscriber.wallet()).toMatchObject({ available: 150 }); // 100 welcome + 100 - 50
    });

    test('when another sum came in, then it is DIFFERING, and nobody guesses which is right', async () => {
      await force({ paidCents: 1_001 });
      const repaired = await reconcile(app, { repair: true });
      expect(differencesIn(repaired)).toEqual([`DIFFERING PAYMENT ${paymentId}`]);
      expect(repaired.differences[0]?.message).toBe(
        'Stripe has taken in 1000 cents (usd); the journal has 1001 cents (usd).',
      );
    });

    test('when the payment paid for a grant that is not in the wallet, then it is named', async () => {
      await force({ grantId: 'grant_none' });
      expect((await look()).differences[0]).toMatchObject({
        kind: 'DIFFERING',
        subject: 'PAYMENT',
        message: 'The wallet does not have its grant grant_none.',
      });
    });
  });

  test('given a month that no paid invoice is for, or a subscription that Stripe never had, then both are EXTRA, and stay so', async () => {
    await subscriber.subscribe('pro');
    const { prisma } = app.database;
    const { grantId } = await prisma.planPeriod.findFirstOrThrow();
    await prisma.planPeriod.updateMany({ where: { grantId }, data: { invoiceId: 'in_of_nobody' } });
    const subscription = await prisma.planSubscription.findFirstOrThrow();
    await prisma.planSubscription.create({
      data: { ...subscription, id: 'subscription_of_nobody', stripeId: 'sub_of_nobody' },
    });
    const expected = [`EXTRA PLAN_PERIOD ${grantId}`, 'EXTRA SUBSCRIPTION sub_of_nobody'];
    expect(differencesIn(await look())).toEqual(expected);
    expect(differencesIn(await reconcile(app, { repair: true }))).toEqual(expected);
  });

  test('given a payment outside of the window, when it is compared, then it does not count; within it does', async () => {
    await dropEvents();
    await subscriber.buy(pack);
    await subscriber.at('2026-02-10T00:00:00.000Z');
    expect(await look()).toMatchObject({ from: '2026-02-07T00:00:00.001Z', to: '2026-02-10T00:00:00.001Z', left: 0 });
    const window = { from: '2026-01-01T00:00:00.000Z', to: '2026-01-01T12:00:00.000Z' };
    expect(await reconcile(app, window)).toMatchObject({ ...window, left: 0 }); // The end is not included.
    expect(await reconcile(app, { ...window, to: '2026-01-01T12:00:00.001Z' })).toMatchObject({ left: 1 });
  });

  test('given a window or a place that is none, when it is asked for, then that is said, and what to do', async () => {
    const at = (from: string, to: string, after?: string) =>
      askToReconcile(app, { from, to, ...(after === undefined ? {} : { after }) });
    const refused = (path: string, message: string) => ({
      __typename: 'InvalidInputError',
      code: 'INVALID_INPUT',
      issues: [{ path: [path], message }],
    });
    const day = '2026-01-01T00:00:00Z';
    expect(await at(day, day)).toMatchObject(refused('from', 'Must be before the end of the window.'));
    expect(await at('2024-11-26T23:59:59Z', day)).toMatchObject(
      refused('from', 'Must be at most 400 days before the end of the window.'),
    );
    expect(await at('2024-11-27T00:00:00Z', day)).toMatchObject({ __typename: 'StripeReconciliation' });
    for (const after of ['', 'nowhere', 'payments:', 'payments:a b', 'refunds:re_1\u0000']) {
      expect(await at('2025-12-31T00:00:00Z', day, after)).toMatchObject(
        refused('after', 'Must be the `next` of an earlier answer.'),
      );
    }
  });

  test('G36 given somebody who is no administrator, when they ask, then they may not', async () => {
    const ask = (key: string | null) =>
      app.graphql('mutation { reconcileStripe { __typename } setUpStripe { __typename } }', { key });
    const codes = async (key: string | null) => (await ask(key)).errors.map(({ extensions }) => extensions.code);
    expect(await codes(subscriber.key)).toEqual(['FORBIDDEN']);
    expect(await codes(null)).toEqual(['UNAUTHENTICATED']);
  });
});

test('given billing that is switched off, when Stripe is to be compared or set up, then that is said', async () => {
  const app = await startTestApp('embedded', { environment: { BILLING_MODE: 'disabled' } });
  expect(await askToReconcile(app)).toMatchObject({ __typename: 'CheckoutUnavailableError' });
  await app.close();
});
