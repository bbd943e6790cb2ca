import { type Instant, toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient, Transaction } from '../db/index.ts';
import type { AccountId, AttachmentWriter } from '../ledger/index.ts';
import { noteFailure, noteSuccess } from './auto-top-up.store.ts';
import type { TopUp, TopUpId } from './types.ts';

/** Writes an order before anything is charged for it; gives the one that is under way already, if there is one. */
export async function insertTopUp(client: PrismaClient, topUp: TopUp): Promise<TopUp> {
  await client.topUp.createMany({
    data: [{ ...topUp, status: 'PENDING', createdAt: toDate(topUp.createdAt) }],
    skipDuplicates: true,
  });
  const pending = await readPendingTopUp(client, topUp.accountId);
  if (pending === null) throw new Error(`The top-up ${topUp.id} was not written, and none is under way.`);
  return pending;
}

/** The order of an account that is under way. */
export async function readPendingTopUp(client: PrismaClient, accountId: AccountId): Promise<TopUp | null> {
  const row = await client.topUp.findFirst({ where: { accountId, status: 'PENDING' } });
  return row === null ? null : toTopUp(row);
}

/** An order of any account, for Stripe's events. */
export async function findTopUp(client: PrismaClient, id: TopUpId): Promise<TopUp | null> {
  const row = await client.topUp.findFirst({ where: { id } });
  return row === null ? null : toTopUp(row);
}

/** How many orders of an account were made since an instant and paid. */
export const countPaidTopUps = (client: PrismaClient, accountId: AccountId, since: Instant): Promise<number> =>
  client.topUp.count({ where: { accountId, status: 'PAID', createdAt: { gte: toDate(since) } } });

/** Notes Stripe's payment of an order whose money is on its way. */
export async function writePaymentIntent(
  client: PrismaClient,
  { accountId, id }: TopUp,
  paymentIntentId: string,
): Promise<void> {
  await client.topUp.update({ where: { accountId_id: { accountId, id } }, data: { paymentIntentId } });
}

/** How an order ended without credits. */
export interface FailedTopUp {
  readonly failure: string;
  readonly paymentIntentId: string | null;
  readonly endedAt: Instant;
  /** What it means for the next try; null when nothing was tried. */
  readonly next: { failures: number; retryAt: Instant; suspendedReason: string | null } | null;
}

/** Ends an order without credits; one that has ended stays as it is. */
export async function failTopUp(
  client: PrismaClient,
  { accountId, id, paymentMethodId }: TopUp,
  { next, endedAt, ...ending }: FailedTopUp,
): Promise<void> {
  await client.$transaction(async (transaction) => {
    const { count } = await transaction.topUp.updateMany({
      where: { accountId, id, status: 'PENDING' },
      data: { ...ending, status: 'FAILED', endedAt: toDate(endedAt) },
    });
    if (count === 0 || next === null) return;
    await noteFailure(transaction, accountId, { ...next, failedPaymentMethodId: paymentMethodId });
  });
}

/** An order that was paid; written together with its grant. */
export interface PaidTopUp {
  readonly accountId: AccountId;
  readonly id: TopUpId;
  readonly paymentIntentId: string;
  readonly endedAt: Instant;
}

/** Marks orders as paid. */
async function writePaidTopUps(transaction: Transaction, attached: readonly unknown[]): Promise<void> {
  for (const { accountId, id, paymentIntentId, endedAt } of attached as readonly PaidTopUp[]) {
    // The ledger carries these unseen from `top-ups.ts`.
    await transaction.topUp.update({
      where: { accountId_id: { accountId, id } },
      data: { status: 'PAID', paymentIntentId, endedAt: toDate(endedAt) },
    });
    await noteSuccess(transaction, accountId);
  }
}

/** What the ledger writes for the commands that concern top-ups, by name. */
export const topUpWriters: ReadonlyMap<string, AttachmentWriter> = new Map<string, AttachmentWriter>([
  ['paid-top-up', { kind: 'write', write: writePaidTopUps }],
]);

type TopUpRow = Prisma.TopUpGetPayload<Record<never, never>>;

const toTopUp = ({ status: _status, failure: _failure, endedAt: _endedAt, ...row }: TopUpRow): TopUp => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of these kinds are all that is ever written there.
  id: row.id as TopUpId,
  createdAt: toInstant(row.createdAt),
});
