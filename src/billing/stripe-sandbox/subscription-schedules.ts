import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { integer, list, mergeMetadata, metadata, parseParameters, text } from './parameters.ts';
import { periodEndAfter, recurrenceOf } from './periods.ts';
import { releaseSchedule } from './schedule-life.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeSchedulePhase, StripeSubscription, StripeSubscriptionSchedule } from './stripe-objects.ts';
import { prorationBehavior } from './subscription-change.ts';

const phaseParameters = z.strictObject({
  billing_cycle_anchor: z.enum(['automatic', 'phase_start']).optional(),
  duration: z
    .strictObject({ interval: z.enum(['day', 'week', 'month', 'year']), interval_count: integer(1, 36).optional() })
    .optional(),
  end_date: integer(0).optional(),
  items: list(z.strictObject({ price: text(), quantity: integer(1, 999_999).optional() })),
  metadata: metadata().optional(),
  proration_behavior: prorationBehavior.optional(),
  start_date: integer(0).optional(),
});
type PhaseParameters = z.output<typeof phaseParameters>;

const updateParameters = z.strictObject({
  end_behavior: z.literal('release').optional(),
  metadata: metadata().optional(),
  phases: list(phaseParameters).optional(),
  proration_behavior: prorationBehavior.optional(),
});

const scheduleListParameters = listParameters.extend({ created: createdRange.optional(), customer: text().optional() });

/** POST /v1/subscription_schedules */
export async function createSchedule(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { from_subscription } = parseParameters(z.strictObject({ from_subscription: text() }), call.parameters);
  const subscription = await objectInParameter(context, 'subscription', from_subscription, 'from_subscription');
  if (subscription.ended_at !== null) {
    throw invalidRequest('You cannot migrate a subscription that has ended to a subscription schedule.', {
      param: 'from_subscription',
    });
  }
  if (subscription.schedule !== null) {
    throw invalidRequest(
      `You cannot migrate a subscription that is already attached to a schedule: \`${subscription.schedule}\`.`,
      { param: 'from_subscription' },
    );
  }
  const draft = createDraft(context, call);
  const schedule = draft.insert(newSchedule(draft, subscription));
  draft.tell('subscription_schedule.created', schedule);
  draft.tell('customer.subscription.updated', draft.change(subscription, { schedule: schedule.id }), subscription);
  return draft.result(schedule);
}

/** GET /v1/subscription_schedules/:id */
export async function retrieveSchedule(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'subscription_schedule', id) };
}

/** GET /v1/subscription_schedules */
export async function listSchedules(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, ...page } = parseParameters(scheduleListParameters, call.parameters);
  const matching = [customer === undefined ? {} : { customer }];
  const url = '/v1/subscription_schedules';
  return { answer: await listObjects(context, 'subscription_schedule', { ...page, matching, url }) };
}

/** POST /v1/subscription_schedules/:id */
export async function updateSchedule(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'subscription_schedule', id);
  const parameters = parseParameters(updateParameters, call.parameters);
  const draft = createDraft(context, call);
  const subscription = await runningSubscription(draft, from);
  const phases =
    parameters.phases === undefined ? from.phases : await newPhases(draft, from, subscription, parameters.phases);
  const to = draft.change(from, {
    phases,
    metadata: mergeMetadata(from.metadata ?? {}, parameters.metadata),
    end_behavior: parameters.end_behavior ?? from.end_behavior,
    current_phase: phases[0] === undefined ? null : { start_date: phases[0].start_date, end_date: phases[0].end_date },
  });
  draft.tell('subscription_schedule.updated', to, from);
  return draft.result(to);
}

/** POST /v1/subscription_schedules/:id/release */
export async function releaseActiveSchedule(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const from = await objectAtAddress(context, 'subscription_schedule', id);
  parseParameters(z.strictObject({}), call.parameters);
  const draft = createDraft(context, call);
  return draft.result(releaseSchedule(draft, from, await runningSubscription(draft, from)));
}

async function runningSubscription(draft: Draft, schedule: StripeSubscriptionSchedule): Promise<StripeSubscription> {
  if (schedule.status === 'active' && schedule.subscription !== null) {
    return draft.get('subscription', schedule.subscription);
  }
  throw invalidRequest(
    `You cannot change a subscription schedule that is currently in the \`${schedule.status}\` status. It must be \`active\`.`,
  );
}

