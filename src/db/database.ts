import type { Followers, FollowOptions, Topic } from './followers.ts';
import type { Prisma, PrismaClient } from './generated/client.ts';

/** What only one process at a time may do on a database. */
export type ExclusiveWork = 'start' | 'move-clock';

/** A connection to the one database, embedded or not. */
export interface Database {
  readonly prisma: PrismaClient;
  readonly kind: 'embedded' | 'postgres';
  /** How many batches of the ledger may be under way at once. */
  readonly concurrentBatches: number;
  /** Runs SQL of several statements, outside any transaction of Prisma's; for migrations alone. */
  runScript(sql: string): Promise<void>;
  /** Does work that no other process does on this database at the same time; waits until none does. */
  exclusively<Result>(kind: ExclusiveWork, work: () => Promise<Result>): Promise<Result>;
  /** Keeps this process at the newest version of what any process may change. */
  follow(topic: Topic, options: FollowOptions): Promise<Followers>;
  close(): Promise<void>;
}

/** What a store may use inside a transaction. */
export type Transaction = Prisma.TransactionClient;
