import type Stripe from 'stripe';
import { type Catalog, findPlan } from '../catalog/index.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import { type PricedItem, priceListOf, productIds } from './rules/price-list.ts';
import { orMissing } from './stripe-client.ts';
import {
  readActivePrices,
  readPrice,
  readPriceIdsOf,
  retirePrice,
  type StripePrice,
  writePrice,
} from './stripe-price.store.ts';
import type { BillingInterval, PlanChoice } from './types.ts';

/** One thing that setting Stripe up does, or would do. */
export interface SetUpStep {
  readonly kind: 'CREATE_PRODUCT' | 'UPDATE_PRODUCT' | 'CREATE_PRICE' | 'REPLACE_PRICE' | 'LINK_PRICE';
  readonly lookupKey: string;
  /** For people. */
  readonly description: string;
}

/** What a checkout's line is sold at: a price that was set up, or one made for it alone. */
export type PricedLine =
  { readonly price: string } | { readonly price_data: Stripe.Checkout.SessionCreateParams.LineItem.PriceData };

/** The prices of the catalog in Stripe. */
export interface StripePrices {
  /** The line of a checkout for an item at exactly its price. */
  lineOf(item: PricedItem): Promise<PricedLine>;
  /** The id of the price of an item, made in Stripe if it is not there. */
  ensure(item: PricedItem): Promise<string>;
  /** Makes what the catalog sells and Stripe lacks, and links it; `apply: false` only says what it would do. */
  setUp(apply: boolean): Promise<SetUpStep[]>;
  /** The plan that a price of Stripe's is for; null when it is none of ours. Remembers a price that it did not know. */
  planOf(priceId: string): Promise<PlanChoice | null>;
  /** Like `planOf`, for those who only look: writes nothing. */
  lookUpPlanOf(priceId: string): Promise<PlanChoice | null>;
  /** Brings a price to what Stripe says of it; false when it is none of ours. */
  refresh(priceId: string): Promise<boolean>;
  /** Brings the prices of a product to what Stripe says of them; false when it is none of ours. */
  refreshProduct(productId: string): Promise<boolean>;
}

export function createStripePrices({
  database: { prisma },
  catalog,
  mode,
  stripe,
}: {
  readonly database: Database;
  readonly catalog: Catalog;
  readonly mode: BillingMode;
  readonly stripe: Stripe;
}): StripePrices {
  /** Products that were seen in Stripe; they are never deleted while something is sold at them. */
  const seenProducts = new Set<string>();

  const linkedTo = async ({ lookupKey }: PricedItem): Promise<StripePrice | null> =>
    (await readActivePrices(prisma, mode)).find((price) => price.lookupKey === lookupKey) ?? null;

  const findProduct = ({ productId }: PricedItem): Promise<Stripe.Product | null> =>
    orMissing(stripe.products.retrieve(productId));

  const hasProduct = async (item: PricedItem): Promise<boolean> =>
    seenProducts.has(item.productId) || (await findProduct(item)) !== null;

  const createProduct = async ({ productId, productName }: PricedItem): Promise<void> => {
    await stripe.products.create({ id: productId, name: productName }, { idempotencyKey: `product_${productId}` });
  };

  const createPrice = (item: PricedItem, replaced: Stripe.Price | null): Promise<Stripe.Price> =>
    stripe.prices.create(
      {
        product: item.productId,
        unit_amount: item.priceCents,
        currency: item.currency,
        lookup_key: item.lookupKey,
        transfer_lookup_key: true,
        ...(item.interval === null ? {} : { recurring: { interval: intervalNames[item.interval] } }),
      },
      // The same again after a lost answer; another one when the amount goes back to what it was before.
      { idempotencyKey: `price_${item.lookupKey}_${item.priceCents}_${item.currency}_${replaced?.id ?? 'first'}` },
    );

  const setUpItem = async (item: PricedItem, apply: boolean): Promise<SetUpStep[]> => {
    const steps: SetUpStep[] = [];
    const note = (kind: SetUpStep['kind'], description: string): void => {
      steps.push({ kind, lookupKey: item.lookupKey, description });
    };
    const product = await findProduct(item);
    if (product === null) {
      note('CREATE_PRODUCT', `Create the product ${item.productId}, "${item.productName}".`);
      if (apply) await createProduct(item);
    } else if (!product.active || product.name !== item.productName) {
      note('UPDATE_PRODUCT', `Let the product ${item.productId} be for sale as "${item.productName}".`);
      if (apply) await stripe.products.update(item.productId, { name: item.productName, active: true });
    }
    // One that was archived has the key still, until it is transferred.
    const found = (await stripe.prices.list({ lookup_keys: [item.lookupKey], limit: 1 })).data[0] ?? null;
    let price: Stripe.Price | null = found;
    if (found === null || !fits(found, item)) {
      const amount = `${item.priceCents} cents (${item.currency})${item.interval === null ? '' : ` a ${item.interval.toLowerCase()}`}`;
      if (found === null) note('CREATE_PRICE', `Create the price ${item.lookupKey} of ${amount}.`);
      else note('REPLACE_PRICE', `Replace the price ${found.id} of ${item.lookupKey} by one of ${amount}.`);
      price = apply ? await createPrice(item, found) : null;
    }
    const linked = await linkedTo(item);
    if (price === null || price.id !== linked?.id || linked.priceCents !== item.priceCents) {
      note('LINK_PRICE', `Write the id of the price ${item.lookupKey} to the catalog.`);
      if (price !== null && apply) await writePrice(prisma, mode, toStored(item, price));
    }
    return steps;
  };

  /** A price of Stripe's as it is stored; null when nothing of ours is sold at it. */
  const readFromStripe = async (priceId: string): Promise<StripePrice | null> => {
    const price = await orMissing(stripe.prices.retrieve(priceId));
    const sold = price === null ? null : soldAt(catalog, price);
    return price === null || sold === null ? null : toStored(sold, price);
  };

  const refresh = async (priceId: string): Promise<boolean> => {
    const price = await readFromStripe(priceId);
    if (price === null) {
      const isKnown = (await readPrice(prisma, mode, priceId)) !== null;
      if (isKnown) await retirePrice(prisma, mode, priceId);
      return isKnown;
    }
    await writePrice(prisma, mode, price);
    return true;
  };

  return {
    lineOf: async (item) => {
      const linked = await linkedTo(item);
      if (linked?.priceCents === item.priceCents && linked.currency === item.currency) return { price: linked.id };
      if (!(await hasProduct(item))) await createProduct(item);
      seenProducts.add(item.productId);
      const { productId: product, priceCents: unit_amount, currency, interval } = item;
      const recurring = interval === null ? {} : { recurring: { interval: intervalNames[interval] } };
      return { price_data: { product, unit_amount, currency, ...recurring } };
    },
    ensure: async (item) => {
      const linked = await linkedTo(item);
      if (linked?.priceCents === item.priceCents && linked.currency === item.currency) return linked.id;
      await setUpItem(item, true);
      const made = await linkedTo(item);
      if (made === null) throw new Error(`The price ${item.lookupKey} is not there after it was made.`);
      return made.id;
    },
    setUp: async (apply) => {
      const steps: SetUpStep[] = [];
      for (const item of priceListOf(catalog.snapshot())) {
        for (const step of await setUpItem(item, apply)) {
          // The prices of one plan share their product.
          if (!steps.some(({ description }) => description === step.description)) steps.push(step);
        }
      }
      return steps;
    },
    planOf: async (priceId) => {
      const known = await readPrice(prisma, mode, priceId);
      if (known === null && !(await refresh(priceId))) return null;
      return planIn(known ?? (await readPrice(prisma, mode, priceId)));
    },
    lookUpPlanOf: async (priceId) =>
      planIn((await readPrice(prisma, mode, priceId)) ?? (await readFromStripe(priceId))),
    refresh,
    refreshProduct: async (productId) => {
      const priceIds = await readPriceIdsOf(prisma, mode, productId);
      for (const priceId of priceIds) await refresh(priceId);
      return priceIds.length > 0;
    },
  };
}

