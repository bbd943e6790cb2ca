import { type Instant, toDate, toInstant } from '../clock.ts';
import { type Columns, insertRows, type Prisma, type PrismaClient, type Transaction } from '../db/index.ts';
import type { AccountId, AttachmentWriter, GrantId } from '../ledger/index.ts';
import { isEntitled, type PlanPeriod, type PlanSubscription, type SubscriptionId } from './types.ts';

/** Stores a subscription as Stripe has it, under the id that it had before, if it had one; gives that id. */
export async function writeSubscription(client: PrismaClient, subscription: PlanSubscription): Promise<SubscriptionId> {
  const { accountId, id, stripeId, next, createdAt, ...facts } = subscription;
  const data = {
    ...facts,
    currentPeriodStart: toDate(facts.currentPeriodStart),
    currentPeriodEnd: toDate(facts.currentPeriodEnd),
    endedAt: facts.endedAt === null ? null : toDate(facts.endedAt),
    nextPlanCode: next?.planCode ?? null,
    nextInterval: next?.interval ?? null,
  };
  const stored = await client.planSubscription.upsert({
    where: { stripeId },
    create: { accountId, id, stripeId, createdAt: toDate(createdAt), ...data },
    update: data,
    select: { id: true },
  });
  return stored.id as SubscriptionId; // Written here alone.
}

/** A subscription by Stripe's id for it. */
export async function findSubscription(client: PrismaClient, stripeId: string): Promise<PlanSubscription | null> {
  const row = await client.planSubscription.findUnique({ where: { stripeId } });
  return row === null ? null : toSubscription(row);
}

/** Those of Stripe's ids that belong to subscriptions which are known. */
export async function readKnownIds(client: PrismaClient, stripeIds: readonly string[]): Promise<string[]> {
  const rows = await client.planSubscription.findMany({
    where: { stripeId: { in: [...stripeIds] } },
    select: { stripeId: true },
  });
  return rows.map(({ stripeId }) => stripeId);
}

/** Stripe's ids of the subscriptions that have not ended, or not before an instant, in their order after one of them. */
export async function readIdsNotEndedBefore(
  client: PrismaClient,
  instant: Instant,
  page: { readonly after: string; readonly limit: number },
): Promise<string[]> {
  const rows = await client.planSubscription.findMany({
    where: {
      stripeId: { gt: page.after },
      // Nothing becomes of one whose first payment never came.
      status: { not: 'INCOMPLETE_EXPIRED' },
      OR: [{ endedAt: null }, { endedAt: { gte: toDate(instant) } }],
    },
    orderBy: { stripeId: 'asc' },
    take: page.limit,
    select: { stripeId: true },
  });
  return rows.map(({ stripeId }) => stripeId);
}

/** A subscription of an account. */
export async function readSubscription(
  client: PrismaClient,
  accountId: AccountId,
  id: SubscriptionId,
): Promise<PlanSubscription | null> {
  const row = await client.planSubscription.findUnique({ where: { accountId_id: { accountId, id } } });
  return row === null ? null : toSubscription(row);
}

/** The present subscription of each account, in their order: an entitled one first, the newest of several; null for none. */
export async function readPresentSubscriptions(
  client: PrismaClient,
  accountIds: readonly AccountId[],
): Promise<(PlanSubscription | null)[]> {
  const rows = await client.planSubscription.findMany({
    where: { accountId: { in: [...accountIds] }, endedAt: null, status: { not: 'INCOMPLETE_EXPIRED' } },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  });
  const found = rows.map(toSubscription);
  return accountIds.map((accountId) => {
    const own = found.filter((subscription) => subscription.accountId === accountId);
    return own.find(isEntitled) ?? own[0] ?? null;
  });
}

/** What a subscription has given, the oldest first. */
export async function readPeriods(
  client: PrismaClient,
  { accountId, id }: Pick<PlanSubscription, 'accountId' | 'id'>,
): Promise<PlanPeriod[]> {
  const rows = await client.planPeriod.findMany({
    where: { accountId, subscriptionId: id },
    orderBy: [{ startsAt: 'asc' }, { kind: 'asc' }],
  });
  return rows.map(toPeriod);
}

