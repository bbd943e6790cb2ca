import Stripe from 'stripe';
import { z } from 'zod';
import type { Clock, Instant } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import type { JobHandler, Jobs } from '../jobs/index.ts';
import { isStorable } from '../plain-text.ts';
import { insertEvent, readEvent, type StripeEventHint, writeEventState } from './stripe-event.store.ts';
import { fromStripeTime } from './stripe-time.ts';
import { UnitBusyError } from './stripe-units.ts';
import type { Outcome } from './subscriptions.ts';

/** What the sender of an event is told. */
export type WebhookAnswer =
  | { readonly kind: 'received'; readonly eventId: string; readonly eventType: string }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'refused'; readonly reason: string };

interface ReceiveDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly jobs: Jobs;
  readonly mode: BillingMode;
  readonly stripe: { readonly client: Stripe; readonly webhookSecret: string } | null;
}

/** How old a signature may be, in seconds; Stripe's own recommendation. */
const signatureToleranceSeconds = 300;
const firstRetryMs = 1_000;
const longestRetryMs = 60 * 60 * 1_000;
/** Up to an hour apart this is about three days of trying, as long as Stripe itself would. */
const mostAttempts = 84;
/** Somebody else is at the same thing, which takes moments. */
const busyRetryMs = 500;

const storableText = z.string().refine(isStorable);

/** What is read of an event; some objects, such as a balance, have no id. */
const eventSchema = z.object({
  id: storableText.min(1),
  type: storableText,
  created: z.int().nonnegative(),
  livemode: z.boolean(),
  data: z.object({ object: z.object({ id: storableText.optional() }) }),
});

/** Verifies an event and puts it into the inbox; what it means is worked out later, from Stripe's present state. */
export async function receiveEvent(
  { database, clock, jobs, mode, stripe }: ReceiveDependencies,
  payload: Buffer,
  signature: string | undefined,
): Promise<WebhookAnswer> {
  if (stripe === null) return { kind: 'disabled' };
  if (signature === undefined) return { kind: 'refused', reason: 'The stripe-signature header is missing.' };
  let body: unknown;
  try {
    body = stripe.client.webhooks.constructEvent(payload, signature, stripe.webhookSecret, signatureToleranceSeconds);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) {
      return { kind: 'refused', reason: 'The signature does not fit the body, or is older than 300 seconds.' };
    }
    body = null; // The signature is right, but what it signs is no event.
  }
  const parsed = eventSchema.safeParse(body);
  if (!parsed.success) return { kind: 'refused', reason: "The body is no event of Stripe's." };
  const event = parsed.data;
  if (event.livemode !== (mode === 'live')) {
    return { kind: 'refused', reason: `This server takes ${mode === 'live' ? 'live' : 'test'} events only.` };
  }
  const hint: StripeEventHint = {
    id: event.id,
    type: event.type,
    objectId: event.data.object.id ?? '',
    createdAt: fromStripeTime(event.created),
  };
  if (await insertEvent(database.prisma, jobs, hint, clock.now())) jobs.wake();
  return { kind: 'received', eventId: event.id, eventType: event.type };
}

/**
 * The step that applies one event of the inbox. A failing one is tried again, later and later, and lies in the dead
 * letters in the end until somebody replays it; none is dropped.
 */
export function createEventHandler({
  database,
  clock,
  apply,
}: {
  database: Database;
  clock: Clock;
  apply: (event: StripeEventHint) => Promise<Outcome>;
}): JobHandler {
  const { prisma } = database;
  return async (job) => {
    const event = await readEvent(prisma, job.subjectId);
    if (event === null || event.state === 'APPLIED' || event.state === 'IGNORED') return { kind: 'done' };
    const tryAgain = (afterMs: number) => (clock.now() + afterMs) as Instant; // A later instant is an instant.
    try {
      const state = await apply(event);
      await writeEventState(prisma, event.id, { state, now: clock.now() });
      return { kind: 'done' };
    } catch (error) {
      if (error instanceof UnitBusyError) {
        return { kind: 'next', job: 'STRIPE_EVENT', dueAt: tryAgain(busyRetryMs) };
      }
      const state = event.attempts + 1 >= mostAttempts ? 'DEAD' : 'FAILED';
      const message = error instanceof Error ? error.message : String(error);
      await writeEventState(prisma, event.id, { state, error: message });
      if (state === 'DEAD') return { kind: 'done' };
      return { kind: 'next', job: 'STRIPE_EVENT', dueAt: tryAgain(retryDelayMs(event.attempts)), error: message };
    }
  };
}

/** Doubles from a second to an hour. */
const retryDelayMs = (attempts: number): number => Math.min(firstRetryMs * 2 ** attempts, longestRetryMs);
