import type { ModelsQuery } from './generated/graphql.ts';

/** A model as `ModelsDocument` gives it. */
export type PricedModel = ModelsQuery['models'][number];

/** The price of a call in credits; undefined for an id that no model has: never a guess. */
export const creditsOf = (models: readonly PricedModel[], modelId: string): number | undefined =>
  models.find(({ id }) => id === modelId)?.credits;

/** "FLUX Schnell (3 credits)"; for an id that no model has the given name, else the id. */
export const labelOf = (models: readonly PricedModel[], modelId: string, fallbackName?: string): string =>
  models.find(({ id }) => id === modelId)?.label ?? fallbackName ?? modelId;

/** The prices of all models by their ids. */
export const creditsById = (models: readonly PricedModel[]): ReadonlyMap<string, number> =>
  new Map(models.map(({ id, credits }) => [id, credits]));

/** What the image of a shot costs; without a model that of the default one. Throws for a model that makes no images. */
export const shotImageCredits = (models: readonly PricedModel[], modelId?: string | null): number | undefined =>
  shotCredits(models, 'IMAGE', modelId);

/** What the video of a shot costs; without a model that of the default one. Throws for a model that makes no shots. */
export const shotVideoCredits = (models: readonly PricedModel[], modelId?: string | null): number | undefined =>
  shotCredits(models, 'VIDEO', modelId);

/** What a Director's Cut costs; undefined while its model has no price. */
export const directorsCutCredits = (models: readonly PricedModel[]): number | undefined =>
  models.find(composes)?.credits;

const composes = ({ workflow }: PricedModel): boolean => workflow === 'directors-cut';

/** Undefined for an id that no model has. Throws for a model that the API refuses for the shot too. */
function shotCredits(
  models: readonly PricedModel[],
  kind: PricedModel['kind'],
  modelId: string | null | undefined,
): number | undefined {
  const model = models.find((candidate) =>
    modelId == null ? candidate.isDefault && candidate.kind === kind : candidate.id === modelId,
  );
  if (model === undefined) return undefined;
  if (model.kind !== kind) throw new TypeError(`${model.name} makes ${model.kind}, not ${kind}.`);
  if (composes(model)) throw new TypeError(`${model.name} is made of shots; it makes none.`);
  return model.credits;
}
