export { type AssetStorage, createFolderStorage } from './asset-storage.ts';
export { type GenerationFilter, modelIdsOfKind } from './generation.store.ts';
export {
  createGenerations,
  type Generations,
  generationWriters,
  holdIdOf,
  type Quote,
  type QuoteRequest,
  type RefundRequest,
} from './generations.ts';
export { createSteps, type StepDependencies, stopProvider } from './steps.ts';
export type {
  Asset,
  GenerateInput,
  Generation,
  GenerationFailure,
  GenerationId,
  GenerationStatus,
  Payer,
  ShotAsset,
} from './types.ts';
export type { UsageBucket, UsageGroup } from './usage.ts';
