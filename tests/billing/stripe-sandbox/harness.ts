import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import Stripe from 'stripe';
import {
  createStripeSandbox,
  type StripeSandboxControls,
  type StripeSandboxStore,
} from '../../../src/billing/stripe-sandbox/index.ts';
import type { Clock } from '../../../src/clock.ts';
import { createIdSource } from '../../../src/ids.ts';
import type { Instant } from '../../../src/ledger/core/types.ts';

const webhookSecret = 'whsec_test';
export const startSeconds = 1_800_000_000;

export interface TestClock extends Clock {
  advanceSeconds(seconds: number): void;
}

export function createTestClock(): TestClock {
  let nowMs = startSeconds * 1000;
  return {
    now: () => nowMs as Instant, // A number becomes an instant by coming from a clock.
    advanceSeconds: (seconds) => {
      nowMs += seconds * 1000;
    },
  };
}

export interface Receiver {
  readonly url: string;
  /** Events whose signature was right, each with what was answered. */
  readonly deliveries: { event: Stripe.Event; status: number }[];
  /** The statuses of the next answers; 200 when it is empty. */
  readonly nextStatuses: number[];
  /** Resolves when so many deliveries have come in all. */
  waitFor(count: number): Promise<void>;
  close(): Promise<void>;
}

/** A webhook route that verifies with the real SDK, as ours does. */
export async function startReceiver(): Promise<Receiver> {
  const deliveries: Receiver['deliveries'] = [];
  const nextStatuses: number[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = await startServer((request, response) => {
    void readBody(request).then((body) => {
      const event = Stripe.webhooks.constructEvent(body, request.headers['stripe-signature'] ?? '', webhookSecret);
      const status = nextStatuses.shift() ?? 200;
      deliveries.push({ event, status });
      response.writeHead(status, { Location: 'http://127.0.0.1:1/elsewhere' }).end();
      for (const { count, resolve } of waiting) if (deliveries.length >= count) resolve();
    });
  });
  return {
    url: `${server.origin}/functions/v1/billing-webhook`,
    deliveries,
    nextStatuses,
    waitFor: (count) =>
      new Promise((resolve) => {
        if (deliveries.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    close: server.close,
  };
}

export interface SandboxHarness {
  readonly stripe: Stripe;
  readonly apiOrigin: string;
  readonly pageOrigin: string;
  readonly warnings: string[];
  readonly controls: StripeSandboxControls;
  deliverPending(): Promise<number>;
  nextDueAt(after: Instant): Promise<Instant | null>;
  stripeWithKey(key: string): Stripe;
  close(): Promise<void>;
}

/** A sandbox with its API, its page behind a server as `main` would mount it, and the real SDK in front. */
export async function startSandbox(options: {
  store: StripeSandboxStore;
  clock: Clock;
  webhookUrl: string;
}): Promise<SandboxHarness> {
  const warnings: string[] = [];
  const sandbox = createStripeSandbox({
    store: options.store,
    clock: options.clock,
    ids: createIdSource(options.clock),
    checkoutBaseUrl: () => `${pages.origin}/stripe-sandbox/checkout`,
    webhookUrl: () => options.webhookUrl,
    webhookSecret,
    log: { warn: (_fields, message) => warnings.push(message) },
  });
  const pages = await startServer((request, response) => void sandbox.handlePage(request, response));
  const address = await sandbox.listen();
  const stripeWithKey = (key: string) =>
    new Stripe(key, { ...address, protocol: 'http', apiVersion: '2026-10-28.endive', maxNetworkRetries: 0 });
  return {
    stripe: stripeWithKey('sk_test_x'),
    stripeWithKey,
    apiOrigin: `http://${address.host}:${address.port}`,
    pageOrigin: pages.origin,
    warnings,
    controls: sandbox.controls,
    deliverPending: () => sandbox.deliverPending(),
    nextDueAt: (after) => sandbox.nextDueAt(after),
    async close() {
      await pages.close();
      await sandbox.close();
    },
  };
}

/** A store on which so many callers read a session, or an idempotency key, before the first of them may go on to write. */
export function readTogether(store: StripeSandboxStore, count: number): StripeSandboxStore {
  const sessionsRead = createMeeting(count);
  const keysRead = createMeeting(count);
  return {
    ...store,
    async find(kind, id) {
      const object = await store.find(kind, id);
      if (kind === 'checkout.session') await sessionsRead.arrive();
      return object;
    },
    async findRequest(idempotencyKey) {
      const request = await store.findRequest(idempotencyKey);
      await keysRead.arrive();
      return request;
    },
  };
}

/** Lets callers wait until so many of them have come; later ones go on at once. */
function createMeeting(count: number): { arrive: () => Promise<void> } {
  let arrived = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    arrive() {
      arrived += 1;
      if (arrived === count) open();
      return opened;
    },
  };
}

async function startServer(listener: RequestListener): Promise<{ origin: string; close: () => Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Pays or cancels on the checkout page; `decline` pays with a card that is declined. */
export const press = (page: string, action: 'pay' | 'decline' | 'cancel'): Promise<Response> =>
  postForm(page, action === 'decline' ? { action: 'pay', method: 'pm_card_chargeDeclined' } : { action });

/** Sends a form as a browser does, and stays where it is. */
export const postForm = (page: string, fields: Record<string, string>): Promise<Response> =>
  fetch(page, { method: 'POST', body: new URLSearchParams(fields), redirect: 'manual' });

/** The page of a session that is still open. */
export function pageOf(session: Stripe.Checkout.Session): string {
  if (session.url === null) throw new Error('The session has no page.');
  return session.url;
}

export const packSession = (changes: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  ({
    mode: 'payment',
    success_url: 'http://localhost:3000/back?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'http://localhost:3000/cancel',
    line_items: [
      {
        quantity: 1,
        price_data: { currency: 'usd', unit_amount: 1000, product_data: { name: 'Creator pack' } },
      },
    ],
    ...changes,
  }) satisfies Stripe.Checkout.SessionCreateParams;

export const planSession = (changes: Partial<Stripe.Checkout.SessionCreateParams> = {}) =>
  packSession({
    mode: 'subscription',
    line_items: [
      {
        quantity: 1,
        price_data: {
          currency: 'usd',
          unit_amount: 1200,
          recurring: { interval: 'month' },
          product_data: { name: 'Creator plan' },
        },
      },
    ],
    ...changes,
  });

/** What tests act on: the parts that `useSandbox` gives them. */
interface Given {
  readonly stripe: Stripe;
  readonly sandbox: SandboxHarness;
  readonly clock: TestClock;
}

/** A recurring price of a new product. */
export const createPlanPrice = (
  { stripe }: Pick<Given, 'stripe'>,
  changes: Partial<Stripe.PriceCreateParams> = {},
): Promise<Stripe.Price> =>
  stripe.prices.create({
    currency: 'usd',
    unit_amount: 1200,
    recurring: { interval: 'month' },
    product_data: { name: 'Creator plan' },
    ...changes,
  });

/** A customer who has paid for a plan at checkout. */
export async function subscribe(
  { stripe, sandbox }: Pick<Given, 'stripe' | 'sandbox'>,
  options: {
    price?: Stripe.Price;
    testMethod?: string;
    session?: Partial<Stripe.Checkout.SessionCreateParams>;
  } = {},
): Promise<{ customer: Stripe.Customer; session: Stripe.Checkout.Session; subscription: Stripe.Subscription }> {
  const price = options.price ?? (await createPlanPrice({ stripe }));
  const customer = await stripe.customers.create({ email: 'ada@example.com' });
  const open = await stripe.checkout.sessions.create(
    planSession({ customer: customer.id, line_items: [{ price: price.id, quantity: 1 }], ...options.session }),
  );
  await sandbox.controls.pay(open.id, options.testMethod);
  const session = await stripe.checkout.sessions.retrieve(open.id);
  return { customer, session, subscription: await stripe.subscriptions.retrieve(idOf(session.subscription)) };
}

/** A payment of 1000 cents for a pack. */
export async function buyPack(
  { stripe, sandbox }: Pick<Given, 'stripe' | 'sandbox'>,
  testMethod?: string,
): Promise<{ session: Stripe.Checkout.Session; intentId: string; chargeId: string }> {
  const { id: customer } = await stripe.customers.create();
  const open = await stripe.checkout.sessions.create(packSession({ customer }));
  await sandbox.controls.pay(open.id, testMethod);
  const session = await stripe.checkout.sessions.retrieve(open.id, { expand: ['payment_intent'] });
  const intent = session.payment_intent;
  if (intent === null || typeof intent === 'string') throw new Error('The payment was not expanded.');
  return { session, intentId: intent.id, chargeId: idOf(intent.latest_charge) };
}

/** Lets the clock stand at an instant, with all that falls due until then done. */
export async function goTo({ sandbox, clock }: Pick<Given, 'sandbox' | 'clock'>, seconds: number): Promise<void> {
  clock.advanceSeconds(seconds - clock.now() / 1000);
  await sandbox.deliverPending();
}

export const goBy = (given: Pick<Given, 'sandbox' | 'clock'>, seconds: number): Promise<void> =>
  goTo(given, given.clock.now() / 1000 + seconds);

/** The id of what may have been expanded; it must be there. */
export function idOf(value: string | { id: string } | null | undefined): string {
  if (value === null || value === undefined) throw new Error('There is no such object.');
  return typeof value === 'string' ? value : value.id;
}

/** The period of a subscription with one price, in seconds. */
export function periodOf({ items }: Stripe.Subscription): { start: number; end: number } {
  const [item] = items.data;
  if (item === undefined) throw new Error('The subscription has no price.');
  return { start: item.current_period_start, end: item.current_period_end };
}

/** The types of all events that the sandbox has told so far, oldest first. */
export const toldTypes = async ({ sandbox }: Pick<Given, 'sandbox'>): Promise<string[]> =>
  (await sandbox.controls.listEvents()).map(({ type }) => type);

/** Runs a call that must be refused and returns the SDK's error. */
export async function refusalOf(call: Promise<unknown>): Promise<Stripe.errors.StripeError> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('The call was expected to be refused.');
}
