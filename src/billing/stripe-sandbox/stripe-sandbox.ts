import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Clock, Instant } from '../../clock.ts';
import type { IdSource } from '../../ids.ts';
import { createApiHandler } from './api.ts';
import { createCheckoutPageHandler } from './checkout-page.ts';
import type { SandboxContext } from './context.ts';
import { createEventDelivery } from './event-delivery.ts';
import { createRetryLoop } from './retry-loop.ts';
import { expireLapsedSessions } from './session-expiry.ts';
import type { StripeSandboxStore } from './store.ts';

export interface StripeSandboxOptions {
  readonly store: StripeSandboxStore;
  readonly clock: Clock;
  readonly ids: IdSource;
  /** Where a browser reaches the checkout page; a session's id is appended to it. */
  readonly checkoutBaseUrl: () => string;
  /** The only address that events are sent to. */
  readonly webhookUrl: () => string;
  readonly webhookSecret: string;
  readonly log: { warn(fields: object, message: string): void };
}

export interface StripeSandbox {
  /** Opens the API on a free port of the loopback interface and starts to deliver what is pending. */
  listen(): Promise<{ host: string; port: number }>;
  /** Answers the page at `checkoutBaseUrl/:sessionId`. */
  handleCheckoutPage(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Notes lapsed sessions and sends undelivered events now; resolves to how many were accepted. */
  deliverPending(): Promise<number>;
  /** When the next open session ends of those that end after an instant; null without any. */
  nextDueAt(after: Instant): Promise<Instant | null>;
  close(): Promise<void>;
}

const host = '127.0.0.1';

/** Stands in for Stripe: an API for the real SDK, a checkout page and signed events. */
export function createStripeSandbox(options: StripeSandboxOptions): StripeSandbox {
  const { store, clock, ids, checkoutBaseUrl, log } = options;
  const context: SandboxContext = { store, clock, ids, checkoutBaseUrl };
  const delivery = createEventDelivery(options);
  const retries = createRetryLoop({
    log,
    work: async () => {
      await expireLapsedSessions(context);
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

  const handleApi = createApiHandler(context, {
    wrote: (objects) => {
      for (const object of objects) {
        if (object.object === 'event') void deliver(object.id);
      }
    },
    failed: (error, request) => log.warn({ error, request }, 'The API of the Stripe sandbox failed.'),
  });
  const handleCheckoutPage = createCheckoutPageHandler({
    context,
    log,
    deliver,
  });
  const server = createServer((request, response) => {
    handleApi(request, response).catch((error: unknown) => {
      log.warn({ error }, 'The API of the Stripe sandbox could not answer.');
      response.destroy();
    });
  });

  return {
    handleCheckoutPage,

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

    nextDueAt: (after) => store.nextSessionEnd(after),

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
