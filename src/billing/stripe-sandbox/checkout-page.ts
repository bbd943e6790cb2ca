import type { IncomingMessage, ServerResponse } from 'node:http';
import { completePage, expiredPage, payPage, problemPage } from './checkout-html.ts';
import type { SandboxContext } from './context.ts';
import { createDraft } from './draft.ts';
import { parseForm } from './form-encoding.ts';
import { readFormBody } from './read-body.ts';
import { completeSession } from './session-end.ts';
import { isOpen } from './show.ts';
import { StripeSandboxError } from './stripe-error.ts';
import type { StripeCheckoutSession, StripeObject } from './stripe-objects.ts';
import { findTestPaymentMethod } from './test-payment-methods.ts';

interface CheckoutPageOptions {
  readonly context: SandboxContext;
  /** Tells the webhook of events; like Stripe's page, ours waits for that before it sends the buyer back. */
  readonly deliver: (events: readonly StripeObject[]) => Promise<void>;
  /** Does what the clock has brought, and tells of it. */
  readonly runDue: () => Promise<void>;
  readonly log: { warn(fields: object, message: string): void };
}

type PageAnswer = { readonly status: number; readonly html: string } | { readonly location: string };

// Chromium applies `form-action` to redirects too, and those go to other origins and schemes: it stays out.
const securityHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

const maximumTries = 100;

/** Answers the checkout page of a session: GET shows it, POST pays, declines or cancels. */
export function createCheckoutPageHandler(
  options: CheckoutPageOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const answer = await answerSafely(options, request);
    if ('location' in answer) {
      response.writeHead(303, { ...securityHeaders, Location: answer.location });
      response.end();
      return;
    }
    response.writeHead(answer.status, { ...securityHeaders, 'Content-Type': 'text/html; charset=utf-8' });
    response.end(request.method === 'HEAD' ? '' : answer.html);
  };
}

async function answerSafely(options: CheckoutPageOptions, request: IncomingMessage): Promise<PageAnswer> {
  try {
    return await answerRequest(options, request);
  } catch (error) {
    if (error instanceof StripeSandboxError) {
      return { status: error.status, html: problemPage('That did not work', error.message) };
    }
    options.log.warn({ error }, 'The checkout page of the Stripe sandbox failed.');
    return { status: 500, html: problemPage('Something went wrong', 'Please try again.') };
  }
}

async function answerRequest(options: CheckoutPageOptions, request: IncomingMessage): Promise<PageAnswer> {
  const [path = ''] = (request.url ?? '').split('?');
  const id = path.slice(path.lastIndexOf('/') + 1);
  if (request.method === 'GET' || request.method === 'HEAD') return showSession(options.context, id);
  if (request.method !== 'POST') throw badRequest(405, 'This page is read with GET and answered with POST.');
  const { action, method } = parseForm(await readFormBody(request)).fields;
  switch (action) {
    case 'pay':
      return pay(options, id, typeof method === 'string' ? method : 'pm_card_visa');
    case 'decline':
      return pay(options, id, 'pm_card_chargeDeclined');
    case 'cancel':
      return whileOpen(options, id, ({ cancel_url }) => {
        if (cancel_url === null) throw badRequest(400, 'This checkout has nowhere to go back to.');
        return { location: encodeLocation(cancel_url) };
      });
    default:
      throw badRequest(400, 'Choose Pay, Decline or Cancel.');
  }
}

async function showSession(context: SandboxContext, id: string): Promise<PageAnswer> {
  const session = await requireSession(context, id);
  return isOpen(context.clock, session)
    ? { status: 200, html: payPage(session, { problem: null }) }
    : { status: 200, html: session.status === 'complete' ? completePage() : expiredPage() };
}

async function pay(options: CheckoutPageOptions, id: string, methodName: string): Promise<PageAnswer> {
  const { context } = options;
  const test = findTestPaymentMethod(methodName);
  if (test === null) throw badRequest(400, 'Choose one of the payment methods.');
  for (let tries = 0; tries < maximumTries; tries += 1) {
    const session = await requireSession(context, id);
    if (session.status === 'complete') return { location: successLocation(session) };
    if (!isOpen(context.clock, session)) return showEnded(options, session);
    const draft = createDraft(context, null);
    const { decline } = await completeSession(draft, session, test);
    if (decline !== null) return { status: 200, html: payPage(session, { problem: decline.message }) };
    const { inserted: insert, replaced: replace } = draft;
    const outcome = await context.store.commit({ at: context.clock.now(), insert, replace, request: null });
    if (outcome === 'done') {
      await options.deliver(insert);
      return { location: successLocation(session) };
    }
  }
  throw badRequest(409, 'This checkout is busy. Please try again.');
}

async function whileOpen(
  options: CheckoutPageOptions,
  id: string,
  answer: (session: StripeCheckoutSession) => PageAnswer,
): Promise<PageAnswer> {
  const session = await requireSession(options.context, id);
  return isOpen(options.context.clock, session) ? answer(session) : showEnded(options, session);
}

async function showEnded(options: CheckoutPageOptions, session: StripeCheckoutSession): Promise<PageAnswer> {
  if (session.status === 'complete') return { status: 200, html: completePage() };
  if (session.status === 'open') await options.runDue();
  return { status: 200, html: expiredPage() };
}

async function requireSession({ store }: SandboxContext, id: string): Promise<StripeCheckoutSession> {
  const session = await store.find('checkout.session', id);
  if (session === null) throw badRequest(404, 'There is no such checkout.');
  return session;
}

const successLocation = ({ id, success_url }: StripeCheckoutSession): string =>
  encodeLocation(success_url.replaceAll('{CHECKOUT_SESSION_ID}', id));

/** A header holds ASCII only; parsing an address percent-encodes the rest. */
const encodeLocation = (url: string): string => new URL(url).href;

const badRequest = (status: number, message: string) =>
  new StripeSandboxError(status, { type: 'invalid_request_error', message });
