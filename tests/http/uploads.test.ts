import { ReadableStream } from 'node:stream/web';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnBoth } from '../support/databases.ts';
import { ask, sendRaw } from '../support/http.ts';
import { media } from '../support/providers/media.ts';
import { createStudio, type Studio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

interface Address {
  readonly putUrl: string;
  readonly url: string;
  readonly maxBytes: number;
  readonly expiresAt: string;
}

/** An image to image model, which needs a picture. */
const painter = { modelId: 'fal-ai/flux/dev/image-to-image', prompt: 'The same in oil' };
const dayMs = 24 * 60 * 60_000;

describeOnBoth('A file that is brought along', (kind) => {
  let app: TestApp;
  let studio: Studio;
  let key: string;

  beforeAll(async () => {
    app = await startTestApp(kind);
    studio = createStudio(app);
    ({ key } = await app.newAccount());
  });
  afterAll(() => app.close());

  const addressFor = async (mediaKind: string, ownKey = key): Promise<Address> =>
    (
      await studio.ask<{ createUpload: Address }>(
        `mutation ($kind: MediaKind!) { createUpload(input: { kind: $kind }) {
          ... on Upload { kind putUrl url maxBytes expiresAt } ... on Error { code message }
        } }`,
        { key: ownKey, variables: { kind: mediaKind } },
      )
    ).createUpload;
  const put = (url: string, body: Uint8Array | string) => ask(url, { method: 'PUT', body: Buffer.from(body) });
  const named = (url: string, ownKey = key) => studio.generate(ownKey, { ...painter, params: { image_url: url } });

  it('given a picture, when it is put to its address, then it is served as it came and a call may name it', async () => {
    const { putUrl, url, maxBytes, expiresAt } = await addressFor('IMAGE');
    expect(maxBytes).toBe(32 * 1_024 * 1_024);
    expect(Date.parse(expiresAt)).toBe(app.clock.now() + dayMs);

    const answer = await put(putUrl, media.png);
    expect([answer.status, answer.json]).toEqual([201, { url, mimeType: 'image/png', bytes: media.png.byteLength }]);
    const served = await fetch(url);
    expect(served.headers.get('content-type')).toBe('image/png');
    expect(Buffer.from(await served.arrayBuffer()).equals(media.png)).toBe(true);

    const generation = await named(url);
    expect(generation).toMatchObject({ __typename: 'Generation', status: 'QUEUED' });
    await app.settle();
    expect(await studio.generation(key, generation.id ?? '')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it("given a picture, when it is a shot of a Director's Cut, then the film is made", async () => {
    const { key: director } = await app.newAccount();
    const { putUrl, url } = await addressFor('IMAGE', director);
    await put(putUrl, media.png);
    const cut = await studio.generate(director, { operation: 'DIRECTORS_CUT', assets: [{ url, kind: 'IMAGE' }] });
    expect(cut).toMatchObject({ __typename: 'Generation', creditsHeld: 12 });
    const wrong = await studio.generate(director, { operation: 'DIRECTORS_CUT', assets: [{ url, kind: 'AUDIO' }] });
    expect(wrong.issues).toEqual([{ path: ['input', 'assets', '0', 'url'], message: 'It is an image, not audio.' }]);
  });

  it('given an address, when nothing was put there yet, then no call may name it and nothing is held', async () => {
    const { url } = await addressFor('IMAGE');
    const before = await studio.wallet(key);
    expect((await named(url)).issues).toEqual([
      { path: ['input', 'params', 'image_url'], message: 'There is no such file.' },
    ]);
    expect(await studio.wallet(key)).toEqual(before);
  });

  it('G36 given a picture of one account, when another one names it, then there is no such file', async () => {
    const { putUrl, url } = await addressFor('IMAGE');
    await put(putUrl, media.png);
    const other = await app.newAccount();
    expect((await named(url, other.key)).issues?.[0]?.message).toBe('There is no such file.');
  });

  it('given a file was put, when another one comes, then it is refused and the first one stays', async () => {
    const { putUrl, url } = await addressFor('IMAGE');
    await put(putUrl, media.png);
    expect((await put(putUrl, media.svg)).status).toBe(409);
    expect((await fetch(url)).headers.get('content-type')).toBe('image/png');
  });

  it('given 8 files that are put at once, when all have come, then one of them is there and seven are refused', async () => {
    const { putUrl, url } = await addressFor('IMAGE');
    const answers = await Promise.all(Array.from({ length: 8 }, () => put(putUrl, media.png)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
    expect(Buffer.from(await (await fetch(url)).arrayBuffer()).equals(media.png)).toBe(true);
  });

  it.each([
    ['audio to the address of an image', 'IMAGE', () => media.mp3, 415, 'This address was made for an image'],
    ['a web page', 'IMAGE', () => '<html><script>alert(1)</script></html>', 415, 'This is no image, video or audio'],
    ['nothing', 'VIDEO', () => '', 400, 'There is nothing in this file.'],
  ])(
    'given %s, when it is put, then it is refused and a right one may still come',
    async (_what, of, body, status, text) => {
      const { putUrl } = await addressFor(of);
      const answer = await put(putUrl, body());
      expect(answer.status).toBe(status);
      expect(answer.json?.error).toContain(text);
      expect((await put(putUrl, of === 'IMAGE' ? media.png : media.mp4)).status).toBe(201);
    },
  );

  it('given a file that announces more than is allowed, when it is put, then it is refused before it is read', async () => {
    const { putUrl } = await addressFor('IMAGE');
    const { pathname } = new URL(putUrl);
    const answer = await sendRaw(app.url, `PUT ${pathname} HTTP/1.1\r\nHost: x\r\nContent-Length: 33554433\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('An image may have at most 32 MiB.');
  });

  it('given a file that is larger than it may be and does not say so, when it is put, then it is refused and nothing is kept', async () => {
    const { putUrl, url } = await addressFor('IMAGE');
    const mebibyte = Buffer.alloc(1_024 * 1_024);
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      yield media.png;
      for (let sent = 0; sent < 33; sent += 1) yield mebibyte;
    };
    // Node's own streams of bytes are bodies, which the types do not know; and its fetch wants to be told that it sends first.
    const body = ReadableStream.from(chunks()) as unknown as BodyInit;
    const init: RequestInit & { duplex: 'half' } = { method: 'PUT', body, duplex: 'half' };
    expect((await ask(putUrl, init)).status).toBe(413);
    expect((await fetch(url)).status).toBe(404);
    expect((await put(putUrl, media.png)).status).toBe(201);
  });

  it('given a text, when an address for it is asked for, then it is an invalid input', async () => {
    expect(await addressFor('TEXT')).toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('given an address that was changed, when a file is put, then it is not taken', async () => {
    const { putUrl } = await addressFor('IMAGE');
    const changed = [
      putUrl.replace('IMAGE', 'VIDEO'),
      putUrl.replace(/IMAGE\.\d+/, 'IMAGE.99999999999999'),
      putUrl.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')).replace(/(\.[\w-])[\w-]/, '$1_'),
      `${app.url}/uploads/${'x'.repeat(43)}`,
    ];
    for (const address of changed) expect([address, (await put(address, media.png)).status]).toEqual([address, 404]);
  });

  it('given nobody is signed in, when an address is asked for, then the answer is 401', async () => {
    const { errors } = await app.graphql('mutation { createUpload(input: { kind: IMAGE }) { __typename } }');
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['UNAUTHENTICATED']);
  });

  it('given a day has passed, when a file is put or named, then the address has expired; a day later the file is gone', async () => {
    const late = await addressFor('IMAGE');
    const { putUrl, url } = await addressFor('IMAGE');
    await put(putUrl, media.png);
    app.clock.advance(dayMs);
    expect((await put(late.putUrl, media.png)).status).toBe(403);
    expect((await named(url)).issues?.[0]?.message).toBe('This file has expired. Upload it again.');
    // A generation that named it in time may still be on its way.
    expect(await app.app.services.uploads.removeExpired(100)).toBe(0);
    app.clock.advance(dayMs + 1);
    expect(await app.app.services.uploads.removeExpired(100)).toBeGreaterThan(0);
    expect(await app.app.services.uploads.removeExpired(100)).toBe(0);
    expect((await named(url)).issues?.[0]?.message).toBe('There is no such file.');
  });
});
