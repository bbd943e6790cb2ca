import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { nowSeconds } from './now.ts';
import {
  boolean,
  clearableText,
  currency,
  integer,
  list,
  mergeMetadata,
  metadata,
  parseParameters,
  text,
} from './parameters.ts';
import { insertProduct, newProduct, productData } from './products.ts';
import { invalidRequest } from './stripe-error.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripePrice, StripeProduct } from './stripe-objects.ts';

const maximumUnitAmount = 99_999_999;

/** What a price and its product may be made of, on their own or inside a checkout session. */
export const priceData = z.strictObject({
  currency: currency(),
  unit_amount: integer(0, maximumUnitAmount),
  product: text().optional(),
  product_data: productData.optional(),
  recurring: z
    .strictObject({ interval: z.enum(['day', 'week', 'month', 'year']), interval_count: integer(1, 36).optional() })
    .optional(),
});
type PriceData = z.output<typeof priceData>;

const priceFields = {
  active: boolean().optional(),
  lookup_key: text(200).optional(),
  transfer_lookup_key: boolean().optional(),
  nickname: clearableText().optional(),
  metadata: metadata().optional(),
};
const priceParameters = priceData.extend(priceFields);
const updateParameters = z.strictObject(priceFields);

const priceListParameters = listParameters.extend({
  active: boolean().optional(),
  created: createdRange.optional(),
  lookup_keys: list(text(200)).optional(),
  product: text().optional(),
  type: z.enum(['one_time', 'recurring']).optional(),
});

/** POST /v1/prices */
export async function createPrice(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const parameters = parseParameters(priceParameters, call.parameters);
  const draft = createDraft(context, call);
  const { price, product, isNewProduct } = await newPrice(context, parameters, '');
  await takeLookupKey(draft, parameters);
  if (isNewProduct) insertProduct(draft, product);
  const named = draft.insert<StripePrice>({
    ...price,
    active: parameters.active ?? true,
    lookup_key: parameters.lookup_key ?? null,
    nickname: parameters.nickname ?? null,
    metadata: mergeMetadata({}, parameters.metadata),
  });
  draft.tell('price.created', named);
  return draft.result(named);
}

/** POST /v1/prices/:id */
export async function updatePrice(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'price', id);
  const parameters = parseParameters(updateParameters, call.parameters);
  const { metadata, transfer_lookup_key: _transfer, ...fields } = parameters;
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const draft = createDraft(context, call);
  if (parameters.lookup_key !== from.lookup_key) await takeLookupKey(draft, parameters);
  const to = draft.change(from, { ...given, metadata: mergeMetadata(from.metadata, metadata) });
  draft.tell('price.updated', to, from);
  return draft.result(to);
}

/** GET /v1/prices/:id */
export async function retrievePrice(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'price', id) };
}

/** GET /v1/prices */
export async function listPrices(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { active, product, type, lookup_keys, ...page } = parseParameters(priceListParameters, call.parameters);
  const wanted = {
    ...(active === undefined ? {} : { active }),
    ...(product === undefined ? {} : { product }),
    ...(type === undefined ? {} : { type }),
  };
  const matching = lookup_keys === undefined ? [wanted] : lookup_keys.map((lookup_key) => ({ ...wanted, lookup_key }));
  return { answer: await listObjects(context, 'price', { ...page, matching, url: '/v1/prices' }) };
}

/** A price that is not stored yet, and its product, which may be new too. `parent` is the parameter that holds the data. */
export async function newPrice(
  context: SandboxContext,
  data: PriceData,
  parent: string,
): Promise<{ price: StripePrice; product: StripeProduct; isNewProduct: boolean }> {
  const { product, isNewProduct } = await productOf(context, data, parent);
  const price: StripePrice = {
    id: createStripeId(context.ids, 'price'),
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: nowSeconds(context.clock),
    currency: data.currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: null,
    metadata: {},
    nickname: null,
    product: product.id,
    recurring:
      data.recurring === undefined
        ? null
        : {
            interval: data.recurring.interval,
            interval_count: data.recurring.interval_count ?? 1,
            meter: null,
            trial_period_days: null,
            usage_type: 'licensed',
          },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: data.recurring === undefined ? 'one_time' : 'recurring',
    unit_amount: data.unit_amount,
    unit_amount_decimal: String(data.unit_amount),
  };
  return { price, product, isNewProduct };
}

async function productOf(
  context: SandboxContext,
  data: PriceData,
  parent: string,
): Promise<{ product: StripeProduct; isNewProduct: boolean }> {
  const param = (name: string) => (parent === '' ? name : `${parent}[${name}]`);
  if (data.product !== undefined && data.product_data !== undefined) {
    throw invalidRequest(
      `You may only specify one of these parameters: ${param('product')}, ${param('product_data')}.`,
      { param: param('product') },
    );
  }
  if (data.product_data !== undefined) {
    return { product: newProduct(context, data.product_data), isNewProduct: true };
  }
  if (data.product === undefined) {
    throw invalidRequest(`Missing required param: ${param('product')}.`, {
      code: 'parameter_missing',
      param: param('product'),
    });
  }
  return { product: await objectInParameter(context, 'product', data.product, param('product')), isNewProduct: false };
}

/** A lookup key names one price; who wants one in use must say that it is to be transferred. */
async function takeLookupKey(
  draft: Draft,
  { lookup_key, transfer_lookup_key }: { lookup_key?: string | undefined; transfer_lookup_key?: boolean | undefined },
): Promise<void> {
  if (lookup_key === undefined) return;
  const [holder] = await draft.list('price', { lookup_key });
  if (holder === undefined) return;
  if (transfer_lookup_key !== true) {
    throw invalidRequest(`A price (\`${holder.id}\`) already uses that lookup key.`, { param: 'lookup_key' });
  }
  draft.tell('price.updated', draft.change(holder, { lookup_key: null }), holder);
}
