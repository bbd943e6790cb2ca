import { request } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statementsOf } from '../support/count-statements.ts';
import { openTestDatabase } from '../support/databases.ts';
import { ask, postGraphql } from '../support/http.ts';
import { adminKey, startTestApp, type TestApp } from '../support/test-app.ts';

const modelId = 'fal-ai/flux/schnell';
const price = `{ model(id: "${modelId}") { credits } }`;
const everything = '{ models { id name label credits workflow } }';

let app: TestApp;
let other: TestApp;
beforeAll(async () => {
  const database = await openTestDatabase('postgres');
  app = await startTestApp('postgres', { database });
  other = await startTestApp('postgres', { database, clock: app.clock });
});
afterAll(async () => {
  await other.close();
  await app.close();
  await app.database.close();
});

const getUrl = (query: string): string => `${app.url}/graphql?query=${encodeURIComponent(query)}`;

const setPrice = (credits: number) =>
  app.graphql(`mutation { updateModel(input: { id: "${modelId}", credits: ${credits} }) { __typename } }`, {
    key: adminKey,
  });

/** An answer as it travels, compressed or not. */
function rawAnswer(query: string, encoding: string): Promise<{ encoding: string | undefined; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'accept-encoding': encoding };
    const sent = request(`${app.url}/graphql`, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ encoding: response.headers['content-encoding'], bytes: Buffer.concat(chunks) }),
      );
    });
    sent.on('error', reject);
    sent.end(JSON.stringify({ query }));
  });
}

describe('an answer of the catalog alone', () => {
  test('given a client that has it, when it asks again, by POST or GET, then it is 304 until the catalog says something else', async () => {
    await setPrice(3);
    for (const again of [
      (headers: Record<string, string>) => postGraphql(app.url, { query: price }, headers),
      (headers: Record<string, string>) => ask(getUrl(price), { headers }),
    ]) {
      const first = await again({});
      const etag = first.headers.get('etag') ?? '';
      expect(first.status).toBe(200);
      expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
      expect(first.headers.get('cache-control')).toBe('public, no-cache');
      expect(first.headers.get('vary')).toBe('origin, accept, accept-encoding');
      for (const known of [etag, `"other", ${etag}`, etag.slice(2), '*']) {
        expect(await again({ 'if-none-match': known })).toMatchObject({ status: 304, text: '' });
      }
      expect((await again({ 'if-none-match': '"other"' })).status).toBe(200);

      await setPrice(4);
      const changed = await again({ 'if-none-match': etag });
      expect([changed.status, changed.json?.data]).toEqual([200, { model: { credits: 4 } }]);
      await setPrice(3);
    }
  });

  test('given clients that take br, gzip or nothing, when they ask, then each gets the same answer in its own way', async () => {
    const plain = await rawAnswer(everything, 'identity');
    const [br, gzip] = [await rawAnswer(everything, 'gzip, br'), await rawAnswer(everything, 'gzip;q=0.5, br;q=0')];
    expect([plain.encoding, br.encoding, gzip.encoding]).toEqual([undefined, 'br', 'gzip']);
    expect(brotliDecompressSync(br.bytes).equals(plain.bytes)).toBe(true);
    expect(gunzipSync(gzip.bytes).equals(plain.bytes)).toBe(true);
    expect(br.bytes.length).toBeLessThan(plain.bytes.length / 5);
    // What is short stays as it is.
    expect((await rawAnswer(price, 'br')).encoding).toBeUndefined();
  });

  test('given two processes, when a price is changed in one, then it is there at once, and within a second in the other', async () => {
    const shown = async (server: TestApp) => (await postGraphql(server.url, { query: price })).json?.data;
    for (let time = 0; time < 12; time += 1) await Promise.all([shown(app), shown(other)]);
    await setPrice(9);
    expect(await shown(app)).toEqual({ model: { credits: 9 } });
    await expect.poll(() => shown(other), { timeout: 1_000, interval: 20 }).toEqual({ model: { credits: 9 } });
    await setPrice(3);
  });

  test('given it is asked for with a key, when it comes again, then only the key is looked up', async () => {
    const { key } = await app.newAccount();
    const headers = { authorization: `Bearer ${key}` };
    await postGraphql(app.url, { query: everything }, headers);
    expect(await statementsOf(() => postGraphql(app.url, { query: everything }, headers))).toHaveLength(1);
    expect(await statementsOf(() => postGraphql(app.url, { query: everything }))).toEqual([]);
    const wrong = await postGraphql(app.url, { query: everything }, { authorization: 'Bearer wzrd_nobody' });
    expect(wrong.status).toBe(401);
  });
});

describe('an answer that is about somebody', () => {
  test.each([
    ['whether a plan is theirs', '{ plans { code isCurrent } }'],
    [
      'a quote, which is for them',
      `{ quote(input: { modelId: "${modelId}" }) { ... on Quote { credits affordable } } }`,
    ],
    ['their wallet', '{ wallet { available } plans { code } }'],
    ['something private that they do not get', '{ plans { code } account { name } }'],
    ['who a node belongs to', '{ node(id: "account_1") { id } }'],
  ])('given %s, when it is asked for, then it is never kept for others', async (_name, query) => {
    const { key } = await app.newAccount();
    for (const headers of [{ authorization: `Bearer ${key}` }, undefined]) {
      for (let time = 0; time < 12; time += 1) {
        const answer = await postGraphql(app.url, { query }, headers);
        expect(answer.headers.get('etag')).toBeNull();
        expect(answer.headers.get('cache-control')).toBeNull();
      }
    }
  });

  test('given an answer with errors, when it comes, then it is not kept', async () => {
    const answer = await postGraphql(app.url, { query: '{ model { id } }' });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, null]);
  });
});
