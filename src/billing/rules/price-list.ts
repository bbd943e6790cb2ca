import type { CatalogSnapshot, Plan } from '../../catalog/index.ts';
import type { BillingInterval } from '../types.ts';

/** Something that is sold for money, with its price in Stripe. */
export interface PricedItem {
  /** How its present price is found in Stripe, whatever its id. */
  readonly lookupKey: string;
  /** Of the product that the price belongs to. */
  readonly productId: string;
  readonly productName: string;
  readonly planCode: string | null;
  readonly packCode: string | null;
  /** Of a plan. */
  readonly interval: BillingInterval | null;
  readonly priceCents: number;
  readonly currency: string;
}

const planPrefix = 'wzrd_plan_';
const packPrefix = 'wzrd_pack_';

/** The products of plans and packs in Stripe: what is sold at a price is known by them. */
export const productIds = {
  ofPlan: (planCode: string): string => planPrefix + planCode,
  ofPack: (packCode: string): string => packPrefix + packCode,
  planCodeIn: (productId: string): string | null => withoutPrefix(planPrefix, productId),
  packCodeIn: (productId: string): string | null => withoutPrefix(packPrefix, productId),
};

const withoutPrefix = (prefix: string, text: string): string | null =>
  text.startsWith(prefix) ? text.slice(prefix.length) : null;

/** What a price is the price of. */
export type Sale =
  | { readonly planCode: string; readonly packCode: null; readonly interval: BillingInterval }
  | { readonly planCode: null; readonly packCode: string; readonly interval: null };

/** How the present price of something sold is found in Stripe, whatever its id. */
export const lookupKeyOf = (sale: Sale): string =>
  sale.planCode === null
    ? productIds.ofPack(sale.packCode)
    : `${productIds.ofPlan(sale.planCode)}_${sale.interval.toLowerCase()}`;

/** Something sold, as it stands in Stripe. */
export function pricedItem(
  sale: Sale,
  { name: productName, priceCents, currency }: { name: string; priceCents: number; currency: string },
): PricedItem {
  const productId = sale.planCode === null ? productIds.ofPack(sale.packCode) : productIds.ofPlan(sale.planCode);
  return { ...sale, productName, priceCents, currency, productId, lookupKey: lookupKeyOf(sale) };
}

/** All that the catalog sells through checkouts: each plan by the month and by the year where it has such a price, and each pack. */
export function priceListOf(snapshot: CatalogSnapshot): PricedItem[] {
  const { currency } = snapshot;
  const plans = snapshot.plans.flatMap((plan) => [planItem(snapshot, plan, 'MONTH'), planItem(snapshot, plan, 'YEAR')]);
  const packs = snapshot.creditPacks.map(({ code, name, priceCents }) =>
    pricedItem({ planCode: null, packCode: code, interval: null }, { name, priceCents, currency }),
  );
  return [...plans.filter((item) => item !== null), ...packs];
}

/** A plan by the month or year as it is sold; null when it is not sold like that. */
export function planItem(
  { currency }: Pick<CatalogSnapshot, 'currency'>,
  plan: Plan,
  interval: BillingInterval,
): PricedItem | null {
  const priceCents = interval === 'MONTH' ? plan.monthlyPriceCents : plan.yearlyPriceCents;
  if (plan.contactSales || priceCents === null || priceCents === 0) return null;
  const name = `${plan.name} plan`;
  return pricedItem({ planCode: plan.code, packCode: null, interval }, { name, priceCents, currency });
}
