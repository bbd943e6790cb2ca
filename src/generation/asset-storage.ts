import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** Where the files of generations are kept. */
export interface AssetStorage {
  /** Stores a file under an asset's id and gives its bytes; it is on disk when this resolves, and not at all when it rejects. */
  write(assetId: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<number>;
  /** The whole file, or the bytes from `first` to `last`, both included; rejects when there is no such file. */
  read(assetId: string, range?: { first: number; last: number }): Promise<Readable>;
  /** Takes a file away; nothing happens when there is none. */
  remove(assetId: string): Promise<void>;
  /** Gives up its connections. */
  close(): Promise<void>;
}

/** Keeps files in a folder, which is made when the first one comes. */
export function createFolderStorage(folder: string): AssetStorage {
  // Asset ids are of our own making, with nothing in them that a path could trip over.
  const pathOf = (assetId: string): string => join(folder, assetId);
  return {
    write: async (assetId, content) => {
      await mkdir(folder, { recursive: true });
      const partial = `${pathOf(assetId)}.partial`;
      const file = await open(partial, 'w');
      let bytes = 0;
      try {
        for await (const chunk of content instanceof Uint8Array ? [content] : content) {
          await file.writeFile(chunk);
          bytes += chunk.byteLength;
        }
        await file.sync();
      } catch (error) {
        await rm(partial, { force: true });
        throw error;
      } finally {
        await file.close();
      }
      await rename(partial, pathOf(assetId));
      return bytes;
    },
    read: async (assetId, range) => {
      const file = await open(pathOf(assetId));
      return file.createReadStream(range === undefined ? {} : { start: range.first, end: range.last });
    },
    remove: (assetId) => rm(pathOf(assetId), { force: true }),
    close: async () => {},
  };
}
