import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { packSession, planSession, refusalOf, startSeconds } from './harness.ts';
import { useSandbox } from './setup.ts';

const given = useSandbox();

describe('customers', () => {
  test('given a customer, when it is retrieved and updated, then it reads as it was written', async () => {
    const { stripe } = given;
    const created = await stripe.customers.create({
      email: 'ada@example.com',
      metadata: { account: 'acc_1', tier: 'a' },
    });
    expect(created).toMatchObject({
      object: 'customer',
      email: 'ada@example.com',
      livemode: false,
      created: startSeconds,
      metadata: { account: 'acc_1', tier: 'a' },
    });
    expect(created.id).toMatch(/^cus_\w{24}$/);
    expect(created.lastResponse.requestId).toMatch(/^req_/);
    expect(created.lastResponse.apiVersion).toBe('2026-10-28.endive');

    const updated = await stripe.customers.update(created.id, { name: 'Ada', metadata: { tier: '', since: '2026' } });
    expect(updated).toMatchObject({ name: 'Ada', email: 'ada@example.com' });
    expect(updated.metadata).toEqual({ account: 'acc_1', since: '2026' });
    expect(await stripe.customers.retrieve(created.id)).toEqual(updated);
  });

  test('given a customer, when 20 updates come at once, then none is lost', async () => {
    const { stripe } = given;
    const { id } = await stripe.customers.create();
    const keys = Array.from({ length: 20 }, (_, index) => `key_${index}`);
    await Promise.all(keys.map((key) => stripe.customers.update(id, { metadata: { [key]: 'set' } })));
    const customer = await stripe.customers.retrieve(id);
    expect('metadata' in customer && Object.keys(customer.metadata).sort()).toEqual(keys.sort());
  });
});

describe('prices', () => {
  test('given prices with lookup keys, when they are listed, then the filters choose among them', async () => {
    const { stripe } = given;
    const product = await stripe.products.create({ name: 'Plan' });
    const monthly = await stripe.prices.create({
      currency: 'usd',
      unit_amount: 1200,
      recurring: { interval: 'month' },
      product: product.id,
      lookup_key: 'plan_month',
    });
    await stripe.prices.create({ currency: 'usd', unit_amount: 900, product: product.id, active: false });

    expect(monthly).toMatchObject({ type: 'recurring', recurring: { interval: 'month', interval_count: 1 } });
    expect(monthly.unit_amount_decimal?.toString()).toBe('1200');
    const found = await stripe.prices.list({ lookup_keys: ['plan_month', 'plan_year'], active: true });
    expect(found.data).toEqual([monthly]);
    expect((await stripe.prices.list({ active: false })).data).toHaveLength(1);
    const expanded = await stripe.prices.retrieve(monthly.id, { expand: ['product'] });
    expect(expanded.product).toEqual(product);
  });

  test('given 12 prices, when they are paged through, then each comes once', async () => {
    const { stripe } = given;
    const product = await stripe.products.create({ name: 'Pack' });
    for (let count = 0; count < 12; count += 1) {
      await stripe.prices.create({ currency: 'usd', unit_amount: 100 + count, product: product.id });
      given.clock.advanceSeconds(1);
    }
    const amounts = [];
    for await (const price of stripe.prices.list({ limit: 5 })) amounts.push(price.unit_amount);
    expect(amounts).toEqual([111, 110, 109, 108, 107, 106, 105, 104, 103, 102, 101, 100]);
  });

  test('given a lookup key in use, when another price wants it, then it is refused', async () => {
    const { stripe } = given;
    const price = { currency: 'usd', unit_amount: 500, product_data: { name: 'Pack' }, lookup_key: 'pack' };
    await stripe.prices.create(price);
    expect(await refusalOf(stripe.prices.create(price))).toMatchObject({ param: 'lookup_key', statusCode: 400 });
  });
});

