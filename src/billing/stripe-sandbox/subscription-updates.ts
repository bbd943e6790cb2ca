import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { collectInvoice, finalizeInvoice, paymentMethodOf, startInvoice } from './invoice-life.ts';
import { periodLines } from './new-subscription.ts';
import { boolean, clearableText, integer, mergeMetadata, metadata, parseParameters, text } from './parameters.ts';
import { invalidRequest, resourceMissing, StripeSandboxError } from './stripe-error.ts';
import type { PendingLine, StripeInvoice, StripeSubscription } from './stripe-objects.ts';
import { itemParameters, planChange, prorationBehavior, unusedTime } from './subscription-change.ts';
import { endSubscription } from './subscription-end.ts';
import { startPeriod } from './subscription-life.ts';

const updateParameters = z.strictObject({
  billing_cycle_anchor: z.enum(['now', 'unchanged']).optional(),
  cancel_at_period_end: boolean().optional(),
  default_payment_method: text().optional(),
  description: clearableText(500).optional(),
  items: itemParameters.optional(),
  metadata: metadata().optional(),
  off_session: boolean().optional(),
  payment_behavior: z.enum(['allow_incomplete', 'error_if_incomplete']).optional(),
  proration_behavior: prorationBehavior.optional(),
  proration_date: integer(0).optional(),
  trial_end: z.union([z.literal('now'), integer(0)]).optional(),
  trial_settings: z
    .strictObject({
      end_behavior: z.strictObject({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }),
    })
    .optional(),
});
type UpdateParameters = z.output<typeof updateParameters>;

const cancelParameters = z.strictObject({
  cancellation_details: z.strictObject({ comment: clearableText().optional() }).optional(),
  invoice_now: boolean().optional(),
  prorate: boolean().optional(),
});

/** POST /v1/subscriptions/:id */
export async function updateSubscription(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'subscription', id);
  const parameters = parseParameters(updateParameters, call.parameters);
  const { items, metadata: newMetadata, description, ...others } = parameters;
  const draft = createDraft(context, call);
  if (from.ended_at !== null && (items !== undefined || Object.values(others).some((value) => value !== undefined))) {
    throw invalidRequest('A canceled subscription can only update its cancellation_details and metadata.');
  }
  refuseForSchedule(from, parameters);
  const simple = draft.change(from, {
    ...(await simpleChanges(draft, from, parameters)),
    ...(description === undefined ? {} : { description }),
    metadata: mergeMetadata(from.metadata, newMetadata),
  });
  const { subscription, lines, newPeriod } = await changePrices(draft, simple, parameters);
  const isBilledNow = newPeriod.length > 0 || (parameters.proration_behavior === 'always_invoice' && lines.length > 0);
  if (!isBilledNow) {
    const pending = [...subscription.sandbox.pending, ...lines];
    const changed = draft.change(subscription, { sandbox: { ...subscription.sandbox, pending } });
    draft.tell('customer.subscription.updated', changed, from);
    return draft.result(changed);
  }
  const invoice = await billNow(draft, subscription, {
    before: from,
    lines: [...subscription.sandbox.pending, ...lines, ...newPeriod],
    prorationDate: parameters.proration_date,
  });
  await collectNow(draft, subscription, invoice, parameters.payment_behavior ?? 'allow_incomplete');
  return draft.result(await draft.get('subscription', id));
}

/** DELETE /v1/subscriptions/:id */
export async function cancelSubscription(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'subscription', id);
  const {
    cancellation_details,
    invoice_now = false,
    prorate = false,
  } = parseParameters(cancelParameters, call.parameters);
  if (from.ended_at !== null) throw resourceMissing(404, 'subscription', id, 'id');
  const draft = createDraft(context, call);
  const isPaidTime = from.status !== 'trialing' && from.status !== 'paused';
  const credits = prorate && isPaidTime ? await unusedTime(draft, from, draft.now) : [];
  const lines = [...from.sandbox.pending, ...credits];
  let present = draft.change(from, { sandbox: { ...from.sandbox, pending: lines } });
  if (invoice_now && lines.length > 0) {
    const invoice = await billNow(draft, present, { before: from, lines, prorationDate: undefined });
    present = await draft.get('subscription', id);
    await collectNow(draft, present, invoice, 'allow_incomplete');
    present = await draft.get('subscription', id);
  }
  const ended = await endSubscription(draft, present, 'cancellation_requested', cancellation_details?.comment ?? null);
  return draft.result(ended);
}

