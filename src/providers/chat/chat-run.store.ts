import { type Instant, toDate, toInstant } from '../../clock.ts';
import { Prisma, type PrismaClient } from '../../db/index.ts';
import type { ProviderFailure } from '../provider.ts';

/** An answer as far as it is known. */
export interface ChatRun {
  readonly requestId: string;
  readonly text: string;
  /** How it failed; null while it is being written, and when it is whole. */
  readonly failure: ProviderFailure | null;
  /** When the process that listens to it wrote last. */
  readonly heardAt: Instant;
  /** Null while it is being written. */
  readonly endedAt: Instant | null;
}

/** Old answers have long become texts of generations, and are deleted. */
const keptMs = 24 * 60 * 60_000;

/** Notes that an answer begins, and forgets those of yesterday. */
export async function insertChatRun(client: PrismaClient, requestId: string, now: Instant): Promise<void> {
  await client.chatRun.create({ data: { requestId, text: '', heardAt: toDate(now) } });
  await client.chatRun.deleteMany({ where: { heardAt: { lt: new Date(now - keptMs) } } });
}

/** Writes how far an answer is; false when it had ended before. */
export async function writeChatRun(client: PrismaClient, run: ChatRun): Promise<boolean> {
  const { count } = await client.chatRun.updateMany({
    where: { requestId: run.requestId, endedAt: null },
    data: {
      text: run.text,
      failure: run.failure === null ? Prisma.DbNull : { ...run.failure },
      heardAt: toDate(run.heardAt),
      endedAt: run.endedAt === null ? null : toDate(run.endedAt),
    },
  });
  return count === 1;
}

/** Ends an answer that nobody waits for; whoever listens to it stops when it next writes. */
export async function endChatRun(
  client: PrismaClient,
  requestId: string,
  failure: ProviderFailure,
  now: Instant,
): Promise<void> {
  await client.chatRun.updateMany({
    where: { requestId, endedAt: null },
    data: { failure: { ...failure }, endedAt: toDate(now) },
  });
}

/** An answer by its id; null when there is none. */
export async function findChatRun(client: PrismaClient, requestId: string): Promise<ChatRun | null> {
  const row = await client.chatRun.findUnique({ where: { requestId } });
  if (row === null) return null;
  return {
    requestId,
    text: row.text,
    failure: row.failure as ProviderFailure | null, // Written by the functions above alone.
    heardAt: toInstant(row.heardAt),
    endedAt: row.endedAt === null ? null : toInstant(row.endedAt),
  };
}
