import { createHash } from 'node:crypto';
import { type Instant, toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient, Transaction } from '../db/index.ts';
import { type AccountId, type AttachmentWriter, type IdempotencyKey, insertKey } from '../ledger/index.ts';
import type { Checkout, CheckoutId, CheckoutPayment } from './types.ts';

/** The key of a new order was used before. */
export class KeyUsedError extends Error {
  override readonly name = 'KeyUsedError';
}

/**
 * Stores an order with its key, and gives it back; or the one that is open for the same thing already.
 * Throws {@link KeyUsedError} when the key is stored, and stores nothing then.
 */
export function insertCheckout(
  client: PrismaClient,
  order: Checkout,
  key: IdempotencyKey | undefined,
  now: Instant,
): Promise<Checkout> {
  const fingerprint = fingerprintOf(order);
  const { accountId } = order;
  return client.$transaction(async (transaction) => {
    await transaction.checkout.updateMany({
      where: { accountId, fingerprint, status: 'CREATED', payment: null, expiresAt: { lte: toDate(now) } },
      data: { status: 'EXPIRED' },
    });
    // Whoever comes second waits here for the first, and then finds its order.
    const [stored] = await transaction.$queryRaw<{ id: string }[]>`
      INSERT INTO checkout (account_id, id, mode, status, plan_code, pack_code, interval, item_name, credits,
        credits_granted, price_cents, currency, success_url, cancel_url, fingerprint, created_at, expires_at)
      VALUES (${accountId}, ${order.id}, ${order.mode}::checkout_mode, 'CREATED', ${order.planCode}, ${order.packCode},
        ${order.interval}::billing_interval, ${order.itemName}, ${order.credits}, 0, ${order.priceCents}, ${order.currency},
        ${order.successUrl}, ${order.cancelUrl}, ${fingerprint}, ${toDate(order.createdAt)}, ${toDate(order.expiresAt)})
      ON CONFLICT (account_id, fingerprint) WHERE status = 'CREATED' AND payment IS NULL DO UPDATE SET fingerprint = excluded.fingerprint
      RETURNING id`;
    const id = stored?.id ?? order.id;
    const open = await transaction.checkout.findUniqueOrThrow({ where: { accountId_id: { accountId, id } } });
    if (key !== undefined && !(await insertKey(transaction, { ...key, subjectId: open.id }, now))) {
      throw new KeyUsedError();
    }
    return toCheckout(open);
  });
}

/** Two orders with the same fingerprint are the same order. */
function fingerprintOf(order: Checkout): string {
  const { id, mode, planCode, packCode, interval, credits, priceCents, currency, cancelUrl } = order;
  // Our own page is told which order it is about; that makes it no other page.
  const successUrl = order.successUrl.replace(`&id=${id}`, '');
  const item = [mode, planCode, packCode, interval, credits, priceCents, currency, successUrl, cancelUrl];
  return createHash('sha256').update(JSON.stringify(item)).digest('hex');
}

/** Stores the session that Stripe made for an order. */
export async function writeSession(
  client: PrismaClient,
  order: Checkout,
  session: { id: string; url: string; expiresAt: Instant },
): Promise<void> {
  await client.checkout.updateMany({
    where: { accountId: order.accountId, id: order.id },
    data: { sessionId: session.id, sessionUrl: session.url, expiresAt: toDate(session.expiresAt) },
  });
}

/** An order of an account. */
export async function readCheckout(
  client: PrismaClient,
  accountId: AccountId,
  id: CheckoutId,
): Promise<Checkout | null> {
  const row = await client.checkout.findUnique({ where: { accountId_id: { accountId, id } } });
  return row === null ? null : toCheckout(row);
}

/** An order of any account, for Stripe's events. */
export async function findCheckout(client: PrismaClient, id: CheckoutId): Promise<Checkout | null> {
  const row = await client.checkout.findFirst({ where: { id } });
  return row === null ? null : toCheckout(row);
}

/**
 * Notes what Stripe says of the money of an order whose buyer is done with its session. Such an order has not expired,
 * whatever the clock made of it meanwhile; one that has its credits stays as it is.
 */
