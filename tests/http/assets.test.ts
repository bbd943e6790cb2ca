import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { falKey, startFakeFal } from '../support/providers/fake-fal.ts';
import { createStudio, schnell } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

/** Where the first file of an account's newest generation is. */
async function addressOfNewest(app: TestApp, key: string): Promise<string> {
  const { data } = await app.graphql<{ generations: { nodes: { assets: { url: string }[] }[] } }>(
    '{ generations(first: 1) { nodes { assets { url } } } }',
    { key },
  );
  return data.generations.nodes[0]?.assets[0]?.url ?? '';
}

describe('the files of generations', () => {
  let testApp: TestApp;
  let url: string;
  let whole: Buffer;
  let addressOfFilm: () => Promise<string>;

  beforeAll(async () => {
    testApp = await startTestApp('embedded');
    const { key } = await testApp.newAccount();
    await testApp.graphql('mutation { generate(input: { kind: VIDEO, prompt: "waves" }) { __typename } }', { key });
    await testApp.settle();
    addressOfFilm = () => addressOfNewest(testApp, key);
    url = await addressOfFilm();
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

  it('given a film, when it is fetched, then it has a name to be saved under, and is kept as long as its address is good', async () => {
    const { headers } = await fetch(url);
    const [, id = ''] = /assets\/(\w+)/.exec(url) ?? [];
    expect(headers.get('content-disposition')).toBe(`inline; filename="${id}.webm"`);
    const [, seconds] = /^private, max-age=(\d+), immutable$/.exec(headers.get('cache-control') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(23 * 60 * 60);
    expect(Number(seconds)).toBeLessThanOrEqual(25 * 60 * 60);
  });

  it('G36 given an address that was changed, when it is fetched, then there is no such file', async () => {
    const changed = [
      url.replace(/\?.*$/, ''),
      url.replace(/expires=\d+/, 'expires=9999999999'),
      url.replace(/signature=../, 'signature=__'),
      url.replace(/signature=.*$/, 'signature='),
      url.replace(/assets\/asset_/, 'assets/asset_0'),
    ];
    for (const address of changed) expect([address, (await fetch(address)).status]).toEqual([address, 404]);
  });

  it('given an address, when it is older than a day, then it has expired, and another one of the file is good', async () => {
    testApp.clock.advanceSeconds(26 * 60 * 60);
    const response = await fetch(url);
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('has expired');
    url = await addressOfFilm();
    expect((await fetch(url)).status).toBe(200);
  });

  it('given a drawing with a script in it, when it is opened as a page, then nothing in it can run', async () => {
    const fal = await startFakeFal(testApp.clock);
    const app = await startTestApp('embedded', {
      clock: testApp.clock,
      environment: { FAL_KEY: falKey, FAL_QUEUE_URL: fal.url, ASSET_ORIGINS: fal.url },
    });
    const { key } = await app.newAccount();
    await createStudio(app).queue(key, schnell);
    await app.app.jobs.runDue();
    fal.complete({ images: [{ url: fal.fileUrl('svg') }] });
    await app.settle(2);
    const response = await fetch(await addressOfNewest(app, key));
    expect(response.headers.get('content-type')).toBe('image/svg+xml');
    expect(response.headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    await app.close();
    await fal.close();
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
