import { afterAll, beforeAll, expect, test } from 'vitest';
import { openCheckout, readCheckout } from '../support/billing.ts';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { advanceClock, shownTime } from '../support/move-clock.ts';
import { createStudio, mini, type Studio } from '../support/studio.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const day = 86_400;

interface Transaction {
  readonly type: string;
  readonly amount: number;
  readonly availableAfter: number;
  readonly createdAt: string;
}

describeOnBoth('A year in one move', (kind) => {
  let app: TestApp;
  let studio: Studio;
  beforeAll(async () => {
    // As it is run: the workers look by themselves, beside the move.
    app = await startTestApp(kind, { automaticJobs: true });
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  const after = (start: string, seconds: number): string => new Date(Date.parse(start) + seconds * 1_000).toISOString();

  test('given welcome credits, generations, a pack, promotions and an unpaid checkout, when 365 days pass, then the history is that of a year, and it took less than a minute of work', async () => {
    const { id, key } = await app.newAccount();
    const start = await shownTime(app);
    const promotions = [30, 90, 180, 364].map((days) => ({ credits: days, expiresAt: after(start, days * day) }));
    for (const { credits, expiresAt } of promotions) await studio.giveCredits(id, credits, { expiresAt });
    await studio.giveCredits(id, 7, { effectiveAt: after(start, 100 * day) });
    const slow = await studio.queue(key, { ...mini, params: { sandbox: 'slow' } });
    const hanging = await studio.queue(key, { ...mini, params: { sandbox: 'hang' } });
    const paid = await openCheckout(app, key);
    await fetch(paid.url, { method: 'POST', body: new URLSearchParams({ action: 'pay' }), redirect: 'manual' });
    await expect.poll(() => readCheckout(app, key, paid.id)).toMatchObject({ status: 'COMPLETED' });
    const unpaid = await openCheckout(app, key, { mode: 'PACK', packCode: 'pack_500' });

    const before = process.cpuUsage();
    expect(await advanceClock(app, 365 * day)).toEqual({ __typename: 'ClockSetting', now: after(start, 365 * day) });
    const { user, system } = process.cpuUsage(before);
    // In microseconds, of this process alone: how busy the machine is does not count.
    expect(user + system).toBeLessThan(60_000_000);

    const { wallet } = await studio.ask<{ wallet: { transactions: { nodes: Transaction[] } } }>(
      '{ wallet { transactions(first: 100) { nodes { type amount availableAfter createdAt } } } }',
      { key },
    );
    const history = [...wallet.transactions.nodes].reverse();
    const later = history.filter(({ createdAt }) => createdAt > start);
    // Before: 100 welcome + 30 + 90 + 180 + 364 promoted + 100 of the pack - 2 x 3 held = 858. The holds burn what
    // expires first, so 30 - 6 = 24 are left of the first promotion, and 3 come back to it.
    expect(history.filter(({ createdAt }) => createdAt === start).at(-1)).toMatchObject({ availableAfter: 858 });
    expect(later).toEqual([
      { type: 'CAPTURE', amount: 0, availableAfter: 858, createdAt: after(start, 30) },
      { type: 'RELEASE', amount: 3, availableAfter: 861, createdAt: after(start, 1_800) },
      { type: 'EXPIRY', amount: -27, availableAfter: 834, createdAt: after(start, 30 * day) },
      { type: 'EXPIRY', amount: -90, availableAfter: 744, createdAt: after(start, 90 * day) },
      { type: 'GRANT', amount: 7, availableAfter: 751, createdAt: after(start, 100 * day) },
      { type: 'EXPIRY', amount: -180, availableAfter: 571, createdAt: after(start, 180 * day) },
      { type: 'EXPIRY', amount: -364, availableAfter: 207, createdAt: after(start, 364 * day) },
    ]);
    expect(await studio.wallet(key)).toEqual({ available: 207, held: 0 });
    expect(await studio.generation(key, slow)).toMatchObject({ status: 'SUCCEEDED', completedAt: after(start, 30) });
    expect(await studio.generation(key, hanging)).toMatchObject({
      // A provider has half an hour; until then the hold is kept alive.
      failure: { code: 'PROVIDER_TIMEOUT' },
      completedAt: after(start, 1_800),
    });
    expect(await readCheckout(app, key, unpaid.id)).toMatchObject({
      status: 'EXPIRED',
      completedAt: null,
    });
    const verified = await studio.ask('query ($id: ID!) { verifyLedger(accountId: $id) { ok problem } }', {
      key: adminKey,
      variables: { id },
    });
    expect(verified).toEqual({ verifyLedger: { ok: true, problem: null } });
    expect(await app.database.prisma.job.count()).toBe(0);
  }, 180_000);
});
