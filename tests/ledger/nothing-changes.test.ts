import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { type Answer, createStudio, mini, type Studio, schnell } from '../support/studio.ts';
import { digestTables, type TableDigest } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const minuteMs = 60_000;

describeOnBoth('What changes nothing', (kind) => {
  let app: TestApp;
  let studio: Studio;
  /** Has a generation that was charged, one that was cancelled, and a lapse, an expiry and a beginning that are due. */
  let account: { id: string; key: string };
  let charged: string;
  let cancelled: string;
  let lapsed: string;
  let usedGrant: string;
  let quoteId: string;
  let before: TableDigest;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
    account = await app.newAccount();
    const inMs = (ms: number): string => new Date(app.clock.now() + ms).toISOString();
    charged = await studio.queue(account.key, { ...schnell, idempotencyKey: 'used' });
    await app.settle();
    cancelled = await studio.queue(account.key);
    await studio.cancel(account.key, cancelled);
    usedGrant = (await studio.giveCredits(account.id, 3, { priority: 1 })).id ?? '';
    lapsed = await studio.queue(account.key);
    await studio.giveCredits(account.id, 5, { expiresAt: inMs(minuteMs), priority: 900, idempotencyKey: 'used' });
    await studio.giveCredits(account.id, 7, { effectiveAt: inMs(2 * minuteMs) });
    const { quote } = await studio.ask<{ quote: { id: string } }>(
      '{ quote(input: { modelId: "fal-ai/flux/dev" }) { ... on Quote { id } } }',
      { key: account.key },
    );
    quoteId = quote.id;
    await studio.updateModel('fal-ai/flux/dev', { credits: 6 });
    await studio.updateModel('fal-ai/ltx-video', { enabled: false });
    app.clock.advance(30 * minuteMs);
  });
  beforeEach(async () => {
    before = await digestTables(app.database);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  it('G12 given what fell due unseen, when everything is read, then the answers show it and no row changes', async () => {
    // 100 - 3 charged + 3 granted + 7 begun, the 5 expired and the 3 of the lapse back
    expect(await studio.wallet(account.key)).toEqual({ available: 107, held: 0 });
    const { wallet } = await studio.ask<{
      wallet: { id: string; grants: { nodes: { id: string }[] }; transactions: { nodes: { id: string }[] } };
    }>(
      `{ wallet {
        id available held debt isLow lowBalanceThreshold rollover topUp updatedAt
        past: available(asOf: "2026-01-01T12:00:05Z")
        monthly { quota remaining resetsAt } plan { code isCurrent purchasable }
        grants { totalCount nodes { id state amount pending remaining held consumed expired revoked source category } }
        pendingGrants: grants(state: PENDING) { totalCount nodes { id } }
        transactions { totalCount pageInfo { hasNextPage } nodes {
          id sequence type credits amount availableAfter description createdAt grant { id } fundings { amount grant { id } }
          generation { id status creditsHeld fundings { amount } assets { id url } }
        } }
        explain { available asOf lines { label amount transactions } }
        usage(from: "2026-01-01T00:00:00Z", to: "2026-01-03T00:00:00Z") { key credits generations }
      } }`,
      { key: account.key },
    );
    await studio.ask(
      `{ account { id name createdAt } models { id credits available } model(id: "fal-ai/flux/schnell") { id }
        plans { code isCurrent } creditPacks { code } billing { mode checkoutAvailable } checkout(id: "checkout_x") { id }
        quote(input: { kind: IMAGE, count: 3 }) { __typename ... on Quote { id credits affordable } }
        unknown: quote(input: { modelId: "nothing" }) { __typename }
        generations { totalCount nodes { id status creditsHeld fundings { amount } assets { url } } } }`,
      { key: account.key },
    );
    for (const id of [charged, cancelled, lapsed]) await studio.generation(account.key, id);
    const nodes = [
      account.id,
      wallet.id,
      charged,
      schnell.modelId,
      'pro',
      'pack_100',
      ...wallet.grants.nodes.map((grant) => grant.id),
      ...wallet.transactions.nodes.map((transaction) => transaction.id),
    ];
    for (const id of nodes) {
      const { node } = await studio.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { id __typename } }', {
        key: account.key,
        variables: { id },
      });
      expect(node, id).toMatchObject({ id });
    }
    await studio.ask(
      `query ($id: ID!) { accountById(id: $id) {
        account { name } wallet { available } generations { nodes { id } }
      } }`,
      { key: adminKey, variables: { id: account.id } },
    );
    expect(await digestTables(app.database)).toEqual(before);
  });

  const refusals: [string, () => Promise<Answer>, string][] = [
    ['an unknown model', () => studio.generate(account.key, { modelId: 'fal-ai/flux', prompt: 'x' }), 'UNKNOWN_MODEL'],
    [
      'a disabled model',
      () => studio.generate(account.key, { modelId: 'fal-ai/ltx-video', prompt: 'x' }),
      'MODEL_UNAVAILABLE',
    ],
    ['no prompt', () => studio.generate(account.key, { modelId: schnell.modelId }), 'INVALID_INPUT'],
    ['no model', () => studio.generate(account.key, { prompt: 'x' }), 'INVALID_INPUT'],
    [
      'a used key',
      () => studio.generate(account.key, { ...schnell, prompt: 'Another', idempotencyKey: 'used' }),
      'IDEMPOTENCY_CONFLICT',
    ],
    [
      'a changed price',
      () => studio.generate(account.key, { modelId: 'fal-ai/flux/dev', prompt: 'x', quoteId }),
      'PRICE_CHANGED',
    ],
    [
      'too few credits',
      async () => {
        const { key } = await app.newAccount();
        const film = { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'x' };
        await studio.queue(key, film);
        await studio.queue(key, film);
        before = await digestTables(app.database);
        return studio.generate(key, { ...mini, idempotencyKey: 'refused' });
      },
      'INSUFFICIENT_CREDITS',
    ],
    ['a generation that is not there', () => studio.cancel(account.key, 'gen_none'), 'GENERATION_NOT_FOUND'],
    ['a generation that was charged', () => studio.cancel(account.key, charged), 'NOT_CANCELABLE'],
    ['an account that is not there', () => studio.giveCredits('account_none', 5), 'ACCOUNT_NOT_FOUND'],
    ['a blank reason', () => studio.giveCredits(account.id, 5, { reason: ' ' }), 'INVALID_INPUT'],
    ['a priority below 0', () => studio.giveCredits(account.id, 5, { priority: -1 }), 'INVALID_INPUT'],
    [
      'a grant that begins in the past',
      () => studio.giveCredits(account.id, 5, { effectiveAt: '2026-01-01T00:00:00Z' }),
      'INVALID_INPUT',
    ],
    [
      'a grant that expires before it begins',
      () =>
        studio.giveCredits(account.id, 5, { effectiveAt: '2027-01-02T00:00:00Z', expiresAt: '2027-01-01T00:00:00Z' }),
      'INVALID_INPUT',
    ],
    [
      'a used key of a grant',
      () => studio.giveCredits(account.id, 6, { idempotencyKey: 'used' }),
      'IDEMPOTENCY_CONFLICT',
    ],
    ['a grant that is not there', () => studio.voidGrant('grant_none'), 'GRANT_NOT_FOUND'],
    ['a refund of what is not there', () => studio.refund('gen_none'), 'GENERATION_NOT_FOUND'],
    ['a refund of what was not charged', () => studio.refund(cancelled), 'INVALID_INPUT'],
    ['a refund of more than the charge', () => studio.refund(charged, 4), 'INVALID_INPUT'],
    ['a price of an unknown model', () => studio.updateModel('fal-ai/flux', { credits: 3 }), 'UNKNOWN_MODEL'],
    ['no change of a model', () => studio.updateModel(schnell.modelId, {}), 'INVALID_INPUT'],
  ];

  it.each(refusals)(
    'G11 given what fell due unseen, when %s is refused, then no row changes',
    async (_what, ask, code) => {
      expect(await ask()).toMatchObject({ code });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  it('G11 given a cancelled generation, when it is cancelled again, then it is answered and no row changes', async () => {
    expect(await studio.cancel(account.key, cancelled)).toMatchObject({ __typename: 'Generation', status: 'CANCELED' });
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G11 given an account with a blank name, when it is to be made, then it is refused and no row changes', async () => {
    const { createAccount } = await studio.ask<{ createAccount: Answer }>(
      'mutation { createAccount(input: { name: " ", idempotencyKey: "blank" }) { __typename ... on Error { code } } }',
      { key: adminKey },
    );
    expect(createAccount).toMatchObject({ code: 'INVALID_INPUT' });
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G11 given a grant that is used up, when it is withdrawn, then that is refused and no row changes', async () => {
    const id = await studio.queue(account.key);
    await app.settle();
    expect(await studio.generation(account.key, id)).toMatchObject({
      fundings: [{ grant: { id: usedGrant }, amount: 3 }],
    });
    before = await digestTables(app.database);
    expect(await studio.voidGrant(usedGrant)).toMatchObject({ __typename: 'GrantNotVoidableError', state: 'USED' });
    expect(await digestTables(app.database)).toEqual(before);
  });
});