/** POST /v1/subscriptions/:id/resume */
export async function resumeSubscription(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'subscription', id);
  parseParameters(
    z.strictObject({
      billing_cycle_anchor: z.literal('now').optional(),
      proration_behavior: prorationBehavior.optional(),
    }),
    call.parameters,
  );
  if (from.status !== 'paused') {
    throw invalidRequest(`You can only resume a subscription that is paused. This one is ${from.status}.`);
  }
  const draft = createDraft(context, call);
  const anchored = draft.change(from, { billing_cycle_anchor: draft.now, status_details: undefined });
  const begun = startPeriod(draft, anchored, 'active');
  const lines = await periodLines(draft, begun);
  const invoice = await billNow(draft, begun, { before: from, lines, prorationDate: undefined });
  await collectNow(draft, await draft.get('subscription', id), invoice, 'error_if_incomplete');
  const resumed = await draft.get('subscription', id);
  draft.tell('customer.subscription.resumed', resumed);
  return draft.result(resumed);
}

/** Lets a subscription end with its period, or go on after all. */
export function setCancelAtPeriodEnd(draft: Draft, from: StripeSubscription, cancels: boolean): StripeSubscription {
  const to = draft.change(from, cancellation(draft, from, cancels));
  draft.tell('customer.subscription.updated', to, from);
  return to;
}

/** Bills lines at once, in an invoice that is final but not paid yet. */
async function billNow(
  draft: Draft,
  subscription: StripeSubscription,
  options: { before: StripeSubscription; lines: readonly PendingLine[]; prorationDate: number | undefined },
): Promise<StripeInvoice> {
  const { before, lines, prorationDate } = options;
  const cleared = draft.change(subscription, { sandbox: { ...subscription.sandbox, pending: [] } });
  const started = await startInvoice(draft, cleared, {
    reason: 'subscription_update',
    lines,
    period: { start: draft.now, end: draft.now },
    finalizes: 'at_once',
    ...(prorationDate === undefined ? {} : { prorationDate }),
  });
  draft.tell('customer.subscription.updated', started.subscription, before);
  return finalizeInvoice(draft, started.invoice);
}

/** Collects a final invoice now. Where the caller wants an error instead of an unpaid change, nothing changes at all. */
async function collectNow(
  draft: Draft,
  subscription: StripeSubscription,
  invoice: StripeInvoice,
  behavior: 'allow_incomplete' | 'error_if_incomplete',
): Promise<void> {
  const method = await paymentMethodOf(draft, subscription);
  const { decline } = await collectInvoice(draft, invoice, method, { offSession: true, isAutomatic: true });
  if (decline === null || behavior === 'allow_incomplete') return;
  if (method === null) throw invalidRequest(decline.message, { code: decline.code });
  throw new StripeSandboxError(402, { type: 'card_error', ...decline });
}

async function changePrices(
  draft: Draft,
  from: StripeSubscription,
  parameters: UpdateParameters,
): Promise<{ subscription: StripeSubscription; lines: readonly PendingLine[]; newPeriod: readonly PendingLine[] }> {
  const { items = [], billing_cycle_anchor, proration_behavior, proration_date, trial_end } = parameters;
  if (trial_end === 'now' && from.status === 'trialing') {
    const ended = draft.change(from, { trial_end: draft.now, billing_cycle_anchor: draft.now });
    const begun = startPeriod(draft, await withItems(draft, ended, items), 'active');
    return { subscription: begun, lines: [], newPeriod: await periodLines(draft, begun) };
  }
  if (items.length === 0 && billing_cycle_anchor !== 'now') return { subscription: from, lines: [], newPeriod: [] };
  const planned = await planChange(draft, from, {
    items,
    behavior: proration_behavior ?? 'create_prorations',
    prorationDate: proration_date ?? draft.now,
    beginsPeriod: billing_cycle_anchor === 'now',
    param: 'items',
  });
  const [item] = planned.items;
  const subscription = draft.change(from, {
    items: { ...from.items, data: planned.items },
    billing_cycle_anchor: planned.anchor,
    ...(from.cancel_at_period_end ? { cancel_at: item?.current_period_end ?? from.cancel_at } : {}),
  });
  return { subscription, lines: planned.prorations, newPeriod: planned.newPeriod };
}

