import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCheckout, webhookSecret } from '../../support/billing.ts';
import { describeOnBoth } from '../../support/databases.ts';
import { callFunction, failure } from '../../support/functions.ts';
import { createSubscriber, sessionIn, stripeOf } from '../../support/subscriber.ts';
import { digestTables } from '../../support/table-digest.ts';
import { startTestApp, type TestApp } from '../../support/test-app.ts';

const pack = { checkout_mode: 'pack', pack_code: 'pack_100' };
const plan = { checkout_mode: 'subscription', plan_code: 'pro' };

describeOnBoth('billing-checkout', (kind) => {
  let app: TestApp;
  let account: { id: string; key: string };
  beforeAll(async () => {
    app = await startTestApp(kind, { environment: { ALLOWED_REDIRECTS: 'https://studio.example,wzrd://' } });
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    account = await app.newAccount();
  });

  const buy = (body: unknown, headers: Record<string, string> = {}, key: string | null = account.key) =>
    callFunction(app, 'billing-checkout', { key, body, headers });

  test.each([
    ['a pack', pack, 'pack', { packCode: 'pack_100', interval: null, credits: 100, priceCents: 1_000 }],
    ['a plan', plan, 'subscription', { planCode: 'pro', interval: 'MONTH', credits: 2_000, priceCents: 4_900 }],
    [
      'a plan by the year',
      { ...plan, interval: 'year' },
      'subscription',
      { planCode: 'pro', interval: 'YEAR', credits: 2_000, priceCents: 46_800 },
    ],
    [
      'fields that the mode has no use for, and one that nobody knows',
      { ...pack, plan_code: null, interval: 'year', currency: 'usd' },
      'pack',
      { packCode: 'pack_100', planCode: null, interval: null },
    ],
  ])('given %s, when it is bought, then its checkout is open at Stripe', async (_name, body, checkout_mode, order) => {
    const answer = await buy(body);
    expect(answer).toEqual({
      status: 200,
      contentType: 'application/json',
      retryAfter: null,
      body: {
        success: true,
        billing_mode: 'test_only',
        checkout_mode,
        session_id: sessionIn(String(answer.body['checkout_url'])),
        checkout_url: expect.stringMatching(/^http/),
        status: 'created',
      },
    });
    const [stored, ...more] = await app.database.prisma.checkout.findMany({ where: { accountId: account.id } });
    expect(more).toEqual([]);
    expect(stored).toMatchObject({ ...order, sessionId: answer.body['session_id'] });
  });

  test('given a checkout, when it is paid, then the credits come, and it is answered under its key as it is now', async () => {
    const headers = { 'idempotency-key': 'buy-1' };
    const first = await buy(pack, headers);
    expect(await buy(pack, headers)).toEqual(first);
    // GraphQL shares the key, and the same purchase without one is the one that is open.
    const graphql = { mode: 'PACK', packCode: 'pack_100' };
    expect(await createCheckout(app, account.key, graphql, headers)).toMatchObject({ url: first.body['checkout_url'] });
    expect((await buy(pack)).body).toEqual(first.body);

    await stripeOf(app).pay(String(first.body['session_id']));
    await app.app.jobs.runDue();
    expect(await buy(pack, headers)).toMatchObject({ status: 200, body: { ...first.body, status: 'completed' } });
    const { body } = await callFunction(app, 'billing-catalog', { key: account.key });
    expect(body['wallet']).toMatchObject({ available_total: 200 }); // 100 welcome + 100
  });

  test('G01 given a used key, when it comes with another purchase, then it is 409 and no row changes', async () => {
    const headers = { 'idempotency-key': 'buy-2' };
    await buy(pack, headers);
    const before = await digestTables(app.database);
    expect(await buy(plan, headers)).toMatchObject(failure(app, 409, expect.stringContaining('idempotency key')));
    expect(await digestTables(app.database)).toEqual(before);
  });

  test.each<[string, unknown, string, unknown]>([
    ['no mode', {}, 'checkout_mode must be pack or subscription', null],
    ['nothing', '', 'checkout_mode must be pack or subscription', null],
    ['a list', [], 'checkout_mode must be pack or subscription', null],
    ['null', 'null', 'checkout_mode must be pack or subscription', null],
    ['another mode', { ...pack, checkout_mode: 'PACK' }, 'checkout_mode must be pack or subscription', null],
    ['no pack', { checkout_mode: 'pack' }, 'pack_code is required for pack checkout', null],
    ['an empty pack', { ...pack, pack_code: '' }, 'pack_code is required for pack checkout', null],
    ['a plan for a pack', { ...plan, checkout_mode: 'pack' }, 'pack_code is required for pack checkout', null],
    ['no plan', { checkout_mode: 'subscription' }, 'plan_code is required for subscription checkout', null],
    ['a null plan', { ...plan, plan_code: null }, 'plan_code is required for subscription checkout', null],
    ['an unknown pack', { ...pack, pack_code: 'pack_1' }, 'Invalid credit pack', 'There is no credit pack "pack_1".'],
    ['the prefix of a pack', { ...pack, pack_code: 'pack_10' }, 'Invalid credit pack', expect.any(String)],
    ['an unknown plan', { ...plan, plan_code: 'PRO' }, 'Invalid billing plan', 'There is no plan "PRO".'],
    ['the free plan', { ...plan, plan_code: 'free' }, 'Selected plan is not configured for checkout', /costs nothing/],
    [
      'a plan of our sales team',
      { ...plan, plan_code: 'enterprise' },
      'Selected plan is not configured for checkout',
      /sales team/,
    ],
    ['another interval', { ...plan, interval: 'week' }, 'interval must be month or year', null],
    ['a way back that is no text', { ...pack, success_url: 7 }, 'success_url must be an address', null],
    ['no JSON', '{', 'The body is not JSON.', null],
  ])(
    'given %s, when it is bought, then it is 400 with the sentence that clients know',
    async (_name, body, error, details) => {
      const expected = details instanceof RegExp ? expect.stringMatching(details) : details;
      expect(await buy(body)).toMatchObject(failure(app, 400, error, expected));
      expect(await app.database.prisma.checkout.count({ where: { accountId: account.id } })).toBe(0);
    },
  );

  test('given a subscriber, when a second plan is bought, then it is 400 and the details say what to do', async () => {
    const subscriber = await createSubscriber(app);
    await subscriber.subscribe('pro');
    expect(await buy({ ...plan, plan_code: 'business' }, {}, subscriber.key)).toMatchObject(
      failure(
        app,
        400,
        'Selected plan is not configured for checkout',
        'There is a subscription already. Change its plan instead of buying a second one.',
      ),
    );
  });

  test('given a wallet that is full, when a pack is bought, then it is 400 and no money is taken for it', async () => {
    const { key } = await app.newAccount(2_000_000_000 - 100 - 99);
    expect(await buy(pack, {}, key)).toMatchObject(
      failure(app, 400, 'Selected credit pack is not configured for checkout', expect.stringContaining('is full')),
    );
  });

  test('G33 given ways back, when they are on the allow-list, also of desktop clients, then they count; others are 400', async () => {
    const desktop = { success_url: 'wzrd://billing/success', cancel_url: 'wzrd://billing/cancel' };
    expect(await buy({ ...pack, ...desktop })).toMatchObject({ status: 200, body: { success: true } });
    expect(await app.database.prisma.checkout.findFirst({ where: { accountId: account.id } })).toMatchObject({
      successUrl: desktop.success_url,
      cancelUrl: desktop.cancel_url,
    });
    for (const field of ['success_url', 'cancel_url']) {
      const refused = await buy({ ...pack, [field]: 'https://evil.example/billing' });
      expect(refused).toMatchObject(failure(app, 400, expect.stringContaining('allow-list')));
    }
  });

  test('given nobody or another method, when it is asked for, then it is 401 or 404', async () => {
    expect(await buy(pack, {}, null)).toMatchObject(failure(app, 401, expect.any(String)));
    expect(await callFunction(app, 'billing-checkout', { key: account.key, method: 'GET' })).toMatchObject(
      failure(app, 404, 'There is no such function.'),
    );
  });
});