describe('checkout sessions', () => {
  test('given a customer, when a session is made, then it is open for 24 hours and shows what it sells', async () => {
    const { stripe } = given;
    const customer = await stripe.customers.create({ email: 'ada@example.com' });
    const session = await stripe.checkout.sessions.create({
      ...packSession({ customer: customer.id, client_reference_id: 'order_1', metadata: { order: 'order_1' } }),
      expand: ['line_items'],
    });
    expect(session).toMatchObject({
      object: 'checkout.session',
      mode: 'payment',
      status: 'open',
      payment_status: 'unpaid',
      amount_total: 1000,
      currency: 'usd',
      customer: customer.id,
      client_reference_id: 'order_1',
      metadata: { order: 'order_1' },
      payment_intent: null,
      created: startSeconds,
      expires_at: startSeconds + 24 * 60 * 60,
      livemode: false,
    });
    expect(session.id).toMatch(/^cs_test_/);
    expect(session.url).toMatch(new RegExp(`/stripe-sandbox/checkout/${session.id}$`));
    expect(session.line_items?.data).toMatchObject([
      { description: 'Creator pack', quantity: 1, amount_total: 1000, price: { unit_amount: 1000, type: 'one_time' } },
    ]);

    const retrieved = await stripe.checkout.sessions.retrieve(session.id, { expand: ['customer', 'payment_intent'] });
    expect(retrieved.customer).toEqual(customer);
    expect(retrieved).not.toHaveProperty('line_items');
    expect(retrieved).not.toHaveProperty('resulting_metadata');
  });

  test('given a stored price, when a session sells three of it, then the amounts follow', async () => {
    const { stripe } = given;
    const price = await stripe.prices.create({ currency: 'eur', unit_amount: 450, product_data: { name: 'Pack' } });
    const session = await stripe.checkout.sessions.create(
      packSession({ line_items: [{ price: price.id, quantity: 3 }] }),
    );
    expect(session).toMatchObject({ amount_subtotal: 1350, amount_total: 1350, currency: 'eur' });
  });

  test.each<[string, object, { param: string; code?: string; message?: string }]>([
    [
      'no success_url',
      { success_url: undefined },
      { param: 'success_url', code: 'parameter_missing', message: 'Missing required param: success_url.' },
    ],
    ['no mode', { mode: undefined }, { param: 'mode', code: 'parameter_missing' }],
    ['an unknown mode', { mode: 'gift' }, { param: 'mode' }],
    ['no items', { line_items: [] }, { param: 'line_items' }],
    ['a relative success_url', { success_url: '/back' }, { param: 'success_url', code: 'url_invalid' }],
    ['a script as cancel_url', { cancel_url: 'javascript:alert(1)' }, { param: 'cancel_url', code: 'url_invalid' }],
    ['an empty success_url', { success_url: '' }, { param: 'success_url', code: 'parameter_invalid_empty' }],
    [
      'an unknown parameter',
      { colour: 'red' },
      { param: 'colour', code: 'parameter_unknown', message: 'Received unknown parameter: colour' },
    ],
    [
      'an unknown parameter inside an item',
      { line_items: [{ price: 'price_x', quantity: 1, colour: 'red' }] },
      { param: 'line_items[0][colour]', code: 'parameter_unknown' },
    ],
    [
      'a customer that is not there',
      { customer: 'cus_none' },
      { param: 'customer', code: 'resource_missing', message: "No such customer: 'cus_none'" },
    ],
    [
      'a price that is not there',
      { line_items: [{ price: 'price_none', quantity: 1 }] },
      { param: 'line_items[0][price]', code: 'resource_missing' },
    ],
    [
      'no currency',
      { line_items: [{ quantity: 1, price_data: { unit_amount: 1000, product_data: { name: 'Pack' } } }] },
      { param: 'line_items[0][price_data][currency]', code: 'parameter_missing' },
    ],
    [
      'part of a cent',
      {
        line_items: [
          { quantity: 1, price_data: { currency: 'usd', unit_amount: 10.5, product_data: { name: 'Pack' } } },
        ],
      },
      { param: 'line_items[0][price_data][unit_amount]', code: 'parameter_invalid_integer' },
    ],
    [
      'less than Stripe charges',
      {
        line_items: [{ quantity: 1, price_data: { currency: 'usd', unit_amount: 49, product_data: { name: 'Pack' } } }],
      },
      { param: 'line_items', code: 'amount_too_small' },
    ],
    ['a recurring price in payment mode', { line_items: planSession().line_items ?? [] }, { param: 'mode' }],
    ['a one-time price in subscription mode', { mode: 'subscription' }, { param: 'mode' }],
    [
      'subscription data in payment mode',
      { subscription_data: { metadata: { a: 'b' } } },
      { param: 'subscription_data' },
    ],
    ['an early expiry', { expires_at: startSeconds + 60 }, { param: 'expires_at' }],
    ['a late expiry', { expires_at: startSeconds + 25 * 60 * 60 }, { param: 'expires_at' }],
    ['an impossible expansion', { expand: ['colour'] }, { param: 'expand' }],
    ['a long metadata value', { metadata: { note: 'x'.repeat(501) } }, { param: 'metadata[note]' }],
  ])('given %s, when a session is made, then it is refused with the parameter', async (_name, changes, expected) => {
    const error = await refusalOf(given.stripe.checkout.sessions.create(packSession(changes)));
    expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
    expect(error).toMatchObject({ statusCode: 400, rawType: 'invalid_request_error', ...expected });
    expect(error.requestId).toMatch(/^req_/);
  });

  test('given an open session, when it is expired, then it ends once and tells of it', async () => {
    const { stripe, receiver } = given;
    const { id } = await stripe.checkout.sessions.create(packSession());
    expect(await stripe.checkout.sessions.expire(id)).toMatchObject({ id, status: 'expired', url: null });
    await receiver.waitFor(1);
    expect(receiver.deliveries[0]?.event).toMatchObject({
      type: 'checkout.session.expired',
      data: { object: { id, status: 'expired' } },
      request: { id: expect.stringMatching(/^req_/), idempotency_key: expect.any(String) },
    });
    const error = await refusalOf(stripe.checkout.sessions.expire(id));
    expect(error.message).toContain('This Checkout Session has a status of `expired`.');
  });
});

