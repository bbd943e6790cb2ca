import { createHmac, timingSafeEqual } from 'node:crypto';
import type { MediaKind } from '../catalog/index.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { InvalidInputError } from '../errors.ts';
import type { IdSource } from '../ids.ts';
import type { AccountId, Instant } from '../ledger/index.ts';
import type { AssetStorage } from './asset-storage.ts';
import type { AssetUrls } from './asset-urls.ts';
import { type MediaStream, openMedia } from './media-stream.ts';
import { kindOfMedia, nameOfKind } from './sniff-media.ts';
import {
  deleteUpload,
  findUpload,
  insertUpload,
  readExpiredUploads,
  type StoredUpload,
  sumUploads,
} from './upload.store.ts';

/** Where a file may be put, and where it is to be found then. */
export interface Upload {
  readonly kind: UploadKind;
  /** Takes one file, with PUT. */
  readonly putUrl: string;
  /** Names the file in calls once it is there. */
  readonly url: string;
  readonly maxBytes: number;
  readonly expiresAt: Instant;
}

type UploadKind = Exclude<MediaKind, 'TEXT'>;

/** Why a file was not taken. */
export type UploadProblem = 'UNKNOWN' | 'EXPIRED' | 'TAKEN' | 'EMPTY' | 'TOO_LARGE' | 'WRONG_TYPE' | 'NO_ROOM';

/** When a file was not taken; `message` is for the person who sent it. */
export class UploadError extends Error {
  override readonly name = 'UploadError';
  readonly problem: UploadProblem;