const intervalNames = { MONTH: 'month', YEAR: 'year' } as const satisfies Record<BillingInterval, string>;

/** Whether an item can be sold at a price as it is: what is sold at it is known by its product. */
const fits = (price: Stripe.Price, item: PricedItem): boolean =>
  price.active &&
  productOf(price) === item.productId &&
  price.unit_amount === item.priceCents &&
  price.currency === item.currency &&
  (price.recurring?.interval ?? null) === (item.interval === null ? null : intervalNames[item.interval]) &&
  (price.recurring?.interval_count ?? 1) === 1;

const productOf = ({ product }: Stripe.Price): string => (typeof product === 'string' ? product : product.id);

const planIn = (price: StripePrice | null): PlanChoice | null =>
  price === null || price.planCode === null || price.interval === null
    ? null
    : { planCode: price.planCode, interval: price.interval };

type Sold = Pick<PricedItem, 'lookupKey' | 'planCode' | 'packCode' | 'interval'>;

/** What is sold at a price of Stripe's, by its product; null when it is nothing that the catalog has or had. */
function soldAt(catalog: Catalog, price: Stripe.Price): Sold | null {
  const snapshot = catalog.snapshot();
  const product = productOf(price);
  const lookupKey = price.lookup_key ?? price.id;
  const planCode = productIds.planCodeIn(product);
  const interval = price.recurring?.interval;
  if (planCode !== null && findPlan(snapshot, planCode) !== null && (interval === 'month' || interval === 'year')) {
    return { lookupKey, planCode, packCode: null, interval: interval === 'month' ? 'MONTH' : 'YEAR' };
  }
  const packCode = productIds.packCodeIn(product);
  if (packCode === null || !snapshot.creditPackByCode.has(packCode)) return null;
  return { lookupKey, planCode: null, packCode, interval: null };
}

const toStored = ({ lookupKey, planCode, packCode, interval }: Sold, price: Stripe.Price): StripePrice => ({
  id: price.id,
  productId: productOf(price),
  lookupKey,
  planCode,
  packCode,
  interval,
  priceCents: price.unit_amount ?? 0,
  currency: price.currency,
  // One that was replaced, or made for one checkout alone, has no lookup key.
  active: price.active && price.lookup_key !== null,
});
