import { z } from 'zod';
import { storable } from './failures.ts';
import type { JsonObject, ProviderRequest, ProviderResult, RemoteAsset } from './provider.ts';

const fileSchema = z.object({
  url: z.string(),
  width: z.number().int().positive().nullish(),
  height: z.number().int().positive().nullish(),
  duration: z.number().positive().nullish(),
});

const isUrl = (text: unknown): text is string => typeof text === 'string' && /^https?:\/\//.test(text);

/** A file as providers describe it; null for anything else. */
function fileIn(value: unknown): RemoteAsset | null {
  if (isUrl(value)) return { url: value, width: null, height: null, durationSeconds: null };
  const parsed = fileSchema.safeParse(value);
  if (!parsed.success || !isUrl(parsed.data.url)) return null;
  const { url, width, height, duration } = parsed.data;
  return { url, width: width ?? null, height: height ?? null, durationSeconds: duration ?? null };
}

/** Pictures of a result that stand for it in lists; they are not what was asked for. */
const isPreview = (name: string): boolean => /thumbnail|preview|cover/.test(name);

/** Names under which a text stands that is the result, not a word about it. */
const textNames = ['text', 'output', 'transcription', 'transcript'];

/**
 * Sorts what a model gave into files, text and the rest: a file is an object with a `url`, a list of such, or an address
 * under a name that ends in `url`. Each file counts once, however often it is named.
 */
export function sortResult(given: JsonObject): ProviderResult {
  const assets = new Map<string, RemoteAsset>();
  const output: Record<string, unknown> = {};
  let text: string | null = null;
  for (const [name, value] of Object.entries(given)) {
    const items = Array.isArray(value) ? value : [value];
    const files = items.map((item: unknown) => (isUrl(item) && !/urls?$/.test(name) ? null : fileIn(item)));
    const isFiles = files.length > 0 && files.every((file) => file !== null);
    if (isPreview(name) && isFiles) continue;
    if (isFiles) for (const file of files) assets.set(file.url, assets.get(file.url) ?? file);
    else if (text === null && textNames.includes(name) && typeof value === 'string') text = storable(value);
    else if (value !== null && items.length > 0) output[name] = storableValue(value);
  }
  return { assets: [...assets.values()], text, output: Object.keys(output).length === 0 ? null : output };
}

/** What comes of these may be a text, or an id of something that the provider keeps. */
const workflowsWithoutFiles = ['image-analysis', 'speech-to-text', 'voice-clone', 'voice-design', 'element-creation'];

/** Whether a result has nothing of what its model was called for. */
export function isEmptyFor(model: ProviderRequest['model'], { assets, text, output }: ProviderResult): boolean {
  if (workflowsWithoutFiles.includes(model.workflow)) return assets.length === 0 && text === null && output === null;
  return model.kind === 'TEXT' ? text === null : assets.length === 0;
}

function storableValue(value: unknown): unknown {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [storable(name), storableValue(member)]));
}
