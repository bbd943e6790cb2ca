import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demoKeys } from '../../src/app.ts';
import { launchBrowser } from './playground-page.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';

const patiently = { interval: 250, timeout: 15_000 };

let browser: Browser;
let server: RunningServer;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
  server = await startServer();
  page = await browser.newPage();
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const balance = async (): Promise<unknown> =>
  (await server.call<{ wallet: object }>('{ wallet { available debt plan { code } } }')).wallet;
const held = async (): Promise<number> =>
  (await server.call<{ wallet: { held: number } }>('{ wallet { held } }')).wallet.held;
const press = (name: string): Promise<void> => page.getByRole('button', { name, exact: true }).first().click();
const dashboard = (): Promise<unknown> => page.goto(`${server.origin}/stripe-sandbox/dashboard`);

/** Buys something as a person does: on the checkout page, until the return page says that the credits are there. */
async function buy(input: object, arrived: string): Promise<void> {
  const { createCheckout } = await server.call<{ createCheckout: { url: string } }>(
    'mutation ($input: CreateCheckoutInput!) { createCheckout(input: $input) { ... on Checkout { url } } }',
    { input },
  );
  await page.goto(createCheckout.url);
  await press('Pay');
  await page.getByRole('heading', { name: arrived }).waitFor();
}

test('given a pack that was bought on its page, when it is refunded in the dashboard, then its credits go', async () => {
  await buy({ mode: 'PACK', packCode: 'pack_100' }, '100 credits have arrived');
  expect(await balance()).toMatchObject({ available: 200, debt: 0 });
  await dashboard();
  await page.getByRole('button', { name: 'Refund', exact: true }).first().click();
  await page.getByText('$10.00 refund succeeded').waitFor();
  await expect.poll(balance, patiently).toMatchObject({ available: 100, debt: 0 });
});

test('given a pack, when it is disputed and the dispute is won in the dashboard, then its credits go and come back', async () => {
  await buy({ mode: 'PACK', packCode: 'pack_100' }, '100 credits have arrived');
  await dashboard();
  await press('Dispute');
  await expect.poll(balance, patiently).toMatchObject({ available: 100 });
  await press('Win');
  await expect.poll(balance, patiently).toMatchObject({ available: 200 });
});

test('given events are held back, when they are sent twice and shuffled, then a plan gives its credits once', async () => {
  await dashboard();
  await press('Hold events back');
  const { createCheckout } = await server.call<{ createCheckout: { url: string } }>(
    'mutation { createCheckout(input: { mode: SUBSCRIPTION, planCode: "pro" }) { ... on Checkout { url } } }',
  );
  await page.goto(createCheckout.url);
  await press('Pay');
  await page.getByRole('heading', { name: /arriving|received/i }).waitFor();
  expect(await balance()).toMatchObject({ available: 200, plan: { code: 'free' } });
  await dashboard();
  await press('Send what waits, all twice and shuffled');
  await expect.poll(balance, patiently).toEqual({ available: 2_200, debt: 0, plan: { code: 'pro' } });
  await press('Send events as they happen');
});

test('given a plan, when its owner ends and keeps it on the portal, then the subscription follows', async () => {
  const { createPortalSession } = await server.call<{ createPortalSession: { url: string } }>(
    'mutation { createPortalSession { ... on PortalSession { url } } }',
  );
  const isToEnd = async (): Promise<boolean> =>
    (await server.call<{ subscription: { cancelAtPeriodEnd: boolean } }>('{ subscription { cancelAtPeriodEnd } }'))
      .subscription.cancelAtPeriodEnd;
  await page.goto(createPortalSession.url);
  await press('Cancel at the end of the period');
  await expect.poll(isToEnd, patiently).toBe(true);
  await press('Keep the plan');
  await expect.poll(isToEnd, patiently).toBe(false);
});

describe('given another server, on which credits are spent', () => {
  beforeAll(async () => {
    await server.stop();
    server = await startServer();
  });

  test('given 150 of 200 were spent, when the pack is refunded, then the 50 of it that are gone are owed', async () => {
    await buy({ mode: 'PACK', packCode: 'pack_100' }, '100 credits have arrived');
    for (let film = 0; film < 3; film += 1) {
      const { generate } = await server.call<{ generate: object }>(
        'mutation { generate(input: { modelId: "fal-ai/sora-2/text-to-video/pro", prompt: "A storm" }) { __typename } }',
      );
      expect(generate).toEqual({ __typename: 'Generation' });
    }
    await expect.poll(held, patiently).toBe(0);
    expect(await balance()).toMatchObject({ available: 50, debt: 0 }); // 100 welcome + 100 - 3 x 50
    await dashboard();
    await press('Refund');
    await expect.poll(balance, patiently).toMatchObject({ available: 0, debt: 50 });
  });

  test('given half of a pack was refunded, when its payment is disputed and that is lost, then no more than the order goes', async () => {
    await buy({ mode: 'PACK', packCode: 'pack_100' }, '100 credits have arrived');
    expect(await balance()).toMatchObject({ available: 50, debt: 0 }); // 100 - 50 owed
    await dashboard();
    await page.locator('input[name=amount]').first().fill('500');
    await press('Refund');
    await expect.poll(balance, patiently).toMatchObject({ available: 0, debt: 0 });
    await dashboard();
    await press('Dispute');
    await expect.poll(balance, patiently).toMatchObject({ available: 0, debt: 50 });
    await press('Lose');
    await page.getByText('lost').first().waitFor();
    expect(await balance()).toMatchObject({ available: 0, debt: 50 });
  });

  test('given a plan, when a month passes, then it is renewed, and what was left rolls over', async () => {
    await buy({ mode: 'SUBSCRIPTION', planCode: 'pro' }, '2,000 credits have arrived');
    expect(await balance()).toMatchObject({ available: 1_950, debt: 0 }); // 2,000 - 50 owed
    const answer = await fetch(`${server.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${demoKeys.admin}` },
      body: JSON.stringify({ query: `mutation { advanceClock(seconds: ${31 * 86_400 + 7_200}) { __typename } }` }),
    });
    expect(await answer.json()).toEqual({ data: { advanceClock: { __typename: 'ClockSetting' } } });
    await expect.poll(balance, patiently).toMatchObject({ available: 3_950, plan: { code: 'pro' } }); // 1,950 + 2,000
  });
});
