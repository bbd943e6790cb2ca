import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createSubscriber } from '../support/subscriber.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const choice = fc.record({
  planCode: fc.constantFrom('pro', 'business'),
  interval: fc.constantFrom('MONTH' as const, 'YEAR' as const),
});
const changes = fc.record({
  from: choice,
  to: choice,
  days: fc.integer({ min: 0, max: 40 }),
  credits: fc.constantFrom(0, 50, 150),
});
const runs = { embedded: 12, postgres: 6 };

describeOnBoth('A change of plan and its preview', (kind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp(kind);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  test('given any subscription at any time, when a change is previewed and made, then it does what the preview said', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async ({ from, to, days, credits }) => {
        const subscriber = await createSubscriber(app);
        await subscriber.subscribe(from.planCode, from.interval);
        await subscriber.spend(credits);
        await subscriber.days(days + 1);
        const before = await subscriber.wallet();
        const preview = await subscriber.previewPlanChange(to.planCode, to.interval);
        const unchanged = await subscriber.wallet();
        expect(unchanged).toEqual(before);
        const change = await subscriber.changePlan(to.planCode, to.interval);
        expect(change.__typename).toBe(preview.__typename);
        if (change.__typename !== 'PlanChange') {
          // The plan that it is on already is refused, by both alike.
          expect(change).toEqual(preview);
          expect(from).toEqual(to);
          return;
        }
        const { subscription: _before, ...said } = preview;
        const { subscription: _after, ...done } = change;
        expect(done).toEqual(said);
        const after = await subscriber.wallet();
        expect(after.available).toBe(before.available + Number(said['creditsNow']));
      }),
      { numRuns: runs[kind] },
    );
  }, 300_000);
});
