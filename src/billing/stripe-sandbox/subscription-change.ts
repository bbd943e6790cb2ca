import { z } from 'zod';
import { objectInParameter } from './context.ts';
import type { Draft } from './draft.ts';
import { newSubscriptionItem, periodLines, planOf, productName } from './new-subscription.ts';
import { boolean, integer, list, text } from './parameters.ts';
import { hasSamePeriods, periodEndAfter, recurrenceOf } from './periods.ts';
import { creditLine, debitLine } from './proration.ts';
import { invalidRequest } from './stripe-error.ts';
import type { PendingLine, StripePrice, StripeSubscription, StripeSubscriptionItem } from './stripe-objects.ts';

/** How a caller says what a subscription shall sell from now on. */
export const itemParameters = list(
  z.strictObject({
    id: text().optional(),
    price: text().optional(),
    quantity: integer(1, 999_999).optional(),
    deleted: boolean().optional(),
  }),
);

export const prorationBehavior = z.enum(['always_invoice', 'create_prorations', 'none']);

export interface ChangeRequest {
  readonly items: z.output<typeof itemParameters>;
  readonly behavior: z.output<typeof prorationBehavior>;
  readonly prorationDate: number;
  readonly beginsPeriod: boolean;
  /** The parameter that holds the items. */
  readonly param: string;
}

/** What a change of prices makes of a subscription, and what it costs. */
export interface PlannedChange {
  readonly items: StripeSubscriptionItem[];
  readonly anchor: number;
  /** Credits for time that will not be used, debits for what takes its place. */
  readonly prorations: readonly PendingLine[];
  /** What the period costs that begins with the change; nothing when the present one goes on. */
  readonly newPeriod: readonly PendingLine[];
}

/** Thinks a change of prices through; nothing is changed yet. */
export async function planChange(
  draft: Draft,
  subscription: StripeSubscription,
  request: ChangeRequest,
): Promise<PlannedChange> {
  const wanted = await wantedItems(draft, subscription, request);
  const [before] = subscription.items.data;
  const [after] = wanted;
  if (before === undefined || after === undefined) {
    throw invalidRequest('A subscription must have at least one active plan.', { param: request.param });
  }
  const isTrial = subscription.status === 'trialing';
  const hasOtherPeriods = !hasSamePeriods(recurrenceOf(before.price), recurrenceOf(after.price));
  const beginsPeriod = !isTrial && (request.beginsPeriod || hasOtherPeriods);
  const anchor = beginsPeriod ? draft.now : subscription.billing_cycle_anchor;
  const period = beginsPeriod
    ? { start: draft.now, end: periodEndAfter(anchor, recurrenceOf(after.price), draft.now) }
    : { start: before.current_period_start, end: before.current_period_end };
  const items = wanted.map((item) => ({ ...item, current_period_start: period.start, current_period_end: period.end }));
  const prorations =
    isTrial || request.behavior === 'none'
      ? []
      : await prorate(draft, subscription, items, { at: request.prorationDate, debits: !beginsPeriod });
  const changed = { ...subscription, items: { ...subscription.items, data: items } };
  return { items, anchor, prorations, newPeriod: beginsPeriod ? await periodLines(draft, changed) : [] };
}

/** What is given back for all time that is left of the present period. */
export async function unusedTime(draft: Draft, subscription: StripeSubscription, at: number): Promise<PendingLine[]> {
  return prorate(draft, subscription, [], { at, debits: false });
}

async function prorate(
  draft: Draft,
  { items: { data: present } }: StripeSubscription,
  wanted: readonly StripeSubscriptionItem[],
  { at, debits }: { at: number; debits: boolean },
): Promise<PendingLine[]> {
  const [first] = present;
  const period = { start: first?.current_period_start ?? at, end: first?.current_period_end ?? at };
  if (at < period.start || at > period.end) {
    throw invalidRequest(
      `Invalid proration date: ${at}. The proration date must be within the current period of the subscription (${period.start} to ${period.end}).`,
      { param: 'proration_date' },
    );
  }
  const isSame = (one: StripeSubscriptionItem, other: StripeSubscriptionItem) =>
    one.id === other.id && one.price.id === other.price.id && one.quantity === other.quantity;
  const prorated = async ({ id, price, quantity }: StripeSubscriptionItem) => ({
    item: id,
    name: await productName(draft, price),
    price,
    quantity,
    period,
  });
  const lines: PendingLine[] = [];
  for (const item of present) {
    // With a new period everything is paid for anew, also what stays.
    if (debits && wanted.some((other) => isSame(item, other))) continue;
    lines.push(creditLine(await prorated(item), at));
  }
  for (const item of debits ? wanted : []) {
    if (present.some((other) => isSame(item, other))) continue;
    lines.push(debitLine(await prorated(item), at));
  }
  return lines;
}

async function wantedItems(
  draft: Draft,
  subscription: StripeSubscription,
  { items, param }: ChangeRequest,
): Promise<StripeSubscriptionItem[]> {
  const present = subscription.items.data;
  const result = [...present];
  for (const [index, item] of items.entries()) {
    const here = `${param}[${index}]`;
    const position = result.findIndex(({ id }) => id === item.id);
    const old = result[position];
    if (item.id !== undefined && old === undefined) {
      throw invalidRequest(`No such subscription item: '${item.id}'`, {
        code: 'resource_missing',
        param: `${here}[id]`,
      });
    }
    if (item.deleted === true) {
      if (old === undefined) throw invalidRequest(`Missing required param: ${here}[id].`, { param: `${here}[id]` });
      result.splice(position, 1);
      continue;
    }
    const price = item.price === undefined ? old?.price : await sellablePrice(draft, subscription, item.price, here);
    if (price === undefined) {
      throw invalidRequest(`Missing required param: ${here}[price].`, {
        code: 'parameter_missing',
        param: `${here}[price]`,
      });
    }
    const quantity = item.quantity ?? old?.quantity ?? 1;
    if (old === undefined) {
      const [start, end] = [draft.now, draft.now];
      result.push(newSubscriptionItem(draft, { subscription: subscription.id, price, quantity, start, end }));
    } else result[position] = { ...old, price, plan: planOf(price), quantity };
  }
  requireOnePeriod(result, param);
  return result;
}

async function sellablePrice(
  draft: Draft,
  { currency }: StripeSubscription,
  id: string,
  here: string,
): Promise<StripePrice> {
  const param = `${here}[price]`;
  const price = await objectInParameter(draft.context, 'price', id, param);
  if (!price.active) {
    throw invalidRequest('The price specified is inactive. This field only accepts active prices.', { param });
  }
  if (price.recurring === null) {
    throw invalidRequest(
      'The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.',
      { param },
    );
  }
  if (price.currency !== currency) {
    throw invalidRequest('The price specified must have the currency of the subscription.', { param });
  }
  return price;
}

function requireOnePeriod(items: readonly StripeSubscriptionItem[], param: string): void {
  const [first, ...others] = items.map(({ price }) => recurrenceOf(price));
  if (first === undefined || others.every((other) => hasSamePeriods(first, other))) return;
  throw invalidRequest('All prices of a subscription must have the same billing interval in the Stripe sandbox.', {
    param,
  });
}
