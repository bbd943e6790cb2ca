import { type Instant, toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient, Transaction } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { AccountId } from '../ledger/index.ts';
import type { AutoTopUp } from './types.ts';

type JobInsert = Pick<Jobs, 'insert'>;

/** One job an account looks after its top-ups. */
const jobIdOf = (accountId: AccountId): string => `job_top_up_${accountId}`;
const jobOf = (accountId: AccountId, dueAt: Instant) =>
  ({ id: jobIdOf(accountId), kind: 'TOP_UP', accountId, subjectId: accountId, dueAt }) as const;

/** How an account tops itself up; null when it was never set. */
export async function readAutoTopUp(client: PrismaClient, accountId: AccountId): Promise<AutoTopUp | null> {
  const row = await client.autoTopUp.findUnique({ where: { accountId } });
  return row === null ? null : toAutoTopUp(row);
}

/** Of these accounts, those that top themselves up and have no job that will look after it anyway. */
export async function readUnattended(client: PrismaClient, accountIds: readonly AccountId[]): Promise<AutoTopUp[]> {
  const rows = await client.autoTopUp.findMany({
    where: { accountId: { in: [...accountIds] }, enabled: true, suspendedReason: null },
  });
  if (rows.length === 0) return [];
  const settings = rows.map(toAutoTopUp);
  // One that a worker holds may have looked already.
  const waiting = await client.job.findMany({
    where: { id: { in: settings.map(({ accountId }) => jobIdOf(accountId)) }, leaseId: null },
    select: { id: true },
  });
  const attended = new Set(waiting.map(({ id }) => id));
  return settings.filter(({ accountId }) => !attended.has(jobIdOf(accountId)));
}

/** Accounts that top themselves up, are below their threshold as it is recorded, and have no job. */
export async function findNeglected(client: PrismaClient, limit: number): Promise<AccountId[]> {
  const rows = await client.$queryRaw<{ account_id: AccountId }[]>`
    SELECT account_id FROM auto_top_up JOIN wallet USING (account_id)
    WHERE enabled AND suspended_reason IS NULL AND available < threshold
      AND NOT EXISTS (SELECT FROM job WHERE id = 'job_top_up_' || account_id)
    ORDER BY account_id LIMIT ${limit}`;
  return rows.map(({ account_id }) => account_id);
}

/** What an account wants; `resumes` ends a suspension and forgets what failed. */
export async function writeAutoTopUp(
  client: PrismaClient,
  wanted: Pick<AutoTopUp, 'accountId' | 'enabled' | 'threshold' | 'packCode' | 'monthlyLimit'>,
  { resumes, now }: { resumes: boolean; now: Instant },
): Promise<AutoTopUp> {
  const { accountId, ...settings } = wanted;
  const data = { ...settings, ...(resumes ? nothingFailed : {}), updatedAt: toDate(now) };
  const row = await client.autoTopUp.upsert({ where: { accountId }, create: { accountId, ...data }, update: data });
  return toAutoTopUp(row);
}

const nothingFailed = { failures: 0, failedPaymentMethodId: null, retryAt: null, suspendedReason: null };

/** Ends a suspension and forgets what failed: there is something else to charge. */
export async function resumeAutoTopUp(client: PrismaClient, settings: AutoTopUp): Promise<AutoTopUp> {
  const row = await client.autoTopUp.update({ where: { accountId: settings.accountId }, data: nothingFailed });
  return toAutoTopUp(row);
}

/**
 * Ends the automatic charges of an account: until something else would be charged than what failed, or, when that is
 * null, until its owner switches them on again.
 */
export async function suspendAutoTopUp(
  client: PrismaClient,
  accountId: AccountId,
  suspension: { suspendedReason: string; failedPaymentMethodId: string | null },
): Promise<void> {
  await client.autoTopUp.updateMany({ where: { accountId, suspendedReason: null }, data: suspension });
}

/** A payment method that failed has other details now, under its old id: it counts as another one. */
export async function forgetFailedPaymentMethod(
  client: PrismaClient,
  accountId: AccountId,
  paymentMethodId: string,
): Promise<void> {
  await client.autoTopUp.updateMany({
    where: { accountId, failedPaymentMethodId: paymentMethodId },
    data: { failedPaymentMethodId: '' },
  });
}

/** Notes a failed charge of a payment method, inside the transaction that ends its top-up. */
export async function noteFailure(
  transaction: Transaction,
  accountId: AccountId,
  failure: { failures: number; failedPaymentMethodId: string; retryAt: Instant; suspendedReason: string | null },
): Promise<void> {
  await transaction.autoTopUp.update({
    where: { accountId },
    data: { ...failure, retryAt: toDate(failure.retryAt) },
  });
}

/** A charge succeeded: nothing counts as failed any more. */
export async function noteSuccess(transaction: Transaction, accountId: AccountId): Promise<void> {
  await transaction.autoTopUp.updateMany({ where: { accountId }, data: nothingFailed });
}

/** Has accounts looked after; a job that is there already stays as it is. */
export async function insertTopUpJobs(
  client: PrismaClient,
  jobs: JobInsert,
  accountIds: readonly AccountId[],
  now: Instant,
): Promise<void> {
  await client.$transaction((transaction) =>
    jobs.insert(
      transaction,
      accountIds.map((accountId) => jobOf(accountId, now)),
    ),
  );
}

/**
 * Has an account looked after now, whatever its job waits for. A worker that is at it loses the job, and with it the
 * say when to come back: it may have seen what was before. Two looks at an account are one after the other all the same.
 */
export async function hastenTopUpJob(
  client: PrismaClient,
  jobs: JobInsert,
  accountId: AccountId,
  now: Instant,
): Promise<void> {
  await client.$transaction(async (transaction) => {
    await transaction.job.updateMany({
      where: { id: jobIdOf(accountId) },
      data: { dueAt: toDate(now), attempts: 0, leaseId: null, leasedUntil: null },
    });
    await jobs.insert(transaction, [jobOf(accountId, now)]);
  });
}

/** Takes a job away whose work is done, before it ends: what comes up from here on gets a job of its own. */
export async function deleteTopUpJob(client: PrismaClient, job: { id: string; leaseId: string }): Promise<void> {
  await client.job.deleteMany({ where: { id: job.id, leaseId: job.leaseId } });
}

type AutoTopUpRow = Prisma.AutoTopUpGetPayload<Record<never, never>>;

const toAutoTopUp = ({ updatedAt: _updatedAt, ...row }: AutoTopUpRow): AutoTopUp => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of accounts are all that is ever written there.
  retryAt: row.retryAt === null ? null : toInstant(row.retryAt),
});
