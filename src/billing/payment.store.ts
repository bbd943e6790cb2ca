import { type Instant, toDate, toInstant } from '../clock.ts';
import { type Columns, insertRows, type Prisma, type PrismaClient } from '../db/index.ts';
import type { AccountId, AttachmentWriter, GrantId } from '../ledger/index.ts';
import type { Payment } from './types.ts';

const paymentColumns: Columns<Payment> = {
  account_id: ['text', (payment) => payment.accountId],
  id: ['text', (payment) => payment.id],
  kind: ['payment_kind', (payment) => payment.kind],
  subject_id: ['text', (payment) => payment.subjectId],
  grant_id: ['text', (payment) => payment.grantId],
  credits: ['integer', (payment) => payment.credits],
  paid_cents: ['integer', (payment) => payment.paidCents],
  currency: ['text', (payment) => payment.currency],
  created_at: ['timestamptz', (payment) => payment.createdAt],
};

/** Notes a payment; one that is known stays as it is. */
export async function insertPayment(client: PrismaClient, payment: Payment): Promise<void> {
  await client.payment.createMany({
    data: [{ ...payment, createdAt: toDate(payment.createdAt) }],
    skipDuplicates: true,
  });
}

/** A payment by Stripe's payment intent. */
export async function findPayment(client: PrismaClient, id: string): Promise<Payment | null> {
  const row = await client.payment.findUnique({ where: { id } });
  return row === null ? null : toPayment(row);
}

/** The payments of an account for these things. */
export async function readPaymentsOf(
  client: PrismaClient,
  accountId: AccountId,
  subjectIds: readonly string[],
): Promise<Payment[]> {
  const rows = await client.payment.findMany({ where: { accountId, subjectId: { in: [...subjectIds] } } });
  return rows.map(toPayment);
}

/** The ids of the payments that were made from one instant on, and before another. */
export async function readPaymentIds(client: PrismaClient, from: Instant, before: Instant): Promise<string[]> {
  const rows = await client.payment.findMany({
    where: { createdAt: { gte: toDate(from), lt: toDate(before) } },
    orderBy: { id: 'asc' },
    select: { id: true },
  });
  return rows.map(({ id }) => id);
}

/** Notes how much of a payment has gone back. */
export async function writeReturned(client: PrismaClient, payment: Payment, returnedCents: number): Promise<void> {
  const { accountId, id } = payment;
  await client.payment.update({ where: { accountId_id: { accountId, id } }, data: { returnedCents } });
}

/** What the ledger writes for a grant that was paid for. The ledger carries the rows unseen from those who attach payments. */
export const paymentWriters: ReadonlyMap<string, AttachmentWriter> = new Map<string, AttachmentWriter>([
  [
    'payment',
    { kind: 'insert', statementFor: (rows) => insertRows('payment', paymentColumns, rows as readonly Payment[]) },
  ],
]);

type PaymentRow = Prisma.PaymentGetPayload<Record<never, never>>;

const toPayment = (row: PaymentRow): Payment => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of these kinds are all that is ever written there.
  grantId: row.grantId as GrantId | null,
  createdAt: toInstant(row.createdAt),
});
