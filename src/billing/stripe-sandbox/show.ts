import { nowSeconds } from './now.ts';
import type { Clock } from '../../clock.ts';
import type { StripeCheckoutSession, StripeObject } from './stripe-objects.ts';

/** Whether a session can still be paid. */
export const isOpen = (clock: Clock, session: StripeCheckoutSession): boolean =>
  session.status === 'open' && session.expires_at > nowSeconds(clock);

/** An object as the API, the events and the webhook show it. */
export function shown(clock: Clock, object: StripeObject): object {
  switch (object.object) {
    case 'checkout.session':
      return shownSession(clock, object);
    case 'customer': {
      const { sandbox, ...customer } = object;
      return sandbox.deleted ? { id: object.id, object: 'customer', deleted: true } : customer;
    }
    case 'event': {
      const { sandbox, ...event } = object;
      return { ...event, pending_webhooks: sandbox.delivered ? 0 : 1 };
    }
    case 'payment_method':
    case 'payment_intent':
    case 'subscription': {
      const { sandbox: _sandbox, ...rest } = object;
      return rest;
    }
    default:
      return object;
  }
}

/** One past its time is expired, though nobody has noted it yet. */
function shownSession(clock: Clock, session: StripeCheckoutSession): object {
  const { line_items: _lineItems, sandbox: _sandbox, ...rest } = session;
  if (isOpen(clock, session)) return rest;
  return { ...rest, status: session.status === 'open' ? 'expired' : session.status, url: null };
}
