export type { FalWebhook } from './fal/fal-webhook.ts';
export {
  type JsonObject,
  type ProviderAdapter,
  type ProviderAsset,
  type ProviderRequest,
  type ProviderResult,
  type ProviderState,
  type SandboxBehaviour,
  sandboxBehaviours,
} from './provider.ts';
export { createRealProviders, type ProviderSettings } from './real-providers.ts';
export { createSandboxProvider } from './sandbox/sandbox-provider.ts';
