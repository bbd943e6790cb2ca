import type { DatabaseKind } from '../databases.ts';
import { createStudio, type Studio } from '../studio.ts';
import { startTestApp, type TestApp, type TestAppOptions } from '../test-app.ts';
import { createTestClock } from '../test-clock.ts';
import type { FakeFal } from './fake-fal.ts';
import type { FakeGmi } from './fake-gmi.ts';
import type { FakeGroq } from './fake-groq.ts';
import { startLocalProviders } from './local-providers.ts';

/** A server with keys for providers that run on this machine. */
export interface StudioWithProviders {
  readonly app: TestApp;
  readonly studio: Studio;
  readonly fal: FakeFal;
  readonly gmi: FakeGmi;
  readonly groq: FakeGroq;
  close(): Promise<void>;
}

/** Starts the providers, and the server as it runs for real models. */
export async function startStudioWithProviders(
  kind: DatabaseKind,
  options: TestAppOptions = {},
): Promise<StudioWithProviders> {
  const clock = options.clock ?? createTestClock();
  const providers = await startLocalProviders(clock);
  const { fal, gmi, groq, environment } = providers;
  const app = await startTestApp(kind, {
    ...options,
    clock,
    environment: { BILLING_MODE: 'disabled', ...environment, ...options.environment },
  });
  return {
    app,
    studio: createStudio(app),
    fal,
    gmi,
    groq,
    close: async () => {
      await app.close();
      await providers.close();
    },
  };
}
