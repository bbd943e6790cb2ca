import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import type { Caller } from '../accounts/index.ts';
import type { Billing } from '../billing/index.ts';
import { type Clock, toDate } from '../clock.ts';
import { BusyError, ExpectedError, expectedErrors, InsufficientCreditsError, InvalidInputError } from '../errors.ts';
import type { Generation } from '../generation/index.ts';
import type { Context, Services } from '../resolvers/context.ts';
import * as resolve from '../resolvers/generation.ts';
import { HttpError, header, parseJson, readBody, textHeader } from './request.ts';
import { sendJson } from './response.ts';

/** The routes that the studio's present front ends call, in their own formats, over the same operations. */
export interface CompatibilityRoutes {
  generate(request: IncomingMessage, response: ServerResponse, caller: Caller | null): Promise<void>;
  generation(response: ServerResponse, caller: Caller | null, id: string): Promise<void>;
  billingWebhook(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

export function createCompatibilityRoutes(services: Services, billing: Billing): CompatibilityRoutes {
  const contextOf = (caller: Caller | null, idempotencyKey: string | null): Context => {
    if (caller === null) throw new HttpError(401, 'An API key is needed: send it as "Authorization: Bearer <key>".');
    return { services, caller, idempotencyKey };
  };
  return {
    generate: async (request, response, caller) => {
      const context = contextOf(caller, textHeader(request, 'idempotency-key'));
      try {
        const generation = await resolve.generate(context, parseGenerate(await readBody(request)));
        const credits = generation.creditsCharged || (await resolve.creditsHeld(context, generation));
        const { id, modelId: model_id, createdAt } = generation;
        const status = generation.status.toLowerCase();
        const created_at = toDate(createdAt).toISOString();
        sendJson(response, 202, { success: true, generation: { id, status, model_id, credits, created_at } });
      } catch (error) {
        if (!(error instanceof ExpectedError)) throw error;
        sendExpected(response, error, services.clock);
      }
    },
    generation: async (response, caller, id) => {
      const context = contextOf(caller, null);
      const generation = await resolve.generation(context, id);
      if (generation === null) throw new HttpError(404, 'There is no such generation.');
      sendJson(response, 200, { success: true, generation: await describe(context, generation) });
    },
    billingWebhook: async (request, response) => {
      if (request.method !== 'POST') throw new HttpError(405, 'Events are sent with POST.');
      const answer = await billing.events.receive(
        await readBody(request),
        header(request, 'stripe-signature') ?? undefined,
      );
      switch (answer.kind) {
        case 'received':
          sendJson(response, 200, {
            success: true,
            received: true,
            event_id: answer.eventId,
            event_type: answer.eventType,
          });
          return;
        case 'disabled':
          sendJson(response, 200, { success: true, ignored: true, reason: 'billing_disabled' });
          return;
        case 'refused':
          throw new HttpError(400, answer.reason);
      }
    },
  };
}

const enumeration = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(values));

const mediaKind = enumeration(['IMAGE', 'VIDEO', 'AUDIO', 'TEXT']);

const generateSchema = z
  .strictObject({
    operation: enumeration(['GENERATE', 'SHOT_IMAGE', 'SHOT_VIDEO', 'DIRECTORS_CUT']).default('GENERATE'),
    model_id: z.string().nullish(),
    kind: mediaKind.nullish(),
    prompt: z.string().nullish(),
    params: z.record(z.string(), z.unknown()).nullish(),
    assets: z
      .array(z.strictObject({ url: z.string(), kind: mediaKind, duration_seconds: z.number().nullish() }))
      .nullish(),
    quote_id: z.string().nullish(),
    metadata: z.record(z.string(), z.unknown()).nullish(),
    idempotency_key: z.string().nullish(),
  })
  .transform(({ model_id, quote_id, idempotency_key, assets, ...input }): resolve.GenerateArguments => ({
    ...input,
    modelId: model_id,
    quoteId: quote_id,
    idempotencyKey: idempotency_key,
    assets: assets?.map(({ url, kind, duration_seconds }) => ({ url, kind, durationSeconds: duration_seconds })),
  }));

/** Reads `GenerateInput` in snake_case. Throws {@link HttpError} for what is no JSON, else {@link InvalidInputError}. */
function parseGenerate(body: Buffer): resolve.GenerateArguments {
  const parsed = generateSchema.safeParse(parseJson(body.toString()));
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    parsed.error.issues.map(({ path, message }) => ({ path: ['body', ...path.map(String)], message })),
  );
}

async function describe(context: Context, generation: Generation): Promise<object> {
  const { id, modelId, status, creditsCharged, text, failure, createdAt, completedAt } = generation;
  const assets = await resolve.assets(context, generation);
  return {
    id,
    status: status.toLowerCase(),
    model_id: modelId,
    credits: creditsCharged || (await resolve.creditsHeld(context, generation)),
    assets: assets.map((asset) => ({
      url: resolve.assetUrl(context, asset),
      mime_type: asset.mimeType,
      bytes: asset.bytes,
      width: asset.width,
      height: asset.height,
      duration_seconds: asset.durationSeconds,
    })),
    text,
    error: failure?.message ?? null,
    created_at: toDate(createdAt).toISOString(),
    completed_at: completedAt === null ? null : toDate(completedAt).toISOString(),
  };
}

/** An expected failure in the format of these routes. */
function sendExpected(response: ServerResponse, error: ExpectedError, clock: Clock): void {
  const { httpStatus } = expectedErrors[error.code];
  if (error instanceof InsufficientCreditsError) {
    sendJson(response, httpStatus, {
      error: 'Insufficient credits',
      code: 'insufficient_credits',
      required: error.required,
      available: error.available,
      top_up_url: error.topUpUrl,
      upgrade_url: error.upgradeUrl,
    });
    return;
  }
  const headers: Record<string, string> =
    error instanceof BusyError ? { 'retry-after': String(Math.ceil(error.retryAfterMs / 1_000)) } : {};
  const code = error.code === 'BUDGET_EXCEEDED' ? { code: 'budget_exceeded' } : {};
  sendJson(response, httpStatus, { ...errorBody(error.message, clock), ...code }, headers);
}

/** The body of a failure on these routes. */
export const errorBody = (error: string, clock: Clock): object => ({
  error,
  details: null,
  timestamp: toDate(clock.now()).toISOString(),
});
