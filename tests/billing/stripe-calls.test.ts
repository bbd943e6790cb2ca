import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type BillingApp,
  createCheckout,
  openCheckout,
  readCheckout,
  readWallet,
  startBillingApp,
} from '../support/billing.ts';
import { describeOnBoth } from '../support/databases.ts';

const pack = { mode: 'PACK', packCode: 'pack_100' };

describeOnBoth('Checkouts at Stripe', (kind) => {
  let app: BillingApp;
  beforeAll(async () => {
    app = await startBillingApp(kind, { ALLOWED_REDIRECTS: 'https://studio.example' });
  });
  afterAll(() => app.close());

  const sessionsOf = (accountId: string) =>
    [...app.stripe.sessions.values()].filter(({ metadata }) => metadata['account_id'] === accountId);
  const customersOf = (accountId: string) =>
    app.stripe.customers.filter(({ metadata }) => metadata['account_id'] === accountId);

  test('G35 given a pack and a plan, when checkouts are opened, then Stripe is told the frozen price and the account of the key', async () => {
    const { id: accountId, key } = await app.newAccount();
    const { id } = await openCheckout(app, key, {
      ...pack,
      successUrl: 'https://studio.example/done?checkout=success',
    });
    expect(sessionsOf(accountId)).toMatchObject([
      {
        customer: customersOf(accountId)[0]?.id,
        sent: {
          mode: 'payment',
          client_reference_id: id,
          'metadata[checkout_id]': id,
          'metadata[account_id]': accountId,
          'payment_intent_data[metadata][checkout_id]': id,
          'line_items[0][quantity]': '1',
          'line_items[0][price_data][currency]': 'usd',
          'line_items[0][price_data][unit_amount]': '1000',
          'line_items[0][price_data][product]': 'wzrd_pack_pack_100',
          success_url: 'https://studio.example/done?checkout=success',
          cancel_url: `${app.url}/billing/return?checkout=cancel`,
        },
      },
    ]);
    const plan = await openCheckout(app, key, { mode: 'SUBSCRIPTION', planCode: 'business', interval: 'YEAR' });
    expect(sessionsOf(accountId)[1]?.sent).toMatchObject({
      mode: 'subscription',
      'line_items[0][price_data][product]': 'wzrd_plan_business',
      'line_items[0][price_data][unit_amount]': '142800',
      'line_items[0][price_data][recurring][interval]': 'year',
      'subscription_data[metadata][checkout_id]': plan.id,
      'subscription_data[metadata][account_id]': accountId,
    });
  });

  test('G33 given a double click, 20 at once, then there is one checkout with one session, and one customer', async () => {
    const { id: accountId, key } = await app.newAccount();
    const opened = await Promise.all(Array.from({ length: 20 }, () => openCheckout(app, key, pack)));
    expect(new Set(opened.map(({ id, url }) => `${id} ${url}`)).size).toBe(1);
    expect(await openCheckout(app, key, pack)).toEqual(opened[0]);
    expect(sessionsOf(accountId)).toHaveLength(1);
    expect(customersOf(accountId)).toHaveLength(1);
    expect(await app.database.prisma.checkout.count({ where: { accountId } })).toBe(1);
  });

  test('G33 given four packs bought at once, ten times each, then there are four sessions and still one customer', async () => {
    const { id: accountId, key } = await app.newAccount();
    const codes = ['pack_100', 'pack_500', 'pack_2000', 'pack_5000'];
    await Promise.all(
      Array.from({ length: 40 }, (_, index) => openCheckout(app, key, { mode: 'PACK', packCode: codes[index % 4] })),
    );
    const sessions = sessionsOf(accountId);
    expect(sessions.map(({ sent }) => sent['line_items[0][price_data][unit_amount]']).sort()).toEqual([
      '1000',
      '18000',
      '40000',
      '5000',
    ]);
    expect(customersOf(accountId)).toHaveLength(1);
    expect(new Set(sessions.map(({ customer }) => customer))).toEqual(new Set([customersOf(accountId)[0]?.id]));
  });

  test('G33 given two accounts, when both buy the same, then each has its own checkout and customer', async () => {
    const [one, other] = [await app.newAccount(), await app.newAccount()];
    const first = await openCheckout(app, one.key, pack);
    const second = await openCheckout(app, other.key, pack);
    expect(second.id).not.toBe(first.id);
    expect(sessionsOf(one.id)[0]?.customer).not.toBe(sessionsOf(other.id)[0]?.customer);
  });

  test('G33 given an open checkout, when the same is bought with other URLs, then it is another checkout', async () => {
    const { key } = await app.newAccount();
    const first = await openCheckout(app, key, pack);
    const second = await openCheckout(app, key, { ...pack, cancelUrl: 'https://studio.example/pricing' });
    expect(second.id).not.toBe(first.id);
  });

  test('G33 given a server with real keys, when a checkout would return to this machine, then it is not allowed', async () => {
    const { key } = await app.newAccount();
    // Only the sandbox lets a checkout return to any page of this machine; its own pages are always allowed.
    expect(await createCheckout(app, key, { ...pack, successUrl: 'http://localhost:5173/done' })).toMatchObject({
      __typename: 'RedirectNotAllowedError',
      code: 'REDIRECT_NOT_ALLOWED',
      url: 'http://localhost:5173/done',
    });
    expect(await createCheckout(app, key, { ...pack, successUrl: `${app.url}/done` })).toMatchObject({
      __typename: 'Checkout',
    });
  });

  test('given Stripe is out of reach, when a pack is bought, then nothing is left that charges, and the same request succeeds later', async () => {
    const { id: accountId, key } = await app.newAccount();
    const input = { ...pack, idempotencyKey: 'while-down' };
    await app.stripe.goDown();
    const refused = await createCheckout(app, key, input);
    expect(refused).toMatchObject({
      __typename: 'PaymentProviderError',
      code: 'PAYMENT_PROVIDER',
      retryAfterMs: 5_000,
    });
    expect(sessionsOf(accountId)).toEqual([]);
    // The order exists, but nobody sees it until its page does.
    const order = await app.database.prisma.checkout.findFirstOrThrow({ where: { accountId } });
    expect(order).toMatchObject({ status: 'CREATED', sessionId: null, sessionUrl: null });
    expect(await readCheckout(app, key, order.id)).toBeNull();
    const { data } = await app.graphql('query ($id: ID!) { node(id: $id) { id } }', {
      key,
      variables: { id: order.id },
    });
    expect(data).toEqual({ node: null });

    await app.stripe.comeBack();
    const opened = await openCheckout(app, key, input);
    expect(opened.id).toBe(order.id);
    expect(sessionsOf(accountId)).toHaveLength(1);
    await app.tellOf(app.changeSession(opened, { status: 'complete', payment_status: 'paid' }));
    await app.app.jobs.runDue();
    expect(await readWallet(app, key)).toMatchObject({ available: 200 });
  });

  test("given Stripe's answers are lost, when the request is sent again, then there is still one customer and one session", async () => {
    const { id: accountId, key } = await app.newAccount();
    // Each call is tried three times, and every answer is lost: first the customer's, then the session's.
    app.stripe.loseAnswers(3);
    expect(await createCheckout(app, key, pack)).toMatchObject({ __typename: 'PaymentProviderError' });
    expect([customersOf(accountId).length, sessionsOf(accountId).length]).toEqual([1, 0]);
    app.stripe.loseAnswers(3, '/v1/checkout/sessions');
    expect(await createCheckout(app, key, pack)).toMatchObject({ __typename: 'PaymentProviderError' });
    expect([customersOf(accountId).length, sessionsOf(accountId).length]).toEqual([1, 1]);
    const { url } = await openCheckout(app, key, pack);
    expect(sessionsOf(accountId)).toMatchObject([{ url }]);
    expect(customersOf(accountId)).toHaveLength(1);
  });
});