/** The phases that a caller wants; the first is the one that runs. */
async function newPhases(
  draft: Draft,
  schedule: StripeSubscriptionSchedule,
  subscription: StripeSubscription,
  wanted: readonly PhaseParameters[],
): Promise<StripeSchedulePhase[]> {
  const phases: StripeSchedulePhase[] = [];
  let start = schedule.current_phase?.start_date ?? draft.now;
  for (const [index, phase] of wanted.entries()) {
    const param = `phases[${index}]`;
    if (phase.start_date !== undefined && phase.start_date !== start) {
      throw invalidRequest(
        index === 0
          ? 'You can not modify the start date of the current phase.'
          : 'The start date of a phase must be the end date of the phase before it.',
        { param: `${param}[start_date]` },
      );
    }
    const made = await newPhase(draft, subscription, phase, { start, param });
    if (made.end_date <= start) {
      throw invalidRequest('The end date of a phase must be after its start date.', { param: `${param}[end_date]` });
    }
    phases.push(made);
    start = made.end_date;
  }
  requireRunningPhase(subscription, phases);
  return phases;
}

/** What runs is changed through the subscription, so the first phase must sell what it sells. */
function requireRunningPhase(subscription: StripeSubscription, [first]: readonly StripeSchedulePhase[]): void {
  const present = subscription.items.data.map(({ price, quantity }) => `${price.id} ${quantity}`);
  const planned = first?.items.map(({ price, quantity }) => `${price} ${quantity}`) ?? [];
  if (JSON.stringify(present) === JSON.stringify(planned)) return;
  throw invalidRequest('In the Stripe sandbox the first phase must have the present prices of the subscription.', {
    param: 'phases[0][items]',
  });
}

async function newPhase(
  draft: Draft,
  subscription: StripeSubscription,
  wanted: PhaseParameters,
  { start, param }: { start: number; param: string },
): Promise<StripeSchedulePhase> {
  const prices = [];
  for (const [index, { price }] of wanted.items.entries()) {
    prices.push(await objectInParameter(draft.context, 'price', price, `${param}[items][${index}][price]`));
  }
  const [price] = prices;
  if (price === undefined)
    throw invalidRequest(`Missing required param: ${param}[items].`, { param: `${param}[items]` });
  if (price.recurring === null) {
    throw invalidRequest('A phase sells recurring prices.', { param: `${param}[items][0][price]` });
  }
  const duration = wanted.duration === undefined ? recurrenceOf(price) : { interval_count: 1, ...wanted.duration };
  const length = { interval: duration.interval, interval_count: duration.interval_count ?? 1 };
  const end = wanted.end_date ?? periodEndAfter(start, length, start);
  const items = wanted.items.map(({ price: id, quantity = 1 }) => ({ price: id, quantity }));
  return phaseOf(subscription, { start, end, items, wanted });
}

function phaseOf(
  { currency }: StripeSubscription,
  options: {
    start: number;
    end: number;
    items: readonly { price: string; quantity: number }[];
    wanted: Partial<PhaseParameters>;
  },
): StripeSchedulePhase {
  const { start, end, items, wanted } = options;
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: wanted.billing_cycle_anchor ?? null,
    billing_thresholds: null,
    collection_method: null,
    currency,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    end_date: end,
    invoice_settings: null,
    items: items.map(({ price, quantity }) => ({
      billing_thresholds: null,
      discounts: [],
      metadata: {},
      plan: price,
      price,
      quantity,
      tax_rates: [],
    })),
    metadata: mergeMetadata({}, wanted.metadata),
    on_behalf_of: null,
    proration_behavior: wanted.proration_behavior ?? 'create_prorations',
    start_date: start,
    transfer_data: null,
    trial_end: null,
  };
}

function newSchedule(draft: Draft, subscription: StripeSubscription): StripeSubscriptionSchedule {
  const [item] = subscription.items.data;
  const start = item?.current_period_start ?? draft.now;
  const end = item?.current_period_end ?? draft.now;
  const items = subscription.items.data.map(({ price, quantity }) => ({ price: price.id, quantity }));
  return {
    id: draft.newId('sub_sched'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: { flexible: { proration_discounts: 'included' }, type: 'flexible' },
    canceled_at: null,
    completed_at: null,
    created: draft.now,
    current_phase: { start_date: start, end_date: end },
    customer: subscription.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: 'charge_automatically',
      default_payment_method: null,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: 'self' },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: 'release',
    livemode: false,
    metadata: {},
    pause_schedules: [],
    phases: [phaseOf(subscription, { start, end, items, wanted: {} })],
    released_at: null,
    released_subscription: null,
    status: 'active',
    subscription: subscription.id,
    test_clock: null,
  };
}
