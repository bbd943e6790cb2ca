import { z } from 'zod';
import { type ApiCall, type ApiResult, nowSeconds, objectAtAddress, type SandboxContext } from './context.ts';
import { boolean, clearableText, mergeMetadata, metadata, parseParameters, text } from './parameters.ts';
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

/** POST /v1/products */
export async function createProduct(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const product = newProduct(context, parseParameters(productParameters, call.parameters));
  return { answer: product, insert: [product] };
}

/** GET /v1/products/:id */
export async function retrieveProduct(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'product', id) };
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
