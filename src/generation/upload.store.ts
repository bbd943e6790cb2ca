import { type Instant, toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import type { AccountId } from '../ledger/index.ts';

/** A file that an account brought along. */
export interface StoredUpload {
  readonly id: string;
  readonly accountId: AccountId;
  /** Where it lies in the storage. */
  readonly fileId: string;
  readonly mimeType: string;
  readonly bytes: number;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
}

/** Writes down that a file has come; false when one has come before under the id. */
export async function insertUpload(client: PrismaClient, upload: StoredUpload): Promise<boolean> {
  const { count } = await client.upload.createMany({
    data: [{ ...upload, createdAt: toDate(upload.createdAt), expiresAt: toDate(upload.expiresAt) }],
    skipDuplicates: true,
  });
  return count === 1;
}

/** An upload by its id, which nobody can guess. */
export async function findUpload(client: PrismaClient, id: string): Promise<StoredUpload | null> {
  const row = await client.upload.findUnique({ where: { id } });
  return row === null ? null : toUpload(row);
}

/** How many bytes of an account are kept. */
export async function sumUploads(client: PrismaClient, accountId: AccountId): Promise<number> {
  const { _sum } = await client.upload.aggregate({ where: { accountId }, _sum: { bytes: true } });
  return _sum.bytes ?? 0;
}

/** Uploads that expired before an instant, the oldest first. */
export async function readExpiredUploads(
  client: PrismaClient,
  before: Instant,
  limit: number,
): Promise<StoredUpload[]> {
  const rows = await client.upload.findMany({
    where: { expiresAt: { lt: toDate(before) } },
    orderBy: { expiresAt: 'asc' },
    take: limit,
  });
  return rows.map(toUpload);
}

/** Forgets an upload whose file is gone. */
export async function deleteUpload(client: PrismaClient, { id }: StoredUpload): Promise<void> {
  await client.upload.deleteMany({ where: { id } });
}

const toUpload = (row: Prisma.UploadGetPayload<Record<never, never>>): StoredUpload => ({
  ...row,
  accountId: row.accountId as AccountId,
  createdAt: toInstant(row.createdAt),
  expiresAt: toInstant(row.expiresAt),
});
