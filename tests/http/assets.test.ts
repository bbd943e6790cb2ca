import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('the files of generations', () => {
  let testApp: TestApp;
  let url: string;
  let whole: Buffer;

  beforeAll(async () => {
    testApp = await startTestApp('embedded');
    const { key } = await testApp.newAccount();
    await testApp.graphql('mutation { generate(input: { kind: VIDEO, prompt: "waves" }) { __typename } }', { key });
    await testApp.settle();
    const { data } = await testApp.graphql<{ generations: { nodes: { assets: { url: string }[] }[] } }>(
      '{ generations(first: 1) { nodes { assets { url } } } }',
      { key },
    );
    url = data.generations.nodes[0]?.assets[0]?.url ?? '';
    whole = Buffer.from(await (await fetch(url)).arrayBuffer());
  });
  afterAll(() => testApp.close());

  const ask = (range: string): Promise<Response> => fetch(url, { headers: { range } });

  it('given a film, when it is fetched, then it is all there, and nothing in it can run', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('video/webm');
    expect(response.headers.get('content-length')).toBe(String(whole.length));
    expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none';.*sandbox/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it.each([
    ['the first 100 bytes', 'bytes=0-99', 0, 99],
    ['all from byte 1000 on', 'bytes=1000-', 1_000, null],
    ['the last 50 bytes', 'bytes=-50', -50, null],
    ['more than there is', 'bytes=10-99999999', 10, null],
  ])('given a player that seeks, when it asks for %s, then it gets these', async (_what, range, from, to) => {
    const response = await ask(range);
    const first = from < 0 ? whole.length + from : from;
    const last = to ?? whole.length - 1;
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${first}-${last}/${whole.length}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(whole.subarray(first, last + 1))).toBe(true);
  });

  it('given a range behind the end, when it is asked for, then the answer is 416 with the size', async () => {
    const response = await ask('bytes=99999999-');
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe(`bytes */${whole.length}`);
  });

  it.each(['bytes=5-2', 'bytes=0-1,5-6', 'lines=1-2', 'bytes=-'])(
    'given a range that makes no sense (%s), when it is asked for, then the whole file comes',
    async (range) => {
      expect((await ask(range)).status).toBe(200);
    },
  );

  it.each(['asset_none', '..%2flock', '%00', 'lock'])(
    'given no file %s, when it is fetched, then it is 404',
    async (id) => {
      expect((await fetch(`${testApp.url}/assets/${id}`)).status).toBe(404);
    },
  );
});
