import type { SandboxContext } from './context.ts';
import { expireSession, isOpen } from './session-end.ts';
import type { StripeCheckoutSession, StripeEvent } from './stripe-objects.ts';

const batchSize = 100;

/** Notes that sessions have run past their time, each once, with the event that tells of it. */
export async function expireLapsedSessions(context: SandboxContext): Promise<void> {
  let startingAfter: string | null = null;
  for (;;) {
    const sessions: StripeCheckoutSession[] = await context.store.list('checkout.session', {
      matching: [{ status: 'open' }],
      startingAfter,
      limit: batchSize,
    });
    for (const session of sessions) {
      if (!isOpen(context, session)) await expireLapsedSession(context, session);
    }
    const last = sessions.at(-1);
    if (last === undefined || sessions.length < batchSize) return;
    startingAfter = last.id;
  }
}

/** Notes that one session has run past its time. Returns the event of that, or null when another was quicker. */
export async function expireLapsedSession(
  context: SandboxContext,
  session: StripeCheckoutSession,
): Promise<StripeEvent | null> {
  const { replace, insert, event } = expireSession(context, session, null);
  const outcome = await context.store.commit({ at: context.clock.now(), insert, replace, request: null });
  return outcome === 'done' ? event : null;
}
