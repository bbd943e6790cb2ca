import type { ApiCall, ApiResult, SandboxContext } from './context.ts';
import { createCustomer, retrieveCustomer, updateCustomer } from './customers.ts';
import { listEvents, retrieveEvent } from './events.ts';
import { retrievePaymentIntent } from './payment-intents.ts';
import { createPrice, listPrices, retrievePrice } from './prices.ts';
import { createProduct, retrieveProduct } from './products.ts';
import { createSession, expireOpenSession, retrieveSession } from './sessions.ts';
import { retrieveSubscription } from './subscriptions.ts';

/** Plans what a call answers and writes. It may run again when another call came between. */
type Operation = (context: SandboxContext, call: ApiCall, id: string) => Promise<ApiResult>;

const routes: readonly (readonly [method: 'GET' | 'POST', path: RegExp, operation: Operation])[] = [
  ['POST', /^\/v1\/customers$/, createCustomer],
  ['GET', /^\/v1\/customers\/([^/]+)$/, retrieveCustomer],
  ['POST', /^\/v1\/customers\/([^/]+)$/, updateCustomer],
  ['POST', /^\/v1\/products$/, createProduct],
  ['GET', /^\/v1\/products\/([^/]+)$/, retrieveProduct],
  ['POST', /^\/v1\/prices$/, createPrice],
  ['GET', /^\/v1\/prices$/, listPrices],
  ['GET', /^\/v1\/prices\/([^/]+)$/, retrievePrice],
  ['POST', /^\/v1\/checkout\/sessions$/, createSession],
  ['GET', /^\/v1\/checkout\/sessions\/([^/]+)$/, retrieveSession],
  ['POST', /^\/v1\/checkout\/sessions\/([^/]+)\/expire$/, expireOpenSession],
  ['GET', /^\/v1\/payment_intents\/([^/]+)$/, retrievePaymentIntent],
  ['GET', /^\/v1\/subscriptions\/([^/]+)$/, retrieveSubscription],
  ['GET', /^\/v1\/events$/, listEvents],
  ['GET', /^\/v1\/events\/([^/]+)$/, retrieveEvent],
];

/** The operation behind an address, and the id in it (empty when there is none). */
export function findOperation(method: string, path: string): { operation: Operation; id: string } | null {
  for (const [routeMethod, pattern, operation] of routes) {
    const match = routeMethod === method ? pattern.exec(path) : null;
    if (match !== null) return { operation, id: match[1] ?? '' };
  }
  return null;
}
