import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller } from '../../accounts/index.ts';
import { ExpectedError } from '../../errors.ts';
import type { Services } from '../../resolvers/context.ts';
import { HttpError, textHeader } from '../request.ts';
import { sendJson } from '../response.ts';
import { billingCatalog } from './billing-catalog.ts';
import { billingCheckout } from './billing-checkout.ts';
import { billingPortal } from './billing-portal.ts';
import { billingWebhook } from './billing-webhook.ts';
import type { Answer, Call } from './call.ts';
import { failureAnswer } from './failures.ts';
import { generate, readGeneration } from './generations.ts';

export { errorBody } from './failures.ts';

/**
 * Answers a request for `/functions/<path>`: the routes that the studio's present front ends call, in their own
 * formats, over the same operations. Throws {@link HttpError}.
 */
export type CompatibilityRoutes = (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  signIn: () => Promise<Caller | null>,
) => Promise<void>;

interface Route {
  readonly methods: readonly string[];
  /** What it captures is the id that the path names. */
  readonly path: RegExp;
  readonly answer: (call: Call) => Promise<Answer>;
}

const routes: readonly Route[] = [
  { methods: ['GET', 'POST'], path: /^v1\/billing-catalog$/, answer: billingCatalog },
  { methods: ['POST'], path: /^v1\/billing-checkout$/, answer: billingCheckout },
  { methods: ['POST'], path: /^v1\/billing-portal$/, answer: billingPortal },
  { methods: ['POST'], path: /^v1\/generate$/, answer: generate },
  { methods: ['GET'], path: /^v1\/generations\/([^/]+)$/, answer: readGeneration },
];

export function createCompatibilityRoutes(services: Services): CompatibilityRoutes {
  const answerOf = async (route: Route, call: Call): Promise<Answer> => {
    try {
      return await route.answer(call);
    } catch (error) {
      if (error instanceof ExpectedError) return failureAnswer(error, services.clock);
      throw error;
    }
  };
  return async (request, response, path, signIn) => {
    const send = ({ status, body, headers }: Answer): void => sendJson(response, status, body, headers);
    if (path === 'v1/billing-webhook') return send(await billingWebhook(services.billing, request));
    const route = routes.find((known) => known.methods.includes(request.method ?? '') && known.path.test(path));
    if (route === undefined) throw new HttpError(404, 'There is no such function.');
    const caller = await signIn();
    if (caller === null) throw new HttpError(401, 'An API key is needed: send it as "Authorization: Bearer <key>".');
    const id = decodeURIComponent(route.path.exec(path)?.[1] ?? '');
    const idempotencyKey = textHeader(request, 'idempotency-key');
    const context = { services, caller, idempotencyKey, lastEventId: null, left: null };
    send(await answerOf(route, { context, request, id }));
  };
}
