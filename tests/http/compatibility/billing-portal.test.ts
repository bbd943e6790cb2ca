import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeOnBoth } from '../../support/databases.ts';
import { callFunction, failure } from '../../support/functions.ts';
import { createSubscriber } from '../../support/subscriber.ts';
import { startTestApp, type TestApp } from '../../support/test-app.ts';

describeOnBoth('billing-portal', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind, { environment: { ALLOWED_REDIRECTS: 'https://studio.example,wzrd://' } });
  });
  afterAll(() => app.close());

  const open = (key: string | null, body?: unknown) => callFunction(app, 'billing-portal', { key, body });

  test('given an account that has bought nothing, when the portal is asked for, then it is 200 without one', async () => {
    const { key } = await app.newAccount();
    expect(await open(key, {})).toEqual({
      status: 200,
      contentType: 'application/json',
      retryAfter: null,
      body: {
        success: false,
        billing_mode: 'test_only',
        portal_available: false,
        error: 'no_subscription',
        message: 'Nothing was bought yet. Buy a plan or a pack first.',
      },
    });
  });

  test('given a subscriber, when the portal is asked for, with a way back or without a body, then it has its address', async () => {
    const { key, subscribe } = await createSubscriber(app);
    await subscribe('pro');
    for (const body of [undefined, {}, { return_url: null }, { return_url: 'wzrd://billing/success' }]) {
      const { status, body: answer } = await open(key, body);
      expect([status, answer]).toEqual([
        200,
        {
          success: true,
          billing_mode: 'test_only',
          portal_available: true,
          portal_url: expect.stringMatching(/^http/),
        },
      ]);
    }
  });

  test('given ways back that are not allowed or none, when the portal is asked for, then it is 400', async () => {
    const { key } = await app.newAccount();
    expect(await open(key, { return_url: 'https://evil.example' })).toMatchObject(
      failure(app, 400, expect.stringContaining('allow-list')),
    );
    expect(await open(key, { return_url: 7 })).toMatchObject(failure(app, 400, 'return_url must be an address'));
    expect(await open(key, '{')).toMatchObject(failure(app, 400, 'The body is not JSON.'));
  });

  test('given nobody, when the portal is asked for, then it is 401', async () => {
    expect(await open(null)).toMatchObject(failure(app, 401, expect.any(String)));
  });
});

describe('billing-portal without Stripe', () => {
  test('given billing is disabled, when the portal is asked for, then it is 200 and says so', async () => {
    const app = await startTestApp('postgres', { environment: { BILLING_MODE: 'disabled' } });
    const { key } = await app.newAccount();
    expect(await callFunction(app, 'billing-portal', { key, body: {} })).toMatchObject({
      status: 200,
      body: {
        success: false,
        billing_mode: 'disabled',
        portal_available: false,
        message: 'Billing portal unavailable',
      },
    });
    await app.close();
  });
});
