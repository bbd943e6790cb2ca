import { toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import type { AccountId, PageRequest } from '../ledger/index.ts';
import type { Invoice } from './types.ts';

/** Stores invoices as Stripe has them. */
export async function writeInvoices(client: PrismaClient, invoices: readonly Invoice[]): Promise<void> {
  for (const invoice of invoices) {
    const { accountId, id } = invoice;
    const data = { ...invoice, createdAt: toDate(invoice.createdAt) };
    await client.invoice.upsert({ where: { accountId_id: { accountId, id } }, create: data, update: data });
  }
}

/** A page of an account's invoices, newest first unless it is inverted; its keys are `<milliseconds>_<id>`. */
export async function readInvoicePage(
  client: PrismaClient,
  accountId: AccountId,
  { after, before, limit, inverted }: PageRequest<string>,
): Promise<Invoice[]> {
  const older = after === null ? {} : olderThan(after);
  const newer = before === null ? {} : newerThan(before);
  const direction = inverted ? 'asc' : 'desc';
  const rows = await client.invoice.findMany({
    where: { AND: [{ accountId }, older, newer] },
    orderBy: [{ createdAt: direction }, { id: direction }],
    take: limit,
  });
  return rows.map(toInvoice);
}

export const countInvoices = (client: PrismaClient, accountId: AccountId): Promise<number> =>
  client.invoice.count({ where: { accountId } });

/** How an invoice stands in cursors: Stripe's ids do not sort by time. */
export const invoiceKeyOf = ({ createdAt, id }: Pick<Invoice, 'createdAt' | 'id'>): string => `${createdAt}_${id}`;

function parseKey(key: string): { createdAt: Date; id: string } {
  const separator = key.indexOf('_');
  return { createdAt: new Date(Number(key.slice(0, separator))), id: key.slice(separator + 1) };
}

function olderThan(key: string): Prisma.InvoiceWhereInput {
  const { createdAt, id } = parseKey(key);
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: id } }] };
}

function newerThan(key: string): Prisma.InvoiceWhereInput {
  const { createdAt, id } = parseKey(key);
  return { OR: [{ createdAt: { gt: createdAt } }, { createdAt, id: { gt: id } }] };
}

type InvoiceRow = Prisma.InvoiceGetPayload<Record<never, never>>;

const toInvoice = (row: InvoiceRow): Invoice => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of accounts are all that is ever written there.
  createdAt: toInstant(row.createdAt),
});
