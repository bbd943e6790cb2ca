import { eventKeyOf, type StripeEvent, type StripeEventState } from '../billing/index.ts';
import type { Context } from './context.ts';
import { byTimeAndId, type Page, type PageArguments, pageOf } from './pages.ts';

/** The inbox of Stripe's events, all of it or those in a state. */
export function stripeEvents(
  { services: { billing } }: Context,
  args: PageArguments & { state?: StripeEventState | null | undefined },
): Promise<Page<StripeEvent>> {
  const state = args.state ?? null;
  return pageOf(
    args,
    byTimeAndId(eventKeyOf),
    (page) => billing.events.page(state, page),
    () => billing.events.count(state),
  );
}

/** Has an event applied again from the start; null when there is none with the id. */
export const replayStripeEvent = ({ services }: Context, id: string): Promise<StripeEvent | null> =>
  services.billing.events.replay(id);
