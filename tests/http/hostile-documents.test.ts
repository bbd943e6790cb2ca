import { getIntrospectionQuery } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, codeOf, type HttpAnswer, postGraphql } from '../support/http.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** Generous for two busy cores; each of these takes seconds, minutes or for ever where it is not refused. */
const atMostMs = 1_500;

let app: TestApp;
let key: string;
beforeAll(async () => {
  app = await startTestApp('postgres');
  ({ key } = await app.newAccount());
  await post('{ billing { mode } }');
});
afterAll(() => app.close());

const post = (query: string, variables?: object): Promise<HttpAnswer> =>
  postGraphql(app.url, { query, variables }, { authorization: `Bearer ${key}` });

const repeat = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(' ');

const nested = (levels: number, field: string): string => `${`{ ${field} `.repeat(levels)}{ id }${' }'.repeat(levels)}`;

/** Fragments that each use the next one twice: 2 to the power of their number fields. */
const fanOut = (count: number, last: string): string =>
  repeat(count, (index) => `fragment F${index} on Query { ...F${index + 1} a: ...F${index + 1} }`)
    .replaceAll('a: ...', '...')
    .concat(` fragment F${count} on Query { ${last} }`);

const grantsPage = 'wallet { grants(first: 100) { nodes { id } } }';

test.each<[string, string, string, object?]>([
  ['20,000 levels', nested(20_000, 'wallet'), 'QUERY_TOO_COMPLEX'],
  ['levels of unclosed braces', '{a'.repeat(50_000), 'QUERY_TOO_COMPLEX'],
  [
    'lists of lists of lists as a value',
    `{ model(id: ${'['.repeat(50_000)}1${']'.repeat(50_000)}) { id } }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    'types of lists of lists',
    `query ($a: ${'['.repeat(5_000)}Int${']'.repeat(5_000)}) { plans { code } }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['17 levels', nested(17, 'wallet'), 'QUERY_TOO_COMPLEX'],
  [
    '17 levels in fragments',
    `{ ...A } fragment A on Query { ${'wallet { '.repeat(9)} ...B ${'} '.repeat(9)} } fragment B on Wallet { ${'plan { '.repeat(8)} id ${'} '.repeat(8)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['10,000 aliases', `{ ${repeat(10_000, (index) => `a${index}: billing { mode }`)} }`, 'QUERY_TOO_COMPLEX'],
  ['61 aliases', `{ ${repeat(61, (index) => `a${index}: billing { mode }`)} }`, 'QUERY_TOO_COMPLEX'],
  [
    '61 aliases in fragments',
    `{ ...A ...B } fragment A on Query { ${repeat(30, (index) => `a${index}: billing { mode }`)} } fragment B on Query { ${repeat(31, (index) => `b${index}: billing { mode }`)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['a fan-out of 2^18', `{ ...F0 } ${fanOut(18, '__typename')}`, 'QUERY_TOO_COMPLEX'],
  ['a fan-out of 2^60', `{ ...F0 } ${fanOut(60, '__typename')}`, 'QUERY_TOO_COMPLEX'],
  ['a fan-out that nobody uses', `{ __typename } ${fanOut(60, '__typename')}`, 'QUERY_TOO_COMPLEX'],
  ['a fan-out of nothing', `{ ...F0 } ${fanOut(60, '...Missing')}`, 'BAD_REQUEST'],
  ['a fan-out in a circle', `{ ...F0 } ${fanOut(60, '...F0')}`, 'BAD_REQUEST'],
  ['a fragment that uses itself', '{ ...A } fragment A on Query { ...A }', 'BAD_REQUEST'],
  [
    'fragments in a circle',
    '{ ...A } fragment A on Query { billing { mode } ...B } fragment B on Query { plans { code } ...A }',
    'BAD_REQUEST',
  ],
  ['100,000 tokens', `{ ${repeat(50_000, () => '__typename ')} }`.slice(0, 200_000), 'QUERY_TOO_COMPLEX'],
  ['2,000 tokens of one field', `{ ${repeat(2_000, () => '__typename')} }`, 'QUERY_TOO_COMPLEX'],
  [
    '900 variables with directives',
    `query (${repeat(400, (index) => `$v${index}: Int @include(if: true)`)}) { plans { code } }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    'a page of 100 pages of 100',
    `{ wallet { grants(first: 100) { nodes { id } } transactions(first: 100) { nodes { fundings { grant { id amount } } generation { fundings { grant { id amount } } assets { id } } } } } }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['59 pages of 100', `{ ${repeat(59, (index) => `a${index}: ${grantsPage}`)} }`, 'QUERY_TOO_COMPLEX'],
  [
    '59 pages whose size is a variable',
    `query ($first: Int) { ${repeat(59, (index) => `a${index}: ${grantsPage.replace('100', '$first')}`)} }`,
    'QUERY_TOO_COMPLEX',
    { first: 100 },
  ],
  [
    '59 pages whose size is the default of a variable',
    `query ($first: Int = 100) { ${repeat(59, (index) => `a${index}: ${grantsPage.replace('100', '$first')}`)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  [
    '59 pages of the oldest',
    `{ ${repeat(59, (index) => `a${index}: ${grantsPage.replace('first', 'last')}`)} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['a page of a million', '{ wallet { grants(first: 1000000) { nodes { id } } } }', 'BAD_REQUEST'],
  ['a page of none', '{ wallet { grants(first: 0) { nodes { id } } } }', 'BAD_REQUEST'],
  [
    'types of fields of types of fields',
    `{ __schema { types ${'{ fields { type '.repeat(6)}{ name }${' } }'.repeat(6)} } }`,
    'BAD_REQUEST',
  ],
  [
    'types of fields in fragments',
    `{ __schema { types { ...T } } } ${repeat(5, (index) => `fragment T${index || ''} on __Type { fields { type { ...T${index + 1} } } }`)} fragment T5 on __Type { name }`,
    'BAD_REQUEST',
  ],
  [
    // Each is compared with each other.
    'the same field 499 times',
    `{ ${repeat(499, () => 'plans { code }')} }`,
    'QUERY_TOO_COMPLEX',
  ],
  ['a directive 1,000 times', `{ __typename ${'@include(if: true) '.repeat(1_000)} }`, 'QUERY_TOO_COMPLEX'],
  ['a directive that nobody has 300 times', `{ __typename ${'@nobody '.repeat(300)} }`, 'BAD_REQUEST'],
  [
    'a variable that is a list of 30,000',
    'query ($ids: [ID!]) { plans { code } }',
    'BAD_REQUEST',
    { ids: Array.from({ length: 30_000 }, () => 1.5) },
  ],
  [
    '30,000 wrong members of a list that is used',
    'query ($status: [GenerationStatus!]) { generations(status: $status) { totalCount } }',
    'BAD_REQUEST',
    { status: Array.from({ length: 30_000 }, () => 'NONE') },
  ],
])(
  'G38 given %s, when it comes, then it is refused quickly, also a second time, and another request is answered meanwhile',
  async (_name, query, code, variables) => {
    for (let time = 0; time < 2; time += 1) {
      const started = performance.now();
      const [hostile, other] = await Promise.all([post(query, variables), post('{ creditPacks { code } }')]);
      expect(codeOf(hostile)).toBe(code);
      // Nothing of it was run.
      expect(Object.values(hostile.json?.data ?? {}).every((value) => value === null)).toBe(true);
      expect(hostile.text.length).toBeLessThan(20_000);
      expect(other.json?.data).toMatchObject({ creditPacks: [{}, {}, {}, {}] });
      expect(performance.now() - started).toBeLessThan(atMostMs);
    }
  },
);

test.each([
  ['objects', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
  ['lists', `{"a":${'['.repeat(20_000)}1${']'.repeat(20_000)}}`],
])(
  'G38 given params that are %s of 20,000 levels, when they come by GraphQL and by REST, then they are refused and nothing is logged as our own failure',
  async (_name, deep) => {
    const before = app.logged.length;
    for (const field of ['params', 'metadata']) {
      const graphql = await postGraphql(
        app.url,
        `{"query":"mutation ($input: GenerateInput!) { generate(input: $input) { __typename } }","variables":{"input":{"kind":"IMAGE","prompt":"x","${field}":${deep}}}}`,
        { authorization: `Bearer ${key}` },
      );
      expect(codeOf(graphql)).toBe('BAD_REQUEST');
      const rest = await ask(`${app.url}/functions/v1/generate`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}` },
        body: `{"kind":"image","prompt":"x","${field}":${deep}}`,
      });
      expect(rest.status).toBe(400);
    }
    expect(app.logged.slice(before)).toEqual([]);
  },
);

test('G38 given documents at the limits that are allowed, when they come, then they are answered and take little time', async () => {
  const started = performance.now();
  const documents = [
    `{ ${repeat(60, (index) => `a${index}: plans { code name description monthlyQuota }`)} }`,
    `{ ${repeat(200, () => 'plans { code }')} }`,
    `{ ...F0 } ${fanOut(9, '__typename')}`, // 2^9 = 512 fields.
    `{ ${repeat(60, (index) => `a${index}: __type(name: "Query") { fields { name args { name type { name kind } } } }`)} }`,
  ];
  for (const document of documents) expect((await post(document)).json).toMatchObject({ data: {} });
  expect(performance.now() - started).toBeLessThan(documents.length * atMostMs);
});

test("given GraphiQL's introspection query, when it comes, then the whole schema is answered", async () => {
  for (const options of [
    {},
    {
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    },
  ]) {
    const answer = await postGraphql(app.url, {
      query: getIntrospectionQuery(options),
      operationName: 'IntrospectionQuery',
    });
    expect(answer.json?.errors).toBeUndefined();
    expect(JSON.stringify(answer.json?.data)).toContain('"name":"GenerateResult"');
  }
});

test('given every scalar and every object of the schema, when all of a page is asked for, then it is within the limits', async () => {
  const document = `{
    models { id name label kind category workflow provider credits speed speedSeconds badge isDefault available accepts inputDefaults }
    plans { id code name description monthlyPrice { amount currency formatted } yearlyPrice { amount currency formatted } monthlyQuota rolloverCap welcomeCredits recommended contactSales isCurrent purchasable }
    creditPacks { id code name credits price { amount currency formatted } pricePerCredit pricePerCreditCents bestValue purchasable }
    billing { mode checkoutAvailable }
    account { id name createdAt }
    wallet {
      id available held debt isLow lowBalanceThreshold monthly { quota remaining resetsAt } rollover topUp updatedAt
      plan { code name }
      grants { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { id source amount remaining expiresAt } } }
      transactions { pageInfo { hasNextPage endCursor } nodes { id sequence type credits amount availableAfter description createdAt } }
      explain { available asOf lines { label amount transactions } }
    }
    generations { totalCount nodes { id status prompt creditsHeld creditsCharged model { id name } assets { id url mimeType } } }
  }`;
  const { json } = await post(document);
  expect(json?.errors).toBeUndefined();
  expect(json?.data).toMatchObject({ wallet: { available: 100 }, models: { length: 174 } });
});