export async function writeCheckoutPayment(
  client: PrismaClient,
  { accountId, id }: Checkout,
  payment: CheckoutPayment,
): Promise<void> {
  await client.$executeRaw`
    UPDATE checkout
    SET payment = ${payment}::checkout_payment, status = CASE status WHEN 'EXPIRED' THEN 'CREATED' ELSE status END
    WHERE account_id = ${accountId} AND id = ${id} AND status <> 'COMPLETED'`;
}

/** Ends an order without credits; one that has ended stays as it is, save that a payment which failed is no lack of one. */
export async function endCheckout(
  client: PrismaClient,
  order: Checkout,
  status: 'COMPLETED' | 'EXPIRED' | 'FAILED',
  now: Instant,
): Promise<void> {
  await client.checkout.updateMany({
    where: {
      accountId: order.accountId,
      id: order.id,
      status: { in: status === 'FAILED' ? ['CREATED', 'EXPIRED'] : ['CREATED'] },
    },
    data: { status, completedAt: status === 'COMPLETED' ? toDate(now) : null },
  });
}

/** An order that was paid; written together with its grant. */
export interface PaidOrder {
  readonly accountId: AccountId;
  readonly id: CheckoutId;
  readonly creditsGranted: number;
  readonly completedAt: Instant;
}

/** Marks orders as paid and fulfilled. */
async function writePaidOrders(transaction: Transaction, attached: readonly unknown[]): Promise<void> {
  for (const order of attached as readonly PaidOrder[]) {
    // The ledger carries these unseen from `stripe-events.ts`. A late payment also completes an order that had expired.
    await transaction.checkout.updateMany({
      where: { accountId: order.accountId, id: order.id },
      data: {
        status: 'COMPLETED',
        payment: 'PAID',
        creditsGranted: order.creditsGranted,
        completedAt: toDate(order.completedAt),
      },
    });
  }
}

/** What the ledger writes for the commands that concern orders, by name. */
export const checkoutWriters: ReadonlyMap<string, AttachmentWriter> = new Map<string, AttachmentWriter>([
  ['paid-order', { kind: 'write', write: writePaidOrders }],
]);

/** Stripe's customer of an account, once it has one. */
export async function readCustomerId(client: PrismaClient, accountId: AccountId): Promise<string | null> {
  const row = await client.stripeCustomer.findUnique({ where: { accountId } });
  return row?.customerId ?? null;
}

/** The account that has this customer at Stripe; null when it is none of ours. */
export async function findAccountOfCustomer(client: PrismaClient, customerId: string): Promise<AccountId | null> {
  const row = await client.stripeCustomer.findUnique({ where: { customerId } });
  return row === null ? null : (row.accountId as AccountId); // Ids of accounts are all that is ever written there.
}

/** Forgets a customer that was deleted at Stripe, so that the account gets another one. */
export async function deleteCustomerId(client: PrismaClient, customerId: string): Promise<boolean> {
  return (await client.stripeCustomer.deleteMany({ where: { customerId } })).count > 0;
}

/** Stores the customer of an account and gives the one that counts: the first. */
export async function insertCustomerId(
  client: PrismaClient,
  accountId: AccountId,
  customerId: string,
  now: Instant,
): Promise<string> {
  await client.stripeCustomer.createMany({
    data: [{ accountId, customerId, createdAt: toDate(now) }],
    skipDuplicates: true,
  });
  return (await readCustomerId(client, accountId)) ?? customerId;
}

type CheckoutRow = Prisma.CheckoutGetPayload<Record<never, never>>;

const toCheckout = ({ sessionId, sessionUrl, fingerprint: _fingerprint, ...row }: CheckoutRow): Checkout => ({
  ...row,
  id: row.id as CheckoutId,
  accountId: row.accountId as AccountId,
  session: sessionId === null || sessionUrl === null ? null : { id: sessionId, url: sessionUrl },
  createdAt: toInstant(row.createdAt),
  expiresAt: toInstant(row.expiresAt),
  completedAt: row.completedAt === null ? null : toInstant(row.completedAt),
});
