import { z } from 'zod';
import { objectInParameter, type SandboxContext } from './context.ts';
import { integer, text } from './parameters.ts';
import { newPrice, priceData } from './prices.ts';
import { invalidRequest } from './stripe-error.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripeLineItem, StripeObject, StripePrice, StripeProduct } from './stripe-objects.ts';

/** One thing that a session sells, as a caller names it. */
export const lineItemParameters = z.strictObject({
  price: text().optional(),
  price_data: priceData.optional(),
  quantity: integer(1, 999_999).optional(),
});
type LineItemParameters = z.output<typeof lineItemParameters>;

/** What a session sells, and the prices and products that its parameters made on the way. */
export async function newLineItems(
  context: SandboxContext,
  parameters: readonly LineItemParameters[],
): Promise<{ lineItems: StripeLineItem[]; newObjects: StripeObject[] }> {
  const lineItems: StripeLineItem[] = [];
  const newObjects: StripeObject[] = [];
  for (const [index, item] of parameters.entries()) {
    const param = `line_items[${index}]`;
    if (item.quantity === undefined) {
      throw invalidRequest(`Quantity is required. Add \`quantity\` to \`${param}\``, { param: `${param}[quantity]` });
    }
    const { price, product, added } = await priceOf(context, item, param);
    newObjects.push(...added);
    lineItems.push(newLineItem(createStripeId(context.ids, 'li'), price, product, item.quantity));
  }
  return { lineItems, newObjects };
}

async function priceOf(
  context: SandboxContext,
  item: LineItemParameters,
  param: string,
): Promise<{ price: StripePrice; product: StripeProduct; added: StripeObject[] }> {
  if (item.price !== undefined && item.price_data !== undefined) {
    throw invalidRequest(`You may only specify one of these parameters: ${param}[price], ${param}[price_data].`, {
      param: `${param}[price]`,
    });
  }
  if (item.price_data !== undefined) return priceFromData(context, item.price_data, `${param}[price_data]`);
  if (item.price === undefined) {
    throw invalidRequest(`Missing required param: ${param}[price].`, {
      code: 'parameter_missing',
      param: `${param}[price]`,
    });
  }
  const price = await objectInParameter(context, 'price', item.price, `${param}[price]`);
  if (!price.active) {
    throw invalidRequest('The price specified is inactive. This field only accepts active prices.', {
      param: `${param}[price]`,
    });
  }
  return { price, product: await objectInParameter(context, 'product', price.product, `${param}[price]`), added: [] };
}

async function priceFromData(
  context: SandboxContext,
  data: NonNullable<LineItemParameters['price_data']>,
  param: string,
): Promise<{ price: StripePrice; product: StripeProduct; added: StripeObject[] }> {
  const { price, product, isNewProduct } = await newPrice(context, data, param);
  // Stripe keeps what was made for one session out of the catalog.
  const single = { ...price, active: false };
  const singleProduct = isNewProduct ? { ...product, active: false } : product;
  return { price: single, product: singleProduct, added: isNewProduct ? [single, singleProduct] : [single] };
}

function newLineItem(id: string, price: StripePrice, product: StripeProduct, quantity: number): StripeLineItem {
  const amount = price.unit_amount * quantity;
  return {
    id,
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: product.name,
    metadata: null,
    price,
    quantity,
  };
}
