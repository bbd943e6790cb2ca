import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { parseParameters, text } from './parameters.ts';

const statuses = [
  'active',
  'canceled',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const;

const subscriptionListParameters = listParameters.extend({
  created: createdRange.optional(),
  customer: text().optional(),
  price: text().optional(),
  status: z.enum([...statuses, 'all', 'ended']).optional(),
});

/** GET /v1/subscriptions/:id */
export async function retrieveSubscription(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'subscription', id) };
}

/** GET /v1/subscriptions */
export async function listSubscriptions(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, price, status, ...page } = parseParameters(subscriptionListParameters, call.parameters);
  const wanted = {
    ...(customer === undefined ? {} : { customer }),
    ...(price === undefined ? {} : { items: { data: [{ price: { id: price } }] } }),
  };
  const matching = statusesOf(status).map((one) => ({ ...wanted, status: one }));
  return { answer: await listObjects(context, 'subscription', { ...page, matching, url: '/v1/subscriptions' }) };
}

/** Without a status, what has ended is left out. */
function statusesOf(status: (typeof statuses)[number] | 'all' | 'ended' | undefined): readonly string[] {
  switch (status) {
    case 'all':
      return statuses;
    case 'ended':
      return ['canceled', 'incomplete_expired'];
    case undefined:
      return statuses.filter((one) => one !== 'canceled' && one !== 'incomplete_expired');
    default:
      return [status];
  }
}
