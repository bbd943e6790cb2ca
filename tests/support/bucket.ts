import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';

/** A store that speaks the protocol of Amazon S3 and has one bucket. It knows one key, of whose signatures it takes any. */
export interface TestBucket {
  /** What a server needs to keep its files there. */
  readonly environment: {
    readonly ASSET_BUCKET: string;
    readonly ASSET_BUCKET_ENDPOINT: string;
    readonly ASSET_BUCKET_ACCESS_KEY_ID: string;
    readonly ASSET_BUCKET_SECRET_ACCESS_KEY: string;
  };
  close(): Promise<void>;
}

/** Starts a store on loopback, with an empty bucket. */
export async function startTestBucket(): Promise<TestBucket> {
  const directory = await mkdtemp(join(tmpdir(), 'wzrd-bucket-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    configureBuckets: [{ name: 'studio', configs: [] }],
  });
  const { port } = await server.run();
  return {
    environment: {
      ASSET_BUCKET: 'studio',
      ASSET_BUCKET_ENDPOINT: `http://127.0.0.1:${port}`,
      // The only key that this store knows.
      ASSET_BUCKET_ACCESS_KEY_ID: 'S3RVER',
      ASSET_BUCKET_SECRET_ACCESS_KEY: 'S3RVER',
    },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
