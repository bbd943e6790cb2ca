import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestClock } from './test-clock.ts';

/** A checkout session as Stripe has it; tests change it as buyers and banks do. */
export interface FakeSession {
  readonly id: string;
  readonly object: 'checkout.session';
  readonly url: string;
  readonly customer: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly expires_at: number;
  status: 'open' | 'complete' | 'expired';
  payment_status: 'unpaid' | 'paid' | 'no_payment_required';
  /** The bank has refused a delayed payment. */
  hasFailed: boolean;
  /** Every field that the session was made with, as it was sent. */
  readonly sent: Readonly<Record<string, string>>;
}

/**
 * The few calls of Stripe's API that a checkout needs, with its idempotency keys. Unlike the sandbox it can be
 * put into states that no click on a page leads to: unpaid, deleted, out of reach.
 */
export interface FakeStripe {
  readonly url: string;
  readonly sessions: Map<string, FakeSession>;
  readonly customers: { readonly id: string; readonly metadata: Readonly<Record<string, string>> }[];
  /** Nothing listens on its port any more. */
  goDown(): Promise<void>;
  comeBack(): Promise<void>;
  /** The next so many calls of a path take effect, but their answers never arrive. */
  loseAnswers(count: number, path?: string): void;
  close(): Promise<void>;
}

/** Starts a Stripe of our own on a free port. */
export async function startFakeStripe(clock: TestClock): Promise<FakeStripe> {
  const sessions: FakeStripe['sessions'] = new Map();
  const customers: FakeStripe['customers'] = [];
  const products = new Map<string, object>();
  const answers = new Map<string, object>();
  let lost = { count: 0, path: '' };

  const createSession = (sent: Record<string, string>): FakeSession => {
    const id = `cs_test_${sessions.size + 1}`;
    const session: FakeSession = {
      id,
      object: 'checkout.session',
      url: `https://checkout.stripe.example/${id}`,
      customer: sent['customer'] ?? null,
      metadata: metadataOf(sent),
      expires_at: Math.floor(clock.now() / 1_000) + 24 * 60 * 60,
      status: 'open',
      payment_status: 'unpaid',
      hasFailed: false,
      sent,
    };
    sessions.set(id, session);
    return session;
  };

  const createCustomer = (sent: Record<string, string>): object => {
    const customer = { id: `cus_${customers.length + 1}`, object: 'customer', metadata: metadataOf(sent) } as const;
    customers.push(customer);
    return customer;
  };

  const createProduct = (sent: Record<string, string>): object => {
    const product = { id: sent['id'] ?? '', object: 'product', name: sent['name'] };
    products.set(product.id, product);
    return product;
  };

  /** A session with its payment, as it is asked for by `expand`. */
  const shown = (session: FakeSession | undefined): object | undefined => {
    if (session === undefined) return session;
    if (session.payment_status === 'no_payment_required') return { ...session, payment_intent: null };
    const isPaid = session.payment_status === 'paid';
    const waiting = session.hasFailed ? 'requires_payment_method' : 'processing';
    const cents = Number(session.sent['line_items[0][price_data][unit_amount]']);
    const payment_intent = {
      id: session.id.replace('cs_test', 'pi'),
      object: 'payment_intent',
      status: isPaid ? 'succeeded' : waiting,
      amount_received: isPaid ? cents : 0,
      currency: 'usd',
      created: session.expires_at - 24 * 60 * 60,
    };
    return { ...session, payment_intent: session.status === 'complete' ? payment_intent : null };
  };

  const remembered = (idempotencyKey: string | undefined, create: () => object): object => {
    const known = idempotencyKey === undefined ? undefined : answers.get(idempotencyKey);
    const answer = known ?? create();
    // The first answer is kept as it was, whatever becomes of the object.
    if (idempotencyKey !== undefined && known === undefined) answers.set(idempotencyKey, structuredClone(answer));
    return answer;
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent = Object.fromEntries(new URLSearchParams(await textOf(request)));
    const key = request.headers['idempotency-key']?.toString();
    const [path = ''] = (request.url ?? '').split('?');
    const id = path.slice(path.lastIndexOf('/') + 1);
    let body: object | undefined;
    if (request.method === 'POST' && path === '/v1/customers') body = remembered(key, () => createCustomer(sent));
    else if (request.method === 'POST' && path === '/v1/products') body = remembered(key, () => createProduct(sent));
    else if (request.method === 'POST' && path === '/v1/checkout/sessions') {
      body = remembered(key, () => createSession(sent));
    } else if (path.startsWith('/v1/checkout/sessions/')) body = shown(sessions.get(id));
    else if (path.startsWith('/v1/customers/')) body = customers.find((customer) => customer.id === id);
    else if (path.startsWith('/v1/products/')) body = products.get(id);
    if (lost.count > 0 && request.url?.startsWith(lost.path)) {
      lost.count -= 1;
      response.destroy();
      return;
    }
    const missing = { error: { type: 'invalid_request_error', code: 'resource_missing', message: 'No such object.' } };
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? missing));
  };

  const server = createServer((request, response) => void answer(request, response));
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port; // A TCP server has an address once it listens.
  };
  const port = await listen(0);
  const stop = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    sessions,
    customers,
    goDown: stop,
    comeBack: async () => {
      await listen(port);
    },
    loseAnswers: (count, path = '/') => {
      lost = { count, path };
    },
    close: stop,
  };
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk); // A request without encoding gives buffers.
  return Buffer.concat(chunks).toString();
}

/** `metadata[name]=value`, as Stripe's forms write it. */
function metadataOf(sent: Record<string, string>): Record<string, string> {
  const entries = Object.entries(sent).flatMap(([field, value]): [string, string][] => {
    const name = /^metadata\[(\w+)\]$/.exec(field)?.[1];
    return name === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(entries);
}
