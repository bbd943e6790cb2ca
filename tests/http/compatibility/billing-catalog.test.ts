import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { webhookSecret } from '../../support/billing.ts';
import { describeOnBoth } from '../../support/databases.ts';
import { callFunction, type FunctionAnswer, failure } from '../../support/functions.ts';
import { createSubscriber, stripeOf } from '../../support/subscriber.ts';
import { startTestApp, type TestApp } from '../../support/test-app.ts';

const free = {
  plan_code: 'free',
  display_name: 'Free',
  description: '100 credits once, to start with. Top up or upgrade when they run out.',
  monthly_price_cents: 0,
  yearly_price_cents: null,
  monthly_quota: 0,
  rollover_cap: 0,
};
const pro = {
  plan_code: 'pro',
  display_name: 'Pro',
  description: 'For independent creators and small teams.',
  monthly_price_cents: 4_900,
  yearly_price_cents: 46_800,
  monthly_quota: 2_000,
  rollover_cap: 2_000,
};
const business = {
  plan_code: 'business',
  display_name: 'Business',
  description: 'For larger teams with heavy generation volume.',
  monthly_price_cents: 14_900,
  yearly_price_cents: 142_800,
  monthly_quota: 10_000,
  rollover_cap: 10_000,
};
const enterprise = {
  plan_code: 'enterprise',
  display_name: 'Enterprise',
  description: 'Custom quota and terms.',
  monthly_price_cents: null,
  yearly_price_cents: null,
  monthly_quota: null,
  rollover_cap: null,
};

/** The numbers of a wallet; all else is in the first test. */
const walletIn = ({ body }: FunctionAnswer): Record<string, unknown> => body['wallet'] as Record<string, unknown>; // Its expectations check it.

describeOnBoth('billing-catalog', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind);
  });
  afterAll(() => app.close());

  const ask = (key: string | null, method = 'POST') => callFunction(app, 'billing-catalog', { key, method });

  test('given a new account, when the catalog is asked for by GET or POST, then it has all that clients know', async () => {
    const { id, key } = await app.newAccount();
    const item = (sort_order: number) => ({
      stripe_price_monthly_id: null,
      stripe_price_yearly_id: null,
      metadata: {},
      sort_order,
    });
    const pack = (sort_order: number, credits: number, price_cents: number, display_name: string) => ({
      pack_code: `pack_${credits}`,
      display_name,
      credits,
      price_cents,
      stripe_price_id: null,
      metadata: {},
      sort_order,
    });
    const now = new Date(app.clock.now()).toISOString();
    const expected = {
      status: 200,
      contentType: 'application/json',
      retryAfter: null,
      body: {
        success: true,
        billing_mode: 'test_only',
        checkout_available: true,
        plans: [
          { ...free, ...item(0) },
          { ...pro, ...item(1) },
          { ...business, ...item(2) },
          { ...enterprise, ...item(3) },
        ],
        credit_packs: [
          pack(0, 100, 1_000, '100 Credits'),
          pack(1, 500, 5_000, '500 Credits'),
          pack(2, 2_000, 18_000, '2,000 Credits'),
          pack(3, 5_000, 40_000, '5,000 Credits'),
        ],
        subscription: null,
        wallet: {
          user_id: id,
          plan_code: 'free',
          monthly_quota: 0,
          monthly_remaining: 0,
          rollover_remaining: 0,
          topup_remaining: 100,
          available_total: 100,
          reset_at: null,
          updated_at: now,
        },
        plan: free,
      },
    };
    expect(await ask(key, 'GET')).toEqual(expected);
    expect(await ask(key)).toEqual(expected);
  });

  test('given nobody, a wrong key or another method, when it is asked for, then it is 401 or 404', async () => {
    const { key } = await app.newAccount();
    for (const wrong of [null, 'wzrd_nobody'])
      expect(await ask(wrong)).toMatchObject(failure(app, 401, expect.any(String)));
    expect(await ask(key, 'PUT')).toMatchObject(failure(app, 404, 'There is no such function.'));
  });

  test('given prices that were set up, when the catalog is asked for, then it has those that are sold in this mode', async () => {
    const { key } = await app.newAccount();
    const price = {
      mode: 'sandbox',
      productId: 'wzrd_plan_pro',
      lookupKey: 'wzrd_plan_pro_month',
      planCode: 'pro',
      packCode: null,
      interval: 'MONTH',
      priceCents: 4_900,
      currency: 'usd',
      active: true,
    } as const;
    const pack = { ...price, productId: 'wzrd_pack_pack_100', planCode: null, packCode: 'pack_100', interval: null };
    const year = { ...price, lookupKey: 'wzrd_plan_pro_year', interval: 'YEAR' } as const;
    await app.database.prisma.stripePrice.createMany({
      data: [
        { ...price, id: 'price_month' },
        { ...price, id: 'price_month_before', active: false },
        { ...price, id: 'price_month_elsewhere', mode: 'live' },
        { ...price, id: 'price_month_for_friends', lookupKey: 'friends' },
        { ...year, id: 'price_year' },
        { ...pack, id: 'price_pack', lookupKey: 'wzrd_pack_pack_100' },
      ],
    });
    const { body } = await ask(key);
    expect(body['plans']).toMatchObject([
      { plan_code: 'free', stripe_price_monthly_id: null, stripe_price_yearly_id: null },
      { plan_code: 'pro', stripe_price_monthly_id: 'price_month', stripe_price_yearly_id: 'price_year' },
      { plan_code: 'business', stripe_price_monthly_id: null, stripe_price_yearly_id: null },
      { plan_code: 'enterprise', stripe_price_monthly_id: null, stripe_price_yearly_id: null },
    ]);
    expect(body['credit_packs']).toMatchObject([
      { stripe_price_id: 'price_pack' },
      ...Array.from({ length: 3 }, () => ({ stripe_price_id: null })),
    ]);
    await app.database.prisma.stripePrice.deleteMany();
  });
});

