import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { nowSeconds } from './now.ts';
import { boolean, clearableText, list, mergeMetadata, metadata, parseParameters, text } from './parameters.ts';
import { invalidRequest } from './stripe-error.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripeProduct } from './stripe-objects.ts';

/** What describes a product inside another object's parameters. */
export const productData = z.strictObject({
  name: text(),
  description: clearableText().optional(),
  metadata: metadata().optional(),
});

const productParameters = productData.extend({ active: boolean().optional() });
type ProductParameters = z.output<typeof productParameters>;

const createParameters = productParameters.extend({ id: text().optional() });
const updateParameters = productParameters.partial();
const productListParameters = listParameters.extend({
  active: boolean().optional(),
  created: createdRange.optional(),
  ids: list(text()).optional(),
});

/** POST /v1/products */
export async function createProduct(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { id, ...parameters } = parseParameters(createParameters, call.parameters);
  const draft = createDraft(context, call);
  if (id !== undefined) await refuseTakenId(context, id);
  const product = newProduct(context, parameters);
  return draft.result(insertProduct(draft, id === undefined ? product : { ...product, id }));
}

/** GET /v1/products/:id */
export async function retrieveProduct(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'product', id) };
}

/** POST /v1/products/:id */
export async function updateProduct(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'product', id);
  const { metadata, ...fields } = parseParameters(updateParameters, call.parameters);
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const draft = createDraft(context, call);
  const to = draft.change(from, { ...given, metadata: mergeMetadata(from.metadata, metadata), updated: draft.now });
  draft.tell('product.updated', to, from);
  return draft.result(to);
}

/** GET /v1/products */
export async function listProducts(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { active, ids, ...page } = parseParameters(productListParameters, call.parameters);
  const wanted = active === undefined ? {} : { active };
  const matching = ids === undefined ? [wanted] : ids.map((id) => ({ ...wanted, id }));
  return { answer: await listObjects(context, 'product', { ...page, matching, url: '/v1/products' }) };
}

/** Adds a product. */
export function insertProduct(draft: Draft, product: StripeProduct): StripeProduct {
  draft.insert(product);
  draft.tell('product.created', product);
  return product;
}

async function refuseTakenId({ store }: SandboxContext, id: string): Promise<void> {
  if (!/^\w+$/.test(id)) throw invalidRequest('An id consists of letters, digits and underscores.', { param: 'id' });
  if ((await store.find('product', id)) !== null) {
    throw invalidRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' });
  }
}

/** A product that is not stored yet. */
export function newProduct({ clock, ids }: SandboxContext, parameters: ProductParameters): StripeProduct {
  const created = nowSeconds(clock);
  return {
    id: createStripeId(ids, 'prod'),
    object: 'product',
    active: parameters.active ?? true,
    created,
    default_price: null,
    description: parameters.description ?? null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: mergeMetadata({}, parameters.metadata),
    name: parameters.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: created,
    url: null,
  };
}
