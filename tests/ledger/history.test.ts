import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TransferFilter } from '../../src/ledger/history.store.ts';
import type { AccountId, WalletView } from '../../src/ledger/index.ts';
import { describeOnBoth } from '../support/databases.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

const everything: TransferFilter = { types: null, from: null, to: null };
const firstPage = { after: null, before: null, limit: 10, inverted: false };

// One request reads the wallet first and its history after that. What another process writes between the two cannot
// be sent through HTTP at that moment, so these speak to the parts behind it.
describeOnBoth('The history of a wallet that others write to while it is read', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let account: { id: string; key: string };
  let view: WalletView;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
    account = await app.newAccount();
    const expiresAt = new Date(app.clock.now() + 60_000).toISOString();
    await studio.giveCredits(account.id, 20, { expiresAt });
    app.clock.advanceSeconds(60);
    const found = await app.app.services.ledger.wallet(account.id as AccountId); // It was made above.
    if (found === null) throw new Error('An account has a wallet.');
    view = found;
    // Records that the 20 expired, and 3 that are held.
    await studio.queue(account.key);
  });
  afterAll(() => app.close());

  it.each([
    ['the newest end', firstPage, [3, 2, 1]],
    ['the oldest end', { ...firstPage, inverted: true }, [1, 2, 3]],
  ])(
    'G40 given an expiry that nobody had recorded, when it is recorded meanwhile, then the page from %s has each row once, in order',
    async (_end, page, expected) => {
      // The grant of 100, the grant of 20, its expiry.
      const rows = await app.app.services.history.transfers(view, everything, page);
      expect(rows.map(({ sequence }) => sequence)).toEqual(expected);
      expect(await app.app.services.history.countTransfers(view, everything)).toBe(3);
    },
  );

  it('G40 given an expiry that nobody had recorded, when it is recorded meanwhile, then it counts once in the explanation', async () => {
    const { available, lines } = await app.app.services.history.explain(view, view.at);
    expect(view.state.available).toBe(100);
    // 100 + 20 - 20 = 100; what was held after the view is not in it.
    expect(available).toBe(100);
    expect(lines.map(({ label, amount }) => [label, amount])).toEqual([
      ['Welcome credits', 100],
      ['Promotions', 20],
      ['Promotions: expired', -20],
    ]);
    expect(await app.app.services.history.availableAsOf(view, view.at)).toBe(100);
  });
});
