import { beforeEach, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { createSubscriber, stripeOf, type Subscriber } from '../support/subscriber.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

interface Balance {
  readonly available: number;
  readonly explain: { readonly available: number; readonly lines: readonly { readonly amount: number }[] };
}

describeOnBoth('A year of Pro', (kind) => {
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

  /** The balance, which its explanation adds up to. */
  const explained = async (): Promise<number> => {
    const { wallet } = await subscriber.ask<{ wallet: Balance }>(
      '{ wallet { available explain { available lines { amount } } } }',
    );
    expect(wallet.explain.available).toBe(wallet.available);
    expect(wallet.explain.lines.reduce((sum, { amount }) => sum + amount, 0)).toBe(wallet.available);
    return wallet.available;
  };
  const renewal = (month: number): string => new Date(Date.UTC(2026, month, 1, 13)).toISOString();

  test('given a subscription from January on, when twelve renewals, an upgrade and a refund pass, then every balance is explained', async () => {
    await subscriber.subscribe('pro');
    expect(await explained()).toBe(2_100); // 100 welcome + 2,000
    await subscriber.spend(150);
    expect(await explained()).toBe(1_950); // The month burns first: 100 + 2,000 - 150

    await subscriber.at(renewal(1));
    expect(await explained()).toBe(3_950); // 100 + 2,000 + 1,850 rolled over
    for (const month of [2, 3, 4]) {
      await subscriber.at(renewal(month));
      expect(await explained()).toBe(4_100); // 100 + 2,000 + 2,000 rolled over: the cap
    }

    // In May it becomes Business: 10,000 - 2,000 = 8,000 at once.
    await subscriber.at('2026-05-16T13:00:00.000Z');
    expect(await subscriber.changePlan('business')).toMatchObject({ creditsNow: 8_000 });
    expect(await explained()).toBe(12_100);
    const upgrade = await subscriber.lastPayment();
    await subscriber.at(renewal(5));
    expect(await explained()).toBe(20_100); // 100 + 10,000 + 10,000 rolled over: the cap of Business

    // In July the upgrade's payment is refunded: its 8,000 expired in June, 10,000 of that month rolled over, so nothing of it is left or was spent.
    await subscriber.at(renewal(6));
    await stripeOf(app).refundPayment(upgrade);
    await app.app.jobs.runDue();
    expect(await explained()).toBe(20_100);
    // June's payment is refunded while its credits live: 10,000 of them go.
    await stripeOf(app).refundPayment(await subscriber.lastPayment());
    await app.app.jobs.runDue();
    expect(await explained()).toBe(10_100);

    for (const month of [7, 8, 9, 10, 11, 12]) {
      await subscriber.at(renewal(month));
      // In August nothing of July's 10,000 is there to roll over.
      expect(await explained()).toBe(month === 7 ? 10_100 : 20_100);
    }
    const grants = await subscriber.grants();
    expect(grants.filter(({ source, reason }) => source === 'PLAN' && reason?.endsWith('plan'))).toHaveLength(14);
    const { data } = await app.graphql<{ verifyLedger: object }>(
      'query ($id: ID!) { verifyLedger(accountId: $id) { ok problem } }',
      { key: adminKey, variables: { id: subscriber.id } },
    );
    expect(data.verifyLedger).toEqual({ ok: true, problem: null });
    const { invoices } = await subscriber.ask<{ invoices: { totalCount: number } }>('{ invoices { totalCount } }');
    expect(invoices.totalCount).toBe(14); // The first, the upgrade's and twelve renewals.
  }, 120_000);
});
