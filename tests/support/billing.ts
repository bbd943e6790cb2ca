import Stripe from 'stripe';
import { expect } from 'vitest';
import type { DatabaseKind } from './databases.ts';
import { type FakeStripe, startFakeStripe } from './fake-stripe.ts';
import { startTestApp, type TestApp } from './test-app.ts';
import { createTestClock } from './test-clock.ts';

export const webhookSecret = 'whsec_known_to_the_tests';

/** What came of a mutation, with whatever fields its type has. */
export type Outcome = { readonly __typename: string } & Readonly<Record<string, unknown>>;

export interface OpenCheckout {
  readonly id: string;
  readonly url: string;
}

const createCheckoutMutation = `
  mutation ($input: CreateCheckoutInput!) {
    createCheckout(input: $input) {
      __typename
      ... on Checkout {
        id mode status url interval credits creditsGranted createdAt expiresAt completedAt
        price { amount currency formatted } pack { code } plan { code }
      }
      ... on Error { code message }
      ... on InvalidInputError { issues { path message } }
      ... on UnknownPlanError { planCode }
      ... on UnknownCreditPackError { packCode }
      ... on RedirectNotAllowedError { url }
      ... on CheckoutUnavailableError { billingMode }
      ... on PaymentProviderError { retryAfterMs }
      ... on IdempotencyConflictError { idempotencyKey }
    }
  }`;

/** Asks for a checkout, whatever comes of it. */
export async function createCheckout(
  app: TestApp,
  key: string,
  input: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Outcome> {
  const { data, errors } = await app.graphql<{ createCheckout: Outcome }>(createCheckoutMutation, {
    key,
    variables: { input },
    headers,
  });
  expect(errors).toEqual([]);
  return data.createCheckout;
}

/** Opens the checkout of the pack of 100 credits for $10, unless told otherwise; it must succeed. */
export async function openCheckout(
  app: TestApp,
  key: string,
  input: Record<string, unknown> = { mode: 'PACK', packCode: 'pack_100' },
): Promise<OpenCheckout> {
  const outcome = await createCheckout(app, key, input);
  expect(outcome).toMatchObject({ __typename: 'Checkout', status: 'CREATED' });
  return { id: String(outcome['id']), url: String(outcome['url']) };
}

/** A checkout as its buyer sees it; null for others. */
export async function readCheckout(app: TestApp, key: string, id: string): Promise<Record<string, unknown> | null> {
  const { data, errors } = await app.graphql<{ checkout: Record<string, unknown> | null }>(
    'query ($id: ID!) { checkout(id: $id) { id status credits creditsGranted completedAt price { amount } pack { code } } }',
    { key, variables: { id } },
  );
  expect(errors).toEqual([]);
  return data.checkout;
}

/** What an account may spend, and the grants that it has, newest first. */
export async function readWallet(
  app: TestApp,
  key: string,
): Promise<{ available: number; grants: { nodes: { source: string; category: string; amount: number }[] } }> {
  const { data } = await app.graphql<{ wallet: Awaited<ReturnType<typeof readWallet>> }>(
    '{ wallet { available grants { nodes { source category amount } } } }',
    { key },
  );
  return data.wallet;
}

/** A server in `test_only` mode, with a Stripe that the test holds in its hands. */
export interface BillingApp extends TestApp {
  readonly stripe: FakeStripe;
  /** Pays, refuses or expires a session at Stripe; nobody is told of it. */
  changeSession(
    checkout: OpenCheckout,
    change: Partial<Pick<FakeSessionState, 'status' | 'payment_status' | 'hasFailed'>>,
  ): string;
  /** Tells the webhook of a session, signed as Stripe does it. */
  tellOf(sessionId: string, event?: Partial<StripeEventBody>): Promise<WebhookReply>;
}

type FakeSessionState = FakeStripe['sessions'] extends Map<string, infer Session> ? Session : never;

interface StripeEventBody {
  readonly id: string;
  readonly type: string;
  readonly livemode: boolean;
}

export interface WebhookReply {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

let events = 0;

/** The body of a new event about a session. */
export function eventBody(sessionId: string, event: Partial<StripeEventBody> = {}): string {
  events += 1;
  return JSON.stringify({
    id: `evt_${events}`,
    object: 'event',
    type: 'checkout.session.completed',
    created: 1_767_268_800,
    livemode: false,
    ...event,
    data: { object: { id: sessionId, object: 'checkout.session' } },
  });
}

/** Sends a body to the webhook; without a signature when it is null. */
export async function sendToWebhook(app: TestApp, body: string, signature: string | null): Promise<WebhookReply> {
  const response = await fetch(`${app.url}/functions/v1/billing-webhook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(signature === null ? {} : { 'stripe-signature': signature }) },
    body,
  });
  return { status: response.status, body: await response.json() };
}

/** Signs a body as Stripe does, now or so many seconds ago by the wall clock. */
export const sign = (payload: string, options: { secret?: string; ageSeconds?: number } = {}): string =>
  Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: options.secret ?? webhookSecret,
    timestamp: Math.floor(Date.now() / 1_000) - (options.ageSeconds ?? 0),
  });

/** Starts a server whose Stripe is a {@link FakeStripe}. */
export async function startBillingApp(
  kind: DatabaseKind,
  environment: Record<string, string> = {},
): Promise<BillingApp> {
  const clock = createTestClock();
  const stripe = await startFakeStripe(clock);
  const app = await startTestApp(kind, {
    clock,
    environment: {
      BILLING_MODE: 'test_only',
      STRIPE_SECRET_KEY: 'sk_test_known_to_the_tests',
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      STRIPE_API_URL: stripe.url,
      ...environment,
    },
  });
  return {
    ...app,
    stripe,
    changeSession: ({ url }, change) => {
      const session = [...stripe.sessions.values()].find((candidate) => candidate.url === url);
      if (session === undefined) throw new Error(`Stripe has no session at ${url}.`);
      Object.assign(session, change);
      return session.id;
    },
    tellOf: (sessionId, event) => {
      const body = eventBody(sessionId, event);
      return sendToWebhook(app, body, sign(body));
    },
    close: async () => {
      await app.close();
      await stripe.close();
    },
  };
}
