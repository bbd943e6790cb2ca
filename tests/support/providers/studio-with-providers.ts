import type { DatabaseKind } from '../databases.ts';
import { createStudio, type Studio } from '../studio.ts';
import { startTestApp, type TestApp, type TestAppOptions } from '../test-app.ts';
import { createTestClock } from '../test-clock.ts';
import { falKey, type FakeFal, startFakeFal } from './fake-fal.ts';
import { type FakeGmi, gmiKey, startFakeGmi } from './fake-gmi.ts';
import { type FakeGroq, groqKey, startFakeGroq } from './fake-groq.ts';

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
  const [fal, gmi, groq] = await Promise.all([startFakeFal(clock), startFakeGmi(), startFakeGroq()]);
  const app = await startTestApp(kind, {
    ...options,
    clock,
    environment: {
      BILLING_MODE: 'disabled',
      FAL_KEY: falKey,
      FAL_QUEUE_URL: fal.url,
      FAL_WEBHOOK_JWKS_URL: `${fal.url}/.well-known/jwks.json`,
      GMI_API_KEY: gmiKey,
      GMI_QUEUE_URL: `${gmi.url}/queue`,
      GMI_LLM_URL: `${gmi.url}/v1`,
      GROQ_API_KEY: groqKey,
      GROQ_URL: `${groq.url}/openai/v1`,
      ASSET_ORIGINS: [fal.url, gmi.url].join(','),
      ...options.environment,
    },
  });
  return {
    app,
    studio: createStudio(app),
    fal,
    gmi,
    groq,
    close: async () => {
      await app.close();
      await Promise.all([fal.close(), gmi.close(), groq.close()]);
    },
  };
}
