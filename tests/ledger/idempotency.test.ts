import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { connectAgain } from '../support/second-connection.ts';
import { banana, countTypes, createStudio, generateDocument, type Studio, schnell } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describeOnBoth('Idempotency keys', (kind) => {
  let app: TestApp;
  let studio: Studio;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
  });
  afterAll(async () => {
    expect(await findLedgerFaults(app.database)).toEqual([]);
    await app.close();
  });

  it('G01 given a key that made a generation, when the request comes again, then the same generation answers as it is now', async () => {
    const { key } = await app.newAccount();
    const first = await studio.generate(key, { ...schnell, idempotencyKey: 'order-1' });
    expect(first).toMatchObject({ __typename: 'Generation', status: 'QUEUED', creditsHeld: 3, replayed: false });

    const queued = await studio.generate(key, { ...schnell, idempotencyKey: 'order-1' });
    expect(queued).toMatchObject({ id: first.id, status: 'QUEUED', creditsHeld: 3, replayed: true });

    await app.settle();
    const done = await studio.generate(key, { ...schnell, idempotencyKey: 'order-1' });
    expect(done).toMatchObject({
      id: first.id,
      status: 'SUCCEEDED',
      creditsCharged: 3,
      creditsHeld: 0,
      replayed: true,
    });
    // 100 granted - 3 charged once = 97
    expect(await studio.wallet(key)).toEqual({ available: 97, held: 0 });
  });

  it('G01 given a key that was used, when the price has changed, the model is disabled and nothing is left, then it still replays', async () => {
    const { key } = await app.newAccount();
    const input = { modelId: 'fal-ai/sora-2/text-to-video/pro', prompt: 'A storm', idempotencyKey: 'film' };
    const first = await studio.generate(key, input);
    // 100 - 50 held = 50, and 50 - 50 = 0
    await studio.queue(key, { ...input, idempotencyKey: 'another film' });
    await studio.updateModel(input.modelId, { credits: 60, enabled: false });
    const before = await digestTables(app.database);

    const replay = await studio.generate(key, input);

    expect(replay).toMatchObject({ __typename: 'Generation', id: first.id, creditsHeld: 50, replayed: true });
    expect(await digestTables(app.database)).toEqual(before);
    await studio.updateModel(input.modelId, { credits: 50, enabled: true });
  });

  it('G01 given a key that was used, when another request comes under it, then it is refused and no row changes', async () => {
    const { key } = await app.newAccount();
    await studio.queue(key, { ...schnell, params: { num_images: 1 }, idempotencyKey: 'one' });
    const before = await digestTables(app.database);
    const others = [
      { ...schnell, prompt: 'Another prompt', params: { num_images: 1 } },
      { ...schnell, params: { num_images: 2 } },
      { ...schnell, params: { num_images: 1, num_inference_steps: null } },
      { ...schnell },
      { ...schnell, params: { num_images: 1 }, metadata: { shot: 7 } },
      { ...banana, params: { num_images: 1 } },
      { modelId: 'no-such-model', prompt: 'x' },
    ];
    for (const input of others) {
      expect(await studio.generate(key, { ...input, idempotencyKey: 'one' }), JSON.stringify(input)).toMatchObject({
        __typename: 'IdempotencyConflictError',
        code: 'IDEMPOTENCY_CONFLICT',
        idempotencyKey: 'one',
      });
    }
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G01 given a request, when it comes again with its members in another order, then it is the same request', async () => {
    const { key } = await app.newAccount();
    const params = { num_images: 2, image_size: 'square' };
    const id = await studio.queue(key, { ...schnell, params, idempotencyKey: 'order' });
    const again = await studio.generate(key, {
      idempotencyKey: 'order',
      metadata: null,
      params: { image_size: 'square', num_images: 2 },
      prompt: schnell.prompt,
      modelId: schnell.modelId,
    });
    expect(again).toMatchObject({ id, replayed: true });
  });

  it('G01 given two accounts, when both use one key, then each has its own generation', async () => {
    const [one, other] = [await app.newAccount(), await app.newAccount()];
    const first = await studio.generate(one.key, { ...schnell, idempotencyKey: 'shared' });
    const second = await studio.generate(other.key, { ...banana, idempotencyKey: 'shared' });
    expect(first).toMatchObject({ __typename: 'Generation', replayed: false });
    expect(second).toMatchObject({ __typename: 'Generation', replayed: false });
    expect(second.id).not.toBe(first.id);
    expect(await studio.wallet(one.key)).toEqual({ available: 97, held: 3 });
    expect(await studio.wallet(other.key)).toEqual({ available: 96, held: 4 });
  });

  it('G01 given a request that was refused for want of credits, when credits have come, then its key is free, also for another request', async () => {
    const account = await app.newAccount();
    const film = { modelId: 'fal-ai/veo3.1', prompt: 'A storm' };
    await studio.queue(account.key, film);
    await studio.queue(account.key, film);
    // 100 - 40 - 40 = 20 < 40
    const refused = await studio.generate(account.key, { ...film, idempotencyKey: 'later' });
    expect(refused).toMatchObject({
      __typename: 'InsufficientCreditsError',
      required: 40,
      available: 20,
      held: 80,
      shortfall: 20,
    });

    await studio.giveCredits(account.id, 30);
    const accepted = await studio.generate(account.key, { ...film, idempotencyKey: 'later' });
    expect(accepted).toMatchObject({ __typename: 'Generation', replayed: false });

    const poor = await studio.generate(account.key, { ...film, idempotencyKey: 'changed' });
    expect(poor.__typename).toBe('InsufficientCreditsError');
    expect(await studio.generate(account.key, { ...schnell, idempotencyKey: 'changed' })).toMatchObject({
      __typename: 'Generation',
      replayed: false,
    });
  });

  it('G01 given a key in the header, when it comes again as the argument, then it is the same key', async () => {
    const { key } = await app.newAccount();
    const first = await studio.generate(key, schnell, { 'idempotency-key': 'from-the-header' });
    expect(first).toMatchObject({ __typename: 'Generation', replayed: false });
    const both = await studio.generate(
      key,
      { ...schnell, idempotencyKey: 'from-the-header' },
      { 'idempotency-key': 'from-the-header' },
    );
    expect(both).toMatchObject({ id: first.id, replayed: true });
    expect(await studio.generate(key, { ...schnell, idempotencyKey: 'from-the-header' })).toMatchObject({
      id: first.id,
      replayed: true,
    });
  });

  it('G01 given a header and an argument that differ, when a mutation comes, then it is invalid and holds nothing', async () => {
    const { key } = await app.newAccount();
    const answer = await studio.generate(key, { ...schnell, idempotencyKey: 'one' }, { 'idempotency-key': 'two' });
    expect(answer).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'idempotencyKey'] }],
    });
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('G01 given a header, when a document has two mutations, then the request is refused and neither takes effect', async () => {
    const { key } = await app.newAccount();
    const two = `mutation ($input: GenerateInput!) {
      one: generate(input: $input) { __typename }
      two: generate(input: $input) { __typename }
    }`;
    const refused = await app.graphql(two, {
      key,
      variables: { input: schnell },
      headers: { 'idempotency-key': 'for-which' },
    });
    expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });

    const withoutHeader = await app.graphql(two, { key, variables: { input: schnell } });
    expect(withoutHeader.errors).toEqual([]);
    expect(await studio.wallet(key)).toEqual({ available: 94, held: 6 });
  });

  it.each([
    ['empty', ''],
    ['longer than 255 characters', 'k'.repeat(256)],
    ['with U+0000', 'a\u0000b'],
    ['with half a surrogate pair', 'a\ud800b'],
  ])('G01 given a key that is %s, when a mutation comes, then it is invalid', async (_name, idempotencyKey) => {
    const { key } = await app.newAccount();
    expect(await studio.generate(key, { ...schnell, idempotencyKey })).toMatchObject({
      __typename: 'InvalidInputError',
      issues: [{ path: ['input', 'idempotencyKey'] }],
    });
  });

  it('G01 given keys of an administrator, when they are used again, then grants, voids, refunds and accounts replay or conflict', async () => {
    const account = await app.newAccount();
    const grantInput = { idempotencyKey: 'grant-1' };
    const grant = await studio.giveCredits(account.id, 7, grantInput);
    expect(await studio.giveCredits(account.id, 7, grantInput)).toMatchObject({ __typename: 'Grant', id: grant.id });
    expect(await studio.giveCredits(account.id, 8, grantInput)).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
    // 100 + 7 once = 107
    expect(await studio.wallet(account.key)).toEqual({ available: 107, held: 0 });

    const id = await studio.queue(account.key);
    await app.settle();
    const refundKey = { idempotencyKey: 'refund-1' };
    expect(await studio.refund(id, 1, refundKey)).toMatchObject({ creditsRefunded: 1, replayed: false });
    expect(await studio.refund(id, 1, refundKey)).toMatchObject({ creditsRefunded: 1, replayed: true });
    expect(await studio.refund(id, 2, refundKey)).toMatchObject({ __typename: 'IdempotencyConflictError' });
    // 107 - 3 charged + 1 refunded once = 105
    expect(await studio.wallet(account.key)).toEqual({ available: 105, held: 0 });

    const voidKey = { idempotencyKey: 'void-1' };
    const voided = { __typename: 'Grant', state: 'VOIDED', id: grant.id };
    expect(await studio.voidGrant(grant.id ?? '', voidKey)).toMatchObject(voided);
    expect(await studio.voidGrant(grant.id ?? '', voidKey)).toMatchObject(voided);
    expect(await studio.voidGrant(grant.id ?? '', { ...voidKey, reason: 'Another' })).toMatchObject({
      __typename: 'IdempotencyConflictError',
    });
    expect(await studio.voidGrant(grant.id ?? '')).toMatchObject({ __typename: 'GrantNotVoidableError' });
  });

  it('G02 given 100 identical requests at once, when all are answered, then one generation was made and all name it', async () => {
    const { key } = await app.newAccount();
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => studio.generate(key, { ...banana, idempotencyKey: 'storm' })),
    );
    expect(countTypes(answers)).toEqual({ Generation: 100 });
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    // 100 granted - 4 held once = 96
    expect(await studio.wallet(key)).toEqual({ available: 96, held: 4 });
  });

  it('G02 given 50 different requests under one key at once, when all are answered, then one took effect and 49 conflict', async () => {
    const { key } = await app.newAccount();
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        studio.generate(key, { ...banana, prompt: `Picture ${index}`, idempotencyKey: 'one for all' }),
      ),
    );
    expect(countTypes(answers)).toEqual({ Generation: 1, IdempotencyConflictError: 49 });
    expect(await studio.wallet(key)).toEqual({ available: 96, held: 4 });
  });

  // The embedded database has one process.
  it.runIf(kind === 'postgres')(
    'G02 given two servers on one database, when 100 identical requests come to both at once, then one generation was made',
    async () => {
      const database = await connectAgain({ database: app.database, url: app.databaseUrl });
      const second = await startTestApp(kind, { database, clock: app.clock });
      try {
        const { key } = await app.newAccount();
        const variables = { input: { ...banana, idempotencyKey: 'both' } };
        const answers = await Promise.all(
          Array.from({ length: 100 }, async (_, index) => {
            const server = index % 2 === 0 ? app : second;
            const { data } = await server.graphql<{ generate: { __typename: string; id: string; replayed: boolean } }>(
              generateDocument,
              { key, variables },
            );
            return data.generate;
          }),
        );
        expect(countTypes(answers)).toEqual({ Generation: 100 });
        expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
        expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
        expect(await studio.wallet(key)).toEqual({ available: 96, held: 4 });
      } finally {
        await second.close();
        await database.database.close();
      }
    },
  );

  it('G15 given 100 identical requests for an account at once, when all are answered, then there is one account with one welcome grant', async () => {
    const document = `mutation { createAccount(input: { name: "Storm", idempotencyKey: "storm" }) {
      __typename ... on CreatedAccount { account { id } apiKey }
    } }`;
    const answers = await Promise.all(
      Array.from({ length: 100 }, () =>
        studio.ask<{ createAccount: { account: { id: string }; apiKey: string | null } }>(document, {
          key: 'an-administrators-key-for-tests',
        }),
      ),
    );
    const created = answers.map(({ createAccount }) => createAccount);
    expect(new Set(created.map(({ account }) => account.id)).size).toBe(1);
    // The key is shown to the one that made the account, and to nobody else.
    const keys = created.flatMap(({ apiKey }) => (apiKey === null ? [] : [apiKey]));
    expect(keys).toHaveLength(1);
    expect(await studio.wallet(keys[0] ?? '')).toEqual({ available: 100, held: 0 });
    expect(await studio.grants(keys[0] ?? '')).toMatchObject([{ amount: 100, remaining: 100 }]);

    const accountId = created[0]?.account.id ?? '';
    const secondWelcome = app.database.prisma.$executeRaw`
      INSERT INTO credit_grant SELECT account_id, 'grant_second', source, category, priority, amount, pending, remaining,
        held, consumed, expired, revoked, effective_at, expires_at, voided_at, created_at, reason
      FROM credit_grant WHERE account_id = ${accountId}`;
    await expect(secondWelcome).rejects.toThrow(/credit_grant_one_welcome|23505|P2002|Unique/i);
  });
});
