import type pg from 'pg';
import type { ChannelOptions, ProcessChannel } from './database.ts';
import { type Channel, createListening } from './listening.ts';

/** A channel over a connection of its own, so that telling takes no turn of those that do the work. */
export async function openPostgresChannel(
  connection: pg.ClientConfig,
  channel: Channel,
  { onMessage, onGap, onError }: ChannelOptions,
): Promise<ProcessChannel> {
  const listening = createListening(connection, channel, {
    onMessage,
    onListening: async () => onGap(),
    onError,
  });
  await listening.open();
  return {
    tell: async (messages) => {
      // Without a connection nobody is told, and whoever has to know looks for itself after a while.
      await listening
        .session()
        ?.query('SELECT pg_notify($1, message)::text FROM unnest($2::text[]) AS message', [channel, messages]);
    },
    close: () => listening.close(),
  };
}
