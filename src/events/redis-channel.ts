import { createClient } from '@redis/client';
import type { ChannelOptions, ProcessChannel } from '../db/index.ts';

/** Redis cannot be used from the start; the message says why and what to do, and has no password. */
export class RedisUnavailableError extends Error {
  override readonly name = 'RedisUnavailableError';

  constructor(url: string, cause: unknown) {
    super(
      `The Redis at ${new URL(url).host} cannot be used: ${reasonOf(cause)}. Start it, or set REDIS_URL to another one.`,
      { cause },
    );
  }
}

const connectTimeoutMs = 5_000;
const reconnectAfterMs = 1_000;
/** How often Redis is asked whether it is there, and how long it may say nothing before its connection counts as broken. */
const pingEveryMs = 5_000;
const silentForMs = 10_000;

/**
 * The same channel as PostgreSQL's, over one connection to a Redis 6 or newer that comes back after a break. Throws
 * {@link RedisUnavailableError} when there is none at the start.
 */
export async function openRedisChannel(
  url: string,
  name: string,
  { onMessage, onGap, onError }: ChannelOptions,
): Promise<ProcessChannel> {
  const channel = `wzrd:${name}`;
  let isOpen = false;
  try {
    const client = createClient({
      url,
      name: 'wzrd-credits',
      socket: {
        connectTimeout: connectTimeoutMs,
        socketTimeout: silentForMs,
        // Who starts without it is told so; who runs without it waits for it.
        reconnectStrategy: () => (isOpen ? reconnectAfterMs : false),
      },
      pingInterval: pingEveryMs,
      // What is told late is of no use: whoever comes back looks for itself.
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
    });
    client.on('error', (error: unknown) => {
      if (isOpen) onError(error);
    });
    try {
      await client.connect();
      await client.subscribe(channel, onMessage);
    } catch (error) {
      client.destroy();
      throw error;
    }
    isOpen = true;
    // It listens again by then.
    client.on('ready', onGap);
    return {
      tell: async (messages) => {
        // Without a connection nobody is told, and whoever has to know looks for itself after a while.
        if (client.isReady) await Promise.all(messages.map((message) => client.publish(channel, message)));
      },
      close: async () => {
        isOpen = false;
        client.destroy();
      },
    };
  } catch (error) {
    throw new RedisUnavailableError(url, error);
  }
}

/** What Node.js says of a name with several addresses has a code and no words. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return (cause.message === '' ? code : cause.message).replace(/\.$/, '');
}
