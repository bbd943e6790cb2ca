import type { AccountId, Instant } from '../ledger/index.ts';
import type { Generations } from './generations.ts';
import type { Uploads } from './uploads.ts';

/** A file that is kept here. */
export interface StoredFile {
  readonly id: string;
  readonly accountId: AccountId;
  /** Where it lies in the storage. */
  readonly key: string;
  readonly mimeType: string;
  readonly bytes: number;
  /** From then on no call may name it; null for never. */
  readonly expiresAt: Instant | null;
}

/** Finds files by the ids in their addresses; null for an id that none has. */
export type FindFile = (id: string) => Promise<StoredFile | null>;

/** Finds what generations have made and what accounts have brought along. */
export const createFindFile =
  (generations: () => Pick<Generations, 'asset'>, uploads: Pick<Uploads, 'find'>): FindFile =>
  async (id) => {
    if (id.startsWith('upload_')) {
      const upload = await uploads.find(id);
      return upload === null ? null : { ...upload, key: upload.fileId };
    }
    const asset = await generations().asset(id);
    return asset === null ? null : { ...asset, key: asset.id, expiresAt: null };
  };
