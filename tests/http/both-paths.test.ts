import { connect } from 'node:net';
import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleTabs } from '../../src/http/playground/examples.ts';
import {
  type BothPaths,
  comparable,
  type PlainAnswer,
  type PlainRequest,
  sendPlain,
  startBothPaths,
  deliver,
} from '../support/both-paths.ts';
import { createRandom } from '../support/random.ts';
import { adminKey } from '../support/test-app.ts';
import { generatedRequests } from '../support/generated-requests.ts';

/** A share of them is in the suite; `npm run test:paths` sends all 5,000 and breaks off 10,000. */
const generatedCount = Number(process.env['GENERATED_REQUESTS'] ?? 600);
const abortedCount = Number(process.env['ABORTED_REQUESTS'] ?? 500);

/** How often one request is sent, so that it is new, then known, then compiled and then kept ready. */
const times = 10;

let both: BothPaths;
let key: string;
beforeAll(async () => {
  both = await startBothPaths();
  ({ key } = await both.app.newAccount());
});
afterAll(() => both.close());

const post = (body: object | string, headers: Record<string, string> = {}): PlainRequest => ({
  method: 'POST',
  path: '/graphql',
  headers: { 'content-type': 'application/json', accept: 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

/** All answers to a request that is sent again and again. */
async function answers(url: string, request: PlainRequest, count = times): Promise<object[]> {
  const found: PlainAnswer[] = [];
  for (let time = 0; time < count; time += 1) found.push(await sendPlain(url, request));
  return found.map(comparable);
}

async function expectSame(request: PlainRequest, count = times): Promise<void> {
  const [asItIs, stock] = [await answers(both.app.url, request, count), await answers(both.stockUrl, request, count)];
  expect(asItIs, JSON.stringify(request)).toEqual(stock);
}

test.each(serverAudits({ url: () => `${both.stockUrl}/graphql` }))(
  'given a server that leaves all to Yoga, when it is audited, then it passes too: $id $name',
  async ({ fn }) => {
    expect(await fn()).toMatchObject({ status: 'ok' });
  },
);

test('given all audits of GraphQL over HTTP, when each is done again and again on the server as it is, then all pass each time', async () => {
  const audits = serverAudits({ url: () => `${both.app.url}/graphql` });
  for (let time = 0; time < times; time += 1) {
    const found = await Promise.all(audits.map(({ fn }) => fn()));
    expect(found.filter(({ status }) => status !== 'ok')).toEqual([]);
  }
});

const tabs = exampleTabs({ demoKey: 'demo', adminKey: 'admin' }).map(({ query, variables, headers }) => ({
  name: /(query|mutation)\s+(\w+)/.exec(query)?.[2] ?? query,
  query,
  variables: variables?.replace(/"today(?:[+-]\d+)?"/g, '"2026-01-01T00:00:00.000Z"') ?? null,
  needsAdmin: headers?.includes('admin') ?? false,
}));

test.each(tabs)(
  'given the example $name, when each of its operations is sent again and again to both paths, each with an account of its own, then the answers are the same',
  async ({ query, variables, needsAdmin }) => {
    const operations = [...query.matchAll(/^(?:query|mutation)\s+(\w+)/gm)].map(([, name]) => name);
    const [mine, stock] = [await both.app.newAccount(), await both.app.newAccount()];
    for (const operationName of operations) {
      const request = (account: { key: string }): PlainRequest =>
        post(
          `{"query":${JSON.stringify(query)},"variables":${variables ?? 'null'},"operationName":"${operationName}"}`,
          {
            authorization: `Bearer ${needsAdmin ? adminKey : account.key}`,
          },
        );
      // What an administrator does is done to all: each time it is done by the other it finds what the first has done.
      if (needsAdmin && /^(?:mutation)/m.test(query)) continue;
      expect(await answers(both.app.url, request(mine))).toEqual(await answers(both.stockUrl, request(stock)));
    }
  },
);

const generate = (input: string): string =>
  `mutation { generate(input: ${input}) { __typename ... on Generation { status creditsHeld model { credits id } } ... on Error { code message } ... on InvalidInputError { issues { message path } } ... on InsufficientCreditsError { shortfall required } } }`;

test.each<[string, object | string, Record<string, string>?]>([
  ['no key on a private field', { query: '{ wallet { available } plans { code } }' }],
  [
    'no key on a private field, by the newer type',
    { query: '{ wallet { available } }' },
    { accept: 'application/graphql-response+json' },
  ],
  [
    'no key on a field that is never null',
    { query: '{ generations { totalCount } }' },
    { accept: 'application/graphql-response+json' },
  ],
  ['a wrong key', { query: '{ plans { code } }' }, { authorization: 'Bearer wzrd_nobody' }],
  [
    'a field for administrators',
    { query: '{ accounts { totalCount } }' },
    { authorization: 'mine', accept: 'application/graphql-response+json' },
  ],
  [
    'two failures and something between',
    {
      query:
        '{ z: wallet { grants(first: 0) { totalCount } } a: plans { code } m: wallet { grants(last: 1, first: 1) { totalCount } } }',
    },
    { authorization: 'mine' },
  ],
  [
    'a variable of the wrong type',
    { query: 'query ($first: Int) { wallet { grants(first: $first) { totalCount } } }', variables: { first: 'x' } },
    { authorization: 'mine' },
  ],
  [
    'a variable of the wrong type, by the newer type',
    { query: 'query ($id: ID!) { model(id: $id) { id } }', variables: { id: {} } },
    { accept: 'application/graphql-response+json' },
  ],
  ['a variable that is missing', { query: 'query ($id: ID!) { model(id: $id) { id } }' }],
  ['a variable that is null', { query: 'query ($id: ID!) { model(id: $id) { id } }', variables: { id: null } }],
  [
    'an enum that is none',
    { query: 'query ($kind: MediaKind) { models(kind: $kind, maxCredits: 2) { id } }', variables: { kind: 'image' } },
  ],
  [
    'an operation that is not there',
    { query: 'query A { plans { code } } query B { creditPacks { code } }', operationName: 'C' },
  ],
  [
    'one of two operations',
    { query: 'query A { plans { code } } query B { creditPacks { code } }', operationName: 'B' },
  ],
  ['two operations and no name', { query: 'query A { plans { code } } query B { creditPacks { code } }' }],
  ['a name that is empty', { query: 'query A { plans { code } }', operationName: '' }],
  [
    'members of both orders',
    { query: '{ b: plans { name code } a: plans { code name } plans { monthlyPrice { formatted amount } code } }' },
  ],
  [
    'the same field twice',
    { query: '{ plans { code } plans { name code } ...P } fragment P on Query { plans { recommended } }' },
  ],
  [
    'what is skipped and what is included',
    {
      query:
        'query ($yes: Boolean!, $no: Boolean = false) { a: plans @skip(if: $yes) { code } b: plans @include(if: $yes) { code @include(if: $no) name } ... @include(if: $no) { creditPacks { code } } }',
      variables: { yes: true },
    },
  ],
  [
    'types and names',
    {
      query:
        '{ __typename plans { __typename } node(id: "pro") { __typename id ... on Plan { name } } none: node(id: "nothing") { id } }',
    },
  ],
  [
    'what the schema looks like',
    {
      query:
        '{ __schema { queryType { name } directives { name args { name defaultValue } } } __type(name: "Money") { kind fields { name type { kind ofType { name } } } } }',
    },
  ],
  ['a header for several mutations', { query: 'mutation { a: __typename b: __typename }' }, { 'idempotency-key': 'k' }],
  ['several mutations of nothing', { query: 'mutation { a: __typename b: __typename }' }],
  [
    'a model that nobody has',
    { query: generate('{ modelId: "fal-ai/flux/schnel", prompt: "x" }') },
    { authorization: 'mine' },
  ],
  [
    'a model that is too dear',
    { query: generate('{ modelId: "fal-ai/sora-2/text-to-video/pro", prompt: "x", params: { sandbox: "none" } }') },
    { authorization: 'mine' },
  ],
  [
    'a prompt twice',
    { query: generate('{ modelId: "fal-ai/flux/schnell", prompt: "x", params: { prompt: "y" } }') },
    { authorization: 'mine' },
  ],
  [
    'a generation that is not there',
    { query: '{ generation(id: "gen_1") { id fundings { amount } } }' },
    { authorization: 'mine' },
  ],
  ['an instant that is none', { query: '{ wallet { available(asOf: "yesterday") } }' }, { authorization: 'mine' }],
  [
    'an instant to come',
    { query: '{ wallet { available(asOf: "2090-01-01T00:00:00Z") held } }' },
    { authorization: 'mine' },
  ],
  [
    'a quote',
    {
      query:
        '{ quote(input: { modelId: "fal-ai/flux/schnell" }) { __typename ... on Quote { credits affordable model { label } } } }',
    },
    { authorization: 'mine' },
  ],
  [
    'too much at once',
    {
      query:
        '{ wallet { grants(first: 100) { nodes { id } } transactions(first: 100) { nodes { fundings { grant { id } } generation { fundings { grant { id amount } } } } } } }',
    },
    { authorization: 'mine' },
  ],
  ['an error of the syntax', { query: '{ plans { code }' }],
  ['a field that is not there', { query: '{ plans { codes } }' }],
  ['a member that nobody knows', { query: '{ plans { code } }', id: 1 }],
  ['extensions', { query: '{ plans { code } }', extensions: { a: 1 } }],
  ['variables that nobody asks for', { query: '{ plans { code } }', variables: { a: { b: [1] } } }],
  ['variables that are a list', { query: '{ plans { code } }', variables: [] }],
  ['a body that is deep', `{"query":"{ plans { code } }","variables":${'{"a":'.repeat(70)}1${'}'.repeat(71)}`],
  ['a body that is cut', '{"query":"{ plans { code } }"'],
  ['a body in another form', ' { "operationName" : null , "query" : "{\\u0020plans { code } }" } '],
  ['an empty body', ''],
  ['a batch', [{ query: '{ plans { code } }' }]],
  ['another type of body', { query: '{ plans { code } }' }, { 'content-type': 'text/plain' }],
  [
    'a type with a character set',
    { query: '{ plans { code } }' },
    { 'content-type': 'application/json; charset=utf-8' },
  ],
  ['nothing that can be answered', { query: '{ plans { code } }' }, { accept: 'image/png' }],
  ['events alone', { query: '{ plans { code } }' }, { accept: 'text/event-stream' }],
  [
    'several types',
    { query: '{ plans { code } }' },
    { accept: 'text/event-stream, application/graphql-response+json;q=0.1, */*' },
  ],
])('given %s, when it comes again and again, then both paths answer the same', async (_name, body, headers = {}) => {
  const { authorization } = headers;
  await expectSame(post(body, authorization === 'mine' ? { ...headers, authorization: `Bearer ${key}` } : headers));
});

test.each([
  '/graphql?query=%7B+plans+%7B+code+%7D+%7D',
  '/graphql?query=%7B',
  '/graphql?query=mutation%7B__typename%7D',
  '/graphql',
])('given GET %s, when it comes again and again, then both paths answer the same', async (path) => {
  await expectSame({ method: 'GET', path, headers: { accept: 'application/json' }, body: null });
});

test('given requests that are made at random, when each is sent to both paths, then the answers are the same', async () => {
  const requests = generatedRequests({ seed: 6, count: generatedCount, key });
  const waiting = requests.map((request, number) => ({ request, number }));
  const differences: object[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [asItIs, stock] = await Promise.all(
        [both.app.url, both.stockUrl].map((url) => sendPlain(url, next.request)),
      );
      const [left, right] = [asItIs, stock].map((answer) => answer && comparable(answer));
      if (JSON.stringify(left) !== JSON.stringify(right))
        differences.push({ number: next.number, request: next.request, left, right });
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  expect(differences).toEqual([]);
});

test('given generated requests, when they come in pieces, in chunks or one right behind the other, then both paths answer the same', async () => {
  const bodies = generatedRequests({ seed: 7, count: Math.ceil(generatedCount / 2), key }).flatMap(({ body }) =>
    body === null ? [] : [body],
  );
  const random = createRandom(7);
  const groups: PlainRequest[][] = [];
  for (let at = 0; at < bodies.length; at += groups.at(-1)?.length ?? 1) {
    const headers: Record<string, string> = random.below(2) === 0 ? {} : { authorization: `Bearer ${key}` };
    groups.push(bodies.slice(at, at + 1 + random.below(4)).map((body) => post(body, headers)));
  }
  const differences: object[] = [];
  const work = async (): Promise<void> => {
    for (let group = groups.pop(); group !== undefined; group = groups.pop()) {
      const delivery = { pieces: 1 + random.below(6), isChunked: random.below(2) === 0 };
      const [asItIs, stock] = await Promise.all(
        [both.app.url, both.stockUrl].map((url) => deliver(url, group ?? [], delivery)),
      );
      if (asItIs !== stock) differences.push({ group, delivery, asItIs, stock });
    }
  };
  expect(groups.length).toBeGreaterThan(50);
  await Promise.all(Array.from({ length: 8 }, work));
  expect(differences).toEqual([]);
});

test('given requests whose senders go away before, while and after they are read, when all are gone, then nothing is left of them and others are answered', async () => {
  const before = both.app.logged.length;
  const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  const socketsBefore = openSockets();
  const { hostname, port } = new URL(both.app.url);
  const body = JSON.stringify({ query: '{ wallet { available transactions { nodes { description } } } }' });
  const head = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${key}\r\nContent-Length: ${body.length}\r\n\r\n`;
  const random = createRandom(6);
  const abort = async (): Promise<void> => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {}); // A reset is what is asked for.
    const text = `${head}${body}`;
    const whole = random.below(2) === 0;
    await new Promise<void>((resolve) =>
      socket.write(whole ? text : text.slice(0, random.below(text.length)), () => resolve()),
    );
    if (random.below(2) === 0) await new Promise((resolve) => setImmediate(resolve));
    socket.resetAndDestroy();
  };
  const work = async (count: number): Promise<void> => {
    for (let time = 0; time < count; time += 1) await abort();
  };
  await Promise.all(Array.from({ length: 10 }, () => work(abortedCount / 10)));
  // Both ends of every connection are in this process; some stay, which the other tests keep open.
  await expect.poll(openSockets, { timeout: 20_000 }).toBeLessThanOrEqual(socketsBefore + 8);
  await expectSame(post(body, { authorization: `Bearer ${key}` }));
  expect(both.app.logged.slice(before)).toEqual([]);
}, 120_000);
