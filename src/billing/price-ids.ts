import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import { lookupKeyOf, type Sale } from './rules/price-list.ts';
import { readActivePrices } from './stripe-price.store.ts';

/** The id of the price in Stripe at which a plan or pack is sold; null until it is set up. */
export type PriceIds = (sale: Sale) => string | null;

/** Reads the ids of all prices that things are sold at in a mode. */
export async function readPriceIds({ prisma }: Database, mode: BillingMode): Promise<PriceIds> {
  const prices = await readActivePrices(prisma, mode);
  const idByLookupKey = new Map(prices.map(({ lookupKey, id }) => [lookupKey, id]));
  return (sale) => idByLookupKey.get(lookupKeyOf(sale)) ?? null;
}