async function withItems(
  draft: Draft,
  from: StripeSubscription,
  items: NonNullable<UpdateParameters['items']>,
): Promise<StripeSubscription> {
  const request = { items, behavior: 'none', prorationDate: draft.now, beginsPeriod: false, param: 'items' } as const;
  const planned = await planChange(draft, from, request);
  return draft.change(from, { items: { ...from.items, data: planned.items } });
}

async function simpleChanges(
  draft: Draft,
  from: StripeSubscription,
  parameters: UpdateParameters,
): Promise<Partial<StripeSubscription>> {
  const { cancel_at_period_end, default_payment_method, trial_end, trial_settings } = parameters;
  return {
    ...(cancel_at_period_end === undefined ? {} : cancellation(draft, from, cancel_at_period_end)),
    ...(default_payment_method === undefined
      ? {}
      : { default_payment_method: await ownMethod(draft, from, default_payment_method) }),
    ...(trial_settings === undefined
      ? {}
      : { trial_settings: { end_behavior: { billing_cycle_anchor: null, ...trial_settings.end_behavior } } }),
    ...(typeof trial_end === 'number' ? movedTrial(draft, from, trial_end) : {}),
  };
}

function cancellation(draft: Draft, from: StripeSubscription, atPeriodEnd: boolean): Partial<StripeSubscription> {
  if (atPeriodEnd === from.cancel_at_period_end) return {};
  const [item] = from.items.data;
  const details = { comment: null, feedback: null, feedback_option: null };
  return atPeriodEnd
    ? {
        cancel_at: item?.current_period_end ?? null,
        cancel_at_period_end: true,
        canceled_at: draft.now,
        cancellation_details: { ...details, reason: 'cancellation_requested' },
      }
    : {
        cancel_at: null,
        cancel_at_period_end: false,
        canceled_at: null,
        cancellation_details: { ...details, reason: null },
      };
}

function movedTrial(draft: Draft, from: StripeSubscription, end: number): Partial<StripeSubscription> {
  if (from.status !== 'trialing') {
    throw invalidRequest('The Stripe sandbox moves the end of a trial that is under way, and starts none.', {
      param: 'trial_end',
    });
  }
  if (end <= draft.now) {
    throw invalidRequest('Timestamp for `trial_end` must be an integer Unix timestamp in the future.', {
      param: 'trial_end',
    });
  }
  const data = from.items.data.map((item) => ({ ...item, current_period_end: end }));
  return {
    trial_end: end,
    billing_cycle_anchor: end,
    items: { ...from.items, data },
    sandbox: { ...from.sandbox, trial_end_told: false },
  };
}

async function ownMethod(draft: Draft, { customer }: StripeSubscription, id: string): Promise<string> {
  const method = await objectInParameter(draft.context, 'payment_method', id, 'default_payment_method');
  if (method.customer === customer) return id;
  throw invalidRequest(
    `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
    { code: 'resource_missing', param: 'default_payment_method' },
  );
}

function refuseForSchedule({ schedule }: StripeSubscription, parameters: UpdateParameters): void {
  if (schedule === null) return;
  const { cancel_at_period_end, items, billing_cycle_anchor } = parameters;
  if (cancel_at_period_end === undefined && items === undefined && billing_cycle_anchor === undefined) return;
  throw invalidRequest(
    `The subscription is managed by the subscription schedule \`${schedule}\`, and updating its prices or any cancelation behavior directly is not allowed. Please update or release the schedule instead.`,
  );
}
