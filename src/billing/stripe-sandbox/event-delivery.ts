import Stripe from 'stripe';
import type { Clock } from '../../clock.ts';
import { nowSeconds } from './now.ts';
import { readSettings } from './settings.ts';
import { shown } from './show.ts';
import type { StripeSandboxStore } from './store.ts';
import type { StripeEvent } from './stripe-objects.ts';

export interface EventDelivery {
  /** Sends one event now, unless it has been accepted before or events are held back. */
  deliver(eventId: string): Promise<DeliveryOutcome>;
  /** Sends one event now, whatever has become of it before. */
  deliverAgain(eventId: string): Promise<DeliveryOutcome>;
  /** Sends every event that has not been accepted yet. */
  deliverAll(): Promise<{ accepted: number; refused: number }>;
  /** Breaks off what is being sent; it stays pending. */
  stop(): Promise<void>;
}

export type DeliveryOutcome = 'accepted' | 'refused' | 'nothing_to_send';

export interface EventDeliveryOptions {
  readonly store: StripeSandboxStore;
  readonly clock: Clock;
  readonly webhookUrl: () => string;
  readonly webhookSecret: string;
  readonly log: { warn(fields: object, message: string): void };
}

const timeoutMs = 5_000;
const batchSize = 20;
const attemptsKept = 10;

/** Sends stored events to the webhook, signed as Stripe signs them. An event stays pending until a 2xx answer. */
export function createEventDelivery(options: EventDeliveryOptions): EventDelivery {
  const { store, clock, log } = options;
  const stopping = new AbortController();
  const inFlight = new Map<string, Promise<DeliveryOutcome>>();

  function deliver(eventId: string): Promise<DeliveryOutcome> {
    const current = inFlight.get(eventId);
    if (current !== undefined) return current;
    const attempt = attemptDelivery(eventId).finally(() => inFlight.delete(eventId));
    inFlight.set(eventId, attempt);
    return attempt;
  }

  async function attemptDelivery(eventId: string): Promise<DeliveryOutcome> {
    // Read again: the attempt that was in flight when this one was asked for may have been accepted.
    const event = await store.find('event', eventId);
    if (event === null || event.sandbox.delivered) return 'nothing_to_send';
    if ((await readSettings(store)).holds_events) return 'nothing_to_send';
    return sendAndNote(event);
  }

  async function sendAndNote(event: StripeEvent): Promise<DeliveryOutcome> {
    const problem = await send(event);
    await note(event, problem);
    if (problem !== null) {
      if (!stopping.signal.aborted) {
        log.warn(
          { eventId: event.id, type: event.type, problem },
          'The webhook did not accept an event of the Stripe sandbox.',
        );
      }
      return 'refused';
    }
    return 'accepted';
  }

  /** What another process has noted meanwhile stays; an acceptance that is lost so is a second delivery, as Stripe's may be. */
  async function note(event: StripeEvent, problem: string | null): Promise<void> {
    const attempts = [...event.sandbox.attempts, { at: nowSeconds(clock), problem }].slice(-attemptsKept);
    const delivered = event.sandbox.delivered || problem === null;
    const replace = [{ from: event, to: { ...event, sandbox: { delivered, attempts } } }];
    await store.commit({ at: clock.now(), insert: [], replace, request: null });
  }

  /** What went wrong, or null. */
  async function send(event: StripeEvent): Promise<string | null> {
    const payload = JSON.stringify(shown(clock, event), null, 2);
    const signature = Stripe.webhooks.generateTestHeaderString({ payload, secret: options.webhookSecret });
    try {
      const response = await fetch(options.webhookUrl(), {
        method: 'POST',
        headers: { 'Content-Type': 'application/json; charset=utf-8', 'Stripe-Signature': signature },
        body: payload,
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), stopping.signal]),
      });
      await response.body?.cancel();
      return response.ok ? null : `status ${response.status}`;
    } catch (error) {
      return String(error);
    }
  }

  return {
    deliver,

    async deliverAgain(eventId) {
      const event = await store.find('event', eventId);
      return event === null ? 'nothing_to_send' : sendAndNote(event);
    },

    async deliverAll() {
      if ((await readSettings(store)).holds_events) return { accepted: 0, refused: 0 };
      const outcomes: DeliveryOutcome[] = [];
      let startingAfter: string | null = null;
      for (;;) {
        const events: StripeEvent[] = await store.list('event', {
          matching: [{ sandbox: { delivered: false } }],
          startingAfter,
          oldestFirst: true,
          limit: batchSize,
        });
        outcomes.push(...(await Promise.all(events.map((event) => deliver(event.id)))));
        const last = events.at(-1);
        if (last === undefined || events.length < batchSize || stopping.signal.aborted) break;
        startingAfter = last.id;
      }
      const count = (wanted: DeliveryOutcome) => outcomes.filter((outcome) => outcome === wanted).length;
      return { accepted: count('accepted'), refused: count('refused') };
    },

    async stop() {
      stopping.abort();
      await Promise.allSettled(inFlight.values());
    },
  };
}
