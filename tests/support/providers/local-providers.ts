import type { Clock } from '../../../src/clock.ts';
import { falKey, type FakeFal, startFakeFal } from './fake-fal.ts';
import { type FakeGmi, gmiKey, startFakeGmi } from './fake-gmi.ts';
import { type FakeGroq, groqKey, startFakeGroq } from './fake-groq.ts';

/** All three providers on this machine. */
export interface LocalProviders {
  readonly fal: FakeFal;
  readonly gmi: FakeGmi;
  readonly groq: FakeGroq;
  /** What a server needs to reach them. */
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Starts fal, GMI Cloud and Groq on free ports. */
export async function startLocalProviders(clock: Clock): Promise<LocalProviders> {
  const [fal, gmi, groq] = await Promise.all([startFakeFal(clock), startFakeGmi(), startFakeGroq()]);
  return {
    fal,
    gmi,
    groq,
    environment: {
      FAL_KEY: falKey,
      FAL_QUEUE_URL: fal.url,
      FAL_WEBHOOK_JWKS_URL: `${fal.url}/.well-known/jwks.json`,
      GMI_API_KEY: gmiKey,
      GMI_QUEUE_URL: `${gmi.url}/queue`,
      GMI_LLM_URL: `${gmi.url}/v1`,
      GROQ_API_KEY: groqKey,
      GROQ_URL: `${groq.url}/openai/v1`,
      ASSET_ORIGINS: [fal.url, gmi.url].join(','),
    },
    close: async () => {
      await Promise.all([fal.close(), gmi.close(), groq.close()]);
    },
  };
}
