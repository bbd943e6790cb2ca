import { z } from 'zod';
import { type ApiCall, type ApiResult, objectAtAddress, type SandboxContext } from './context.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { list, parseParameters, text } from './parameters.ts';

const eventListParameters = listParameters.extend({
  created: createdRange.optional(),
  type: text().optional(),
  types: list(text()).optional(),
  delivery_success: z.enum(['true', 'false']).optional(),
});

/** GET /v1/events/:id */
export async function retrieveEvent(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'event', id) };
}

/** GET /v1/events */
export async function listEvents(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { type, types, delivery_success, ...page } = parseParameters(eventListParameters, call.parameters);
  const delivered = delivery_success === undefined ? {} : { sandbox: { delivered: delivery_success === 'true' } };
  const wanted = types ?? (type === undefined ? [] : [type]);
  const matching = wanted.length === 0 ? [delivered] : wanted.map((name) => ({ type: name, ...delivered }));
  return { answer: await listObjects(context, 'event', { ...page, matching, url: '/v1/events' }) };
}
