import { Readable } from 'node:stream';
import { DeleteObjectCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { BucketConfig } from '../config.ts';
import type { AssetStorage } from './asset-storage.ts';

/** Keeps files in a bucket. Large ones are sent in parts as they come, and are there once the last one is. */
export function createBucketStorage({ bucket, endpoint, region, credentials }: BucketConfig): AssetStorage {
  const client = new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === null ? {} : { credentials }),
    // Few of the stores that speak the protocol know its newer checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return {
    write: async (assetId, content) => {
      let bytes = 0;
      const failures: unknown[] = [];
      const counted = async function* (): AsyncGenerator<Uint8Array> {
        try {
          for await (const chunk of content instanceof Uint8Array ? [content] : content) {
            bytes += chunk.byteLength;
            yield chunk;
          }
        } catch (error) {
          failures.push(error);
          throw error;
        }
      };
      const Body = Readable.from(counted());
      try {
        await new Upload({ client, params: { Bucket: bucket, Key: assetId, Body } }).done();
      } catch (error) {
        // Its callers know what became of the content; the SDK would tell them what became of the parts.
        throw failures.length === 0 ? error : failures[0];
      }
      return bytes;
    },
    read: async (assetId, range) => {
      const { Body } = await client.send(
        new GetObjectCommand({
          Bucket: bucket,
          Key: assetId,
          ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
        }),
      );
      // On Node.js the SDK gives a stream of Node's.
      if (!(Body instanceof Readable)) throw new Error(`The bucket gave no content for ${assetId}.`);
      return Body;
    },
    remove: async (assetId) => {
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: assetId }));
    },
    close: async () => client.destroy(),
  };
}