/** The month or trial of each account that an instant lies in, in their order; null for none. */
export async function readPeriodsAt(
  client: PrismaClient,
  accountIds: readonly AccountId[],
  instant: Instant,
): Promise<(PlanPeriod | null)[]> {
  const rows = await client.planPeriod.findMany({
    where: {
      accountId: { in: [...accountIds] },
      kind: { in: ['TRIAL', 'MONTH'] },
      startsAt: { lte: toDate(instant) },
      endsAt: { gt: toDate(instant) },
      creditsEndAt: { gt: toDate(instant) },
    },
    orderBy: { startsAt: 'desc' },
  });
  const found = rows.map(toPeriod);
  return accountIds.map((accountId) => found.find((period) => period.accountId === accountId) ?? null);
}

/** What an invoice has paid for, the oldest first. */
export async function readPeriodsOfInvoice(
  client: PrismaClient,
  accountId: AccountId,
  invoiceId: string,
): Promise<PlanPeriod[]> {
  const rows = await client.planPeriod.findMany({
    where: { accountId, invoiceId },
    orderBy: [{ startsAt: 'asc' }, { kind: 'asc' }],
  });
  return rows.map(toPeriod);
}

/** Credits of a subscription that end at another instant than was said; written together with that. */
export interface EndOfCredits {
  readonly accountId: AccountId;
  readonly grantIds: readonly GrantId[];
  readonly creditsEndAt: Instant;
}

const periodColumns: Columns<PlanPeriod> = {
  account_id: ['text', (period) => period.accountId],
  subscription_id: ['text', (period) => period.subscriptionId],
  kind: ['plan_period_kind', (period) => period.kind],
  starts_at: ['timestamptz', (period) => period.startsAt],
  ends_at: ['timestamptz', (period) => period.endsAt],
  plan_code: ['text', (period) => period.planCode],
  credits: ['integer', (period) => period.credits],
  invoice_id: ['text', (period) => period.invoiceId],
  grant_id: ['text', (period) => period.grantId],
  rollover_grant_id: ['text', (period) => period.rolloverGrantId],
  credits_end_at: ['timestamptz', (period) => period.creditsEndAt],
};

async function writeEnds(transaction: Transaction, ends: readonly EndOfCredits[]): Promise<void> {
  for (const { accountId, grantIds, creditsEndAt } of ends) {
    await transaction.planPeriod.updateMany({
      where: { accountId, grantId: { in: [...grantIds] } },
      data: { creditsEndAt: toDate(creditsEndAt) },
    });
  }
}

/** What the ledger writes for the commands that concern subscriptions, by name. The ledger carries the rows unseen. */
export const subscriptionWriters: ReadonlyMap<string, AttachmentWriter> = new Map<string, AttachmentWriter>([
  // Both are attached in `plan-credits.ts` alone, with rows of these types.
  [
    'plan-period',
    { kind: 'insert', statementFor: (rows) => insertRows('plan_period', periodColumns, rows as readonly PlanPeriod[]) },
  ],
  [
    'end-of-credits',
    { kind: 'write', write: (transaction, rows) => writeEnds(transaction, rows as readonly EndOfCredits[]) },
  ],
]);

type SubscriptionRow = Prisma.PlanSubscriptionGetPayload<Record<never, never>>;

const toSubscription = ({ nextPlanCode, nextInterval, ...row }: SubscriptionRow): PlanSubscription => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of these kinds are all that is ever written there.
  id: row.id as SubscriptionId,
  currentPeriodStart: toInstant(row.currentPeriodStart),
  currentPeriodEnd: toInstant(row.currentPeriodEnd),
  next: nextPlanCode === null || nextInterval === null ? null : { planCode: nextPlanCode, interval: nextInterval },
  createdAt: toInstant(row.createdAt),
  endedAt: row.endedAt === null ? null : toInstant(row.endedAt),
});

type PeriodRow = Prisma.PlanPeriodGetPayload<Record<never, never>>;

const toPeriod = (row: PeriodRow): PlanPeriod => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of these kinds are all that is ever written there.
  subscriptionId: row.subscriptionId as SubscriptionId,
  grantId: row.grantId as GrantId,
  rolloverGrantId: row.rolloverGrantId as GrantId | null,
  startsAt: toInstant(row.startsAt),
  endsAt: toInstant(row.endsAt),
  creditsEndAt: toInstant(row.creditsEndAt),
});
