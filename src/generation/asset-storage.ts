import { mkdir, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

/** Where the files of generations are kept. */
export interface AssetStorage {
  /** Stores a file under an asset's id; it is on disk when this resolves. */
  write(assetId: string, content: Uint8Array): Promise<void>;
  /** The whole file, or the bytes from `first` to `last`, both included; rejects when there is no such file. */
  read(assetId: string, range?: { first: number; last: number }): Promise<Readable>;
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
      try {
        await file.writeFile(content);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partial, pathOf(assetId));
    },
    read: async (assetId, range) => {
      const file = await open(pathOf(assetId));
      return file.createReadStream(range === undefined ? {} : { start: range.first, end: range.last });
    },
  };
}
