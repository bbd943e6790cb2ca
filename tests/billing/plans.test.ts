import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createSubscriber, type Subscriber } from '../support/subscriber.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

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

  test('G29 given a plan was paid, then its quota is there at once and once', async () => {
    await subscriber.subscribe('pro');
    expect(await subscriber.wallet()).toEqual({
      available: 2_100, // 100 welcome + 2,000
      held: 0,
      debt: 0,
      rollover: 0,
      topUp: 100,
      monthly: { quota: 2_000, remaining: 2_000, resetsAt: '2026-02-01T12:00:00.000Z' },
      plan: { code: 'pro' },
    });
    console.log(await subscriber.subscription(), await subscriber.grants());
    await subscriber.spend(500);
    await subscriber.at('2026-02-05T12:00:00.000Z');
    console.log(await subscriber.grants(), await subscriber.wallet());
    console.log(await subscriber.previewPlanChange('business'));
    console.log(await subscriber.changePlan('business'));
    console.log(await subscriber.grants());
    console.log(await subscriber.changePlan('pro'));
    console.log(await subscriber.cancel());
    console.log(await subscriber.resume());
    console.log(await subscriber.cancel(false));
    console.log(await subscriber.grants());
  });
});
