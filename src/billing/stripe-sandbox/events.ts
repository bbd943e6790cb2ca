import Stripe from 'stripe';
import { z } from 'zod';
import { type ApiCall, type ApiResult, nowSeconds, objectAtAddress, type SandboxContext } from './context.ts';
import { listObjects, listParameters } from './lists.ts';
import { parseParameters, text } from './parameters.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripeEvent } from './stripe-objects.ts';

const eventListParameters = listParameters.extend({
  type: text().optional(),
  delivery_success: z.enum(['true', 'false']).optional(),
});

/** GET /v1/events/:id */
export async function retrieveEvent(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'event', id) };
}

/** GET /v1/events */
export async function listEvents(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { type, delivery_success, ...page } = parseParameters(eventListParameters, call.parameters);
  const wanted = {
    ...(type === undefined ? {} : { type }),
    ...(delivery_success === undefined ? {} : { delivered: delivery_success === 'true' }),
  };
  return { answer: await listObjects(context, 'event', { ...page, matching: [wanted], url: '/v1/events' }) };
}

/** An event that is not stored yet, about an object as the API shows it now. */
export function newEvent(
  { clock, ids }: SandboxContext,
  type: string,
  object: object,
  cause: Pick<ApiCall, 'requestId' | 'idempotencyKey'> | null,
): StripeEvent {
  return {
    id: createStripeId(ids, 'evt'),
    object: 'event',
    api_version: Stripe.API_VERSION,
    created: nowSeconds(clock),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: cause?.requestId ?? null, idempotency_key: cause?.idempotencyKey ?? null },
    type,
    delivered: false,
  };
}

/** An event as the API and the webhook show it. */
export function shownEvent({ delivered, ...event }: StripeEvent): object {
  return { ...event, pending_webhooks: delivered ? 0 : 1 };
}
