import { afterAll, beforeAll, expect, test } from 'vitest';
import { statementsOf } from '../support/count-statements.ts';
import { postGraphql } from '../support/http.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

let app: TestApp;
let keys: string[];
let generationId: string;
beforeAll(async () => {
  app = await startTestApp('postgres');
  keys = (await Promise.all(Array.from({ length: 10 }, () => app.newAccount()))).map(({ key }) => key);
  const { data } = await app.graphql<{ generate: { id: string } }>(
    'mutation { generate(input: { modelId: "fal-ai/flux/schnell", prompt: "x" }) { ... on Generation { id } } }',
    { key: keys[0] ?? null },
  );
  generationId = data.generate.id;
});
afterAll(() => app.close());

const ask = (query: string, key: string | undefined) =>
  postGraphql(app.url, { query }, { authorization: `Bearer ${key ?? ''}` });

/** What a query sends to the database once it is known; the first is the look-up of the key. */
async function statementsFor(query: () => string): Promise<string[]> {
  for (let time = 0; time < 10; time += 1) expect((await ask(query(), keys[0])).json?.errors).toBeUndefined();
  return statementsOf(() => ask(query(), keys[0]));
}

test.each<[string, () => string, number]>([
  ['what is available', () => '{ wallet { available held debt isLow topUp } }', 2],
  ['nothing of the wallet but its name', () => '{ wallet { __typename } }', 2],
  ['the plan beside it', () => '{ wallet { available plan { code name } monthly { quota remaining } } }', 3],
  [
    'the last 20 transactions beside it',
    () => '{ wallet { available transactions(first: 20) { nodes { id type amount availableAfter createdAt } } } }',
    3,
  ],
  [
    'transactions with their generations, grants and descriptions',
    () =>
      '{ wallet { transactions { nodes { description generation { id status } grant { id } fundings { grant { source } } } } } }',
    4,
  ],
  ['a generation', () => `{ generation(id: "${generationId}") { id status creditsCharged model { label } } }`, 2],
  ['a generation with its files', () => `{ generation(id: "${generationId}") { id assets { url } } }`, 3],
  ['generations', () => '{ generations(first: 20) { nodes { id status model { label } } } }', 2],
  ['the catalog', () => '{ models { id label credits } plans { code } }', 1],
])(
  'given %s is asked for, when it is read, then there are no more statements than it needs',
  async (_name, query, count) => {
    expect(await statementsFor(query)).toHaveLength(count);
  },
);

test.each<[string, string, number]>([
  ['wallets with their transactions', '{ wallet { available transactions { nodes { id type description } } } }', 4],
  ['wallets', '{ wallet { available held } }', 2],
])(
  'given ten accounts that ask for %s at once, when they are answered, then the statements are far fewer than ten times as many',
  async (_name, query, alone) => {
    for (let time = 0; time < 10; time += 1) await ask(query, keys[time]);
    const statements = await statementsOf(async () => {
      const answers = await Promise.all(keys.map((key) => ask(query, key)));
      expect(answers.every(({ json }) => json?.errors === undefined)).toBe(true);
    });
    // Requests over ten connections come in a few portions, each of which is read as one.
    expect(statements.length).toBeLessThanOrEqual(alone * 4);
  },
);
