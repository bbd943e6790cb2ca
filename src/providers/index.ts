export {
  type JsonObject,
  type ProviderAdapter,
  type ProviderAsset,
  type ProviderFailure,
  type ProviderRequest,
  type ProviderResult,
  type ProviderState,
  type SandboxBehaviour,
  type Submission,
  sandboxBehaviours,
} from './provider.ts';
export { createSandboxProvider } from './sandbox/sandbox-provider.ts';