describe('billing-checkout without Stripe', () => {
  test('given billing is disabled, when something is bought, then it is 200 and says so; the shape of the input comes first', async () => {
    const app = await startTestApp('postgres', { environment: { BILLING_MODE: 'disabled' } });
    const { key } = await app.newAccount();
    expect(await callFunction(app, 'billing-checkout', { key, body: plan })).toMatchObject({
      status: 200,
      body: { success: false, checkout_available: false, billing_mode: 'disabled', message: 'Checkout unavailable' },
    });
    expect(await callFunction(app, 'billing-checkout', { key, body: {} })).toMatchObject({ status: 400 });
    expect(await app.database.prisma.checkout.count()).toBe(0);
    await app.close();
  });

  test('given Stripe is out of reach, when something is bought, then it is 503 with when to try again', async () => {
    const app = await startTestApp('postgres', {
      environment: {
        BILLING_MODE: 'test_only',
        STRIPE_SECRET_KEY: 'sk_test_known_to_the_tests',
        STRIPE_WEBHOOK_SECRET: webhookSecret,
        STRIPE_API_URL: 'http://127.0.0.1:9', // Where nothing listens.
      },
    });
    const { key } = await app.newAccount();
    expect(await callFunction(app, 'billing-checkout', { key, body: pack })).toMatchObject({
      ...failure(app, 503, expect.stringContaining('Nothing was charged')),
      retryAfter: '5',
    });
    await app.close();
  });
});
