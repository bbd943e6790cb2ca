import type { CatalogSnapshot, MediaKind, Model, ProviderName } from './types.ts';

export interface ModelFilter {
  readonly kind?: MediaKind | null | undefined;
  readonly provider?: ProviderName | null | undefined;
  readonly category?: string | null | undefined;
  /** Part of the name or id, in any case. */
  readonly search?: string | null | undefined;
  readonly maxCredits?: number | null | undefined;
}

/** The models that fit all that the filter names, in the order of the catalog, disabled ones too. */
export function findModels(snapshot: CatalogSnapshot, filter: ModelFilter): readonly Model[] {
  const { kind, provider, category, maxCredits } = filter;
  const search = filter.search?.toLowerCase();
  if (kind == null && provider == null && category == null && search == null && maxCredits == null) {
    return snapshot.models;
  }
  return snapshot.models.filter(
    (model) =>
      (kind == null || model.kind === kind) &&
      (provider == null || model.provider === provider) &&
      (category == null || model.category === category) &&
      (maxCredits == null || model.credits <= maxCredits) &&
      (search == null || model.name.toLowerCase().includes(search) || model.id.toLowerCase().includes(search)),
  );
}
