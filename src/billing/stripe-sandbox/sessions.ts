import { z } from 'zod';
import { formatAmount } from './amounts.ts';
import { type ApiCall, type ApiResult, objectAtAddress, objectInParameter, type SandboxContext } from './context.ts';
import { createDraft } from './draft.ts';
import { lineItemParameters, newLineItems } from './line-items.ts';
import { createdRange, listObjects, listParameters } from './lists.ts';
import { newSession, totalAmount } from './new-session.ts';
import { integer, list, metadata, parseParameters, redirectUrl, text } from './parameters.ts';
import { nowSeconds } from './now.ts';
import { expireSession } from './session-end.ts';
import { isOpen } from './show.ts';
import { invalidRequest } from './stripe-error.ts';
import type { StripeLineItem } from './stripe-objects.ts';

const paymentIntentData = z.strictObject({
  metadata: metadata().optional(),
  setup_future_usage: z.enum(['off_session', 'on_session']).optional(),
});
const subscriptionData = z.strictObject({
  metadata: metadata().optional(),
  trial_period_days: integer(1, 730).optional(),
  trial_settings: z
    .strictObject({
      end_behavior: z.strictObject({ missing_payment_method: z.enum(['cancel', 'create_invoice', 'pause']) }),
    })
    .optional(),
});

const sessionParameters = z.strictObject({
  mode: z.enum(['payment', 'subscription']),
  success_url: redirectUrl(),
  cancel_url: redirectUrl().optional(),
  line_items: list(lineItemParameters).optional(),
  customer: text().optional(),
  client_reference_id: text(200).optional(),
  metadata: metadata().optional(),
  payment_intent_data: paymentIntentData.optional(),
  subscription_data: subscriptionData.optional(),
  expires_at: integer(0).optional(),
});
export type SessionParameters = z.output<typeof sessionParameters>;

const sessionListParameters = listParameters.extend({
  created: createdRange.optional(),
  customer: text().optional(),
  payment_intent: text().optional(),
  status: z.enum(['complete', 'expired', 'open']).optional(),
  subscription: text().optional(),
});

const shortestLifeSeconds = 30 * 60;
const longestLifeSeconds = 24 * 60 * 60;
const minimumAmount = 50;

/** POST /v1/checkout/sessions */
export async function createSession(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const parameters = parseParameters(sessionParameters, call.parameters);
  const { mode } = parameters;
  if (parameters.line_items === undefined || parameters.line_items.length === 0) {
    throw invalidRequest(`The \`line_items\` parameter is required in ${mode} mode.`, { param: 'line_items' });
  }
  const unfitting = mode === 'payment' ? 'subscription_data' : 'payment_intent_data';
  if (parameters[unfitting] !== undefined) {
    throw invalidRequest(`You can not pass \`${unfitting}\` in \`${mode}\` mode.`, { param: unfitting });
  }
  const created = nowSeconds(context.clock);
  const expiresAt = parameters.expires_at ?? created + longestLifeSeconds;
  checkLifetime(created, expiresAt);
  const customer =
    parameters.customer === undefined
      ? null
      : await objectInParameter(context, 'customer', parameters.customer, 'customer');
  const { lineItems, newObjects } = await newLineItems(context, parameters.line_items);
  checkPrices(mode, lineItems);
  const session = newSession(context, parameters, {
    created,
    expiresAt,
    customerId: customer?.id ?? null,
    customerEmail: customer?.email ?? null,
    lineItems,
  });
  return { answer: session, insert: [session, ...newObjects] };
}

/** GET /v1/checkout/sessions/:id */
export async function retrieveSession(context: SandboxContext, _call: ApiCall, id: string): Promise<ApiResult> {
  return { answer: await objectAtAddress(context, 'checkout.session', id) };
}

/** GET /v1/checkout/sessions */
export async function listSessions(context: SandboxContext, call: ApiCall): Promise<ApiResult> {
  const { customer, payment_intent, status, subscription, ...page } = parseParameters(
    sessionListParameters,
    call.parameters,
  );
  const wanted = {
    ...(customer === undefined ? {} : { customer }),
    ...(payment_intent === undefined ? {} : { payment_intent }),
    ...(status === undefined ? {} : { status }),
    ...(subscription === undefined ? {} : { subscription }),
  };
  const url = '/v1/checkout/sessions';
  return { answer: await listObjects(context, 'checkout.session', { ...page, matching: [wanted], url }) };
}

/** POST /v1/checkout/sessions/:id/expire */
export async function expireOpenSession(context: SandboxContext, call: ApiCall, id: string): Promise<ApiResult> {
  const session = await objectAtAddress(context, 'checkout.session', id);
  parseParameters(z.strictObject({}), call.parameters);
  if (!isOpen(context.clock, session)) {
    const status = session.status === 'open' ? 'expired' : session.status;
    throw invalidRequest(
      `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of \`${status}\`.`,
      { param: 'session' },
    );
  }
  const draft = createDraft(context, call);
  return draft.result(expireSession(draft, session));
}

function checkLifetime(created: number, expiresAt: number): void {
  if (expiresAt < created + shortestLifeSeconds) {
    throw invalidRequest('The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.', {
      param: 'expires_at',
    });
  }
  if (expiresAt > created + longestLifeSeconds) {
    throw invalidRequest('The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.', {
      param: 'expires_at',
    });
  }
}

function checkPrices(mode: SessionParameters['mode'], lineItems: readonly StripeLineItem[]): void {
  const recurring = lineItems.filter((item) => item.price.recurring !== null);
  if (mode === 'payment' && recurring.length > 0) {
    throw invalidRequest(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      { param: 'mode' },
    );
  }
  if (mode === 'subscription' && recurring.length === 0) {
    throw invalidRequest('You must provide at least one recurring price in `subscription` mode when using prices.', {
      param: 'mode',
    });
  }
  const periods = new Set(
    recurring.map(({ price }) => `${price.recurring?.interval_count} ${price.recurring?.interval}`),
  );
  if (periods.size > 1) {
    throw invalidRequest('Checkout does not support multiple prices with different billing intervals.', {
      param: 'line_items',
    });
  }
  if (new Set(lineItems.map((item) => item.currency)).size > 1) {
    throw invalidRequest('All prices on a Checkout Session must use the same currency.', { param: 'line_items' });
  }
  const amount = totalAmount(lineItems);
  if (mode === 'payment' && amount > 0 && amount < minimumAmount) {
    const currency = lineItems[0]?.currency ?? 'usd';
    throw invalidRequest(
      `The Checkout Session's total amount due must add up to at least ${formatAmount(minimumAmount, currency)} ${currency}`,
      { code: 'amount_too_small', param: 'line_items' },
    );
  }
}
