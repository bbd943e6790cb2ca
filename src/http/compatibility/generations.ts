import { z } from 'zod';
import { toDate } from '../../clock.ts';
import { InvalidInputError } from '../../errors.ts';
import type { Generation } from '../../generation/index.ts';
import type { Context } from '../../resolvers/context.ts';
import * as resolve from '../../resolvers/generation.ts';
import { HttpError } from '../request.ts';
import { type Answer, type Call, readInput } from './call.ts';

/** `POST /functions/v1/generate`: calls a model. */
export async function generate(call: Call): Promise<Answer> {
  const { context } = call;
  const generation = await resolve.generate(context, parseInput(await readInput(call)));
  const { id, modelId: model_id, createdAt } = generation;
  const status = generation.status.toLowerCase();
  const credits = await creditsOf(context, generation);
  const created_at = toDate(createdAt).toISOString();
  return { status: 202, body: { success: true, generation: { id, status, model_id, credits, created_at } } };
}

/** `GET /functions/v1/generations/:id`: what became of a call. */
export async function readGeneration({ context, id }: Call): Promise<Answer> {
  const generation = await resolve.generation(context, id);
  if (generation === null) throw new HttpError(404, 'There is no such generation.');
  return { status: 200, body: { success: true, generation: await describe(context, generation) } };
}

const enumeration = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.preprocess((value) => (typeof value === 'string' ? value.toUpperCase() : value), z.enum(values));

const mediaKind = enumeration(['IMAGE', 'VIDEO', 'AUDIO', 'TEXT']);

const inputSchema = z
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

/** Reads `GenerateInput` in snake_case. Throws {@link InvalidInputError}. */
function parseInput(value: unknown): resolve.GenerateArguments {
  const { data, error } = inputSchema.safeParse(value);
  if (data !== undefined) return data;
  throw new InvalidInputError(
    error.issues.map(({ path, message }) => ({ path: ['body', ...path.map(String)], message })),
  );
}

/** What is held, then charged. */
const creditsOf = async (context: Context, generation: Generation): Promise<number> =>
  generation.creditsCharged || (await resolve.creditsHeld(context, generation));

async function describe(context: Context, generation: Generation): Promise<object> {
  const { id, modelId, status, text, failure, createdAt, completedAt } = generation;
  const assets = await resolve.assets(context, generation);
  return {
    id,
    status: status.toLowerCase(),
    model_id: modelId,
    credits: await creditsOf(context, generation),
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
