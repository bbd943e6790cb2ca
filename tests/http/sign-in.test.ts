import { afterAll, beforeAll, expect, test } from 'vitest';
import { ask, codeOf, postGraphql } from '../support/http.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const privateQuery = { query: '{ wallet { available } }' };
const modern = { accept: 'application/graphql-response+json' };

let app: TestApp;
let key: string;
beforeAll(async () => {
  app = await startTestApp('postgres');
  ({ key } = await app.newAccount());
});
afterAll(() => app.close());

test.each<[string, (key: string) => Record<string, string>]>([
  ['Authorization: Bearer', (secret) => ({ authorization: `Bearer ${secret}` })],
  ['a scheme in small letters', (secret) => ({ authorization: `bearer ${secret}` })],
  ['several spaces', (secret) => ({ authorization: `Bearer   ${secret}` })],
  ['x-api-key', (secret) => ({ 'x-api-key': secret })],
  [
    'the apikey of the hosting beside the bearer',
    (secret) => ({ authorization: `Bearer ${secret}`, apikey: 'public' }),
  ],
])('given a key in %s, when a private field is asked for, then it is answered', async (_name, headersOf) => {
  const { status, json } = await postGraphql(app.url, privateQuery, headersOf(key));
  expect([status, json]).toEqual([200, { data: { wallet: { available: 100 } } }]);
});

test.each<[string, Record<string, string>]>([
  ['a key that nobody has', { authorization: 'Bearer wzrd_nobody' }],
  ['the same in x-api-key', { 'x-api-key': 'wzrd_nobody' }],
  ['an empty key', { 'x-api-key': '' }],
  ['a bearer without a key', { authorization: 'Bearer' }],
  ['another scheme', { authorization: 'Basic d3pyZDp3enJk' }],
  ['an empty header', { authorization: '' }],
  ['a bearer of two words', { authorization: 'Bearer one two' }],
  ['a wrong bearer beside a right x-api-key', { authorization: 'Bearer wzrd_nobody', 'x-api-key': adminKey }],
  ['a very long key', { authorization: `Bearer ${'k'.repeat(10_000)}` }],
  ['bytes that are no text', { authorization: 'Bearer \u00ff\u00fe' }],
])(
  'given %s, when anything is asked for, then it is 401 always, in the format of the route',
  async (_name, headers) => {
    // Even what is public: a key that is wrong is a mistake that its sender has to learn of.
    for (const query of ['{ wallet { available } }', '{ creditPacks { code } }', '{ syntax error']) {
      for (const accept of ['application/json', 'application/graphql-response+json']) {
        const answer = await postGraphql(app.url, { query }, { accept, ...headers });
        expect([answer.status, codeOf(answer)]).toEqual([401, 'UNAUTHENTICATED']);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
    }
    const rest = await ask(`${app.url}/functions/v1/generations/gen_1`, { headers });
    expect([rest.status, Object.keys(rest.json ?? {})]).toEqual([401, ['error', 'details', 'timestamp']]);
  },
);

test('given a key that was revoked, when it is used, then it is 401 at once', async () => {
  const { id, key: revoked } = await app.newAccount();
  await app.database.prisma.apiKey.updateMany({ where: { accountId: id }, data: { revokedAt: new Date(0) } });
  expect((await postGraphql(app.url, privateQuery, { authorization: `Bearer ${revoked}` })).status).toBe(401);
});

test('given no key, when a private field is asked for as application/json, then it is 200 with null and UNAUTHENTICATED', async () => {
  const { status, json } = await postGraphql(app.url, privateQuery);
  expect(status).toBe(200);
  expect(json).toEqual({
    data: { wallet: null },
    errors: [
      {
        message: 'This needs an API key: send it as "Authorization: Bearer <key>" or "x-api-key: <key>".',
        locations: [{ line: 1, column: 3 }],
        path: ['wallet'],
        extensions: { code: 'UNAUTHENTICATED' },
      },
    ],
  });
});

test('given no key, when public and private fields are asked for together, then the public ones are answered', async () => {
  const { status, json } = await postGraphql(
    app.url,
    { query: '{ creditPacks { code } wallet { available } }' },
    modern,
  );
  expect(status).toBe(200);
  expect(json?.data).toMatchObject({ creditPacks: [{}, {}, {}, {}], wallet: null });
  expect(json?.errors).toMatchObject([{ path: ['wallet'], extensions: { code: 'UNAUTHENTICATED' } }]);
});

const mutation = { query: 'mutation { createAccount(input: { name: "x" }) { __typename } }' };

test.each([
  ['no key', null, 'application/json', 200, 'UNAUTHENTICATED'],
  ['no key', null, 'application/graphql-response+json', 401, 'UNAUTHENTICATED'],
  ['a key without the right', 'account', 'application/json', 200, 'FORBIDDEN'],
  ['a key without the right', 'account', 'application/graphql-response+json', 403, 'FORBIDDEN'],
  ['a right key', 'admin', 'application/graphql-response+json', 200, undefined],
])(
  'given %s (%s), when a field that cannot be null is asked for as %s, then it is %i %s',
  async (_name, who, accept, status, code) => {
    const headers: Record<string, string> =
      who === null ? {} : { authorization: `Bearer ${who === 'admin' ? adminKey : key}` };
    const answer = await postGraphql(app.url, mutation, { accept, ...headers });
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toContain(accept);
    expect(answer.json?.data === null).toBe(code !== undefined);
  },
);
