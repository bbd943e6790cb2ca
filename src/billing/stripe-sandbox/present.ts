import type { ListPage, SandboxContext } from './context.ts';
import { shownEvent } from './events.ts';
import { shownSession } from './session-end.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeKind, StripeObject } from './stripe-objects.ts';

/** Which ids of each kind may be expanded, and into what. */
const expandable: Record<StripeKind, Readonly<Record<string, StripeKind>>> = {
  customer: {},
  product: {},
  price: { product: 'product' },
  'checkout.session': { customer: 'customer', payment_intent: 'payment_intent', subscription: 'subscription' },
  payment_intent: { customer: 'customer' },
  subscription: { customer: 'customer' },
  event: {},
};

/** An answer as the caller sees it, with what was asked to be expanded. `added` is not stored yet. */
export async function present(
  context: SandboxContext,
  answer: StripeObject | ListPage,
  expand: readonly string[],
  added: readonly StripeObject[],
): Promise<object> {
  if (answer.object !== 'list') return presentObject(context, answer, expand, added);
  const inside = expand.map((path) => {
    if (!path.startsWith('data.')) throw notExpandable(path);
    return path.slice('data.'.length);
  });
  const data = await Promise.all(answer.data.map((object) => presentObject(context, object, inside, added)));
  return { ...answer, data };
}

async function presentObject(
  context: SandboxContext,
  object: StripeObject,
  expand: readonly string[],
  added: readonly StripeObject[],
): Promise<object> {
  const shown = new Map<string, unknown>(Object.entries(show(context, object)));
  for (const field of expand) {
    if (object.object === 'checkout.session' && field === 'line_items') {
      shown.set(field, object.line_items);
      continue;
    }
    const kinds = expandable[object.object];
    const kind = Object.hasOwn(kinds, field) ? kinds[field] : undefined;
    if (kind === undefined) throw notExpandable(field);
    const id = shown.get(field);
    if (typeof id !== 'string') continue;
    const found = added.find((candidate) => candidate.id === id) ?? (await context.store.find(kind, id));
    if (found !== null) shown.set(field, show(context, found));
  }
  return Object.fromEntries(shown);
}

function show(context: SandboxContext, object: StripeObject): object {
  switch (object.object) {
    case 'checkout.session':
      return shownSession(context, object);
    case 'event':
      return shownEvent(object);
    default:
      return object;
  }
}

const notExpandable = (path: string) =>
  invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
