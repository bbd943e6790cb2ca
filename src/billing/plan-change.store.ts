import { toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import { type AccountId, freeKey, type IdempotencyKey, insertKey, type Instant } from '../ledger/index.ts';
import { KeyUsedError } from './checkout.store.ts';
import type { PlanChangeKind } from './rules/plan-change.ts';
import type { BillingInterval, SubscriptionId } from './types.ts';

/** A change of plan as it was asked for: frozen before Stripe is told. */
export interface PlanChangeOrder {
  readonly accountId: AccountId;
  readonly id: string;
  readonly subscriptionId: SubscriptionId;
  readonly planCode: string;
  readonly interval: BillingInterval;
  readonly kind: PlanChangeKind;
  readonly effectiveAt: Instant;
  readonly creditsNow: number;
  readonly amountDueNowCents: number;
  readonly currency: string;
  readonly createdAt: Instant;
}

/** Stores a change with its key. Throws {@link KeyUsedError} when the key is stored, and stores nothing then. */
export async function insertPlanChange(
  client: PrismaClient,
  order: PlanChangeOrder,
  key: IdempotencyKey | undefined,
): Promise<void> {
  await client.$transaction(async (transaction) => {
    if (key !== undefined && !(await insertKey(transaction, key, order.createdAt))) throw new KeyUsedError();
    await transaction.planChange.create({
      data: { ...order, effectiveAt: toDate(order.effectiveAt), createdAt: toDate(order.createdAt) },
    });
  });
}

/** Takes a change back that was refused for good, and frees its key. */
export async function deletePlanChange(
  client: PrismaClient,
  { accountId, id }: PlanChangeOrder,
  key: IdempotencyKey | undefined,
): Promise<void> {
  await client.$transaction(async (transaction) => {
    await transaction.planChange.deleteMany({ where: { accountId, id } });
    if (key !== undefined) await freeKey(transaction, key);
  });
}

/** A change of an account's. */
export async function readPlanChange(
  client: PrismaClient,
  accountId: AccountId,
  id: string,
): Promise<PlanChangeOrder | null> {
  const row = await client.planChange.findUnique({ where: { accountId_id: { accountId, id } } });
  return row === null ? null : toOrder(row);
}

type PlanChangeRow = Prisma.PlanChangeGetPayload<Record<never, never>>;

const toOrder = (row: PlanChangeRow): PlanChangeOrder => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of these kinds are all that is ever written there.
  subscriptionId: row.subscriptionId as SubscriptionId,
  effectiveAt: toInstant(row.effectiveAt),
  createdAt: toInstant(row.createdAt),
});
