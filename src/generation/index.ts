export { type AssetStorage, createFolderStorage } from './asset-storage.ts';
export { createBucketStorage } from './bucket-storage.ts';
export type { ManyAnswer } from './generate-many.ts';
export { type AssetUrls, createAssetUrls } from './asset-urls.ts';
export { type Callbacks, createCallbacks } from './callbacks.ts';
export { createFileCheck } from './check-files.ts';
export { modelIdsOfKind } from './generation.store.ts';
export { generationWriters } from './generation.store.ts';
export {
  createGenerations,
  type GenerationList,
  type Generations,
  holdIdOf,
  queuedGeneration,
  type Quote,
} from './generations.ts';
export { createRemoteFiles } from './remote-files.ts';
export { createFindFile, type FindFile } from './stored-files.ts';
export { createSteps, type StepDependencies, stopProvider } from './steps.ts';
export type { Asset, GenerateInput, Generation, GenerationFailure, GenerationId, GenerationStatus } from './types.ts';
export { createUploads, type Upload, UploadError, type UploadProblem, type Uploads } from './uploads.ts';
export type { UsageBucket, UsageGroup } from './usage.ts';
