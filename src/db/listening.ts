import pg from 'pg';

/** The channels of PostgreSQL on which processes tell each other of what has changed. */
export type Channel = 'sandbox_clock' | 'account_changes';

export interface ListenOptions {
  /** Somebody told something, this process itself perhaps. */
  readonly onMessage: (message: string) => void;
  /** From now on all is heard; what was told before may have been missed. */
  readonly onListening: () => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** A connection that listens, and comes back after a break. */
export interface Listening {
  /** Begins to listen. Throws when there is no connection to be had. */
  open(): Promise<void>;
  /** Null while there is none. */
  session(): pg.Client | null;
  close(): Promise<void>;
}

const reconnectAfterMs = 1_000;

/** Listens on a channel of PostgreSQL, over a connection of its own. */
export function createListening(
  connection: pg.ClientConfig,
  channel: Channel,
  { onMessage, onListening, onError }: ListenOptions,
): Listening {
  let session: pg.Client | null = null;
  let closed = false;
  let reconnectTimer: NodeJS.Timeout | undefined;

  const connect = async (): Promise<void> => {
    const client = new pg.Client(connection);
    client.on('error', () => {}); // Its end follows, and is seen to.
    client.on('notification', ({ payload }) => onMessage(payload ?? ''));
    client.once('end', () => {
      if (session !== client) return;
      session = null;
      reconnectSoon();
    });
    try {
      await client.connect();
      await client.query(`LISTEN ${channel}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    if (closed) return client.end();
    session = client;
    await onListening();
  };

  const reconnectSoon = (): void => {
    if (closed) return;
    reconnectTimer = setTimeout(() => {
      connect().catch((error: unknown) => {
        onError(error);
        if (session === null) reconnectSoon();
      });
    }, reconnectAfterMs);
    reconnectTimer.unref();
  };

  const close = async (): Promise<void> => {
    closed = true;
    clearTimeout(reconnectTimer);
    await session?.end();
  };

  return {
    open: async () => {
      try {
        await connect();
      } catch (error) {
        await close();
        throw error;
      }
    },
    session: () => session,
    close,
  };
}
