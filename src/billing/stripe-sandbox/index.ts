export type { StripeSandboxControls } from './controls.ts';
export type { StripeSandboxStore } from './store.ts';
export { createStripeSandboxStore } from './stripe-sandbox.store.ts';
export { createStripeSandbox, type StripeSandbox } from './stripe-sandbox.ts';
