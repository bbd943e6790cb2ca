import { buildSchema, isInputObjectType, isObjectType } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printedSchema } from '../support/printed-schema.ts';
import { createStudio, schnell, type Studio } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

/** Every field for administrators, with a request that is right in all but the caller. */
const administrative: Record<string, (accountId: string, grantId: string, generationId: string) => string> = {
  accountById: (accountId) => `{ accountById(id: "${accountId}") { account { id } wallet { available } } }`,
  accounts: () => '{ accounts { totalCount nodes { id name } } }',
  verifyLedger: (accountId) => `{ verifyLedger(accountId: "${accountId}") { ok } }`,
  rebuildWallet: (accountId) => `mutation { rebuildWallet(accountId: "${accountId}") { __typename } }`,
  createAccount: () => 'mutation { createAccount(input: { name: "Mine" }) { __typename } }',
  grantCredits: (accountId) =>
    `mutation { grantCredits(input: { accountId: "${accountId}", credits: 1, reason: "x", idempotencyKey: "x" }) { __typename } }`,
  voidGrant: (_accountId, grantId) => `mutation { voidGrant(input: { id: "${grantId}", reason: "x" }) { __typename } }`,
  refundGeneration: (_accountId, _grantId, id) =>
    `mutation { refundGeneration(input: { id: "${id}", reason: "x", idempotencyKey: "x" }) { __typename } }`,
  holdsAtRisk: () => '{ holdsAtRisk { totalCount nodes { id accountId } } }',
  orphanedGenerations: () => '{ orphanedGenerations { totalCount nodes { id accountId } } }',
  stripeEvents: () => '{ stripeEvents { totalCount nodes { id } } }',
  replayStripeEvent: () => 'mutation { replayStripeEvent(id: "evt_1") { id } }',
  setUpStripe: () => 'mutation { setUpStripe(apply: true) { __typename } }',
  reconcileStripe: () =>
    'mutation { reconcileStripe(from: "2026-01-01T00:00:00Z", to: "2026-01-02T00:00:00Z", repair: true) { __typename } }',
  updateModel: () => 'mutation { updateModel(input: { id: "fal-ai/flux/dev", credits: 1 }) { __typename } }',
};

