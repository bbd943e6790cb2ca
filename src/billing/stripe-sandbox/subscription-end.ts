import type { Draft } from './draft.ts';
import type { StripeSubscription } from './stripe-objects.ts';

/** Ends a subscription now: nothing of it is collected any more. */
export async function endSubscription(
  draft: Draft,
  from: StripeSubscription,
  reason: 'cancellation_requested' | 'payment_failed' | null,
  comment: string | null = null,
): Promise<StripeSubscription> {
  for (const invoice of await draft.list('invoice', { parent: { subscription_details: { subscription: from.id } } })) {
    if (invoice.status !== 'draft' && invoice.status !== 'open') continue;
    draft.change(invoice, { auto_advance: false, automatically_finalizes_at: null, next_payment_attempt: null });
  }
  if (from.schedule !== null) {
    const schedule = await draft.get('subscription_schedule', from.schedule);
    const canceled = draft.change(schedule, { status: 'canceled', canceled_at: draft.now, current_phase: null });
    draft.tell('subscription_schedule.canceled', canceled, schedule);
  }
  const ended = draft.change(from, {
    status: 'canceled',
    canceled_at: from.canceled_at ?? draft.now,
    ended_at: draft.now,
    schedule: null,
    cancellation_details: {
      comment,
      feedback: null,
      feedback_option: null,
      reason: reason ?? from.cancellation_details?.reason ?? null,
    },
  });
  draft.tell('customer.subscription.deleted', ended);
  return ended;
}
