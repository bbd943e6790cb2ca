import type { FormFields } from './form-encoding.ts';
import { type PageAnswer, type PageParts, pageProblem } from './page-parts.ts';
import { portalPage } from './portal-html.ts';
import type { StripePortalSession } from './stripe-objects.ts';

/** Shows a customer their plan, card and invoices. */
export async function showPortal({ context: { store } }: PageParts, id: string): Promise<PageAnswer> {
  const session = await requirePortal(store, id);
  const customer = await store.find('customer', session.customer);
  if (customer === null || customer.sandbox.deleted) throw pageProblem(404, 'This customer was deleted.');
  const query = { matching: [{ customer: customer.id }], startingAfter: null, limit: 50 };
  const [subscriptions, invoices, methods] = await Promise.all([
    store.list('subscription', query),
    store.list('invoice', query),
    store.list('payment_method', query),
  ]);
  const products = await Promise.all(
    subscriptions.flatMap(({ items }) => items.data.map(({ price }) => store.find('product', price.product))),
  );
  return {
    status: 200,
    html: portalPage({
      customer,
      subscriptions,
      invoices,
      methods,
      productNames: new Map(products.flatMap((product) => (product === null ? [] : [[product.id, product.name]]))),
      returnUrl: session.return_url,
    }),
  };
}

/** Lets a plan end or go on, or takes another card. */
export async function answerPortal(
  { context, controls }: PageParts,
  id: string,
  { action, subscription, method }: FormFields,
): Promise<PageAnswer> {
  const session = await requirePortal(context.store, id);
  if (action === 'change_card') {
    if (typeof method !== 'string') throw pageProblem(400, 'Choose one of the payment methods.');
    await controls.changeCard(session.customer, method);
    return { location: id };
  }
  if ((action === 'cancel' || action === 'keep') && typeof subscription === 'string') {
    const owned = await context.store.find('subscription', subscription);
    if (owned?.customer !== session.customer) throw pageProblem(404, 'There is no such plan.');
    await controls.setCancelAtPeriodEnd(subscription, action === 'cancel');
    return { location: id };
  }
  throw pageProblem(400, 'Choose what is to change.');
}

async function requirePortal(store: PageParts['context']['store'], id: string): Promise<StripePortalSession> {
  const session = await store.find('billing_portal.session', id);
  if (session === null) throw pageProblem(404, 'There is no such portal.');
  return session;
}