describe('Checkouts with live keys', () => {
  let app: BillingApp;
  beforeAll(async () => {
    app = await startBillingApp('postgres', { BILLING_MODE: 'live', STRIPE_SECRET_KEY: 'sk_live_known_to_the_tests' });
  });
  afterAll(() => app.close());

  test('G34 given a server in live mode, when a test event comes, then it is refused; a live one is applied', async () => {
    const { key } = await app.newAccount();
    const checkout = await openCheckout(app, key, pack);
    const sessionId = app.changeSession(checkout, { status: 'complete', payment_status: 'paid' });
    expect(await app.tellOf(sessionId, { livemode: false })).toMatchObject({
      status: 400,
      body: { error: 'This server takes live events only.' },
    });
    expect(await app.app.jobs.runDue()).toBe(0);
    expect(await readWallet(app, key)).toMatchObject({ available: 100 });
    expect(await app.tellOf(sessionId, { livemode: true })).toMatchObject({ status: 200 });
    await app.app.jobs.runDue();
    expect(await readWallet(app, key)).toMatchObject({ available: 200 });
  });

  test('G34 given a server in live mode, when its modes and pages are asked for, then nothing of the sandbox is there', async () => {
    const { data } = await app.graphql('{ billing { mode checkoutAvailable } }');
    expect(data).toEqual({ billing: { mode: 'LIVE', checkoutAvailable: true } });
    expect((await fetch(`${app.url}/stripe-sandbox/checkout/cs_test_1`)).status).toBe(404);
  });
});