describe('what is not there', () => {
  test.each([
    ['customer', (stripe: Stripe) => stripe.customers.retrieve('cus_none'), 'id'],
    ['checkout.session', (stripe: Stripe) => stripe.checkout.sessions.retrieve('cs_test_none'), 'session'],
    ['payment_intent', (stripe: Stripe) => stripe.paymentIntents.retrieve('pi_none'), 'intent'],
    ['subscription', (stripe: Stripe) => stripe.subscriptions.retrieve('sub_none'), 'id'],
    ['event', (stripe: Stripe) => stripe.events.retrieve('evt_\0none'), 'id'],
  ])(
    'given no such %s, when it is retrieved, then the answer is 404 resource_missing',
    async (kind, retrieve, param) => {
      const error = await refusalOf(retrieve(given.stripe));
      expect(error).toBeInstanceOf(Stripe.errors.StripeInvalidRequestError);
      expect(error).toMatchObject({ statusCode: 404, code: 'resource_missing', param });
      expect(error.message).toContain(`No such ${kind}: `);
    },
  );

  test('given an id of another kind, when it is retrieved, then it is not there', async () => {
    const { stripe } = given;
    const customer = await stripe.customers.create();
    expect(await refusalOf(stripe.products.retrieve(customer.id))).toMatchObject({ statusCode: 404 });
  });

  test('given an address that Stripe does not have, when it is called, then Stripe says so', async () => {
    const error = await refusalOf(given.stripe.coupons.list());
    expect(error).toMatchObject({ statusCode: 404, type: 'StripeInvalidRequestError' });
    expect(error.message).toContain('Unrecognized request URL (GET: /v1/coupons).');
  });
});

describe('the front door', () => {
  test.each(['sk_live_1234567890', 'rk_test_1', 'nonsense'])(
    'given the key %s, when it is used, then the SDK raises an authentication error',
    async (key) => {
      const error = await refusalOf(given.sandbox.stripeWithKey(key).customers.create());
      expect(error).toBeInstanceOf(Stripe.errors.StripeAuthenticationError);
      expect(error).toMatchObject({ statusCode: 401 });
      expect(error.message).not.toContain('1234567890');
    },
  );

  test('given no key, when the API is called, then it answers 401', async () => {
    const response = await fetch(`${given.sandbox.apiOrigin}/v1/customers`, { method: 'POST' });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
  });

  test.each<[string, string, string, number]>([
    ['JSON', '{"email":"a@b.c"}', 'application/json', 400],
    ['a broken escape', 'email=%zz', 'application/x-www-form-urlencoded', 400],
    ['a null byte', 'name=a%00b', 'application/x-www-form-urlencoded', 400],
    ['a name without its bracket', 'metadata[a=b', 'application/x-www-form-urlencoded', 400],
    ['a text where an object belongs', 'metadata=a', 'application/x-www-form-urlencoded', 400],
    ['a prototype', '__proto__[a]=b', 'application/x-www-form-urlencoded', 400],
    ['more than 1 MB', `name=${'x'.repeat(1024 * 1024)}`, 'application/x-www-form-urlencoded', 413],
  ])('given a body with %s, when it is posted, then it is refused', async (_name, body, type, status) => {
    const response = await fetch(`${given.sandbox.apiOrigin}/v1/customers`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_x', 'Content-Type': type },
      body,
    });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(given.sandbox.warnings).toEqual([]);
  });

  test('given a form as curl writes it, when it is posted, then lists without numbers are read', async () => {
    const body =
      'mode=payment&success_url=http%3A%2F%2Flocalhost%2Fok&line_items[][quantity]=2&line_items[0][price_data][currency]=USD&line_items[0][price_data][unit_amount]=100&line_items[0][price_data][product_data][name]=A+pack';
    const response = await fetch(`${given.sandbox.apiOrigin}/v1/checkout/sessions`, {
      method: 'POST',
      headers: { Authorization: 'Bearer sk_test_x', 'Content-Type': 'application/x-www-form-urlencoded' },
      body,
    });
    expect(await response.json()).toMatchObject({ amount_total: 200, currency: 'usd' });
  });
});
