import type { StripeObject, StripeSubscription } from './stripe-objects.ts';

export const secondsPerDay = 86_400;
const trialNoticeSeconds = 3 * secondsPerDay;

/** When the clock next has something to do with an object, in seconds; null when it has not. */
export function dueSecondsOf(object: StripeObject): number | null {
  switch (object.object) {
    case 'checkout.session':
      return object.status === 'open' ? object.expires_at : null;
    case 'payment_intent':
      return object.status === 'processing' ? object.sandbox.settles_at : null;
    case 'invoice':
      if (object.status === 'draft') return object.automatically_finalizes_at;
      return object.status === 'open' ? object.next_payment_attempt : null;
    case 'subscription':
      return subscriptionDueSeconds(object);
    case 'subscription_schedule':
      return object.status === 'active' ? (object.phases.at(-1)?.end_date ?? null) : null;
    default:
      return null;
  }
}

const runningStatuses = new Set(['trialing', 'active', 'past_due', 'unpaid']);

/** Whether a subscription goes on from period to period. */
export const isRunning = ({ status }: StripeSubscription): boolean => runningStatuses.has(status);

/** When the notice of a trial's end is due; null when there is none to give. */
export function trialNoticeSecondsOf(subscription: StripeSubscription): number | null {
  const { status, trial_end, trial_start, sandbox } = subscription;
  if (status !== 'trialing' || trial_end === null || sandbox.trial_end_told) return null;
  return Math.max(trial_start ?? 0, trial_end - trialNoticeSeconds);
}

function subscriptionDueSeconds(subscription: StripeSubscription): number | null {
  if (!isRunning(subscription)) return null;
  const instants = [
    subscription.items.data[0]?.current_period_end ?? null,
    subscription.cancel_at,
    trialNoticeSecondsOf(subscription),
  ].filter((instant) => instant !== null);
  return instants.length === 0 ? null : Math.min(...instants);
}
