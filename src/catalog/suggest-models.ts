import type { CatalogSnapshot, Model } from './types.ts';

const mostSuggestions = 3;

/** Models whose id shares most words with an unknown one, for a person to choose from; never used to set a price. */
export function suggestModels(snapshot: CatalogSnapshot, unknownId: string): Model[] {
  const wanted = wordsOf(unknownId);
  const scored = snapshot.models.map((model) => ({ model, score: similarity(wanted, wordsOf(model.id)) }));
  return scored
    .filter(({ score }) => score > 0.25)
    .sort((left, right) => right.score - left.score)
    .slice(0, mostSuggestions)
    .map(({ model }) => model);
}

const wordsOf = (id: string): Set<string> =>
  new Set(
    id
      .slice(0, 200)
      .toLowerCase()
      .split(/[^a-z0-9.]+/)
      .filter((word) => word !== ''),
  );

/** Jaccard's index: shared words over all words. */
function similarity(left: ReadonlySet<string>, right: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of left) if (right.has(word)) shared += 1;
  return shared / (left.size + right.size - shared || 1);
}
