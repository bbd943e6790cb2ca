import { type CatalogSnapshot, kindOf, type Model } from '../catalog/index.ts';
import { type InputIssue, InvalidInputError } from '../errors.ts';
import { isStorable, isStorableJson } from '../plain-text.ts';
import { type JsonObject, type SandboxBehaviour, sandboxBehaviours } from '../providers/index.ts';
import type { GenerateInput, ShotAsset } from './types.ts';

const longestPrompt = 20_000;
const mostMetadataBytes = 4_096;
const mostParamsBytes = 65_536;
const mostShots = 200;

/** Checks what can be said of an input before any model is known. Throws {@link InvalidInputError}. */
export function checkShape(input: GenerateInput): void {
  const issues: InputIssue[] = [];
  const add = (field: string, message: string): void => {
    issues.push({ path: ['input', field], message });
  };
  const { prompt, metadata, params, assets, operation } = input;
  if (input.modelId !== null && !isStorable(input.modelId)) add('modelId', unstorable);
  if (prompt !== null && prompt.length > longestPrompt) add('prompt', `Must have at most ${longestPrompt} characters.`);
  if (prompt !== null && !isStorable(prompt)) add('prompt', unstorable);
  if (bytesOf(metadata) > mostMetadataBytes) add('metadata', `Must take at most ${mostMetadataBytes} bytes as JSON.`);
  if (!isStorableJson(metadata)) add('metadata', unstorable);
  if (bytesOf(params) > mostParamsBytes) add('params', `Must take at most ${mostParamsBytes} bytes as JSON.`);
  if (!isStorableJson(params)) add('params', unstorable);
  if (operation === 'DIRECTORS_CUT') {
    if (assets === null || assets.length === 0) add('assets', "A Director's Cut needs its shots.");
    else if (assets.length > mostShots) add('assets', `Must name at most ${mostShots} shots.`);
  } else if (assets !== null) {
    add('assets', 'Only a DIRECTORS_CUT takes shots.');
  }
  assets?.forEach((shot, index) => {
    const problem = shotProblem(shot);
    if (problem !== null)
      issues.push({ path: ['input', 'assets', String(index), problem.field], message: problem.message });
  });
  if (issues.length > 0) throw new InvalidInputError(issues);
  kindOf(input);
}

const unstorable = 'Must not contain U+0000 or half a surrogate pair.';

const bytesOf = (value: JsonObject | null): number => (value === null ? 0 : Buffer.byteLength(JSON.stringify(value)));

function shotProblem({ url, durationSeconds, kind }: ShotAsset): { field: string; message: string } | null {
  if (!isStorable(url)) return { field: 'url', message: unstorable };
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return { field: 'url', message: 'Must be an http or https URL.' };
  if (kind === 'TEXT') return { field: 'kind', message: 'A shot is an IMAGE, a VIDEO or AUDIO.' };
  if (durationSeconds !== null && !(durationSeconds > 0 && durationSeconds <= 3_600)) {
    return { field: 'durationSeconds', message: 'Must be more than 0 and at most 3600 seconds.' };
  }
  return null;
}

export interface ModelInput {
  /** The model's own inputs, with its defaults. */
  readonly input: JsonObject;
  readonly sandbox: SandboxBehaviour | null;
}

type GivenInput = Pick<GenerateInput, 'prompt' | 'params' | 'assets'>;

/** Turns an input into what the model takes. Throws {@link InvalidInputError} for what it does not take. */
export function checkModelInput(
  snapshot: CatalogSnapshot,
  model: Model,
  input: GivenInput,
  options: { sandboxMode: boolean },
): ModelInput {
  const { issues, ...modelInput } = readModelInput(snapshot, model, input, options);
  if (issues.length > 0) throw new InvalidInputError(issues);
  return modelInput;
}

/** What a model is given for an input, and what of the input it does not take. */
export function readModelInput(
  snapshot: CatalogSnapshot,
  model: Model,
  input: GivenInput,
  options: { sandboxMode: boolean },
): ModelInput & { readonly issues: readonly InputIssue[] } {
  const issues: InputIssue[] = [];
  const { sandbox, ...params } = input.params ?? {};
  if (sandbox !== undefined) {
    if (!options.sandboxMode) issues.push(issue(['params', 'sandbox'], 'Only the sandbox takes this.'));
    else if (!isBehaviour(sandbox)) {
      issues.push(issue(['params', 'sandbox'], `Must be one of ${sandboxBehaviours.join(', ')}.`));
    }
  }
  const accepted = new Set(model.accepts);
  for (const name of Object.keys(params)) {
    if (!accepted.has(name)) {
      issues.push(issue(['params', name], `${model.name} does not take this. It takes ${model.accepts.join(', ')}.`));
    }
  }
  const merged: Record<string, unknown> = { ...model.inputDefaults, ...params };
  issues.push(...fillPrompt(model, input.prompt, params, merged));
  if (model.id === snapshot.directorsCutModel?.id) {
    if ('tracks' in params) issues.push(issue(['params', 'tracks'], 'The shots in assets make the tracks.'));
    merged['tracks'] = tracksOf(input.assets ?? []);
  }
  return { input: merged, sandbox: isBehaviour(sandbox) ? sandbox : null, issues };
}

/** `prompt` fills the model's own `prompt` or `text`, whichever it takes, and is required by a model that takes one. */
function fillPrompt(
  model: Model,
  prompt: string | null,
  params: JsonObject,
  merged: Record<string, unknown>,
): InputIssue[] {
  const field = model.accepts.find((name) => name === 'prompt' || name === 'text');
  if (field === undefined) {
    return prompt === null
      ? []
      : [issue(['prompt'], `${model.name} takes no prompt. It takes ${model.accepts.join(', ')}.`)];
  }
  const own = params[field];
  if (prompt !== null && own !== undefined) return [issue(['params', field], 'Give either this or prompt, not both.')];
  const value = prompt ?? own;
  if (typeof value !== 'string' || value.trim() === '') {
    return [
      issue(prompt === null && own !== undefined ? ['params', field] : ['prompt'], `${model.name} needs a prompt.`),
    ];
  }
  merged[field] = value;
  return [];
}

/** One track a kind, the shots in their order; a shot without a duration takes five seconds. */
function tracksOf(shots: readonly ShotAsset[]): JsonObject[] {
  const tracks = new Map<string, { type: string; keyframes: JsonObject[]; endMs: number }>();
  for (const shot of shots) {
    const type = shot.kind.toLowerCase();
    const track = tracks.get(type) ?? { type, keyframes: [], endMs: 0 };
    const durationMs = Math.round((shot.durationSeconds ?? 5) * 1_000);
    track.keyframes.push({ url: shot.url, timestamp: track.endMs, duration: durationMs });
    tracks.set(type, { ...track, endMs: track.endMs + durationMs });
  }
  return [...tracks.values()].map(({ type, keyframes }) => ({ id: type, type, keyframes }));
}

const issue = (path: readonly string[], message: string): InputIssue => ({ path: ['input', ...path], message });

const isBehaviour = (value: unknown): value is SandboxBehaviour =>
  sandboxBehaviours.some((behaviour) => behaviour === value);
