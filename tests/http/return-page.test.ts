import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckout } from '../support/billing.ts';
import { describeOnBoth } from '../support/databases.ts';
import { createSubscriber, sessionIn, stripeOf, type Subscriber } from '../support/subscriber.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const pack = { mode: 'PACK', packCode: 'pack_100' };
const plan = { mode: 'SUBSCRIPTION', planCode: 'pro' };
const bankThatPays = 'pm_usBankAccount_success';
const bankThatRefuses = 'pm_usBankAccount_insufficientFunds';

/** What a page says, and after how many seconds it looks again. */
interface Shown {
  readonly title: string | undefined;
  readonly refresh: string | undefined;
}

describeOnBoth('The page that a checkout returns to', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind);
  });
  afterAll(() => app.close());

  const show = async (query: string): Promise<Shown> => {
    const response = await fetch(`${app.url}/billing/return${query}`);
    const html = await response.text();
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(html).not.toContain('<script');
    return {
      title: /<h1>(.*)<\/h1>/.exec(html)?.[1],
      refresh: /<meta http-equiv="refresh" content="(\d+)">/.exec(html)?.[1],
    };
  };

  /** Opens a checkout without own addresses and gives its id, what its page shows, and what a front end is told. */
  const buy = async ({ key, ask }: Subscriber, input: Record<string, unknown>) => {
    const checkout = await openCheckout(app, key, input);
    return {
      ...checkout,
      pay: (method?: string) => stripeOf(app).pay(sessionIn(checkout.url), method),
      page: () => show(`?checkout=success&id=${checkout.id}`),
      told: async () => {
        const { checkout: found } = await ask<{ checkout: { progress: string; status: string } }>(
          'query ($id: ID!) { checkout(id: $id) { progress status } }',
          { id: checkout.id },
        );
        return found;
      },
    };
  };

  test('given a pack, when it is paid, then its page says so until the credits are there, and then how many came', async () => {
    const order = await buy(await createSubscriber(app), pack);
    expect(await order.told()).toEqual({ progress: 'WAITING_FOR_PAYMENT', status: 'CREATED' });
    const paid = await fetch(order.url, {
      method: 'POST',
      body: new URLSearchParams({ action: 'pay' }),
      redirect: 'manual',
    });
    expect(paid.headers.get('location')).toBe(`${app.url}/billing/return?checkout=success&id=${order.id}`);
    expect(await order.page()).toEqual({ title: 'Paid, credits arriving', refresh: '2' });
    await app.app.jobs.runDue();
    expect(await order.page()).toEqual({ title: '100 credits have arrived', refresh: undefined });
    expect(await order.told()).toEqual({ progress: 'CREDITED', status: 'COMPLETED' });
  });

  test('given a plan, when it is paid, then its page says how many credits its first month gives', async () => {
    const order = await buy(await createSubscriber(app), plan);
    await order.pay();
    await app.app.jobs.runDue();
    expect(await order.page()).toEqual({ title: '2,000 credits have arrived', refresh: undefined });
    expect(await order.told()).toEqual({ progress: 'CREDITED', status: 'COMPLETED' });
  });

  test('given credits that cannot be given yet, when the money is there, then the page goes on saying that they are on their way', async () => {
    const subscriber = await createSubscriber(app);
    const order = await buy(subscriber, pack);
    const { data } = await app.graphql<{ grantCredits: { __typename: string; id: string } }>(
      `mutation ($accountId: ID!) {
        grantCredits(input: { accountId: $accountId, credits: 1999999850, reason: "Too much", idempotencyKey: "full" }) {
          __typename ... on Grant { id }
        }
      }`,
      { key: adminKey, variables: { accountId: subscriber.id } },
    );
    expect(data.grantCredits.__typename).toBe('Grant');
    await order.pay();
    await app.app.jobs.runDue();
    expect(await order.told()).toEqual({ progress: 'PAID_CREDITS_ARRIVING', status: 'CREATED' });
    expect(await order.page()).toEqual({ title: 'Paid, credits arriving', refresh: '2' });
  });

  test('given a bank that takes days, when it has paid, then the credits come; the same can be bought again meanwhile', async () => {
    const subscriber = await createSubscriber(app);
    const order = await buy(subscriber, pack);
    await order.pay(bankThatPays);
    await app.app.jobs.runDue();
    expect(await order.told()).toEqual({ progress: 'WAITING_FOR_BANK', status: 'CREATED' });
    expect(await order.page()).toEqual({ title: 'Waiting for your bank', refresh: '10' });

    const second = await buy(subscriber, pack);
    expect(second.id).not.toBe(order.id);
    await subscriber.days(2);
    const third = await buy(subscriber, pack);
    expect(third.id).not.toBe(second.id);
    // The second was not paid in its day; the first waits on.
    expect((await second.told()).progress).toBe('EXPIRED');
    expect((await order.told()).progress).toBe('WAITING_FOR_BANK');

    await subscriber.days(2);
    expect(await order.page()).toEqual({ title: '100 credits have arrived', refresh: undefined });
    expect(await subscriber.wallet()).toMatchObject({ available: 200 }); // 100 welcome + 100
  });

  test('given a bank that refuses, when its days are over, then the page says so', async () => {
    const subscriber = await createSubscriber(app);
    const order = await buy(subscriber, pack);
    await order.pay(bankThatRefuses);
    await subscriber.days(4);
    expect(await order.told()).toEqual({ progress: 'FAILED', status: 'FAILED' });
    expect(await order.page()).toEqual({ title: 'Payment failed', refresh: undefined });
  });

  test('given plans that banks pay for, when one pays and one refuses, then each page says what came of it', async () => {
    const [lucky, poor] = [await createSubscriber(app), await createSubscriber(app)];
    const [paid, refused] = [await buy(lucky, plan), await buy(poor, plan)];
    await paid.pay(bankThatPays);
    await refused.pay(bankThatRefuses);
    await app.app.jobs.runDue();
    for (const order of [paid, refused]) {
      expect(await order.told()).toEqual({ progress: 'WAITING_FOR_BANK', status: 'CREATED' });
    }
    await lucky.days(4);
    expect(await paid.page()).toEqual({ title: '2,000 credits have arrived', refresh: undefined });
    expect(await refused.told()).toEqual({ progress: 'FAILED', status: 'FAILED' });
    expect(await poor.wallet()).toMatchObject({ available: 100, plan: { code: 'free' } });
  });

  test('given a checkout that nobody pays, when its day is over, then the page says so', async () => {
    const subscriber = await createSubscriber(app);
    const order = await buy(subscriber, pack);
    await subscriber.days(2);
    expect(await order.told()).toEqual({ progress: 'EXPIRED', status: 'EXPIRED' });
    expect(await order.page()).toEqual({ title: 'Checkout expired', refresh: undefined });
  });

  test('given an order that ran out of time here, when Stripe tells later that it was paid in time, then it is on its way again', async () => {
    const subscriber = await createSubscriber(app);
    const stripe = stripeOf(app);
    const order = await buy(subscriber, pack);
    await stripe.changeSettings({ holds_events: true });
    await order.pay(bankThatPays);
    app.clock.advanceSeconds(25 * 60 * 60);
    await buy(subscriber, pack);
    expect((await order.told()).progress).toBe('EXPIRED');
    await stripe.changeSettings({ holds_events: false });
    const events = (await stripe.listEvents()).filter(({ type }) => type === 'checkout.session.completed');
    await stripe.deliverEvent(events.at(-1)?.id ?? '');
    await app.app.jobs.runDue();
    expect(await order.told()).toEqual({ progress: 'WAITING_FOR_BANK', status: 'CREATED' });
  });

  test.each([
    ['?checkout=cancel', 'Checkout cancelled'],
    ['?checkout=portal', 'You are back'],
    ['', 'You are back'],
    ['?checkout=nothing', 'You are back'],
    ['?checkout=success', 'Paid, credits arriving'],
    ['?checkout=success&id=checkout_00000000000000000000000000', 'Paid, credits arriving'],
    ['?checkout=success&id=%00', 'Paid, credits arriving'],
    ['?checkout=success&id=%3Cscript%3E', 'Paid, credits arriving'],
  ])(
    'given %s, when there is nothing to look for, then the page says what is known and stays',
    async (query, title) => {
      expect(await show(query)).toEqual({ title, refresh: undefined });
    },
  );
});
