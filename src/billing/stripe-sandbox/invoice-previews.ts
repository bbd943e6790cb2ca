import { z } from 'zod';
import type { Instant } from '../../clock.ts';
import { type ApiCall, type ApiResult, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { isRunning } from './due.ts';
import { newInvoice } from './new-invoice.ts';
import { periodLines } from './new-subscription.ts';
import { integer, parseParameters, text } from './parameters.ts';
import { enterPhase } from './schedule-life.ts';
import { invalidRequest, StripeSandboxError } from './stripe-error.ts';
import type { PendingLine, StripeSubscription } from './stripe-objects.ts';
import { itemParameters, planChange, prorationBehavior } from './subscription-change.ts';
import { startPeriod } from './subscription-life.ts';

const previewParameters = z.strictObject({
  customer: text().optional(),
  subscription: text(),
  subscription_details: z
    .strictObject({
      billing_cycle_anchor: z.enum(['now', 'unchanged']).optional(),
      items: itemParameters.optional(),
      proration_behavior: prorationBehavior.optional(),
      proration_date: integer(0).optional(),
    })
    .optional(),
});

/** POST /v1/invoices/create_preview */
export async function createInvoicePreview(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const parameters = parseParameters(previewParameters, call.parameters);
  const subscription = await objectInParameter(context, 'subscription', parameters.subscription, 'subscription');
  if (parameters.customer !== undefined && parameters.customer !== subscription.customer) {
    throw invalidRequest('The subscription does not belong to the customer.', { param: 'subscription' });
  }
  const customer = await objectInParameter(context, 'customer', subscription.customer, 'customer');
  const draft = createDraft(context, call);
  const details = parameters.subscription_details ?? {};
  const { lines, at } = await previewLines(draft, subscription, details);
  const [item] = subscription.items.data;
  const preview = newInvoice(draft, {
    id: draft.newId('upcoming_in'),
    subscription,
    customer,
    reason: 'upcoming',
    lines,
    period: { start: item?.current_period_start ?? at, end: at },
    finalizesAt: null,
    ...(details.proration_date === undefined ? {} : { prorationDate: details.proration_date }),
  });
  return { answer: preview };
}

/** The lines of the invoice that would come next, and when it would. */
async function previewLines(
  draft: Draft,
  subscription: StripeSubscription,
  details: NonNullable<z.output<typeof previewParameters>['subscription_details']>,
): Promise<{ lines: readonly PendingLine[]; at: number }> {
  if (!isRunning(subscription)) throw noUpcomingInvoice(subscription);
  const { items = [], proration_behavior: behavior = 'create_prorations', billing_cycle_anchor } = details;
  const { pending } = subscription.sandbox;
  const isChanged = items.length > 0 || billing_cycle_anchor === 'now';
  if (!isChanged) return renewalLines(draft, subscription);
  const change = await planChange(draft, subscription, {
    items,
    behavior,
    prorationDate: details.proration_date ?? draft.now,
    beginsPeriod: billing_cycle_anchor === 'now',
    param: 'subscription_details[items]',
  });
  if (change.newPeriod.length > 0 || behavior === 'always_invoice') {
    return { lines: [...pending, ...change.prorations, ...change.newPeriod], at: draft.now };
  }
  const changed = { ...subscription, items: { ...subscription.items, data: change.items } };
  return renewalLines(draft, {
    ...changed,
    sandbox: { ...subscription.sandbox, pending: [...pending, ...change.prorations] },
  });
}

/** Lets the next period begin in a draft that is thrown away. */
async function renewalLines(
  { context }: Draft,
  subscription: StripeSubscription,
): Promise<{ lines: readonly PendingLine[]; at: number }> {
  const at = subscription.items.data[0]?.current_period_end;
  const { pending } = subscription.sandbox;
  if (at === undefined || (subscription.cancel_at !== null && subscription.cancel_at <= at && pending.length === 0)) {
    throw noUpcomingInvoice(subscription);
  }
  const clock = { now: () => (at * 1000) as Instant }; // Stripe counts seconds since 1970.
  const then = createDraft({ ...context, clock }, null);
  if (subscription.cancel_at !== null && subscription.cancel_at <= at) return { lines: pending, at };
  const entered = await enterPhase(then, subscription, at);
  const begun = startPeriod(then, entered, 'active');
  return { lines: [...pending, ...(await periodLines(then, begun))], at };
}

const noUpcomingInvoice = ({ customer }: StripeSubscription) =>
  new StripeSandboxError(404, {
    type: 'invalid_request_error',
    code: 'invoice_upcoming_none',
    message: `No upcoming invoices for customer: ${customer}`,
  });
