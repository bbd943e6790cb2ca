import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { readBackwards, readForwards, readPage } from '../support/pages.ts';
import { createStudio, schnell, type Studio } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

type Outcome = { readonly __typename: string } & Readonly<Record<string, unknown>>;

const welcome = 100;
const maximumCredits = 2_000_000_000;

describeOnBoth('Administration', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let account: { id: string; key: string };
  let keys = 0;
  const freshKey = (): string => {
    keys += 1;
    return `key-${keys}`;
  };
  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    account = await app.newAccount();
    app.clock.advanceSeconds(1);
  });

  const createAccount = async (input: Record<string, unknown>, headers: Record<string, string> = {}) => {
    const { createAccount: outcome } = await studio.ask<{
      createAccount: Outcome & { account?: { id: string; name: string }; apiKey?: string | null };
    }>(
      `mutation ($input: CreateAccountInput!) { createAccount(input: $input) {
        __typename
        ... on CreatedAccount { account { id name createdAt } apiKey }
        ... on Error { code message } ... on InvalidInputError { issues { path message } }
      } }`,
      { key: adminKey, variables: { input }, headers },
    );
    return outcome;
  };
  const grantCredits = async (input: Record<string, unknown>): Promise<Outcome> => {
    const { grantCredits: outcome } = await studio.ask<{ grantCredits: Outcome }>(
      `mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) {
        __typename
        ... on Grant { id source category state amount remaining priority effectiveAt expiresAt createdAt reason }
        ... on Error { code message } ... on InvalidInputError { issues { path message } }
        ... on AccountNotFoundError { accountId }
      } }`,
      {
        key: adminKey,
        variables: {
          input: { accountId: account.id, credits: 10, reason: 'Thanks', idempotencyKey: freshKey(), ...input },
        },
      },
    );
    return outcome;
  };
  const voidGrant = async (input: Record<string, unknown>): Promise<Outcome> => {
    const { voidGrant: outcome } = await studio.ask<{ voidGrant: Outcome }>(
      `mutation ($input: VoidGrantInput!) { voidGrant(input: $input) {
        __typename
        ... on Grant { id state amount remaining held consumed revoked }
        ... on Error { code message } ... on InvalidInputError { issues { path } }
        ... on GrantNotVoidableError { notVoidableState: state }
      } }`,
      { key: adminKey, variables: { input: { reason: 'A mistake', ...input } } },
    );
    return outcome;
  };
  const available = async (): Promise<number> => (await studio.wallet(account.key)).available;
  /** The instant so many seconds from now, as clients write it. */
  const inSeconds = (seconds: number): string => new Date(app.clock.now() + seconds * 1_000).toISOString();

  test('G15 given a new account, when its key is used, then it has the welcome credits once and its own name', async () => {
    const made = await createAccount({ name: '  Studio Ghibli  ' });
    expect(made).toMatchObject({ __typename: 'CreatedAccount', account: { name: 'Studio Ghibli' } });
    expect(made.apiKey).toMatch(/^wzrd_[\w-]{43}$/); // 256 bits in base64url.
    const answer = await studio.ask(
      '{ account { id name } wallet { available grants { nodes { source amount priority expiresAt } } } }',
      { key: String(made.apiKey) },
    );
    expect(answer).toEqual({
      account: { id: made.account?.id, name: 'Studio Ghibli' },
      wallet: {
        available: welcome,
        grants: { nodes: [{ source: 'WELCOME', amount: welcome, priority: 30, expiresAt: null }] },
      },
    });
  });

  test('G37 given an account that was made with a key, when the request is repeated, then it is the same account and its API key is not shown again', async () => {
    const idempotencyKey = freshKey();
    const first = await createAccount({ name: 'Once', idempotencyKey });
    const again = await createAccount({ name: 'Once', idempotencyKey });
    const byHeader = await createAccount({ name: 'Once' }, { 'idempotency-key': idempotencyKey });
    for (const replay of [again, byHeader]) expect(replay).toEqual({ ...first, apiKey: null });
    expect(first.apiKey).not.toBeNull();
  });

  test('G01 given an account that was made with a key, when another is asked for under it, then it is a conflict and no row changes', async () => {
    const idempotencyKey = freshKey();
    await createAccount({ name: 'One', idempotencyKey });
    const before = await digestTables(app.database);
    expect(await createAccount({ name: 'Two', idempotencyKey })).toMatchObject({
      __typename: 'IdempotencyConflictError',
      code: 'IDEMPOTENCY_CONFLICT',
    });
    expect(await digestTables(app.database)).toEqual(before);
  });

  test('G02 G15 given 20 requests for one account at once, when all are answered, then there is one account with one welcome grant and one key', async () => {
    const idempotencyKey = freshKey();
    const made = await Promise.all(
      Array.from({ length: 20 }, () => createAccount({ name: `Crowd ${kind}`, idempotencyKey })),
    );
    expect(new Set(made.map((outcome) => outcome.account?.id)).size).toBe(1);
    const shown = made.flatMap(({ apiKey }) => (typeof apiKey === 'string' ? [apiKey] : []));
    expect(shown).toHaveLength(1);
    expect(await studio.wallet(String(shown[0]))).toEqual({ available: welcome, held: 0 });
    expect(await app.database.prisma.account.count({ where: { name: `Crowd ${kind}` } })).toBe(1);
  });

  test.each([
    ['empty', ''],
    ['of spaces', '   '],
    ['longer than 200 characters', 'n'.repeat(201)],
    ['with U+0000', 'a\u0000b'],
    ['with half a surrogate pair', 'a\ud800'],
  ])(
    'given a name that is %s, when an account is made, then the input is invalid and no row changes',
    async (_name, name) => {
      const before = await digestTables(app.database);
      expect(await createAccount({ name })).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'name'] }],
      });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  test('given credits with nothing else said, when they are given, then they are promotional, at once and without an end', async () => {
    expect(await grantCredits({ credits: 40 })).toMatchObject({
      __typename: 'Grant',
      source: 'PROMOTION',
      category: 'PROMOTIONAL',
      state: 'ACTIVE',
      amount: 40,
      remaining: 40,
      priority: 30,
      effectiveAt: inSeconds(0),
      expiresAt: null,
      reason: 'Thanks',
    });
    expect(await available()).toBe(welcome + 40);
  });

  test('given paid credits with a priority of their own, when they are given, then they are an adjustment and burn first', async () => {
    expect(await grantCredits({ credits: 5, category: 'PAID', priority: 0 })).toMatchObject({
      source: 'ADJUSTMENT',
      category: 'PAID',
      priority: 0,
    });
    await studio.queue(account.key);
    // 3 of the 5 are held, though the welcome credits came first.
    const [adjustment, first] = await studio.grants(account.key);
    expect([adjustment, first]).toMatchObject([
      { amount: 5, held: 3, remaining: 2 },
      { amount: welcome, held: 0, remaining: welcome },
    ]);
  });

  test('given credits for later with an end, when time passes, then they are pending, then spendable, then expired, each to the instant', async () => {
    const granted = await grantCredits({ credits: 50, effectiveAt: inSeconds(60), expiresAt: inSeconds(120) });
    expect(granted).toMatchObject({ state: 'PENDING', remaining: 0 });
    const stateOf = async (): Promise<string> => (await studio.grant(account.key, String(granted['id']))).state;
    const seen: [string, number][] = [];
    for (const ms of [59_999, 1, 59_999, 1]) {
      app.clock.advance(ms);
      seen.push([await stateOf(), await available()]);
    }
    expect(seen).toEqual([
      ['PENDING', welcome],
      ['ACTIVE', welcome + 50],
      ['ACTIVE', welcome + 50],
      ['EXPIRED', welcome],
    ]);
  });

  test('G01 given a grant that was given, when it is repeated, then it is the same grant in its present state, given once', async () => {
    const input = { credits: 7, priority: 1, idempotencyKey: freshKey() };
    const first = await grantCredits(input);
    await studio.queue(account.key);
    expect(await grantCredits(input)).toEqual({ ...first, remaining: 4 }); // 7 - 3 held.
    expect(await grantCredits({ ...input, credits: 8 })).toMatchObject({ __typename: 'IdempotencyConflictError' });
    // Even for an account that does not exist: the key is looked up first.
    expect(await grantCredits({ ...input, accountId: 'account_none' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
    expect(await available()).toBe(welcome + 7 - 3);
  });

  test('G02 given one grant 50 times at once, also to two accounts under one key, then exactly one takes effect', async () => {
    const same = { credits: 9, idempotencyKey: freshKey() };
    const grants = await Promise.all(Array.from({ length: 50 }, () => grantCredits(same)));
    expect(new Set(grants.map(({ __typename, id }) => `${__typename} ${String(id)}`)).size).toBe(1);
    expect(await available()).toBe(welcome + 9);

    const other = await app.newAccount();
    const shared = { credits: 9, idempotencyKey: freshKey() };
    const raced = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        grantCredits({ ...shared, accountId: index % 2 === 0 ? account.id : other.id }),
      ),
    );
    const kinds = raced.map(({ __typename }) => __typename).sort();
    expect(kinds).toEqual([...Array(25).fill('Grant'), ...Array(25).fill('IdempotencyConflictError')]);
    // 100 + 9 of the first key, 100 of the other account, and 9 for one of the two.
    expect((await available()) + (await studio.wallet(other.key)).available).toBe(109 + 100 + 9);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['0 credits', { credits: 0 }, 'credits'],
    ['negative credits', { credits: -1 }, 'credits'],
    ['more credits than a wallet may have', { credits: maximumCredits + 1 }, 'credits'],
    ['more than is left of what a wallet may be given', { credits: maximumCredits }, 'credits'],
    ['a negative priority', { priority: -1 }, 'priority'],
    ['a priority above 1000', { priority: 1_001 }, 'priority'],
    ['no reason', { reason: ' ' }, 'reason'],
    ['a reason of 1001 characters', { reason: 'r'.repeat(1_001) }, 'reason'],
    ['a reason with U+0000', { reason: '\u0000' }, 'reason'],
    ['a beginning in the past', { effectiveAt: '2025-12-31T23:59:59Z' }, 'effectiveAt'],
    ['an end in the past', { expiresAt: '2025-12-31T23:59:59Z' }, 'expiresAt'],
    [
      'an end at its beginning',
      { effectiveAt: '2030-01-01T00:00:00Z', expiresAt: '2030-01-01T00:00:00Z' },
      'expiresAt',
    ],
    ['an empty idempotency key', { idempotencyKey: '' }, 'idempotencyKey'],
    ['an idempotency key of 256 characters', { idempotencyKey: 'k'.repeat(256) }, 'idempotencyKey'],
  ])(
    'G04 G11 given %s, when credits are given, then the input is invalid and no row changes',
    async (_name, input, field) => {
      const before = await digestTables(app.database);
      expect(await grantCredits(input)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', field] }],
      });
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  test('G04 given amounts that are no whole numbers, when credits are given, then they are refused before anything is done', async () => {
    for (const credits of [1.5, '10', 1e300, 2 ** 31, true, null, [10]]) {
      const { errors } = await app.graphql(
        'mutation ($input: GrantCreditsInput!) { grantCredits(input: $input) { __typename } }',
        {
          key: adminKey,
          variables: { input: { accountId: account.id, credits, reason: 'Thanks', idempotencyKey: freshKey() } },
        },
      );
      expect([credits, errors[0]?.extensions.code]).toEqual([credits, 'BAD_REQUEST']);
    }
    expect(await available()).toBe(welcome);
  });

  test('given a wallet, when it is given all that it may have over its life, then not one credit more', async () => {
    expect(await grantCredits({ credits: maximumCredits - welcome })).toMatchObject({ __typename: 'Grant' });
    expect(await grantCredits({ credits: 1 })).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'credits'] }],
    });
    expect(await available()).toBe(maximumCredits);
  });

  test('given an account that nobody has, when credits are given, then it is not found', async () => {
    for (const accountId of ['account_00000000000000000000000000', '', 'x'.repeat(10_000), 'a\u0000', '\ud800']) {
      expect(await grantCredits({ accountId })).toMatchObject({
        __typename: 'AccountNotFoundError',
        code: 'ACCOUNT_NOT_FOUND',
        accountId,
      });
    }
  });

  test('given a grant of which some is held and some was charged, when it is voided, then only what remains goes', async () => {
    const { id } = await grantCredits({ credits: 10, priority: 1 });
    await studio.queue(account.key);
    await app.settle();
    await studio.queue(account.key);
    // 10 = 3 charged + 3 held + 4 that remain.
    expect(await voidGrant({ id })).toMatchObject({
      __typename: 'Grant',
      state: 'VOIDED',
      amount: 10,
      consumed: 3,
      held: 3,
      remaining: 0,
      revoked: 4,
    });
    expect(await available()).toBe(welcome);
  });

  test('G01 given a grant that was voided, when that is repeated, then with its key it is the same, without it is refused', async () => {
    const { id } = await grantCredits({ credits: 10 });
    const idempotencyKey = freshKey();
    const first = await voidGrant({ id, idempotencyKey });
    expect(await voidGrant({ id, idempotencyKey })).toEqual(first);
    expect(await voidGrant({ id })).toMatchObject({ __typename: 'GrantNotVoidableError', notVoidableState: 'VOIDED' });
    expect(await voidGrant({ id, idempotencyKey, reason: 'Another' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
    expect(await voidGrant({ id: 'grant_none', idempotencyKey })).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
    expect(await available()).toBe(welcome);
  });

  test('given grants that are used up, expired or unknown, when they are voided, then the answer says so and no row changes', async () => {
    const { id: used } = await grantCredits({ credits: 3, priority: 1 });
    await studio.queue(account.key);
    await app.settle();
    const { id: expired } = await grantCredits({ credits: 3, priority: 900, expiresAt: inSeconds(1) });
    app.clock.advanceSeconds(1);
    const before = await digestTables(app.database);
    expect(await voidGrant({ id: used })).toMatchObject({
      __typename: 'GrantNotVoidableError',
      notVoidableState: 'USED',
    });
    expect(await voidGrant({ id: expired })).toMatchObject({
      __typename: 'GrantNotVoidableError',
      notVoidableState: 'EXPIRED',
    });
    for (const id of ['grant_00000000000000000000000000', '', 'g\u0000']) {
      for (const idempotencyKey of [null, freshKey()]) {
        expect(await voidGrant({ id, idempotencyKey })).toMatchObject({
          __typename: 'GrantNotFoundError',
          code: 'GRANT_NOT_FOUND',
        });
      }
    }
    expect(await voidGrant({ id: used, reason: '' })).toMatchObject({ __typename: 'InvalidInputError' });
    expect(await voidGrant({ id: 'grant_none', idempotencyKey: '' })).toMatchObject({
      __typename: 'InvalidInputError',
    });
    expect(await digestTables(app.database)).toEqual(before);
  });

  test('given a pending grant, when it is voided, then it never becomes spendable', async () => {
    const { id } = await grantCredits({ credits: 10, effectiveAt: inSeconds(60) });
    expect(await voidGrant({ id })).toMatchObject({ state: 'VOIDED', revoked: 10 });
    app.clock.advanceSeconds(60);
    expect(await available()).toBe(welcome);
  });

  test('given a generation that was charged 3, when it is refunded by 1, by the rest and once more, then it is given back once', async () => {
    const id = await studio.queue(account.key, schnell);
    await app.settle();
    expect(await available()).toBe(welcome - 3);
    expect(await studio.refund(id, 1)).toMatchObject({ creditsCharged: 3, creditsRefunded: 1, replayed: false });
    expect(await available()).toBe(welcome - 2);
    expect(await studio.refund(id, 3)).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'credits'] }],
    });
    expect(await studio.refund(id)).toMatchObject({ creditsCharged: 3, creditsRefunded: 3, status: 'SUCCEEDED' });
    expect(await studio.refund(id)).toMatchObject({ __typename: 'InvalidInputError' });
    expect(await available()).toBe(welcome);
  });

  test('G01 given a refund, when it is repeated, then it is replayed; with another amount it is a conflict', async () => {
    const id = await studio.queue(account.key, schnell);
    await app.settle();
    const idempotencyKey = freshKey();
    expect(await studio.refund(id, 2, { idempotencyKey })).toMatchObject({ creditsRefunded: 2, replayed: false });
    expect(await studio.refund(id, 2, { idempotencyKey })).toMatchObject({ creditsRefunded: 2, replayed: true });
    expect(await studio.refund(id, 1, { idempotencyKey })).toMatchObject({ __typename: 'IdempotencyConflictError' });
    expect(await available()).toBe(welcome - 1);
  });

  test('given generations that were not charged or do not exist, when they are refunded, then nothing changes', async () => {
    const queued = await studio.queue(account.key, schnell);
    const failed = await studio.queue(account.key, { ...schnell, params: { sandbox: 'fail' } });
    await studio.cancel(account.key, queued);
    await app.settle();
    const before = await digestTables(app.database);
    for (const id of [queued, failed]) {
      expect(await studio.refund(id)).toMatchObject({
        __typename: 'InvalidInputError',
        issues: [{ path: ['input', 'id'] }],
      });
    }
    expect(await studio.refund('gen_00000000000000000000000000')).toMatchObject({
      __typename: 'GenerationNotFoundError',
      code: 'GENERATION_NOT_FOUND',
    });
    for (const credits of [0, -1]) {
      expect(await studio.refund(queued, credits)).toMatchObject({ __typename: 'InvalidInputError' });
    }
    expect(await digestTables(app.database)).toEqual(before);
  });

  test('G02 given a refund of all 20 times at once under different keys, then it is given back once', async () => {
    const id = await studio.queue(account.key, schnell);
    await app.settle();
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => studio.refund(id)));
    expect(outcomes.filter(({ __typename }) => __typename === 'Generation')).toHaveLength(1);
    expect(await available()).toBe(welcome);
  });

  test('given an account, when support looks at it, then it sees what its owner sees', async () => {
    const id = await studio.queue(account.key, schnell);
    const { accountById } = await studio.ask<{ accountById: unknown }>(
      `query ($id: ID!) { accountById(id: $id) {
        account { id name } wallet { available held } generations { totalCount nodes { id creditsHeld } }
      } }`,
      { key: adminKey, variables: { id: account.id } },
    );
    expect(accountById).toEqual({
      account: { id: account.id, name: 'Test' },
      wallet: { available: welcome - 3, held: 3 },
      generations: { totalCount: 1, nodes: [{ id, creditsHeld: 3 }] },
    });
    for (const unknown of ['account_00000000000000000000000000', '', 'a\u0000']) {
      expect(
        await studio.ask('query ($id: ID!) { accountById(id: $id) { account { id } } }', {
          key: adminKey,
          variables: { id: unknown },
        }),
      ).toEqual({ accountById: null });
    }
  });

  test('given accounts, when an administrator reads all of them page by page, then each is there once, the newest first', async () => {
    for (let made = 0; made < 3; made += 1) await app.newAccount();
    const rows = await app.database.prisma.account.findMany({ orderBy: { id: 'desc' } });
    const list = { key: adminKey, field: 'accounts(%)', nodeFields: 'id name createdAt' };
    const expected = rows.map(({ id, name, createdAt }) => ({ id, name, createdAt: createdAt.toISOString() }));
    expect(await readForwards(studio, list, 2)).toEqual(expected);
    expect(await readBackwards(studio, list, 3)).toEqual(expected);
    expect((await readPage(studio, list, 'first: 1')).totalCount).toBe(rows.length);
  });
});
