export { type Catalog, openCatalog } from './catalog.ts';
export { chooseModel, kindOf, type ModelChoice } from './choose-model.ts';
export { findModels, type ModelFilter } from './find-models.ts';
export { findPlan } from './find-plan.ts';
export { suggestPack } from './suggest-pack.ts';
export type { CatalogSnapshot, CreditPack, MediaKind, Model, Operation, Plan, ProviderName } from './types.ts';
