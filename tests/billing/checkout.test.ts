import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCheckout, openCheckout, readCheckout, readWallet } from '../support/billing.ts';
import { describeOnBoth } from '../support/databases.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const pack = { mode: 'PACK', packCode: 'pack_100' };
const plan = { mode: 'SUBSCRIPTION', planCode: 'pro' };

/** Presses a button of the checkout page, as a browser would, without following the way back. */
const press = (page: string, action: 'pay' | 'decline' | 'cancel'): Promise<Response> =>
  fetch(page, {
    method: 'POST',
    body: new URLSearchParams(action === 'decline' ? { action: 'pay', method: 'pm_card_chargeDeclined' } : { action }),
    redirect: 'manual',
  });

describeOnBoth('Checkouts with the Stripe sandbox', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind, { environment: { ALLOWED_REDIRECTS: 'https://studio.example,wzrd://' } });
  });
  afterAll(() => app.close());

  test('G26 given a pack of 100 credits, when it is paid on its page, then the credits come once, with the event', async () => {
    const { key } = await app.newAccount();
    const checkout = await createCheckout(app, key, pack);
    expect(checkout).toMatchObject({
      __typename: 'Checkout',
      mode: 'PACK',
      status: 'CREATED',
      price: { amount: 1_000, currency: 'usd', formatted: '$10.00' },
      credits: 100,
      creditsGranted: 0,
      pack: { code: 'pack_100' },
      plan: null,
      interval: null,
      createdAt: '2026-01-01T12:00:00.000Z',
      expiresAt: '2026-01-02T12:00:00.000Z',
      completedAt: null,
    });
    const [id, url] = [String(checkout['id']), String(checkout['url'])];
    expect(await (await fetch(url)).text()).toContain('$10.00');

    app.clock.advanceSeconds(60);
    const paid = await press(url, 'pay');
    expect(paid.status).toBe(303);
    const wayBack = paid.headers.get('location') ?? '';
    expect(wayBack).toBe(`${app.url}/billing/return?checkout=success&id=${id}`);
    expect(await (await fetch(wayBack)).text()).toContain('Paid, credits arriving');
    // The event is in the inbox, but no job has run: a page that was reached proves nothing.
    expect(await readWallet(app, key)).toMatchObject({ available: 100 });

    await app.app.jobs.runDue();
    // 100 welcome + 100 of the pack = 200.
    expect(await readWallet(app, key)).toEqual({
      available: 200,
      grants: {
        nodes: [
          { source: 'PACK', category: 'PAID', amount: 100 },
          { source: 'WELCOME', category: 'PROMOTIONAL', amount: 100 },
        ],
      },
    });
    expect(await readCheckout(app, key, id)).toMatchObject({
      status: 'COMPLETED',
      creditsGranted: 100,
      completedAt: '2026-01-01T12:01:00.000Z',
    });

    await press(url, 'pay');
    await app.app.jobs.runDue();
    expect(await readWallet(app, key)).toMatchObject({ available: 200 });
  });

  test('given a checkout that was paid, when the same pack is bought again, then it is another checkout and both grant', async () => {
    const { key } = await app.newAccount();
    const first = await openCheckout(app, key);
    await press(first.url, 'pay');
    await app.app.jobs.runDue();
    const second = await openCheckout(app, key);
    expect(second.id).not.toBe(first.id);
    await press(second.url, 'pay');
    await app.app.jobs.runDue();
    // 100 welcome + 2 x 100.
    expect(await readWallet(app, key)).toMatchObject({ available: 300 });
  });

  test('given a plan by the month and by the year, when checkouts are opened, then price and quota are those of the plan', async () => {
    const { key } = await app.newAccount();
    expect(await createCheckout(app, key, plan)).toMatchObject({
      __typename: 'Checkout',
      mode: 'SUBSCRIPTION',
      interval: 'MONTH',
      price: { amount: 4_900, formatted: '$49.00' },
      credits: 2_000,
      creditsGranted: 0,
      plan: { code: 'pro' },
      pack: null,
    });
    expect(await createCheckout(app, key, { ...plan, interval: 'YEAR' })).toMatchObject({
      __typename: 'Checkout',
      interval: 'YEAR',
      price: { amount: 46_800, formatted: '$468.00' },
      credits: 2_000,
    });
  });

  test('given a plan, when its checkout is paid, then it is completed', async () => {
    const { key } = await app.newAccount();
    const checkout = await openCheckout(app, key, plan);
    expect((await press(checkout.url, 'pay')).status).toBe(303);
    await app.app.jobs.runDue();
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'COMPLETED' });
  });

  test('given a card that is declined and a buyer who gives up, when jobs run, then nothing is granted and the way back is the cancel URL', async () => {
    const { key } = await app.newAccount();
    const checkout = await openCheckout(app, key, {
      ...pack,
      successUrl: 'wzrd://billing/success',
      cancelUrl: 'wzrd://billing/cancel',
    });
    expect(await (await press(checkout.url, 'decline')).text()).toContain('declined');
    const cancelled = await press(checkout.url, 'cancel');
    expect(cancelled.headers.get('location')).toBe('wzrd://billing/cancel');
    await app.app.jobs.runDue();
    expect(await readWallet(app, key)).toMatchObject({ available: 100 });
    expect(await readCheckout(app, key, checkout.id)).toMatchObject({ status: 'CREATED', creditsGranted: 0 });
  });

  test('given an order that nobody paid within 24 hours, when the same is bought again, then it is a new order and the old page sells nothing', async () => {
    const { key } = await app.newAccount();
    const old = await openCheckout(app, key);
    app.clock.advanceSeconds(24 * 60 * 60);
    const fresh = await openCheckout(app, key);
    expect(fresh.id).not.toBe(old.id);
    expect(await (await press(old.url, 'pay')).text()).toContain('expired');
    await app.app.jobs.runDue();
    expect(await readCheckout(app, key, old.id)).toMatchObject({ status: 'EXPIRED', creditsGranted: 0 });
    expect(await readCheckout(app, key, fresh.id)).toMatchObject({ status: 'CREATED' });
    expect(await readWallet(app, key)).toMatchObject({ available: 100 });
  });

  test('G01 given a checkout with a key, when it is sent again, also by header, then it is the same one, in its present state', async () => {
    const { key } = await app.newAccount();
    const input = { ...pack, idempotencyKey: 'buy-1' };
    const first = await openCheckout(app, key, input);
    expect(await createCheckout(app, key, input)).toMatchObject({ id: first.id, url: first.url });
    expect(await createCheckout(app, key, pack, { 'idempotency-key': 'buy-1' })).toMatchObject({ id: first.id });
    await press(first.url, 'pay');
    await app.app.jobs.runDue();
    expect(await createCheckout(app, key, input)).toMatchObject({
      id: first.id,
      status: 'COMPLETED',
      creditsGranted: 100,
    });
    expect(await readWallet(app, key)).toMatchObject({ available: 200 });
  });

  test('G01 given a used key, when it comes with another purchase, then it is a conflict and nothing is written; another account may use it', async () => {
    const { id: accountId, key } = await app.newAccount();
    const { id: otherId, key: otherKey } = await app.newAccount();
    await openCheckout(app, key, { ...pack, idempotencyKey: 'buy-2' });
    expect(
      await createCheckout(app, key, { mode: 'PACK', packCode: 'pack_500', idempotencyKey: 'buy-2' }),
    ).toMatchObject({ __typename: 'IdempotencyConflictError', idempotencyKey: 'buy-2' });
    // A conflict comes before the question whether there is such a pack.
    expect(await createCheckout(app, key, { mode: 'PACK', packCode: 'pack_1', idempotencyKey: 'buy-2' })).toMatchObject(
      { __typename: 'IdempotencyConflictError' },
    );
    expect(await app.database.prisma.checkout.count({ where: { accountId } })).toBe(1);
    await openCheckout(app, otherKey, { ...plan, idempotencyKey: 'buy-2' });
    expect(await app.database.prisma.checkout.count({ where: { accountId: otherId } })).toBe(1);
  });

  test('G01 given a purchase that was refused, when its key comes again with a right one, then it succeeds', async () => {
    const { key } = await app.newAccount();
    expect(await createCheckout(app, key, { mode: 'PACK', packCode: 'pack_1', idempotencyKey: 'buy-3' })).toMatchObject(
      { __typename: 'UnknownCreditPackError' },
    );
    await openCheckout(app, key, { ...pack, idempotencyKey: 'buy-3' });
  });

  test('G02 given 20 identical purchases with one key at once, then there is one checkout and all get it', async () => {
    const { id: accountId, key } = await app.newAccount();
    const input = { ...pack, idempotencyKey: 'buy-4' };
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => createCheckout(app, key, input)));
    expect(new Set(outcomes.map(({ __typename, id }) => `${__typename} ${String(id)}`)).size).toBe(1);
    expect(outcomes[0]).toMatchObject({ __typename: 'Checkout' });
    expect(await app.database.prisma.checkout.count({ where: { accountId } })).toBe(1);
  });

  test('G01 given 20 purchases of two packs with one key at once, then one pack wins and the other is always a conflict', async () => {
    const { id: accountId, key } = await app.newAccount();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        createCheckout(app, key, {
          mode: 'PACK',
          packCode: index % 2 === 0 ? 'pack_100' : 'pack_500',
          idempotencyKey: 'buy-5',
        }),
      ),
    );
    const count = (name: string): number => outcomes.filter(({ __typename }) => __typename === name).length;
    expect({ checkouts: count('Checkout'), conflicts: count('IdempotencyConflictError') }).toEqual({
      checkouts: 10,
      conflicts: 10,
    });
    expect(await app.database.prisma.checkout.count({ where: { accountId } })).toBe(1);
  });

  test('given the key in the header and another one in the argument, when a checkout is asked for, then the input is invalid', async () => {
    const { key } = await app.newAccount();
    const outcome = await createCheckout(app, key, { ...pack, idempotencyKey: 'a' }, { 'idempotency-key': 'b' });
    expect(outcome).toMatchObject({ __typename: 'InvalidInputError', issues: [{ path: ['input', 'idempotencyKey'] }] });
  });

  test('given a wallet with room for 99 credits more, when a pack of 100 is bought, then no money is taken for it', async () => {
    const { id: accountId, key } = await app.newAccount(2_000_000_000 - 100 - 99);
    expect(await createCheckout(app, key, pack)).toMatchObject({ __typename: 'NotPurchasableError' });
    expect(await app.database.prisma.checkout.count({ where: { accountId } })).toBe(0);
  });

  test('G22 given a checkout, when others ask for it, then it looks like one that does not exist', async () => {
    const { key } = await app.newAccount();
    const { key: otherKey } = await app.newAccount();
    const { id } = await openCheckout(app, key);
    expect(await readCheckout(app, key, id)).toMatchObject({ id });
    for (const stranger of [otherKey, adminKey]) expect(await readCheckout(app, stranger, id)).toBeNull();
    expect(await readCheckout(app, key, 'checkout_00000000000000000000000000')).toBeNull();
    expect(await readCheckout(app, key, 'checkout_\u0000')).toBeNull();
    const { data, errors } = await app.graphql('query ($id: ID!) { checkout(id: $id) { id } }', { variables: { id } });
    expect(data).toEqual({ checkout: null });
    expect(errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' }, path: ['checkout'] }]);
  });
});

