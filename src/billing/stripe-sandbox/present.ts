import type { ListPage, SandboxContext } from './context.ts';
import { shown } from './show.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeKind, StripeObject } from './stripe-objects.ts';

/** Which ids of each kind may be expanded, and into what. */
const expandable: Record<StripeKind, Readonly<Record<string, StripeKind>>> = {
  customer: { 'invoice_settings.default_payment_method': 'payment_method' },
  product: {},
  price: { product: 'product' },
  payment_method: { customer: 'customer' },
  'checkout.session': {
    customer: 'customer',
    invoice: 'invoice',
    payment_intent: 'payment_intent',
    subscription: 'subscription',
  },
  'billing_portal.session': {},
  payment_intent: { customer: 'customer', latest_charge: 'charge', payment_method: 'payment_method' },
  charge: { customer: 'customer', payment_intent: 'payment_intent' },
  refund: { charge: 'charge', payment_intent: 'payment_intent' },
  dispute: { charge: 'charge', payment_intent: 'payment_intent' },
  subscription: {
    customer: 'customer',
    default_payment_method: 'payment_method',
    latest_invoice: 'invoice',
    schedule: 'subscription_schedule',
  },
  subscription_schedule: { customer: 'customer', subscription: 'subscription' },
  invoice: { customer: 'customer', 'parent.subscription_details.subscription': 'subscription' },
  invoice_payment: { invoice: 'invoice', 'payment.payment_intent': 'payment_intent' },
  event: {},
  sandbox_settings: {},
};

/** Lists that are shown on demand alone, each with what is in it and which of its fields names the object around it. */
const expandableLists: Partial<
  Record<StripeKind, Readonly<Record<string, { kind: StripeKind; by: string; url: string }>>>
> = {
  charge: { refunds: { kind: 'refund', by: 'charge', url: '/v1/refunds?charge=' } },
  customer: { subscriptions: { kind: 'subscription', by: 'customer', url: '/v1/subscriptions?customer=' } },
  invoice: { payments: { kind: 'invoice_payment', by: 'invoice', url: '/v1/invoice_payments?invoice=' } },
};

/** How deep an expansion may reach. */
const maximumDepth = 4;

/** An answer as the caller sees it, with what was asked to be expanded. `added` is as it will be stored. */
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
  depth = 1,
): Promise<object> {
  let result = shown(context.clock, object);
  const groups = groupByField(object.object, expand);
  if (groups.size > 0 && depth > maximumDepth)
    throw invalidRequest('You cannot expand more than 4 levels of a property.', { param: 'expand' });
  for (const [field, inside] of groups) {
    if (object.object === 'checkout.session' && field === 'line_items') {
      result = { ...result, line_items: object.line_items };
      continue;
    }
    const list = expandableLists[object.object]?.[field];
    if (list !== undefined) {
      const found = await context.store.list(list.kind, {
        matching: [{ [list.by]: object.id }],
        startingAfter: null,
        limit: 100,
      });
      const isAdded = new Set(added.map(({ id }) => id));
      const all = [
        ...added.filter((other) => isIn(other, list, object.id)),
        ...found.filter(({ id }) => !isAdded.has(id)),
      ];
      const own = inside.map((path) => path.replace(/^data\./, ''));
      const data = await Promise.all(all.map((other) => presentObject(context, other, own, added, depth + 1)));
      result = { ...result, [field]: { object: 'list', data, has_more: false, url: `${list.url}${object.id}` } };
      continue;
    }
    const kind = expandable[object.object][field];
    if (kind === undefined) throw notExpandable(field);
    const path = field.split('.');
    const id = read(result, path);
    if (typeof id !== 'string') continue;
    const found = added.find((candidate) => candidate.id === id) ?? (await context.store.find(kind, id));
    if (found !== null) result = withField(result, path, await presentObject(context, found, inside, added, depth + 1));
  }
  return result;
}

/** The fields that are to be expanded, each with what is to be expanded inside it. */
function groupByField(kind: StripeKind, expand: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const known = [...Object.keys(expandable[kind]), ...Object.keys(expandableLists[kind] ?? {})];
  if (kind === 'checkout.session') known.push('line_items');
  const groups = new Map<string, string[]>();
  for (const path of expand) {
    const field = known.find((name) => path === name || path.startsWith(`${name}.`));
    if (field === undefined) throw notExpandable(path);
    const inside = groups.get(field) ?? [];
    if (path !== field) inside.push(path.slice(field.length + 1));
    groups.set(field, inside);
  }
  return groups;
}

const isIn = (object: StripeObject, list: { kind: StripeKind; by: string }, id: string): boolean =>
  object.object === list.kind && read(object, [list.by]) === id;

function read(object: object, [key = '', ...rest]: readonly string[]): unknown {
  const value = new Map<string, unknown>(Object.entries(object)).get(key);
  return rest.length === 0 || typeof value !== 'object' || value === null ? value : read(value, rest);
}

function withField(object: object, [key = '', ...rest]: readonly string[], value: object): object {
  const inner = read(object, [key]);
  const isInside = rest.length > 0 && typeof inner === 'object' && inner !== null;
  return { ...object, [key]: isInside ? withField(inner, rest, value) : value };
}

const notExpandable = (path: string) =>
  invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
