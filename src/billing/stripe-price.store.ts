import type { BillingMode } from '../config.ts';
import type { PrismaClient } from '../db/index.ts';
import type { BillingInterval } from './types.ts';

/** A price in Stripe, and what it is the price of. */
export interface StripePrice {
  readonly id: string;
  readonly productId: string;
  readonly lookupKey: string;
  readonly planCode: string | null;
  readonly packCode: string | null;
  readonly interval: BillingInterval | null;
  readonly priceCents: number;
  readonly currency: string;
  /** One that was replaced is known still: subscriptions go on at it. */
  readonly active: boolean;
}

/** The prices that can be bought at. */
export async function readActivePrices(client: PrismaClient, mode: BillingMode): Promise<StripePrice[]> {
  return client.stripePrice.findMany({ where: { mode, active: true }, omit: { mode: true }, orderBy: { id: 'asc' } });
}

/** A price by its id, also one that is not sold any more. */
export async function readPrice(client: PrismaClient, mode: BillingMode, id: string): Promise<StripePrice | null> {
  return client.stripePrice.findUnique({ where: { mode_id: { mode, id } }, omit: { mode: true } });
}

/** The ids of all prices of a product that are known. */
export async function readPriceIdsOf(client: PrismaClient, mode: BillingMode, productId: string): Promise<string[]> {
  const rows = await client.stripePrice.findMany({ where: { mode, productId }, select: { id: true } });
  return rows.map(({ id }) => id);
}

/** Stores a price as Stripe has it; where it is sold, no other of the same key is. */
export async function writePrice(client: PrismaClient, mode: BillingMode, price: StripePrice): Promise<void> {
  const { id, ...data } = price;
  await client.$transaction(async (transaction) => {
    if (price.active) {
      await transaction.stripePrice.updateMany({
        where: { mode, lookupKey: price.lookupKey, id: { not: id } },
        data: { active: false },
      });
    }
    await transaction.stripePrice.upsert({
      where: { mode_id: { mode, id } },
      create: { mode, id, ...data },
      update: data,
    });
  });
}

/** Notes that a price cannot be bought at any more. */
export async function retirePrice(client: PrismaClient, mode: BillingMode, id: string): Promise<void> {
  await client.stripePrice.updateMany({ where: { mode, id }, data: { active: false } });
}
