export { type AssetStorage, createFolderStorage } from './asset-storage.ts';
export type { ManyAnswer } from './generate-many.ts';
export { modelIdsOfKind } from './generation.store.ts';
export { generationWriters } from './generation.store.ts';
export { createGenerations, type Generations, holdIdOf, queuedGeneration, type Quote } from './generations.ts';
export { createSteps, type StepDependencies, stopProvider } from './steps.ts';
export type { Asset, GenerateInput, Generation, GenerationFailure, GenerationId, GenerationStatus } from './types.ts';
export type { UsageBucket, UsageGroup } from './usage.ts';