describe('Checkouts that are refused', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp('postgres', { environment: { ALLOWED_REDIRECTS: 'https://studio.example,wzrd://' } });
  });
  afterAll(() => app.close());

  test.each([
    ['an unknown pack', { mode: 'PACK', packCode: 'pack_1' }, 'UnknownCreditPackError', { packCode: 'pack_1' }],
    ['the prefix of a pack', { mode: 'PACK', packCode: 'pack_10' }, 'UnknownCreditPackError', {}],
    ['an empty pack code', { mode: 'PACK', packCode: '' }, 'UnknownCreditPackError', {}],
    ['an unknown plan', { mode: 'SUBSCRIPTION', planCode: 'PRO' }, 'UnknownPlanError', { planCode: 'PRO' }],
    ['the free plan', { mode: 'SUBSCRIPTION', planCode: 'free' }, 'NotPurchasableError', {}],
    [
      'the free plan by the year',
      { mode: 'SUBSCRIPTION', planCode: 'free', interval: 'YEAR' },
      'NotPurchasableError',
      {},
    ],
    ['the enterprise plan', { mode: 'SUBSCRIPTION', planCode: 'enterprise' }, 'NotPurchasableError', {}],
    ['a pack without its code', { mode: 'PACK' }, 'InvalidInputError', { issues: [{ path: ['input', 'packCode'] }] }],
    [
      'a plan without its code',
      { mode: 'SUBSCRIPTION' },
      'InvalidInputError',
      { issues: [{ path: ['input', 'planCode'] }] },
    ],
    ['both codes', { ...pack, planCode: 'pro' }, 'InvalidInputError', { issues: [{ path: ['input', 'planCode'] }] }],
    ['the code of the other kind', { mode: 'PACK', planCode: 'pro' }, 'InvalidInputError', {}],
    [
      'an empty idempotency key',
      { ...pack, idempotencyKey: '' },
      'InvalidInputError',
      { issues: [{ path: ['input', 'idempotencyKey'] }] },
    ],
    ['a key of 256 characters', { ...pack, idempotencyKey: 'k'.repeat(256) }, 'InvalidInputError', {}],
  ])(
    'given %s, when a checkout is asked for, then the answer says why there is none',
    async (_name, input, typename, fields) => {
      const { id: accountId, key } = await app.newAccount();
      expect(await createCheckout(app, key, input)).toMatchObject({ __typename: typename, ...fields });
      expect(await app.database.prisma.checkout.count({ where: { accountId } })).toBe(0);
    },
  );

  test.each([
    ['https://studio.example/billing?checkout=success', true],
    ['https://studio.example', true],
    ['https://STUDIO.example/done', true],
    ['https://studio.example:443/done', true],
    ['wzrd://billing/success', true],
    ['http://localhost:5173/done', true], // In the sandbox any page on this machine may be returned to.
    ['http://127.0.0.1/done', true],
    ['https://studio.example.evil.example/done', false],
    ['https://studio.example@evil.example/done', false],
    ['https://studio.example:secret@studio.example/done', false],
    ['https://someone@studio.example/done', false],
    ['https://evil.example/https://studio.example', false],
    ['https://studio.example:444/done', false],
    ['http://studio.example/done', false],
    ['javascript:alert(1)', false],
    ['javascript://studio.example/%0aalert(1)', false],
    ['data:text/html,hello', false],
    ['file:///etc/passwd', false],
    ['wzrdx://billing', false],
    ['http://localhost.evil.example/done', false],
    ['https://studio.example\\@evil.example/done', true], // A backslash is a slash in a URL: the host is the studio's.
    ['https://evil.example\\@studio.example/done', false],
    ['https://studio.example/\u0000', false],
    ['https://studio.example/\ud800', false],
  ])('G33 given the redirect %j, when it is asked for, then allowed is %s', async (url, allowed) => {
    const { key } = await app.newAccount();
    for (const field of ['successUrl', 'cancelUrl']) {
      const { __typename } = await createCheckout(app, key, { ...pack, [field]: url });
      expect(__typename).toBe(allowed ? 'Checkout' : 'RedirectNotAllowedError');
    }
  });
});

