import type { Clock } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import { createChatProvider } from './chat/chat-provider.ts';
import { isFateOfRequest } from './fal/fal-failures.ts';
import { createFalProvider } from './fal/fal-provider.ts';
import { createFalWebhook, type FalWebhook } from './fal/fal-webhook.ts';
import { gmiNameOf } from './gmi/gmi-models.ts';
import { createGmiProvider } from './gmi/gmi-provider.ts';
import { createGroqProvider } from './groq/groq-provider.ts';
import { createOutgoing, type Outgoing, type Trouble } from './outgoing.ts';
import type { ProviderAdapter } from './provider.ts';

/** Keys, and where the providers are. URLs have no trailing slash. */
export interface ProviderSettings {
  readonly falKey: string | null;
  readonly gmiApiKey: string | null;
  readonly groqApiKey: string | null;
  readonly falQueueUrl: string;
  readonly falWebhookJwksUrl: string;
  readonly gmiQueueUrl: string;
  readonly gmiLlmUrl: string;
  readonly groqUrl: string;
}

/** The providers that this server has a key for. */
export interface RealProviders {
  readonly byName: ReadonlyMap<'FAL' | 'GMI' | 'GROQ', ProviderAdapter>;
  /** Null without a key of fal's. */
  readonly falWebhook: FalWebhook | null;
  /** Lets what they do in this process come to its end. */
  close(): Promise<void>;
}

/** Makes the provider of each key. */
export function createRealProviders(options: {
  settings: ProviderSettings;
  database: Database;
  clock: Clock;
  ids: IdSource;
  onTrouble: (trouble: Trouble) => void;
  /** Told of what goes wrong beside the requests. */
  onError: (error: unknown) => void;
}): RealProviders {
  const { settings, database, clock, ids, onTrouble, onError } = options;
  const byName = new Map<'FAL' | 'GMI' | 'GROQ', ProviderAdapter>();
  const closers: (() => Promise<void>)[] = [];
  let falWebhook: FalWebhook | null = null;
  const outgoingTo = (
    provider: string,
    authorization: string | null,
    more: Pick<Parameters<typeof createOutgoing>[0], 'isAboutRequest'> = {},
  ): Outgoing =>
    createOutgoing({
      provider,
      authorization,
      clock,
      random: () => ids.randomBytes(4).readUInt32BE() / 2 ** 32,
      onTrouble,
      ...more,
    });

  if (settings.falKey !== null) {
    const outgoing = outgoingTo('fal', `Key ${settings.falKey}`, { isAboutRequest: isFateOfRequest });
    byName.set('FAL', createFalProvider({ queueUrl: settings.falQueueUrl, outgoing }));
    falWebhook = createFalWebhook({
      clock,
      outgoing: outgoingTo('fal (keys of webhooks)', null),
      jwksUrl: settings.falWebhookJwksUrl,
    });
  }
  if (settings.gmiApiKey !== null) {
    const authorization = `Bearer ${settings.gmiApiKey}`;
    // Two services on two hosts: one may be down alone.
    const chat = createChatProvider({
      baseUrl: settings.gmiLlmUrl,
      outgoing: outgoingTo('GMI Cloud (text)', authorization),
      database,
      clock,
      nameOf: gmiNameOf,
      onError,
    });
    closers.push(() => chat.close());
    const outgoing = outgoingTo('GMI Cloud', authorization);
    byName.set('GMI', createGmiProvider({ queueUrl: settings.gmiQueueUrl, outgoing, chat }));
  }
  if (settings.groqApiKey !== null) {
    const outgoing = outgoingTo('Groq', `Bearer ${settings.groqApiKey}`);
    const groq = createGroqProvider({ baseUrl: settings.groqUrl, outgoing, database, clock, onError });
    closers.push(() => groq.close());
    byName.set('GROQ', groq);
  }
  return {
    byName,
    falWebhook,
    close: async () => {
      await Promise.all(closers.map((close) => close()));
    },
  };
}
