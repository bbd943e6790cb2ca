import type { Draft } from './draft.ts';
import { newSubscriptionItem } from './new-subscription.ts';
import { hasSamePeriods, recurrenceOf } from './periods.ts';
import type { StripeSubscription, StripeSubscriptionSchedule } from './stripe-objects.ts';

/** Takes the prices of the phase that begins with a period; nothing happens without a schedule. */
export async function enterPhase(draft: Draft, from: StripeSubscription, at: number): Promise<StripeSubscription> {
  if (from.schedule === null) return from;
  const schedule = await draft.get('subscription_schedule', from.schedule);
  const phase = schedule.phases.find(({ start_date, end_date }) => start_date <= at && at < end_date);
  if (phase === undefined || phase.start_date === schedule.current_phase?.start_date) return from;
  const current_phase = { start_date: phase.start_date, end_date: phase.end_date };
  draft.tell('subscription_schedule.updated', draft.change(schedule, { current_phase }), schedule);
  const data = [];
  for (const [index, { price: priceId, quantity }] of phase.items.entries()) {
    const price = await draft.get('price', priceId);
    const present = from.items.data[index];
    const fresh = newSubscriptionItem(draft, { subscription: from.id, price, quantity, start: at, end: at });
    data.push(present === undefined ? fresh : { ...fresh, id: present.id, created: present.created });
  }
  const [before, after] = [from.items.data[0], data[0]];
  const keepsPeriods =
    before === undefined ||
    after === undefined ||
    hasSamePeriods(recurrenceOf(before.price), recurrenceOf(after.price));
  return draft.change(from, {
    items: { ...from.items, data },
    billing_cycle_anchor: keepsPeriods && phase.billing_cycle_anchor !== 'phase_start' ? from.billing_cycle_anchor : at,
    metadata: { ...from.metadata, ...phase.metadata },
  });
}

/** The last phase of a schedule is over. */
export async function scheduleIsDue(draft: Draft, schedule: StripeSubscriptionSchedule): Promise<void> {
  if (schedule.subscription === null) throw new Error(`The schedule ${schedule.id} runs without a subscription.`);
  const subscription = await draft.get('subscription', schedule.subscription);
  releaseSchedule(draft, schedule, subscription);
}

/** Leaves a subscription to itself, as it is. */
export function releaseSchedule(
  draft: Draft,
  from: StripeSubscriptionSchedule,
  subscription: StripeSubscription,
): StripeSubscriptionSchedule {
  const released = draft.change(from, {
    status: 'released',
    released_at: draft.now,
    released_subscription: subscription.id,
    subscription: null,
    current_phase: null,
  });
  draft.tell('subscription_schedule.released', released, from);
  draft.tell('customer.subscription.updated', draft.change(subscription, { schedule: null }), subscription);
  return released;
}