describeOnBoth("The wallet of billing-catalog, whose total is the wallet's available", (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind);
  });
  afterAll(() => app.close());

  test('given a plan and a pack, when a month is renewed, a payment fails, and its grace is over, then each part is told apart', async () => {
    const subscriber = await createSubscriber(app);
    const catalog = () => callFunction(app, 'billing-catalog', { key: subscriber.key });
    await subscriber.subscribe('pro');
    await subscriber.buy({ mode: 'PACK', packCode: 'pack_500' });
    await subscriber.spend(50);
    const began = await catalog();
    expect(began.body).toMatchObject({
      subscription: {
        plan_code: 'pro',
        status: 'active',
        cancel_at_period_end: false,
        current_period_start: '2026-01-01T12:00:00.000Z',
        current_period_end: '2026-02-01T12:00:00.000Z',
      },
      wallet: {
        plan_code: 'pro',
        monthly_quota: 2_000,
        monthly_remaining: 1_950, // 2,000 - 50
        rollover_remaining: 0,
        topup_remaining: 600, // 100 welcome + 500
        available_total: 2_550,
        reset_at: '2026-02-01T12:00:00.000Z',
      },
      plan: pro,
    });

    await subscriber.at('2026-02-02T12:00:00.000Z');
    expect(walletIn(await catalog())).toMatchObject({
      monthly_remaining: 2_000,
      rollover_remaining: 1_950,
      topup_remaining: 600,
      available_total: 4_550, // 2,000 + 1,950 + 600
      reset_at: '2026-03-01T12:00:00.000Z',
    });

    // The next payment fails: what is there stays for 72 hours past the period, in no month of the plan's.
    const { customerId } = await app.database.prisma.stripeCustomer.findUniqueOrThrow({
      where: { accountId: subscriber.id },
    });
    await stripeOf(app).changeCard(customerId, 'pm_card_chargeCustomerFail');
    await subscriber.at('2026-03-02T12:00:00.000Z');
    const late = await catalog();
    expect(late.body).toMatchObject({
      subscription: { status: 'past_due' },
      wallet: { monthly_remaining: 2_000, rollover_remaining: 1_950, available_total: 4_550, reset_at: null },
    });
    expect(walletIn(late)['available_total']).toBe((await subscriber.wallet()).available);

    await subscriber.at('2026-03-04T12:00:00.000Z');
    const over = walletIn(await catalog());
    expect(over).toMatchObject({
      monthly_remaining: 0,
      rollover_remaining: 0,
      topup_remaining: 600,
      available_total: 600,
      reset_at: null,
      updated_at: '2026-03-04T12:00:00.000Z',
    });
    expect(over['available_total']).toBe((await subscriber.wallet()).available);
  });

  test('given a pack that was spent and then refunded, when there is debt, then the total is what is available, not less', async () => {
    const subscriber = await createSubscriber(app);
    await subscriber.buy({ mode: 'PACK', packCode: 'pack_100' });
    await subscriber.spend(150); // 100 welcome + 50 of the pack
    await stripeOf(app).refundPayment(await subscriber.lastPayment());
    await app.app.jobs.runDue();
    // 50 of the pack are taken back; the 50 that were spent are owed.
    expect(await subscriber.wallet()).toMatchObject({ available: 0, debt: 50 });
    const { body } = await callFunction(app, 'billing-catalog', { key: subscriber.key });
    expect(body['wallet']).toMatchObject({ topup_remaining: 0, available_total: 0 });

    await subscriber.buy({ mode: 'PACK', packCode: 'pack_500' });
    const repaid = walletIn(await callFunction(app, 'billing-catalog', { key: subscriber.key }));
    expect(repaid).toMatchObject({ topup_remaining: 450, available_total: 450 }); // 500 - 50 owed
    expect(await subscriber.wallet()).toMatchObject({ available: 450, debt: 0 });
  });
});

describe('billing_mode', () => {
  const stripe = { STRIPE_WEBHOOK_SECRET: webhookSecret };
  test.each([
    ['disabled', {}, 'disabled', false],
    ['sandbox', {}, 'test_only', true],
    ['test_only', { ...stripe, STRIPE_SECRET_KEY: 'sk_test_known_to_the_tests' }, 'test_only', true],
    ['live', { ...stripe, STRIPE_SECRET_KEY: 'sk_live_known_to_the_tests' }, 'live', true],
  ])('given BILLING_MODE=%s, then clients are told what they know', async (mode, environment, told, available) => {
    const app = await startTestApp('postgres', { environment: { BILLING_MODE: mode, ...environment } });
    const { key } = await app.newAccount();
    expect(await callFunction(app, 'billing-catalog', { key })).toMatchObject({
      status: 200,
      body: { success: true, billing_mode: told, checkout_available: available },
    });
    await app.close();
  });
});
