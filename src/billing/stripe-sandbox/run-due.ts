import type { SandboxContext } from './context.ts';
import { createDraft, type Draft } from './draft.ts';
import { dueSecondsOf } from './due.ts';
import { scheduleIsDue } from './schedule-life.ts';
import { expireSession, paymentIsDue } from './session-end.ts';
import type { StripeObject } from './stripe-objects.ts';
import { invoiceIsDue, subscriptionIsDue } from './subscription-life.ts';

/**
 * Does what the clock has brought, one thing after the other, each as of its own instant and once, whoever else does it
 * at the same time.
 */
export async function runDue(context: SandboxContext): Promise<void> {
  for (;;) {
    const found = await context.store.findDue(context.clock.now());
    if (found === null) return;
    const draft = createDraft({ ...context, clock: { now: () => found.dueAt } }, null);
    await runOne(draft, found.object);
    const { inserted: insert, replaced: replace } = draft;
    const { to } = replace.find(({ from }) => from.id === found.object.id) ?? { to: found.object };
    if (dueSecondsOf(to) === dueSecondsOf(found.object)) {
      throw new Error(`The ${found.object.object} ${found.object.id} was due, and would be again.`);
    }
    await context.store.commit({ at: found.dueAt, insert, replace, request: null });
  }
}

async function runOne(draft: Draft, object: StripeObject): Promise<void> {
  switch (object.object) {
    case 'checkout.session':
      expireSession(draft, object);
      return;
    case 'payment_intent':
      return paymentIsDue(draft, object);
    case 'invoice':
      return invoiceIsDue(draft, object);
    case 'subscription':
      return subscriptionIsDue(draft, object);
    case 'subscription_schedule':
      return scheduleIsDue(draft, object);
    default:
      throw new Error(`Nothing falls due of a ${object.object}.`);
  }
}
