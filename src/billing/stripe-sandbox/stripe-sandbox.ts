import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock, Instant } from '../../clock.ts';
import type { IdSource } from '../../ids.ts';
import { createAct } from './act.ts';
import { createApiHandler } from './api.ts';
import { createControls, type StripeSandboxControls } from './controls.ts';
import type { SandboxContext } from './context.ts';
import { createEventDelivery } from './event-delivery.ts';
import { createPageHandler } from './pages.ts';
import { createRetryLoop } from './retry-loop.ts';
import { runDue } from './run-due.ts';
import type { StripeSandboxStore } from './store.ts';
import type { StripeObject } from './stripe-objects.ts';
import { listenedEvents } from './webhook-events.ts';

export interface StripeSandboxOptions {
  readonly store: StripeSandboxStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Where a browser reaches the checkout page; a session's id is appended to it. */
  readonly checkoutBaseUrl: () => string;
  /** The only address that events are sent to. */
  readonly webhookUrl: () => string;
  readonly webhookSecret: string;
  /** The types of events that are sent there; others are kept and listed. */
  readonly webhookEvents?: readonly string[];
  readonly log: { warn(fields: object, message: string): void };
}

export interface StripeSandbox {
  /** Opens the API on a free port of the loopback interface and starts to deliver what is pending. */
  listen(): Promise<{ host: string; port: number }>;
  /** Answers the page at `checkoutBaseUrl/:sessionId` and those beside it: `portal/:id`, `invoices/:id`, `dashboard`. */
  handlePage(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** What only people at a dashboard, banks and cardholders can do. */
  readonly controls: StripeSandboxControls;
  /** Does what is due and sends undelivered events now; resolves to how many were accepted. */
  deliverPending(): Promise<number>;
  /** When something falls due for the first time after an instant; null when nothing does. */
  nextDueAt(after: Instant): Promise<Instant | null>;
  close(): Promise<void>;
}

const host = '127.0.0.1';

/** Stands in for Stripe: an API for the real SDK, pages and signed events. */
export function createStripeSandbox(options: StripeSandboxOptions): StripeSandbox {
  const { store, clock, ids, checkoutBaseUrl, log } = options;
  const webhookEvents = new Set(options.webhookEvents ?? listenedEvents);
  const context: SandboxContext = { store, clock, ids, checkoutBaseUrl, webhookEvents };
  const delivery = createEventDelivery(options);
  const retries = createRetryLoop({
    log,
    work: async () => {
      await runDue(context);
      return delivery.deliverAll();
    },
  });

  /** Never fails: what is not delivered now is delivered later. */
  async function deliver(eventId: string): Promise<void> {
    try {
      const outcome = await delivery.deliver(eventId);
      if (outcome === 'refused') retries.runSoon();
    } catch (error) {
      log.warn({ error, eventId }, 'The Stripe sandbox could not deliver an event.');
      retries.runSoon();
    }
  }

  /** Sends what was just written, one after the other as it happened. */
  async function deliverWritten(objects: readonly StripeObject[]): Promise<void> {
    for (const object of objects) if (object.object === 'event') await deliver(object.id);
  }

  const runDueAndDeliver = async (): Promise<void> => {
    await retries.runNow();
  };

  const handleApi = createApiHandler(context, {
    wrote: (objects) => void deliverWritten(objects),
    failed: (error, request) => log.warn({ error, request }, 'The API of the Stripe sandbox failed.'),
  });
  const act = createAct(context, deliverWritten);
  const controls = createControls({ context, delivery, act });
  const handlePage = createPageHandler({ context, controls, act, runDue: runDueAndDeliver, log });
  const server = createServer((request, response) => {
    handleApi(request, response).catch((error: unknown) => {
      log.warn({ error }, 'The API of the Stripe sandbox could not answer.');
      response.destroy();
    });
  });

  return {
    handlePage,
    controls,

    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, host, () => {
          const address = server.address();
          if (address === null || typeof address === 'string') {
            reject(new Error('The Stripe sandbox listens, but not on a port.'));
            return;
          }
          retries.runSoon();
          resolve({ host, port: address.port });
        });
      }),

    deliverPending: async () => (await retries.runNow()).accepted,

    nextDueAt: (after) => store.nextDueAt(after),

    async close() {
      if (server.listening) {
        await new Promise<void>((resolve, reject) => {
          server.close((error) => (error === undefined ? resolve() : reject(error)));
        });
      }
      await delivery.stop();
      await retries.stop();
    },
  };
}
