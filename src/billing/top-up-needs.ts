import DataLoader from 'dataloader';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { gathering } from '../gathering.ts';
import type { Jobs } from '../jobs/index.ts';
import type { AccountId, Ledger } from '../ledger/index.ts';
import { findNeglected, hastenTopUpJob, insertTopUpJobs, readUnattended } from './auto-top-up.store.ts';
import { needsTopUp } from './rules/top-up.ts';

/** Notices accounts that need a top-up, and has each looked after by one job. */
export interface TopUpNeeds {
  /** Notices, in a while, whether an account needs one. Takes no time and does not throw. */
  notice(accountId: AccountId): void;
  /** The same, now. */
  noticeNow(accountIds: readonly AccountId[]): Promise<void>;
  /** Has an account looked after at once, whatever it waits for. */
  hasten(accountId: AccountId): Promise<void>;
  /** Notices accounts that nobody has: their credits expired, or a process ended too early. Gives how many it looked at. */
  sweep(limit: number): Promise<number>;
  /** When all that was to be noticed has been. */
  settled(): Promise<void>;
}

export function createTopUpNeeds({
  database,
  clock,
  ledger,
  jobs,
  onNoticeError,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly jobs: Pick<Jobs, 'insert' | 'wake'>;
  readonly onNoticeError: (error: unknown) => void;
}): TopUpNeeds {
  const { prisma } = database;
  const underWay = new Set<Promise<void>>();

  const noticeNow = async (accountIds: readonly AccountId[]): Promise<void> => {
    const unattended = await readUnattended(prisma, [...new Set(accountIds)]);
    const wallets = await Promise.all(unattended.map(({ accountId }) => ledger.wallet(accountId)));
    const needing = unattended.filter((settings, index) => {
      const wallet = wallets[index];
      return wallet != null && needsTopUp(settings, wallet.state.available);
    });
    if (needing.length === 0) return;
    await insertTopUpJobs(
      prisma,
      jobs,
      needing.map(({ accountId }) => accountId),
      clock.now(),
    );
    jobs.wake();
  };
  // Many calls at once read once.
  const noticed = new DataLoader<AccountId, null>(async (accountIds) => {
    await noticeNow(accountIds);
    return accountIds.map(() => null);
  }, gathering);

  return {
    notice: (accountId) => {
      const noticing = noticed
        .load(accountId)
        .then(() => {}, onNoticeError)
        .finally(() => underWay.delete(noticing));
      underWay.add(noticing);
    },
    noticeNow,
    hasten: async (accountId) => {
      await hastenTopUpJob(prisma, jobs, accountId, clock.now());
      jobs.wake();
    },
    sweep: async (limit) => {
      const accountIds = await findNeglected(prisma, limit);
      await noticeNow(accountIds);
      return accountIds.length;
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
