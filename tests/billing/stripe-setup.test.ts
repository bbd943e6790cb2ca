import { beforeEach, expect, test } from 'vitest';
import { createStripeSandboxStore } from '../../src/billing/stripe-sandbox/index.ts';
import { openCheckout } from '../support/billing.ts';
import { describeOnBoth, openTestDatabase } from '../support/databases.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';
import { createTestClock } from '../support/test-clock.ts';
import { type SandboxHarness, startSandbox } from './stripe-sandbox/harness.ts';

interface SetUpRow {
  readonly __typename: string;
  readonly applied: boolean;
  readonly steps: readonly { readonly kind: string; readonly lookupKey: string; readonly description: string }[];
}

const document = `
  mutation ($apply: Boolean!) {
    setUpStripe(apply: $apply) {
      __typename
      ... on StripeSetUp { applied steps { kind lookupKey description } }
      ... on Error { code message }
    }
  }`;

describeOnBoth('Setting Stripe up', (kind) => {
  let sandbox: SandboxHarness;
  let app: TestApp;
  beforeEach(async () => {
    const clock = createTestClock();
    const given = await openTestDatabase(kind);
    const store = createStripeSandboxStore(given.database.prisma);
    sandbox = await startSandbox({ store, clock, webhookUrl: 'http://127.0.0.1:1' });
    await sandbox.controls.changeSettings({ holds_events: true });
    app = await startTestApp(kind, {
      clock,
      database: given,
      environment: {
        BILLING_MODE: 'test_only',
        STRIPE_SECRET_KEY: 'sk_test_setup',
        STRIPE_WEBHOOK_SECRET: 'whsec_setup',
        STRIPE_API_URL: sandbox.apiOrigin,
      },
    });
    return async () => {
      await app.close();
      await sandbox.close();
      await given.database.close();
    };
  });

  const setUp = async (apply: boolean): Promise<SetUpRow> => {
    const { data, errors } = await app.graphql<{ setUpStripe: SetUpRow }>(document, {
      key: adminKey,
      variables: { apply },
    });
    expect(errors).toEqual([]);
    return data.setUpStripe;
  };
  const kindsOf = ({ steps }: SetUpRow): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const step of steps) counts[step.kind] = (counts[step.kind] ?? 0) + 1;
    return counts;
  };
  const priceOf = async (lookupKey: string) =>
    (await sandbox.stripe.prices.list({ lookup_keys: [lookupKey], limit: 1 })).data[0];
  /** Changes the price of Pro in the catalog. */
  const changePrice = async (monthlyPriceCents: number): Promise<void> => {
    await app.database.prisma.plan.update({ where: { code: 'pro' }, data: { monthlyPriceCents } });
    // The catalog reads itself anew after a change of a model.
    await app.app.services.catalog.updateModel({ id: 'fal-ai/flux/schnell', credits: 3, enabled: null });
  };
  const linked = async (lookupKey: string): Promise<string[]> =>
    (await app.database.prisma.stripePrice.findMany({ where: { lookupKey, active: true } })).map(({ id }) => id);

  test('given an empty Stripe, when it is set up, then it is said first, done once, and then there is nothing to do', async () => {
    const { prisma } = app.database;
    const plans = await prisma.plan.findMany();
    const packs = await prisma.creditPack.count();
    const sold = plans.filter((plan) => !plan.contactSales && (plan.monthlyPriceCents ?? 0) > 0);
    const yearly = sold.filter((plan) => (plan.yearlyPriceCents ?? 0) > 0).length;
    const prices = sold.length + yearly + packs;

    const before = await digestTables(app.database);
    const planned = await setUp(false);
    expect(planned).toMatchObject({ __typename: 'StripeSetUp', applied: false });
    expect(kindsOf(planned)).toEqual({ CREATE_PRODUCT: sold.length + packs, CREATE_PRICE: prices, LINK_PRICE: prices });
    expect(await digestTables(app.database)).toEqual(before);
    expect((await sandbox.stripe.products.list()).data).toEqual([]);

    const done = await setUp(true);
    expect(done).toEqual({ ...planned, applied: true });
    expect(done.steps).toContainEqual({
      kind: 'CREATE_PRICE',
      lookupKey: 'wzrd_plan_pro_month',
      description: 'Create the price wzrd_plan_pro_month of 4900 cents (usd) a month.',
    });
    const price = await priceOf('wzrd_plan_pro_month');
    expect(price).toMatchObject({ product: 'wzrd_plan_pro', unit_amount: 4_900, recurring: { interval: 'month' } });
    expect(await linked('wzrd_plan_pro_month')).toEqual([price?.id]);

    for (const apply of [false, true]) expect(await setUp(apply)).toMatchObject({ steps: [], applied: apply });
  });

  test('given Stripe that is set up, when something is bought, then at the price that was made', async () => {
    await setUp(true);
    const { key } = await app.newAccount();
    const { url } = await openCheckout(app, key, { mode: 'PACK', packCode: 'pack_100' });
    const sessionId = url.slice(url.lastIndexOf('/') + 1);
    const { line_items: lines } = await sandbox.stripe.checkout.sessions.retrieve(sessionId, {
      expand: ['line_items'],
    });
    expect(lines?.data[0]?.price?.id).toBe((await priceOf('wzrd_pack_pack_100'))?.id);
  });

  test('given a price that changed in the catalog, when it is set up again, then it is replaced, and the old one is known still', async () => {
    await setUp(true);
    const old = await priceOf('wzrd_plan_pro_month');
    await changePrice(5_900);
    const planned = await setUp(false);
    expect(planned.steps).toEqual([
      {
        kind: 'REPLACE_PRICE',
        lookupKey: 'wzrd_plan_pro_month',
        description: `Replace the price ${old?.id} of wzrd_plan_pro_month by one of 5900 cents (usd) a month.`,
      },
      expect.objectContaining({ kind: 'LINK_PRICE', lookupKey: 'wzrd_plan_pro_month' }),
    ]);
    expect(await setUp(true)).toMatchObject({ steps: planned.steps, applied: true });
    const made = await priceOf('wzrd_plan_pro_month');
    expect(made).toMatchObject({ unit_amount: 5_900 });
    expect(await linked('wzrd_plan_pro_month')).toEqual([made?.id]);
    expect(await sandbox.stripe.prices.retrieve(old?.id ?? '')).toMatchObject({ lookup_key: null, unit_amount: 4_900 });
    expect(await app.database.prisma.stripePrice.findFirst({ where: { id: old?.id ?? '' } })).toMatchObject({
      planCode: 'pro',
      interval: 'MONTH',
      active: false,
    });

    // Back at the old price it is a third one, not what Stripe remembers under an old key.
    await changePrice(4_900);
    await setUp(true);
    expect(await setUp(true)).toMatchObject({ steps: [] });
    expect([old?.id, made?.id]).not.toContain((await priceOf('wzrd_plan_pro_month'))?.id);
  });

  test('given a product and a price that were archived at Stripe, or a price of another product, when it is set up again, then they can be bought', async () => {
    await setUp(true);
    const price = await priceOf('wzrd_pack_pack_100');
    await sandbox.stripe.prices.update(price?.id ?? '', { active: false });
    await sandbox.stripe.products.update('wzrd_pack_pack_100', { active: false, name: 'Gone' });
    await sandbox.stripe.prices.create({
      product: 'wzrd_plan_pro',
      unit_amount: 1_500,
      currency: 'usd',
      recurring: { interval: 'month' },
      lookup_key: 'wzrd_plan_business_month',
      transfer_lookup_key: true,
    });
    const done = await setUp(true);
    expect(done.steps.map(({ kind: step, lookupKey }) => `${step} ${lookupKey}`).sort()).toEqual([
      'LINK_PRICE wzrd_pack_pack_100',
      'LINK_PRICE wzrd_plan_business_month',
      'REPLACE_PRICE wzrd_pack_pack_100',
      'REPLACE_PRICE wzrd_plan_business_month',
      'UPDATE_PRODUCT wzrd_pack_pack_100',
    ]);
    expect(await priceOf('wzrd_pack_pack_100')).toMatchObject({ active: true, unit_amount: 1_000 });
    expect(await priceOf('wzrd_plan_business_month')).toMatchObject({ product: 'wzrd_plan_business' });
    expect(await sandbox.stripe.products.retrieve('wzrd_pack_pack_100')).toMatchObject({
      active: true,
      name: '100 Credits',
    });
    expect(await setUp(true)).toMatchObject({ steps: [] });
  });

  test('given eight who set it up at once, when all are done, then each price is there once', async () => {
    await Promise.all(Array.from({ length: 8 }, () => setUp(true)));
    const prices = (await sandbox.stripe.prices.list({ limit: 100 })).data;
    const keys = prices.map(({ lookup_key: key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).not.toContain(null);
    expect(await setUp(true)).toMatchObject({ steps: [] });
  });

  test('given Stripe out of reach, when it is to be set up, then that is said, and no key is in the log', async () => {
    await sandbox.close();
    const answer = await setUp(true);
    expect(answer).toMatchObject({ __typename: 'PaymentProviderError', code: 'PAYMENT_PROVIDER' });
    expect(app.logged.join('\n')).not.toMatch(/sk_test_setup/);
  });
});