describe('Access', () => {
  let app: TestApp;
  let studio: Studio;
  /** Somebody with a wallet, grants and a generation that was charged. */
  let victim: { id: string; key: string; grantId: string; generationId: string };
  let other: { id: string; key: string };
  beforeAll(async () => {
    app = await startTestApp('postgres');
    studio = createStudio(app);
    const account = await app.newAccount();
    const generationId = await studio.queue(account.key, { kind: 'IMAGE', prompt: 'a fox' });
    await app.settle();
    const [grant] = await studio.grants(account.key);
    victim = { ...account, generationId, grantId: grant?.id ?? '' };
    other = await app.newAccount();
  });
  afterAll(() => app.close());

  test('G36 the table of this file names every field that is for administrators', () => {
    const schema = buildSchema(printedSchema());
    const fields = [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
      Object.values(type?.getFields() ?? {}),
    );
    const forAdministrators = fields.filter(({ description }) => description?.includes('For administrators.'));
    expect(forAdministrators.map(({ name }) => name).sort()).toEqual(Object.keys(administrative).sort());
  });

  test.each(Object.entries(administrative))(
    'G36 given %s, when somebody without the right asks, then it is FORBIDDEN or UNAUTHENTICATED, whether the ids exist or not, and no row changes',
    async (name, request) => {
      const existing = request(victim.id, victim.grantId, victim.generationId);
      const invented = request(
        'account_00000000000000000000000000',
        'grant_00000000000000000000000000',
        'gen_00000000000000000000000000',
      );
      const before = await digestTables(app.database);
      for (const [key, code] of [
        [other.key, 'FORBIDDEN'],
        [victim.key, 'FORBIDDEN'],
        [null, 'UNAUTHENTICATED'],
      ] as const) {
        const answers = [];
        for (const query of [existing, invented]) {
          const { status, data, errors } = await app.graphql(query, { key });
          expect(errors).toMatchObject([{ path: [name], extensions: { code } }]);
          answers.push({ status, data, messages: errors.map(({ message }) => message) });
        }
        // What exists and what does not look the same.
        expect(answers[0]).toEqual(answers[1]);
      }
      expect(await digestTables(app.database)).toEqual(before);
    },
  );

  test('G36 given the right, when an administrator asks for the same, then it is done', async () => {
    for (const [name, request] of Object.entries(administrative)) {
      const { errors } = await app.graphql(request(other.id, victim.grantId, victim.generationId), { key: adminKey });
      expect([name, errors]).toEqual([name, []]);
    }
  });

  test('G36 G22 given the ids of another account, when they are asked for, then they look like ids that nobody has', async () => {
    const generation = await app.database.prisma.generation.findFirstOrThrow({ where: { accountId: victim.id } });
    const asset = await app.database.prisma.asset.findFirstOrThrow({ where: { accountId: victim.id } });
    const checkout = await studio.ask<{ createCheckout: { id: string } }>(
      'mutation { createCheckout(input: { mode: PACK, packCode: "pack_100" }) { ... on Checkout { id } } }',
      { key: victim.key },
    );
    const ids = [
      victim.id,
      victim.id.replace('account_', 'wallet_'),
      victim.grantId,
      `${victim.id.replace('account_', 'transaction_')}_1`,
      generation.id,
      asset.id,
      checkout.createCheckout.id,
    ];
    const node = (id: string, key: string | null) =>
      studio.ask<{ node: { __typename: string } | null }>('query ($id: ID!) { node(id: $id) { __typename id } }', {
        key,
        variables: { id },
      });
    for (const id of ids) {
      expect(await node(id, victim.key)).toMatchObject({ node: { id } });
      for (const key of [other.key, null]) expect([id, await node(id, key)]).toEqual([id, { node: null }]);
    }
    expect(await studio.generation(other.key, generation.id)).toBeNull();
    expect(await studio.cancel(other.key, generation.id)).toEqual(
      await studio.cancel(other.key, 'gen_00000000000000000000000000'),
    );
    const rest = async (id: string) => {
      const response = await fetch(`${app.url}/functions/v1/generations/${id}`, {
        headers: { authorization: `Bearer ${other.key}` },
      });
      return { status: response.status, body: (await response.json()) as unknown };
    };
    expect(await rest(generation.id)).toEqual(await rest('gen_00000000000000000000000000'));
  });

  test('G36 given cursors of another account, when they are used, then they show nothing of it', async () => {
    const page = (key: string, after: string | null) =>
      studio.ask<{ generations: { edges: { cursor: string; node: { id: string } }[]; totalCount: number } }>(
        'query ($after: String) { generations(after: $after) { totalCount edges { cursor node { id } } } }',
        { key, variables: { after } },
      );
    const { generations } = await page(victim.key, null);
    expect(generations.totalCount).toBe(1);
    // Everything of the victim is newer than a cursor before the first of all ids.
    for (const cursor of [generations.edges[0]?.cursor ?? '', Buffer.from('gen_7').toString('base64url')]) {
      expect(await page(other.key, cursor)).toEqual({ generations: { totalCount: 0, edges: [] } });
    }
  });

  test('G35 given headers, metadata, params and fields that name another account, when a generation is paid, then the account of the key pays', async () => {
    const payer = await app.newAccount();
    const before = await studio.wallet(victim.key);
    const names = ['x-account-id', 'account-id', 'x-user-id', 'x-wallet-id', 'x-forwarded-user', 'apikey', 'cookie'];
    const headers = Object.fromEntries(
      names.map((name) => [name, name === 'cookie' ? `key=${victim.key}` : victim.id]),
    );
    headers['x-api-key'] = victim.key; // The bearer's key comes first.
    const metadata = { account_id: victim.id, accountId: victim.id, user_id: victim.id };
    expect(await studio.generate(payer.key, { ...schnell, metadata }, headers)).toMatchObject({
      __typename: 'Generation',
      metadata,
    });
    expect(await studio.generate(payer.key, { ...schnell, params: { account_id: victim.id } })).toMatchObject({
      __typename: 'InvalidInputError',
    });
    const rest = await fetch(`${app.url}/functions/v1/generate?account_id=${victim.id}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${payer.key}`, ...headers },
      body: JSON.stringify({ model_id: schnell.modelId, prompt: 'A lighthouse', metadata }),
    });
    expect(rest.status).toBe(202);
    const named = await fetch(`${app.url}/functions/v1/generate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${payer.key}` },
      body: JSON.stringify({ model_id: schnell.modelId, prompt: 'A lighthouse', account_id: victim.id }),
    });
    expect(named.status).toBe(400);
    // Two generations of 3 credits were paid by the caller, none by the other.
    expect(await studio.wallet(payer.key)).toEqual({ available: 94, held: 6 });
    expect(await studio.wallet(victim.key)).toEqual(before);
  });

  test('G35 given the schema, when all of its arguments are read, then only what is for administrators names an account', () => {
    const schema = buildSchema(printedSchema());
    const naming = Object.values(schema.getTypeMap()).flatMap((type) => {
      if (isInputObjectType(type)) {
        const fields = Object.keys(type.getFields());
        return fields
          .filter((field) => /account|user|owner|wallet/i.test(field))
          .map((field) => `${type.name}.${field}`);
      }
      if (!isObjectType(type)) return [];
      return Object.values(type.getFields()).flatMap((field) =>
        field.args
          .filter(({ name }) => /account|user|owner|wallet/i.test(name))
          .map(({ name }) => `${type.name}.${field.name}(${name})`),
      );
    });
    expect(naming.sort()).toEqual([
      'GrantCreditsInput.accountId',
      'Mutation.rebuildWallet(accountId)',
      'Query.verifyLedger(accountId)',
    ]);
  });
});