describe('Checkouts with billing switched off', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp('postgres', { environment: { BILLING_MODE: 'disabled' } });
  });
  afterAll(() => app.close());

  test('given billing is disabled, when something is bought, then the answer names the mode and nothing is ordered', async () => {
    const { key } = await app.newAccount();
    expect(await createCheckout(app, key, pack)).toMatchObject({
      __typename: 'CheckoutUnavailableError',
      billingMode: 'DISABLED',
    });
    // The shape of the input comes first.
    expect(await createCheckout(app, key, { mode: 'PACK' })).toMatchObject({ __typename: 'InvalidInputError' });
    expect(await app.database.prisma.checkout.count()).toBe(0);
    const { data } = await app.graphql('{ billing { mode checkoutAvailable } creditPacks { purchasable } }');
    expect(data).toMatchObject({
      billing: { mode: 'DISABLED', checkoutAvailable: false },
      creditPacks: Array.from({ length: 4 }, () => ({ purchasable: false })),
    });
  });

  test('given billing is disabled, when an event comes, then it is ignored with 200', async () => {
    const response = await fetch(`${app.url}/functions/v1/billing-webhook`, { method: 'POST', body: '{}' });
    expect([response.status, await response.json()]).toEqual([
      200,
      { success: true, ignored: true, reason: 'billing_disabled' },
    ]);
  });
});
