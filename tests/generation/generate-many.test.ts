import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import { type Answer, createStudio, generateDocument, mini, type Studio, veo } from '../support/studio.ts';
import { digestTables } from '../support/table-digest.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

interface ManyAnswer {
  readonly results: readonly Answer[];
  readonly credits: number;
  readonly dryRun: boolean;
}

// The fields of a result are the ones that `generate` is asked for alone.
const fields = generateDocument.slice(generateDocument.indexOf('{ __typename'), generateDocument.lastIndexOf('}'));
const document = `mutation ($inputs: [GenerateInput!]!, $mode: BatchMode! = EACH, $dryRun: Boolean! = false) {
  generateMany(inputs: $inputs, mode: $mode, dryRun: $dryRun) { credits dryRun results ${fields} }
}`;

const unknown = { modelId: 'nobody/knows', prompt: 'x' };
const invalid = { ...mini, params: { colour: 'red' } };
const types = ({ results }: ManyAnswer): string[] => results.map(({ __typename }) => __typename);

describeOnBoth('Several calls at once', (kind) => {
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

  const many = async (
    key: string,
    inputs: readonly object[],
    more: { mode?: 'ALL' | 'EACH'; dryRun?: boolean } = {},
  ): Promise<ManyAnswer> =>
    (await studio.ask<{ generateMany: ManyAnswer }>(document, { key, variables: { inputs, ...more } })).generateMany;

  it('given 100 credits, when four calls are made and one is of no model, then three are held and the error is in its place', async () => {
    const { key } = await app.newAccount();
    const answer = await many(key, [mini, unknown, veo, invalid, mini]);
    expect(types(answer)).toEqual(['Generation', 'UnknownModelError', 'Generation', 'InvalidInputError', 'Generation']);
    expect(answer).toMatchObject({ credits: 31, dryRun: false }); // 3 + 25 + 3
    expect(await studio.wallet(key)).toEqual({ available: 69, held: 31 }); // 100 - 31
    await app.settle();
    expect(await studio.wallet(key)).toEqual({ available: 69, held: 0 });
  });

  it('given 100 credits, when five calls of 25 are made each for itself, then the first four are held and the last is 25 short', async () => {
    const { key } = await app.newAccount();
    const answer = await many(key, [veo, veo, veo, veo, veo]);
    expect(answer.results[4]).toMatchObject({
      __typename: 'InsufficientCreditsError',
      required: 25,
      available: 0,
      held: 100,
      shortfall: 25,
    });
    expect(answer.credits).toBe(100);
    expect(await studio.wallet(key)).toEqual({ available: 0, held: 100 });
  });

  it('G11 given 100 credits, when five calls of 25 want all or none, then nothing changes and each says what all of them lack', async () => {
    const { key } = await app.newAccount();
    await many(key, [mini]);
    const before = await digestTables(app.database);
    const answer = await many(key, [veo, veo, veo, veo, veo], { mode: 'ALL' });
    for (const result of answer.results) {
      // 5 x 25 = 125; 125 - 97 = 28
      expect(result).toMatchObject({
        __typename: 'InsufficientCreditsError',
        required: 125,
        available: 97,
        held: 3,
        shortfall: 28,
        suggestedPack: { code: 'pack_100' },
      });
    }
    expect(answer.credits).toBe(0);
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('G11 given a call of no model, when all or none is wanted, then none is made and the others name it', async () => {
    const { key } = await app.newAccount();
    const before = await digestTables(app.database);
    const answer = await many(key, [mini, unknown, invalid], { mode: 'ALL' });
    expect(types(answer)).toEqual(['InvalidInputError', 'UnknownModelError', 'InvalidInputError']);
    expect(answer.results[0]?.issues?.map(({ path }) => path)).toEqual([
      ['inputs', '1'],
      ['inputs', '2'],
    ]);
    expect(answer.results[2]?.issues?.[0]?.path).toEqual(['input', 'params', 'colour']);
    expect(await digestTables(app.database)).toEqual(before);
  });

  it('given enough credits, when all or none is wanted, then all are held, and 60 at once on a wallet for two of them hold exactly two', async () => {
    const { key } = await app.newAccount();
    const answers = await Promise.all(Array.from({ length: 60 }, () => many(key, [veo, veo], { mode: 'ALL' })));
    // 100 / (2 x 25) = 2
    expect(answers.filter(({ credits }) => credits === 50)).toHaveLength(2);
    for (const answer of answers) expect(new Set(types(answer)).size).toBe(1);
    expect(await studio.wallet(key)).toEqual({ available: 0, held: 100 });
  });

  it.each(['ALL', 'EACH'] as const)(
    'G12 given a dry run with %s, when it is answered, then it says what would come of it and nothing has changed',
    async (mode) => {
      const { key } = await app.newAccount();
      const before = await digestTables(app.database);
      const inputs = [mini, veo, { ...mini, idempotencyKey: 'twice' }, { ...mini, idempotencyKey: 'twice' }];
      const answer = await many(key, inputs, { mode, dryRun: true });
      expect(answer).toMatchObject({ credits: 31, dryRun: true }); // 3 + 25 + 3
      expect(answer.results).toMatchObject([
        { __typename: 'Generation', status: 'QUEUED', creditsHeld: 3, creditsCharged: 0, replayed: false },
        { __typename: 'Generation', creditsHeld: 25 },
        { __typename: 'Generation', creditsHeld: 3, replayed: false },
        { __typename: 'Generation', replayed: true },
      ]);
      expect(await digestTables(app.database)).toEqual(before);
      expect(await studio.generation(key, answer.results[0]?.id ?? '')).toBeNull();
    },
  );

  it('G01 given calls with keys of their own, when the batch is sent again, and one of them alone, then all are the same as before', async () => {
    const { key } = await app.newAccount();
    const inputs = ['a', 'b', 'c'].map((idempotencyKey) => ({ ...mini, idempotencyKey }));
    const first = await many(key, inputs, { mode: 'ALL' });
    const again = await many(key, inputs, { mode: 'ALL' });
    expect(again.results.map(({ id }) => id)).toEqual(first.results.map(({ id }) => id));
    expect(again.results.every(({ replayed }) => replayed === true)).toBe(true);
    expect(again.credits).toBe(0);
    expect(await studio.generate(key, inputs[1] ?? {})).toMatchObject({ id: first.results[1]?.id, replayed: true });
    const other = await many(key, [{ ...veo, idempotencyKey: 'a' }, mini], { mode: 'EACH' });
    expect(types(other)).toEqual(['IdempotencyConflictError', 'Generation']);
    expect(types(await many(key, [{ ...veo, idempotencyKey: 'a' }, mini], { mode: 'ALL' }))).toEqual([
      'IdempotencyConflictError',
      'InvalidInputError',
    ]);
    expect(await studio.wallet(key)).toEqual({ available: 88, held: 12 }); // 100 - 4 x 3
  });

  it('G02 given the same batch sent 50 times at once, when it is answered, then it has one effect', async () => {
    const { key } = await app.newAccount();
    const inputs = ['a', 'b'].map((idempotencyKey) => ({ ...mini, idempotencyKey }));
    const answers = await Promise.all(Array.from({ length: 50 }, () => many(key, inputs, { mode: 'ALL' })));
    expect(new Set(answers.map(({ results }) => results.map(({ id }) => id).join())).size).toBe(1);
    expect(answers.reduce((sum, { credits }) => sum + credits, 0)).toBe(6);
    expect(await studio.wallet(key)).toEqual({ available: 94, held: 6 });
  });

  it('given no input, 101 of them, or one key in the header, when it is sent, then that is BAD_REQUEST; 100 are answered', async () => {
    const { key } = await app.newAccount(500);
    const ask = (count: number, headers: Record<string, string> = {}) =>
      app.graphql<{ generateMany: ManyAnswer } | null>(document, {
        key,
        variables: { inputs: Array<object>(count).fill(mini) },
        headers,
      });
    for (const refused of [await ask(0), await ask(101), await ask(1, { 'idempotency-key': 'one' })]) {
      expect(refused.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
    }
    const { data } = await ask(100);
    expect(data?.generateMany).toMatchObject({ credits: 300 });
    expect(await studio.wallet(key)).toEqual({ available: 300, held: 300 });
  });

  it('G38 given 100 calls of which too much is asked, when they come, then the document is too complex and nothing is held', async () => {
    const { key } = await app.newAccount();
    const grants = 'fundings { grant { id source state amount remaining held consumed expired revoked } }';
    const { errors } = await app.graphql(
      `mutation ($inputs: [GenerateInput!]!) { generateMany(inputs: $inputs) { results {
        ... on Generation { ${['a', 'b', 'c', 'd', 'e', 'f'].map((alias) => `${alias}: ${grants}`).join(' ')} }
      } } }`,
      { key, variables: { inputs: Array<object>(100).fill(mini) } },
    );
    expect(errors).toMatchObject([{ extensions: { code: 'QUERY_TOO_COMPLEX' } }]);
    expect(await studio.wallet(key)).toEqual({ available: 100, held: 0 });
  });

  it('given any calls, when they are made at once each for itself, then everything is as when they are made one by one', async () => {
    const call = fc
      .record({
        what: fc.constantFrom<object>(mini, veo, veo, unknown, invalid, { kind: 'IMAGE' }, { prompt: 'of nothing' }),
        idempotencyKey: fc.constantFrom(null, null, 'a', 'b', ''),
      })
      .map(({ what, idempotencyKey }) => ({ ...what, idempotencyKey }));
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 9 }), async (inputs) => {
        const [together, alone] = [await app.newAccount(), await app.newAccount()];
        const dry = await many(together.key, inputs, { dryRun: true });
        const answer = await many(together.key, inputs);
        const results: Answer[] = [];
        for (const input of inputs) results.push(await studio.generate(alone.key, input));
        expect(answer.results.map(withoutNames)).toEqual(results.map(withoutNames));
        expect(sameAs(answer.results)).toEqual(sameAs(results));
        expect(await studio.wallet(together.key)).toEqual(await studio.wallet(alone.key));
        expect((await studio.wallet(together.key)).held).toBe(answer.credits);
        // What was foretold is what came.
        expect([types(dry), dry.credits]).toEqual([types(answer), answer.credits]);
      }),
      { numRuns: 25 },
    );
  });
});

/** An answer without what no two accounts share. */
const withoutNames = (answer: Answer): object =>
  JSON.parse(
    JSON.stringify(answer, (name, value: unknown) => (name === 'id' || name === 'createdAt' ? '' : value)),
  ) as object; // As it came.

/** Which answers are the same generation. */
const sameAs = (answers: readonly Answer[]): number[] =>
  answers.map(({ id }, index) => (id === undefined ? index : answers.findIndex((other) => other.id === id)));
