import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statementsOf } from '../support/count-statements.ts';
import { createStudio, mini, type Studio, schnell } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('Statements of a request on PostgreSQL', () => {
  let app: TestApp;
  let studio: Studio;
  /** A wallet with few rows and one with many, of the same kinds. */
  let small: { id: string; key: string };
  let large: { id: string; key: string };

  beforeAll(async () => {
    app = await startTestApp('postgres');
    studio = createStudio(app);
    [small, large] = [await app.newAccount(), await app.newAccount(1_000)];
    const fill = async (account: { id: string; key: string }, count: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: count }, async (_, index) => {
          await studio.giveCredits(account.id, 5, { priority: index % 20 });
          await studio.queue(account.key, index === 0 ? schnell : mini);
        }),
      );
    };
    await Promise.all([fill(small, 5), fill(large, 60)]);
    await app.settle();
  });
  afterAll(() => app.close());

  const wholeWallet = `{ wallet {
    id available held debt isLow lowBalanceThreshold rollover topUp updatedAt plan { code isCurrent }
    monthly { quota remaining resetsAt }
  } }`;
  const grants = '{ wallet { grants(first: 100) { totalCount nodes { id state amount remaining held reason } } } }';
  const transactions = `{ wallet { transactions(first: 60) { totalCount nodes {
    sequence description grant { state } fundings { amount grant { id } }
    generation { status creditsHeld fundings { amount } assets { url } }
  } } } }`;
  const generations = `{ generations(first: 60) { totalCount nodes {
    id status model { id } creditsHeld creditsCharged failure { code } fundings { amount grant { id } } assets { url }
  } } }`;
  const explain = '{ wallet { explain { available lines { label amount } } } }';
  const usage =
    '{ wallet { usage(from: "2026-01-01T00:00:00Z", to: "2026-01-03T00:00:00Z", groupBy: MODEL) { key credits } } }';

  it.each([
    ['the wallet', wholeWallet, 4],
    ['a page of grants with everything in it', grants, 4],
    ['a page of transactions with everything in it', transactions, 12],
    ['a page of generations with everything in it', generations, 8],
    ['an explanation', explain, 3],
    ['usage', usage, 3],
  ])('given 5 rows and 60 rows, when %s is read, then it takes the same few statements', async (_what, query, most) => {
    const ofSmall = await statementsOf(() => studio.ask(query, { key: small.key }));
    const ofLarge = await statementsOf(() => studio.ask(query, { key: large.key }));
    expect(ofLarge.sort()).toEqual(ofSmall.sort());
    expect(ofSmall.length).toBeGreaterThan(0);
    expect(ofSmall.length).toBeLessThanOrEqual(most);
  });

  it.each([
    ['the list of models', '{ models { id name label credits available accepts inputDefaults } }'],
    ['one model', '{ model(id: "fal-ai/flux/schnell") { id credits } }'],
    [
      'the list of plans and packs',
      '{ plans { code monthlyPrice { formatted } } creditPacks { code pricePerCredit } }',
    ],
    ['the price of a call', '{ quote(input: { kind: IMAGE }) { ... on Quote { id credits } } }'],
  ])('given nobody signed in, when %s is read, then it takes no statement at all', async (_what, query) => {
    expect(await statementsOf(() => studio.ask(query, {}))).toEqual([]);
  });

  it('given 30 calls at once on one wallet, when they are queued, then they take far fewer statements than one each would', async () => {
    const { key } = await app.newAccount();
    const statements = await statementsOf(() => Promise.all(Array.from({ length: 30 }, () => studio.queue(key, mini))));
    // One call alone takes the sign-in, BEGIN, the lock, the state, the changes, two attachments and COMMIT.
    expect(statements.length).toBeLessThan(30 * 4);
  });
});
