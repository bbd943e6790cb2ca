import { beforeEach, expect, test } from 'vitest';
import { createCheckout } from '../support/billing.ts';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createSubscriber, type GrantRow, stripeOf, type Subscriber } from '../support/subscriber.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** "PLAN 2000: 1500 left until 2026-02-04T12:00:00Z", with whatever else became of it. */
const tell = ({ source, amount, remaining, consumed, expired, revoked, expiresAt }: GrantRow): string => {
  const parts = Object.entries({ consumed, expired, revoked }).filter(([, credits]) => credits > 0);
  const rest = parts.map(([name, credits]) => `, ${credits} ${name}`).join('');
  return `${source} ${amount}: ${remaining} left until ${expiresAt?.replace('.000Z', 'Z') ?? 'ever'}${rest}`;
};

// Each test begins on the first day of 2026, at noon. Pro gives 2,000 a month for $49, Business 10,000 for $149.
describeOnBoth('Plan credits', (kind) => {
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

  const grants = async (): Promise<string[]> => (await subscriber.grants()).map(tell);

  test('G29 given a plan is paid, then its quota is there at once, the order is complete and nothing comes twice', async () => {
    const checkoutId = await subscriber.subscribe('pro');
    expect(await subscriber.wallet()).toEqual({
      available: 2_100, // 100 welcome + 2,000
      held: 0,
      debt: 0,
      rollover: 0,
      topUp: 100,
      monthly: { quota: 2_000, remaining: 2_000, resetsAt: '2026-02-01T12:00:00.000Z' },
      plan: { code: 'pro' },
    });
    expect(await subscriber.subscription()).toMatchObject({
      plan: { code: 'pro' },
      status: 'ACTIVE',
      interval: 'MONTH',
      currentPeriodStart: '2026-01-01T12:00:00.000Z',
      currentPeriodEnd: '2026-02-01T12:00:00.000Z',
      cancelAtPeriodEnd: false,
      nextPlan: null,
    });
    const { checkout } = await subscriber.ask<{ checkout: object }>(
      'query ($id: ID!) { checkout(id: $id) { status creditsGranted } }',
      { id: checkoutId },
    );
    expect(checkout).toEqual({ status: 'COMPLETED', creditsGranted: 2_000 });
    for (const event of await stripeOf(app).listEvents()) await stripeOf(app).deliverEvent(event.id);
    await app.app.jobs.runDue();
    expect(await grants()).toEqual(['PLAN 2000: 2000 left until 2026-02-04T12:00:00Z']);
  });

  test('G29 given 500 of 2,000 were spent, when the month is renewed, then 2,000 - 500 = 1,500 roll over, and end with the next', async () => {
    await subscriber.subscribe('pro');
    await subscriber.spend(500);
    // Stripe keeps the renewal in draft for an hour; until then the old credits are good.
    await subscriber.at('2026-02-01T12:30:00.000Z');
    expect(await grants()).toEqual(['PLAN 2000: 1500 left until 2026-02-04T12:00:00Z, 500 consumed']);
    await subscriber.at('2026-02-01T13:00:00.000Z');
    expect(await grants()).toEqual([
      'PLAN 2000: 0 left until 2026-02-01T13:00:00Z, 500 consumed, 1500 expired',
      'PLAN 2000: 2000 left until 2026-03-04T12:00:00Z',
      'ROLLOVER 1500: 1500 left until 2026-03-04T12:00:00Z',
    ]);
    expect(await subscriber.wallet()).toMatchObject({
      available: 3_600, // 100 + 2,000 + 1,500
      rollover: 1_500,
      monthly: { remaining: 2_000, resetsAt: '2026-03-01T12:00:00.000Z' },
    });
    // What rolled over once does not roll again: 2,000 of the month do, the cap of Pro.
    await subscriber.at('2026-03-01T13:00:00.000Z');
    expect((await grants()).slice(2)).toEqual([
      'ROLLOVER 1500: 0 left until 2026-03-01T13:00:00Z, 1500 expired',
      'PLAN 2000: 2000 left until 2026-04-04T12:00:00Z',
      'ROLLOVER 2000: 2000 left until 2026-04-04T12:00:00Z',
    ]);
  });

  test('G29 given credits are held over a renewal, then they do not roll, and what comes back of them has expired', async () => {
    await subscriber.subscribe('pro');
    await subscriber.at('2026-02-01T12:50:00.000Z');
    await subscriber.ask(
      'mutation { generate(input: { kind: IMAGE, prompt: "A storm", params: { sandbox: "hang" } }) { __typename } }',
    );
    await subscriber.at('2026-02-01T13:00:00.000Z');
    // 2,000 - 4 held = 1,996 roll over.
    expect((await subscriber.grants())[2]).toMatchObject({ source: 'ROLLOVER', amount: 1_996 });
    await subscriber.days(1);
    expect((await subscriber.grants())[0]).toMatchObject({ held: 0, remaining: 0, expired: 2_000 });
  });

  test('given a plan by the year, when months pass, then each anchor day brings its quota, without a payment', async () => {
    await subscriber.subscribe('pro', 'YEAR');
    await subscriber.at('2026-03-01T12:00:00.000Z');
    expect(await grants()).toEqual([
      'PLAN 2000: 0 left until 2026-02-01T12:00:00Z, 2000 expired',
      'PLAN 2000: 0 left until 2026-03-01T12:00:00Z, 2000 expired',
      'ROLLOVER 2000: 0 left until 2026-03-01T12:00:00Z, 2000 expired',
      'PLAN 2000: 2000 left until 2026-04-04T12:00:00Z',
      'ROLLOVER 2000: 2000 left until 2026-04-04T12:00:00Z',
    ]);
    expect(await subscriber.subscription()).toMatchObject({
      interval: 'YEAR',
      currentPeriodEnd: '2027-01-01T12:00:00.000Z',
    });
  });

  test('past due: given a renewal whose card is declined, then what is there stays for 72 hours, and nothing new comes until it is paid', async () => {
    await subscriber.subscribe('pro');
    const customer = await app.database.prisma.stripeCustomer.findUniqueOrThrow({
      where: { accountId: subscriber.id },
    });
    await stripeOf(app).changeCard(customer.customerId, 'pm_card_chargeCustomerFail');
    await subscriber.at('2026-02-02T12:00:00.000Z');
    expect(await subscriber.subscription()).toMatchObject({ status: 'PAST_DUE', plan: { code: 'pro' } });
    expect(await grants()).toEqual(['PLAN 2000: 2000 left until 2026-02-04T12:00:00Z']);
    await subscriber.at('2026-02-04T12:00:00.000Z');
    expect(await grants()).toEqual(['PLAN 2000: 0 left until 2026-02-04T12:00:00Z, 2000 expired']);
    // Stripe tries again by itself, days later, with the new card; there is nothing left that could roll over.
    await stripeOf(app).changeCard(customer.customerId, 'pm_card_visa');
    await subscriber.at('2026-02-20T12:00:00.000Z');
    expect(await subscriber.subscription()).toMatchObject({ status: 'ACTIVE' });
    expect((await grants()).slice(1)).toEqual(['PLAN 2000: 2000 left until 2026-03-04T12:00:00Z']);
  });

  test('G31 upgrade: given 500 were spent of Pro, when it becomes Business, then 10,000 - 2,000 = 8,000 come at once, with the same end', async () => {
    await subscriber.subscribe('pro');
    await subscriber.spend(500);
    await subscriber.at('2026-01-16T12:00:00.000Z');
    const preview = await subscriber.previewPlanChange('business');
    expect(preview).toMatchObject({
      __typename: 'PlanChange',
      creditsNow: 8_000,
      effectiveAt: '2026-01-16T12:00:00.000Z',
      // 16 of 31 days are left: round(14,900 × 16 / 31) - round(4,900 × 16 / 31) = 7,690 - 2,529 = 5,161.
      amountDueNow: { amount: 5_161 },
      subscription: { plan: { code: 'pro' } },
    });
    const { subscription: _before, ...told } = preview;
    const change = await subscriber.changePlan('business');
    expect(change).toMatchObject({ ...told, subscription: { plan: { code: 'business' }, status: 'ACTIVE' } });
    expect(await grants()).toEqual([
      'PLAN 2000: 1500 left until 2026-02-04T12:00:00Z, 500 consumed',
      'PLAN 8000: 8000 left until 2026-02-04T12:00:00Z',
    ]);
    expect(await subscriber.wallet()).toMatchObject({
      available: 9_600, // 100 + 1,500 + 8,000
      plan: { code: 'business' },
      monthly: { quota: 10_000, remaining: 9_500, resetsAt: '2026-02-01T12:00:00.000Z' },
    });
    // The renewal is at the new plan; 9,500 of the month roll over.
    await subscriber.at('2026-02-01T13:00:00.000Z');
    expect((await grants()).slice(2)).toEqual([
      'PLAN 10000: 10000 left until 2026-03-04T12:00:00Z',
      'ROLLOVER 9500: 9500 left until 2026-03-04T12:00:00Z',
    ]);
  });

  test('G31 downgrade: given Business, when it becomes Pro, then nothing changes before the period ends, and the next is Pro', async () => {
    await subscriber.subscribe('business');
    await subscriber.at('2026-01-16T12:00:00.000Z');
    expect(await subscriber.previewPlanChange('pro')).toMatchObject({ creditsNow: 0, amountDueNow: { amount: 0 } });
    expect(await subscriber.changePlan('pro')).toMatchObject({
      __typename: 'PlanChange',
      creditsNow: 0,
      amountDueNow: { amount: 0 },
      effectiveAt: '2026-02-01T12:00:00.000Z',
      subscription: { plan: { code: 'business' }, nextPlan: { code: 'pro' } },
    });
    expect(await grants()).toEqual(['PLAN 10000: 10000 left until 2026-02-04T12:00:00Z']);
    await subscriber.at('2026-02-01T13:00:00.000Z');
    expect(await subscriber.subscription()).toMatchObject({ plan: { code: 'pro' }, nextPlan: null });
    expect((await grants()).slice(1)).toEqual([
      'PLAN 2000: 2000 left until 2026-03-04T12:00:00Z',
      // No more rolls over than the cap of the plan that follows.
      'ROLLOVER 2000: 2000 left until 2026-03-04T12:00:00Z',
    ]);
  });

  test('downgrade, then not: given a change that is to come, when the present plan is chosen, then it stays', async () => {
    await subscriber.subscribe('business');
    await subscriber.changePlan('pro');
    expect(await subscriber.changePlan('business')).toMatchObject({
      __typename: 'PlanChange',
      subscription: { plan: { code: 'business' }, nextPlan: null },
    });
    await subscriber.at('2026-02-01T13:00:00.000Z');
    expect(await subscriber.subscription()).toMatchObject({ plan: { code: 'business' } });
  });

  test('from month to year: given Pro by the month, when it becomes Pro by the year, then the year begins when the month ends', async () => {
    await subscriber.subscribe('pro');
    expect(await subscriber.changePlan('pro', 'YEAR')).toMatchObject({
      __typename: 'PlanChange',
      effectiveAt: '2026-02-01T12:00:00.000Z',
      amountDueNow: { amount: 0 },
    });
    await subscriber.at('2026-03-01T13:00:00.000Z');
    expect(await subscriber.subscription()).toMatchObject({
      interval: 'YEAR',
      currentPeriodStart: '2026-02-01T12:00:00.000Z',
      currentPeriodEnd: '2027-02-01T12:00:00.000Z',
    });
    const plans = (await subscriber.grants()).filter(({ source }) => source === 'PLAN');
    expect(plans.map(({ amount }) => amount)).toEqual([2_000, 2_000, 2_000]);
  });

  test('G31 cancel at period end: given Pro and a pack, when the period ends, then its credits end with it, nothing rolls over, and the pack stays', async () => {
    await subscriber.subscribe('pro');
    await subscriber.buy({ mode: 'PACK', packCode: 'pack_100' });
    expect(await subscriber.cancel()).toMatchObject({ __typename: 'PlanSubscription', cancelAtPeriodEnd: true });
    expect(await grants()).toEqual([
      'PACK 100: 100 left until ever',
      'PLAN 2000: 2000 left until 2026-02-01T12:00:00Z',
    ]);
    await subscriber.at('2026-02-01T12:00:00.000Z');
    expect(await grants()).toEqual([
      'PACK 100: 100 left until ever',
      'PLAN 2000: 0 left until 2026-02-01T12:00:00Z, 2000 expired',
    ]);
    await subscriber.days(40);
    expect(await subscriber.subscription()).toBeNull();
    expect(await subscriber.wallet()).toMatchObject({
      available: 200,
      plan: { code: 'free' },
      monthly: { quota: 0, remaining: 0, resetsAt: null },
    });
  });

  test('cancelled and resumed before the end: then nothing has changed', async () => {
    await subscriber.subscribe('pro');
    const before = await grants();
    await subscriber.cancel();
    await subscriber.days(10);
    expect(await subscriber.resume()).toMatchObject({ __typename: 'PlanSubscription', cancelAtPeriodEnd: false });
    expect(await grants()).toEqual(before);
    await subscriber.at('2026-02-01T13:00:00.000Z');
    expect((await grants()).slice(1)).toEqual([
      'PLAN 2000: 2000 left until 2026-03-04T12:00:00Z',
      'ROLLOVER 2000: 2000 left until 2026-03-04T12:00:00Z',
    ]);
  });

  test('G31 cancel now: given a plan with rollover and a pack, then PLAN and ROLLOVER end at once, and the pack stays', async () => {
    await subscriber.subscribe('pro');
    await subscriber.buy({ mode: 'PACK', packCode: 'pack_100' });
    await subscriber.at('2026-02-10T12:00:00.000Z');
    expect(await subscriber.wallet()).toMatchObject({ available: 4_200 }); // 100 + 100 + 2,000 + 2,000
    expect(await subscriber.cancel(false)).toMatchObject({ __typename: 'PlanSubscription', status: 'CANCELED' });
    expect(await subscriber.wallet()).toMatchObject({ available: 200, rollover: 0, plan: { code: 'free' } });
    expect((await grants()).slice(2)).toEqual([
      'PLAN 2000: 0 left until 2026-02-10T12:00:00Z, 2000 expired',
      'ROLLOVER 2000: 0 left until 2026-02-10T12:00:00Z, 2000 expired',
    ]);
  });

  test('G30 given an old subscription that ends after a new one has begun, then the new one stays', async () => {
    await subscriber.subscribe('pro');
    await subscriber.cancel(false);
    await subscriber.subscribe('business');
    for (const event of await stripeOf(app).listEvents()) await stripeOf(app).deliverEvent(event.id);
    await app.app.jobs.runDue();
    expect(await subscriber.subscription()).toMatchObject({ plan: { code: 'business' }, status: 'ACTIVE' });
    expect(await subscriber.wallet()).toMatchObject({ available: 10_100, plan: { code: 'business' } });
  });

  test('given a plan, when another is bought, then it is not sold a second time, but it may be changed', async () => {
    await subscriber.subscribe('pro');
    const input = { mode: 'SUBSCRIPTION', planCode: 'business' };
    expect(await createCheckout(app, subscriber.key, input)).toMatchObject({ __typename: 'NotPurchasableError' });
    expect(await subscriber.changePlan('enterprise')).toMatchObject({ __typename: 'NotPurchasableError' });
    expect(await subscriber.changePlan('free')).toMatchObject({ __typename: 'NotPurchasableError' });
    expect(await subscriber.changePlan('pro')).toMatchObject({ __typename: 'NotPurchasableError' });
    expect(await subscriber.changePlan('platinum')).toMatchObject({ __typename: 'UnknownPlanError' });
  });

  test('given no subscription, when it is changed, ended or resumed, then the answer says so', async () => {
    const none = { __typename: 'NoSubscriptionError', code: 'NO_SUBSCRIPTION' };
    expect(await subscriber.previewPlanChange('pro')).toMatchObject(none);
    expect(await subscriber.changePlan('pro')).toMatchObject(none);
    expect(await subscriber.cancel()).toMatchObject(none);
    expect(await subscriber.resume()).toMatchObject(none);
  });

  test('G01 given a change under a key, when it is sent again, then it is made once and answered the same; another under it is a conflict', async () => {
    await subscriber.subscribe('pro');
    await subscriber.days(10);
    const first = await subscriber.changePlan('business', 'MONTH', 'upgrade-1');
    await subscriber.days(1);
    expect(await subscriber.changePlan('business', 'MONTH', 'upgrade-1')).toEqual(first);
    expect(await subscriber.changePlan('pro', 'MONTH', 'upgrade-1')).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
    const ended = await subscriber.cancel(true, 'end-1');
    expect(await subscriber.cancel(true, 'end-1')).toEqual(ended);
    expect(await subscriber.cancel(false, 'end-1')).toMatchObject({ __typename: 'IdempotencyConflictError' });
    const upgrades = (await subscriber.grants()).filter(({ amount }) => amount === 8_000);
    expect(upgrades).toHaveLength(1);
  });

  test('given a card that is declined, when the plan is upgraded, then nothing changes, and the same key may try again', async () => {
    await subscriber.subscribe('pro');
    const customer = await app.database.prisma.stripeCustomer.findUniqueOrThrow({
      where: { accountId: subscriber.id },
    });
    await stripeOf(app).changeCard(customer.customerId, 'pm_card_chargeCustomerFail');
    expect(await subscriber.changePlan('business', 'MONTH', 'try')).toMatchObject({
      __typename: 'PaymentProviderError',
    });
    expect(await subscriber.subscription()).toMatchObject({ plan: { code: 'pro' } });
    expect(await grants()).toEqual(['PLAN 2000: 2000 left until 2026-02-04T12:00:00Z']);
    await stripeOf(app).changeCard(customer.customerId, 'pm_card_visa');
    expect(await subscriber.changePlan('business', 'MONTH', 'try')).toMatchObject({ creditsNow: 8_000 });
  });

  test('given a subscription, when its owner asks, then the invoices and the node are there, for nobody else', async () => {
    await subscriber.subscribe('pro');
    await subscriber.at('2026-02-02T12:00:00.000Z');
    const document =
      '{ invoices { totalCount nodes { id number status total { amount } hostedUrl pdfUrl createdAt } } }';
    const { invoices } = await subscriber.ask<{ invoices: { totalCount: number; nodes: object[] } }>(document);
    expect(invoices).toMatchObject({
      totalCount: 2,
      nodes: [
        { status: 'paid', total: { amount: 4_900 }, createdAt: '2026-02-01T12:00:00.000Z' },
        { status: 'paid', total: { amount: 4_900 }, createdAt: '2026-01-01T12:00:00.000Z' },
      ],
    });
    const subscription = await subscriber.subscription();
    const node = 'query ($id: ID!) { node(id: $id) { __typename id } }';
    const variables = { id: subscription?.id };
    expect(await subscriber.ask(node, variables)).toEqual({
      node: { __typename: 'PlanSubscription', id: subscription?.id },
    });
    const other = await createSubscriber(app);
    expect(await other.ask(node, variables)).toEqual({ node: null });
    expect(await other.ask(document)).toMatchObject({ invoices: { totalCount: 0, nodes: [] } });
    expect(await other.subscription()).toBeNull();
  });
});
