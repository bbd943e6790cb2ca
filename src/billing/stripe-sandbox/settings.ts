import type { StripeSandboxStore } from './store.ts';
import type { SandboxSettings } from './stripe-objects.ts';

const initialSettings: SandboxSettings = {
  id: 'sandbox_settings',
  object: 'sandbox_settings',
  holds_events: false,
  after_last_try: 'canceled',
};

/** What was set at the dashboard, for all processes. */
export const readSettings = async (store: StripeSandboxStore): Promise<SandboxSettings> =>
  (await store.find('sandbox_settings', initialSettings.id)) ?? initialSettings;
