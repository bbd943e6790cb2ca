export {
  type JsonObject,
  type ProviderAdapter,
  type ProviderRequest,
  type ProviderResult,
  type ProviderState,
  type SandboxBehaviour,
  sandboxBehaviours,
} from './provider.ts';
export { createSandboxProvider } from './sandbox/sandbox-provider.ts';
