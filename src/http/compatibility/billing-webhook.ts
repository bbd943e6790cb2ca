import type { IncomingMessage } from 'node:http';
import type { Billing } from '../../billing/index.ts';
import { header, HttpError, readBody } from '../request.ts';
import type { Answer } from './call.ts';

/** `POST /functions/v1/billing-webhook`: takes in an event of Stripe's, byte for byte. Its signature stands for a caller. */
export async function billingWebhook({ events }: Billing, request: IncomingMessage): Promise<Answer> {
  if (request.method !== 'POST') throw new HttpError(405, 'Events are sent with POST.');
  const answer = await events.receive(await readBody(request), header(request, 'stripe-signature') ?? undefined);
  switch (answer.kind) {
    case 'received': {
      const { eventId: event_id, eventType: event_type } = answer;
      return { status: 200, body: { success: true, received: true, event_id, event_type } };
    }
    case 'disabled':
      return { status: 200, body: { success: true, ignored: true, reason: 'billing_disabled' } };
    case 'refused':
      throw new HttpError(400, answer.reason);
  }
}
