import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AssetStorage } from '../../src/generation/asset-storage.ts';
import { createBucketStorage } from '../../src/generation/bucket-storage.ts';
import { startTestBucket, type TestBucket } from '../support/bucket.ts';
import { media } from '../support/providers/media.ts';
import { createStudio } from '../support/studio.ts';
import { startTestApp, type TestApp } from '../support/test-app.ts';

describe('files in a bucket', () => {
  let bucket: TestBucket;
  let storage: AssetStorage;

  const open = (accessKeyId: string): AssetStorage =>
    createBucketStorage({
      bucket: bucket.environment.ASSET_BUCKET,
      endpoint: bucket.environment.ASSET_BUCKET_ENDPOINT,
      region: 'us-east-1',
      credentials: { accessKeyId, secretAccessKey: bucket.environment.ASSET_BUCKET_SECRET_ACCESS_KEY },
    });

  beforeAll(async () => {
    bucket = await startTestBucket();
    storage = open(bucket.environment.ASSET_BUCKET_ACCESS_KEY_ID);
  });
  afterAll(async () => {
    await storage.close();
    await bucket.close();
  });

  it('given a small file, when it is written, then it is read as it was, whole and in part', async () => {
    expect(await storage.write('asset_small', media.png)).toBe(media.png.byteLength);
    expect((await buffer(await storage.read('asset_small'))).equals(media.png)).toBe(true);
    const part = await buffer(await storage.read('asset_small', { first: 1, last: 3 }));
    expect(part.toString()).toBe('PNG');
  });

  it('given 12 MiB that come in pieces, when they are written, then they are sent in parts and read as they were', async () => {
    const pieces = Array.from({ length: 12 }, () => randomBytes(1_024 * 1_024));
    const comes = async function* (): AsyncGenerator<Uint8Array> {
      yield* pieces;
    };
    expect(await storage.write('asset_large', comes())).toBe(12 * 1_024 * 1_024);
    expect((await buffer(await storage.read('asset_large'))).equals(Buffer.concat(pieces))).toBe(true);
  });

  it('given a file that breaks off, when it was being written, then it is not there', async () => {
    const breaks = async function* (): AsyncGenerator<Uint8Array> {
      yield randomBytes(6 * 1_024 * 1_024);
      throw new Error('It broke off.');
    };
    await expect(storage.write('asset_broken', breaks())).rejects.toThrow('It broke off.');
    await expect(storage.read('asset_broken')).rejects.toThrow();
  });

  it('given a file, when it is removed, also twice, then it is not there', async () => {
    await storage.write('asset_gone', media.png);
    await storage.remove('asset_gone');
    await storage.remove('asset_gone');
    await expect(storage.read('asset_gone')).rejects.toThrow();
  });

  it('given a key that the store does not know, when a file is written, then it is refused', async () => {
    const stranger = open('NOBODY');
    await expect(stranger.write('asset_x', media.png)).rejects.toThrow('does not exist');
    await stranger.close();
  });

  describe('of a whole server', () => {
    let app: TestApp;

    beforeAll(async () => {
      app = await startTestApp('embedded', { environment: bucket.environment });
    });
    afterAll(() => app.close());

    it('given a film was generated, when its address is asked for a part, then the part comes from the bucket', async () => {
      const { key } = await app.newAccount();
      const studio = createStudio(app);
      const id = await studio.queue(key, { kind: 'VIDEO', prompt: 'waves' });
      await app.settle();
      const url = (await studio.generation(key, id))?.assets?.[0]?.url ?? '';
      const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
      const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
      expect(part.status).toBe(206);
      expect(Buffer.from(await part.arrayBuffer()).equals(whole.subarray(10, 20))).toBe(true);
      // What is served is what the bucket has.
      const [, assetId = ''] = /assets\/(\w+)/.exec(url) ?? [];
      expect((await buffer(await storage.read(assetId))).equals(whole)).toBe(true);
    });

    it('given a picture is put to its address, when it is asked for, then it comes from the bucket', async () => {
      const { key } = await app.newAccount();
      const { createUpload } = await createStudio(app).ask<{ createUpload: { putUrl: string; url: string } }>(
        'mutation { createUpload(input: { kind: IMAGE }) { ... on Upload { putUrl url } } }',
        { key },
      );
      expect((await fetch(createUpload.putUrl, { method: 'PUT', body: new Uint8Array(media.png) })).status).toBe(201);
      const served = Buffer.from(await (await fetch(createUpload.url)).arrayBuffer());
      expect(served.equals(media.png)).toBe(true);
    });
  });
});
