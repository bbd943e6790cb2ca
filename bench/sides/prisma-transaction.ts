import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../../src/db/generated/client.ts';
import { runClosedLoop } from '../closed-loop.ts';
import { debitCredits } from './plain-tables.ts';

export const prismaCallers = 16;

/** Debits of one wallet as they are usually written with Prisma: an interactive transaction each. */
export interface PrismaTransactions {
  debitsPerSecond(seconds: number): Promise<number>;
  close(): Promise<void>;
}

/** Opens a client of its own with a connection for each caller. */
export function openPrismaTransactions(url: string): PrismaTransactions {
  const adapter = new PrismaPg({ connectionString: url, max: prismaCallers }, { schema: 'plain' });
  const prisma = new PrismaClient({ adapter, transactionOptions: { maxWait: 10_000, timeout: 10_000 } });
  let entries = 0;

  const debit = async (): Promise<void> => {
    entries += 1;
    const version = entries;
    await prisma.$transaction(async (transaction) => {
      const { count } = await transaction.wallet.updateMany({
        where: { accountId: 'hot', available: { gte: debitCredits } },
        data: { available: { decrement: debitCredits } },
      });
      if (count !== 1) throw new Error('The wallet has run out.');
      // The entry: whose, its number, how much and when.
      await transaction.modelPrice.create({
        data: { modelId: 'hot', version, credits: debitCredits, createdAt: new Date() },
      });
    });
  };

  return {
    debitsPerSecond: async (seconds) =>
      (await runClosedLoop({ callers: prismaCallers, warmUpSeconds: 1, seconds }, debit)).callsPerSecond,
    close: () => prisma.$disconnect(),
  };
}
