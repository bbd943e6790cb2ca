import type { ApiCall, SandboxContext } from './context.ts';
import { nowSeconds } from './context.ts';
import { newCustomer } from './customers.ts';
import { newEvent } from './events.ts';
import { newPaymentIntent } from './payment-intents.ts';
import type { StripeCheckoutSession, StripeEvent, StripeObject } from './stripe-objects.ts';
import { newSubscription } from './subscriptions.ts';

/** How an open session becomes complete or expired: the change and the event that tells of it. */
interface SessionEnd {
  readonly replace: { readonly from: StripeCheckoutSession; readonly to: StripeCheckoutSession };
  readonly insert: readonly StripeObject[];
  readonly event: StripeEvent;
}

/** Whether a session can still be paid. */
export const isOpen = ({ clock }: SandboxContext, session: StripeCheckoutSession): boolean =>
  session.status === 'open' && session.expires_at > nowSeconds(clock);

/** A session as the API and events show it: one past its time is expired, though nobody has noted it yet. */
export function shownSession(context: SandboxContext, session: StripeCheckoutSession): object {
  const { line_items: _lineItems, resulting_metadata: _resultingMetadata, ...shown } = session;
  if (isOpen(context, session)) return shown;
  return { ...shown, status: session.status === 'open' ? 'expired' : session.status, url: null };
}

/** What paying an open session does. */
export function completeSession(context: SandboxContext, session: StripeCheckoutSession): SessionEnd {
  const isFree = session.amount_total === 0;
  const completed: StripeCheckoutSession = {
    ...session,
    status: 'complete',
    payment_status: isFree ? 'no_payment_required' : 'paid',
  };
  if (session.mode === 'payment') {
    if (isFree) return endSession(context, session, completed, [], null);
    const paymentIntent = newPaymentIntent(context, session);
    return endSession(context, session, { ...completed, payment_intent: paymentIntent.id }, [paymentIntent], null);
  }
  const newCustomers = session.customer === null ? [newCustomer(context, {})] : [];
  const customerId = session.customer ?? newCustomers[0]?.id;
  if (customerId === undefined) throw new Error('A subscription needs a customer, and none was made.');
  const subscription = newSubscription(context, session, customerId);
  const to = { ...completed, customer: customerId, subscription: subscription.id };
  return endSession(context, session, to, [...newCustomers, subscription], null);
}

/** What the end of an open session's time, or a call that ends it early, does. */
export function expireSession(
  context: SandboxContext,
  session: StripeCheckoutSession,
  cause: ApiCall | null,
): SessionEnd {
  return endSession(context, session, { ...session, status: 'expired' }, [], cause);
}

function endSession(
  context: SandboxContext,
  from: StripeCheckoutSession,
  to: StripeCheckoutSession,
  made: readonly StripeObject[],
  cause: ApiCall | null,
): SessionEnd {
  const type = to.status === 'complete' ? 'checkout.session.completed' : 'checkout.session.expired';
  const event = newEvent(context, type, shownSession(context, to), cause);
  return { replace: { from, to }, insert: [...made, event], event };
}
