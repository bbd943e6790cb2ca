import { InvalidInputError, ModelUnavailableError, UnknownModelError } from '../errors.ts';
import { suggestModels } from './suggest-models.ts';
import type { CatalogSnapshot, MediaKind, Model, Operation } from './types.ts';

export interface ModelChoice {
  readonly operation: Operation;
  readonly modelId: string | null;
  readonly kind: MediaKind | null;
}

/** The kind that an operation makes; GENERATE makes any. */
const kindOfOperation: Record<Operation, MediaKind | null> = {
  GENERATE: null,
  SHOT_IMAGE: 'IMAGE',
  SHOT_VIDEO: 'VIDEO',
  DIRECTORS_CUT: 'VIDEO',
};

/**
 * The kind that a request means; null when only its model can say. Throws {@link InvalidInputError} for a choice
 * that names neither or contradicts itself.
 */
export function kindOf({ operation, modelId, kind: named }: ModelChoice): MediaKind | null {
  const kind = kindOfOperation[operation] ?? named;
  if (named !== null && kind !== named) throw invalid('kind', `${operation} makes ${kind ?? 'nothing'}, not ${named}.`);
  if (modelId === null && kind === null) throw invalid('modelId', 'Name a modelId or a kind.');
  return kind;
}

/**
 * The one model that a request means: the named one, else the default of the operation or the kind. An unknown
 * or disabled model is refused; no other ever runs in its place. Throws as {@link kindOf} does, then
 * {@link UnknownModelError}, {@link ModelUnavailableError}, and {@link InvalidInputError} for a model of another kind.
 */
export function chooseModel(snapshot: CatalogSnapshot, choice: ModelChoice): Model {
  const { operation, modelId } = choice;
  const kind = kindOf(choice);
  const model = modelId === null ? defaultModel(snapshot, operation, kind) : snapshot.modelById.get(modelId);
  if (model === undefined) {
    const name = modelId ?? kind ?? operation;
    throw new UnknownModelError(name, suggestModels(snapshot, name));
  }
  if (!model.available) throw new ModelUnavailableError(model);
  const composes = model.id === snapshot.directorsCutModel?.id;
  if (composes !== (operation === 'DIRECTORS_CUT')) {
    throw invalid(
      'modelId',
      composes
        ? `${model.name} runs with the operation DIRECTORS_CUT only.`
        : `DIRECTORS_CUT does not run ${model.name}.`,
    );
  }
  if (kind !== null && model.kind !== kind) {
    throw invalid(modelId === null ? 'kind' : 'modelId', `${model.name} makes ${model.kind}, not ${kind}.`);
  }
  return model;
}

function defaultModel(snapshot: CatalogSnapshot, operation: Operation, kind: MediaKind | null): Model | undefined {
  if (operation === 'DIRECTORS_CUT') return snapshot.directorsCutModel ?? undefined;
  return kind === null ? undefined : snapshot.defaultModelByKind.get(kind);
}

const invalid = (field: string, message: string): InvalidInputError =>
  new InvalidInputError([{ path: ['input', field], message }]);
