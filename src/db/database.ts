import type { Followers, FollowOptions, Topic } from './followers.ts';
import type { Channel } from './listening.ts';
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
  /** Opens a channel between the processes on this database. Nothing told on it is kept for who is not there. */
  openChannel(channel: Channel, options: ChannelOptions): Promise<ProcessChannel>;
  close(): Promise<void>;
}

export interface ChannelOptions {
  /** Somebody told something, this process itself perhaps. */
  readonly onMessage: (message: string) => void;
  /** Messages may have been missed until now. */
  readonly onGap: () => void;
  readonly onError: (error: unknown) => void;
}

export interface ProcessChannel {
  /** Tells all processes; each message has at most 7,999 bytes. */
  tell(messages: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** What a store may use inside a transaction. */
export type Transaction = Prisma.TransactionClient;
