import type { IncomingMessage, ServerResponse } from 'node:http';
import Stripe from 'stripe';
import { z } from 'zod';
import type { ApiCall, ApiResult, SandboxContext } from './context.ts';
import { type Form, type FormFields, parseForm } from './form-encoding.ts';
import { fingerprintOf, readIdempotencyKey, requireSameRequest } from './idempotency.ts';
import { list, parseParameters, text } from './parameters.ts';
import { present } from './present.ts';
import { readFormBody } from './read-body.ts';
import { findOperation } from './routes.ts';
import { StripeSandboxError } from './stripe-error.ts';
import { createStripeId } from './stripe-ids.ts';
import type { StripeObject } from './stripe-objects.ts';

/** What is told to the outside of the API. */
interface ApiObserver {
  /** Called after objects were written, events among them. */
  wrote(objects: readonly StripeObject[]): void;
  failed(error: unknown, request: string): void;
}

interface ApiAnswer {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Says what a call answers and writes, and does nothing yet. */
type Plan = (call: ApiCall) => Promise<ApiResult>;

// An object that this many others change between our reading and writing is being hammered.
const maximumTries = 100;

/** Answers the requests of Stripe's API. */
export function createApiHandler(
  context: SandboxContext,
  observer: ApiObserver,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  return async (request, response) => {
    const requestId = createStripeId(context.ids, 'req');
    const answer = await answerRequest(context, observer, request, requestId);
    const idempotencyKey = request.method === 'POST' ? request.headers['idempotency-key'] : undefined;
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      'Cache-Control': 'no-cache, no-store',
      'Request-Id': requestId,
      'Stripe-Version': request.headers['stripe-version'] ?? Stripe.API_VERSION,
      ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      ...answer.headers,
    });
    response.end(`${JSON.stringify(answer.body, null, 2)}\n`);
  };
}

async function answerRequest(
  context: SandboxContext,
  observer: ApiObserver,
  request: IncomingMessage,
  requestId: string,
): Promise<ApiAnswer> {
  const { method = 'GET', url = '/' } = request;
  const [path = '/', query = ''] = url.split(/\?(.*)/s);
  try {
    requireApiKey(request.headers.authorization);
    const route = findOperation(method, path);
    if (route === null) throw unrecognizedUrl(method, path);
    const plan: Plan = (call) => route.operation(context, call, route.id);
    if (method === 'GET') return await read(context, plan, parseForm(query).fields, requestId);
    const body = await readFormBody(request);
    const form = parseForm(method === 'DELETE' ? query : body);
    const idempotencyKey = method === 'DELETE' ? null : readIdempotencyKey(request.headers['idempotency-key']);
    return await write(context, observer, { plan, path, form, requestId, idempotencyKey });
  } catch (error) {
    if (error instanceof StripeSandboxError) return { status: error.status, body: { error: error.body } };
    observer.failed(error, `${method} ${path}`);
    return { status: 500, body: { error: { type: 'api_error', message: 'An error occurred in the Stripe sandbox.' } } };
  }
}

async function read(context: SandboxContext, plan: Plan, fields: FormFields, requestId: string): Promise<ApiAnswer> {
  const { expand, parameters } = takeExpand(fields);
  const { answer } = await plan({ parameters, requestId, idempotencyKey: null });
  return { status: 200, body: await present(context, answer, expand, []) };
}

async function write(
  context: SandboxContext,
  observer: ApiObserver,
  request: { plan: Plan; path: string; form: Form; requestId: string; idempotencyKey: string | null },
): Promise<ApiAnswer> {
  const { plan, path, form, requestId, idempotencyKey } = request;
  const fingerprint = fingerprintOf(path, form.pairs);
  const { expand, parameters } = takeExpand(form.fields);
  for (let tries = 0; tries < maximumTries; tries += 1) {
    const replay = idempotencyKey === null ? null : await findReplay(context, idempotencyKey, path, fingerprint);
    if (replay !== null) return replay;
    const { answer, insert = [], replace = [], refusal } = await plan({ parameters, requestId, idempotencyKey });
    const written = [...insert, ...replace.map(({ to }) => to)];
    const body = refusal === undefined ? await present(context, answer, expand, written) : { error: refusal.body };
    const status = refusal?.status ?? 200;
    const outcome = await context.store.commit({
      at: context.clock.now(),
      insert,
      replace,
      request: idempotencyKey === null ? null : { idempotencyKey, fingerprint, status, body },
    });
    if (outcome === 'done') {
      observer.wrote(insert);
      return { status, body };
    }
  }
  throw new StripeSandboxError(429, {
    type: 'invalid_request_error',
    code: 'lock_timeout',
    message: 'This object cannot be accessed right now because another API request is currently accessing it.',
  });
}

async function findReplay(
  { store }: SandboxContext,
  idempotencyKey: string,
  path: string,
  fingerprint: string,
): Promise<ApiAnswer | null> {
  const remembered = await store.findRequest(idempotencyKey);
  if (remembered === null) return null;
  requireSameRequest(remembered, path, fingerprint);
  return { status: remembered.status, body: remembered.body, headers: { 'Idempotent-Replayed': 'true' } };
}

/** Every call may ask for expansions, so no operation has to know of them. */
function takeExpand({ expand, ...parameters }: FormFields): { expand: readonly string[]; parameters: FormFields } {
  if (expand === undefined) return { expand: [], parameters };
  return { expand: parseParameters(z.strictObject({ expand: list(text()) }), { expand }).expand, parameters };
}

function requireApiKey(authorization: string | undefined): void {
  const key = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1]?.trim();
  if (key === undefined) {
    throw unauthenticated(
      "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See https://stripe.com/docs/api#authentication for details, or we can help at https://support.stripe.com/.",
    );
  }
  if (!key.startsWith('sk_test_')) {
    throw unauthenticated(`Invalid API Key provided: ${key.slice(0, 8)}${'*'.repeat(8)}${key.slice(12).slice(-4)}`);
  }
}

const unauthenticated = (message: string) => new StripeSandboxError(401, { type: 'invalid_request_error', message });

const unrecognizedUrl = (method: string, path: string) =>
  new StripeSandboxError(404, {
    type: 'invalid_request_error',
    message: `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
  });
