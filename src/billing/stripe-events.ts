import Stripe from 'stripe';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import type { JobHandler, Jobs } from '../jobs/index.ts';
import { type Credits, type GrantId, idempotencyKeyOf, type Ledger } from '../ledger/index.ts';
import { isStorable } from '../plain-text.ts';
import { endCheckout, findCheckout, type PaidOrder } from './checkout.store.ts';
import { insertEvent, readEvent, type StripeEventHint, writeEventState } from './stripe-event.store.ts';
import type { Checkout, CheckoutId } from './types.ts';

/** What the sender of an event is told. */
export type WebhookAnswer =
  | { readonly kind: 'received'; readonly eventId: string; readonly eventType: string }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'refused'; readonly reason: string };

interface EventDependencies {
  readonly database: Database;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly ledger: Ledger;
  readonly jobs: Jobs;
  readonly mode: BillingMode;
  readonly stripe: { readonly client: Stripe; readonly webhookSecret: string } | null;
}

/** How old a signature may be, in seconds; Stripe's own recommendation. */
const signatureToleranceSeconds = 300;
/** With the queue's pauses this is about half an hour of trying. */
const mostAttempts = 30;

const storableText = z.string().refine(isStorable);

/** What is read of an event; some objects, such as a balance, have no id. */
const eventSchema = z.object({
  id: storableText.min(1),
  type: storableText,
  livemode: z.boolean(),
  data: z.object({ object: z.object({ id: storableText.optional() }) }),
});

/** Verifies an event and puts it into the inbox; what it means is worked out later, from Stripe's present state. */
export async function receiveEvent(
  { database, clock, jobs, mode, stripe }: EventDependencies,
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
  const hint: StripeEventHint = { id: event.id, type: event.type, objectId: event.data.object.id ?? '' };
  if (await insertEvent(database.prisma, jobs, hint, clock.now())) jobs.wake();
  return { kind: 'received', eventId: event.id, eventType: event.type };
}

/** The step that applies one event of the inbox. A failing one is tried again, and is dead in the end, but never dropped. */
export function createEventHandler(dependencies: EventDependencies): JobHandler {
  const { database, clock } = dependencies;
  return async (job) => {
    const event = await readEvent(database.prisma, job.subjectId);
    if (event === null || event.state === 'APPLIED' || event.state === 'IGNORED') return { kind: 'done' };
    try {
      const state = await applyEvent(dependencies, event);
      await writeEventState(database.prisma, event.id, { state, now: clock.now() });
      return { kind: 'done' };
    } catch (error) {
      const state = job.attempts >= mostAttempts ? 'DEAD' : 'FAILED';
      const message = error instanceof Error ? error.message : String(error);
      await writeEventState(database.prisma, event.id, { state, error: message });
      if (state === 'DEAD') return { kind: 'done' };
      throw error;
    }
  };
}

async function applyEvent(dependencies: EventDependencies, event: StripeEventHint): Promise<'APPLIED' | 'IGNORED'> {
  switch (event.type) {
    case 'checkout.session.completed':
    case 'checkout.session.async_payment_succeeded':
    case 'checkout.session.async_payment_failed':
    case 'checkout.session.expired':
      return applySession(dependencies, event);
    default:
      return 'IGNORED';
  }
}

/** Brings an order to what Stripe says of its session now; which event said so, and how often, does not matter. */
async function applySession(dependencies: EventDependencies, event: StripeEventHint): Promise<'APPLIED' | 'IGNORED'> {
  const { clock, database } = dependencies;
  const session = await retrieveSession(dependencies, event.objectId);
  const checkoutId = session?.metadata?.['checkout_id'];
  if (session === null || checkoutId === undefined || !isStorable(checkoutId)) return 'IGNORED';
  const order = await findCheckout(database.prisma, checkoutId as CheckoutId); // Written by `createCheckout`, or found nowhere.
  if (order === null || (order.session !== null && order.session.id !== session.id)) return 'IGNORED';

  const paid = session.payment_status === 'paid' || session.payment_status === 'no_payment_required';
  if (session.status === 'expired') {
    await endCheckout(database.prisma, order, 'EXPIRED', clock.now());
  } else if (session.status === 'complete' && paid) {
    if (order.mode === 'PACK') await grantPack(dependencies, order);
    else await endCheckout(database.prisma, order, 'COMPLETED', clock.now());
  } else if (session.status === 'complete' && event.type === 'checkout.session.async_payment_failed') {
    await endCheckout(database.prisma, order, 'FAILED', clock.now());
  }
  return 'APPLIED';
}

async function retrieveSession({ stripe }: EventDependencies, id: string): Promise<Stripe.Checkout.Session | null> {
  if (stripe === null) throw new Error('Billing was switched off while an event waited.');
  try {
    return await stripe.client.checkout.sessions.retrieve(id);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === 'resource_missing') return null;
    throw error;
  }
}

/** Gives the credits of an order, once: the order's id is the key under which they are given. */
async function grantPack({ ids, ledger }: EventDependencies, order: Checkout): Promise<void> {
  const { accountId, id } = order;
  const grantId = ids.next('grant') as GrantId; // A new id with the prefix of grants is one.
  const answer = await ledger.execute({
    accountId,
    command: {
      kind: 'grant',
      grantId,
      source: 'PACK',
      category: 'PAID',
      priority: 30,
      amount: order.credits as Credits, // More than 0 for every pack, by its CHECK constraint.
      effectiveAt: null,
      expiresAt: null,
      reason: order.itemName,
    },
    key: idempotencyKeyOf({ idempotencyKey: id }, { accountId, mutation: 'checkout.paid', subjectId: grantId }),
    attach: (_effect, now) => {
      const row: PaidOrder = { accountId, id, creditsGranted: order.credits, completedAt: now };
      return [{ writer: 'paid-order', row }];
    },
  });
  if (answer.kind !== 'applied' && answer.kind !== 'replayed') {
    throw new Error(`The credits of ${id} were not granted: ${JSON.stringify(answer)}.`);
  }
}
