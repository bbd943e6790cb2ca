import type { Prisma, PrismaClient } from './generated/client.ts';

/** A connection to the one database, embedded or not. */
export interface Database {
  readonly prisma: PrismaClient;
  readonly kind: 'embedded' | 'postgres';
  /** How many batches of the ledger may be under way at once. */
  readonly concurrentBatches: number;
  /** Runs SQL of several statements, outside any transaction of Prisma's; for migrations alone. */
  runScript(sql: string): Promise<void>;
  /** Does work that no other process may do on this database at the same time, such as what is prepared at start. */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

/** What a store may use inside a transaction. */
export type Transaction = Prisma.TransactionClient;