  constructor(problem: UploadProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** Files that accounts bring along for their calls. */
export interface Uploads {
  /** Makes an address to which one file can be put within a day; nothing is stored before it comes. Throws {@link InvalidInputError}. */
  create(kind: MediaKind, accountId: AccountId): Upload;
  /** Takes the file that is put to an address. `announcedBytes` is what its sender says, null for nothing. Throws {@link UploadError}. */
  receive(token: string, content: AsyncIterable<Uint8Array>, announcedBytes: number | null): Promise<StoredUpload>;
  /** A file that was put; null when none was. */
  find(id: string): Promise<StoredUpload | null>;
  /** Where a file is served. */
  urlOf(upload: Pick<StoredUpload, 'id'>): string;
  /** Takes away files that nobody has been able to name for a day, at most so many; gives how many. */
  removeExpired(limit: number): Promise<number>;
}

const dayMs = 24 * 60 * 60_000;
const mebibyte = 1_024 * 1_024;
const mostBytes: Readonly<Record<UploadKind, number>> = {
  IMAGE: 32 * mebibyte,
  AUDIO: 64 * mebibyte,
  VIDEO: 256 * mebibyte,
};
/** What the uploads of one account may have in all. */
const mostBytesOfAccount = 2_048 * mebibyte;

/** What an address allows. */
interface Permit {
  readonly id: string;
  readonly accountId: AccountId;
  readonly kind: UploadKind;
  readonly expiresAt: Instant;
}

/** Takes files and keeps them for a day. */
export function createUploads({
  database,
  clock,
  ids,
  storage,
  assetUrls,
  secret,
  publicUrl,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly storage: AssetStorage;
  readonly assetUrls: Pick<AssetUrls, 'urlOf'>;
  readonly secret: Uint8Array;
  readonly publicUrl: () => string;
}): Uploads {
  const { prisma } = database;

  const refuseIfTaken = async (id: string): Promise<void> => {
    if ((await findUpload(prisma, id)) !== null) {
      throw new UploadError('TAKEN', 'A file has been put here already. Ask for another address.');
    }
  };

  return {
    create: (kind, accountId) => {
      if (kind === 'TEXT') {
        const message = 'Only images, videos and audio are uploaded. Texts stand in the prompt.';
        throw new InvalidInputError([{ path: ['input', 'kind'], message }]);
      }
      const permit: Permit = {
        id: ids.next('upload'),
        accountId,
        kind,
        expiresAt: (clock.now() + dayMs) as Instant, // A later instant is an instant.
      };
      return {
        kind,
        putUrl: `${publicUrl()}/uploads/${signPermit(permit, secret)}`,
        url: assetUrls.urlOf(permit.id),
        maxBytes: mostBytes[kind],
        expiresAt: permit.expiresAt,
      };
    },
    receive: async (token, content, announcedBytes) => {
      const permit = readPermit(token, secret);
      if (permit === null) throw new UploadError('UNKNOWN', 'This address takes no file.');
      const { id, accountId, kind, expiresAt } = permit;
      if (clock.now() >= expiresAt) throw new UploadError('EXPIRED', 'This address has expired. Ask for another one.');
      if ((announcedBytes ?? 0) > mostBytes[kind]) throw tooLarge(kind);
      await refuseIfTaken(id);
      if ((await sumUploads(prisma, accountId)) + (announcedBytes ?? 0) > mostBytesOfAccount) {
        const limit = mostBytesOfAccount / mebibyte;
        throw new UploadError(
          'NO_ROOM',
          `Your uploads have ${limit} MiB already. Each goes two days after it was made.`,
        );
      }

      const media = await openMedia(content, mostBytes[kind], () => tooLarge(kind));
      const mimeType = typeOf(media, kind);
      // Two that put a file at once write two files, of which one is taken.
      const fileId = ids.next('file');
      const bytes = await storage.write(fileId, media.content);
      const upload = { id, accountId, fileId, mimeType, bytes, createdAt: clock.now(), expiresAt };
      if (await insertUpload(prisma, upload)) return upload;
      await storage.remove(fileId);
      await refuseIfTaken(id);
      throw new Error('An upload was neither taken nor there.');
    },
    find: (id) => findUpload(prisma, id),
    urlOf: ({ id }) => assetUrls.urlOf(id),
    removeExpired: async (limit) => {
      // A call that named a file in time may still be waiting for its provider.
      const before = (clock.now() - dayMs) as Instant; // An earlier instant is an instant.
      const expired = await readExpiredUploads(prisma, before, limit);
      for (const upload of expired) {
        await storage.remove(upload.fileId);
        await deleteUpload(prisma, upload);
      }
      return expired.length;
    },
  };
}

const signPermit = ({ id, accountId, kind, expiresAt }: Permit, secret: Uint8Array): string => {
  const name = `${id}.${accountId}.${kind}.${expiresAt}`;
  return `${name}.${signatureOf(name, secret).toString('base64url')}`;
};

const signatureOf = (name: string, secret: Uint8Array): Buffer => createHmac('sha256', secret).update(name).digest();

/** What an address allows; null when it is not of our making. */
function readPermit(token: string, secret: Uint8Array): Permit | null {
  const pattern = /^((upload_\w{26})\.(account_\w{26})\.(IMAGE|VIDEO|AUDIO)\.(\d{1,15}))\.([\w-]{43})$/;
  const [, name = '', id = '', account = '', kind = '', expires = '', signature = ''] = pattern.exec(token) ?? [];
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== 32 || !timingSafeEqual(given, signatureOf(name, secret))) return null;
  // It is signed, so these are of our making.
  return { id, accountId: account as AccountId, kind: kind as UploadKind, expiresAt: Number(expires) as Instant };
}

const tooLarge = (kind: UploadKind): UploadError =>
  new UploadError('TOO_LARGE', `${capitalized(nameOfKind[kind])} may have at most ${mostBytes[kind] / mebibyte} MiB.`);

const capitalized = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** The MIME type by which a file shows what it is. */
function typeOf({ isEmpty, mimeType }: MediaStream, kind: UploadKind): string {
  if (isEmpty) throw new UploadError('EMPTY', 'There is nothing in this file.');
  if (mimeType === null) {
    throw new UploadError('WRONG_TYPE', 'This is no image, video or audio of a type that is known here.');
  }
  const found = kindOfMedia(mimeType);
  if (found === kind) return mimeType;
  throw new UploadError('WRONG_TYPE', `This address was made for ${nameOfKind[kind]}, and this is ${mimeType}.`);
}
