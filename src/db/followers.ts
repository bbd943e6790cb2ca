import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { repeat } from '../repeat.ts';
import { type Channel, createListening } from './listening.ts';

/** What processes keep up with, by the channel on which they tell each other of a new version. */
export type Topic = Extract<Channel, 'sandbox_clock'>;

export interface FollowOptions {
  /** Reads the newest version, puts it to use in this process and gives its number. */
  readonly takeIn: () => Promise<number>;
  readonly onError: (error: unknown) => void;
}

/** The processes that follow a topic. */
export interface Followers {
  /** Whether there are others beside this one, as far as is known. */
  others(): Promise<boolean>;
  /** Waits until every other process has taken in a version or a newer one; false when that took too long. */
  waitFor(version: number, atMostMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Those of a database that has one process. */
export const nobodyElse: Followers = {
  others: async () => false,
  waitFor: async () => true,
  close: async () => {},
};

/** Each topic's first number of its advisory locks, which nobody else uses; the second is the version. */
const lockClasses: Record<Topic, number> = { sandbox_clock: 72_707_372 };
/** A notification that was lost is made up for within this time. */
const lookEveryMs = 5_000;
const askEveryMs = 2;

/**
 * Follows a topic over a connection of its own. A process holds a shared lock under the version that it has taken in,
 * so that others see when nobody is at an older one, and PostgreSQL drops the lock of a process that is gone.
 */
export async function followPostgres(
  connection: pg.ClientConfig,
  topic: Topic,
  { takeIn, onError }: FollowOptions,
): Promise<Followers> {
  const lockClass = lockClasses[topic];
  /** The version that a session holds its lock under; a session that broke off holds none. */
  let held: { readonly by: pg.Client; readonly version: number } | null = null;

  const hold = async (client: pg.Client, version: number): Promise<void> => {
    // The new lock before the old one goes: without either the process could not be seen.
    const both = held === null ? '' : ', pg_advisory_unlock_shared($1, $3)';
    const values = held === null ? [lockClass, version] : [lockClass, version, held.version];
    await client.query(`SELECT pg_advisory_lock_shared($1, $2)${both}`, values);
    held = { by: client, version };
  };

  const catchUp = async (): Promise<void> => {
    for (;;) {
      const version = await takeIn();
      const client = listening.session();
      if (held?.by !== client) held = null;
      if (client === null || held?.version === version) return;
      const couldBeSeen = held !== null;
      await hold(client, version);
      // Whoever brought a newer version before the first lock did not wait for this process: read once more.
      if (couldBeSeen) return;
    }
  };
  const refresh = oneAtATime(catchUp);
  const listening = createListening(connection, topic, {
    onMessage: () => {
      refresh().catch(onError);
    },
    onListening: refresh,
    onError,
  });

  /** How many other processes hold a lock of the topic, and how many of them one under an older version. */
  const count = async (client: pg.Client, version: number): Promise<{ others: number; behind: number }> => {
    const { rows } = await client.query<{ others: number; behind: number }>(
      `SELECT count(DISTINCT pid)::int AS others,
        (count(DISTINCT pid) FILTER (WHERE objid::bigint < $2))::int AS behind
      FROM pg_locks
      WHERE locktype = 'advisory' AND granted AND classid::bigint = $1 AND pid <> pg_backend_pid()
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
      [lockClass, version],
    );
    return rows[0] ?? { others: 0, behind: 0 };
  };

  await listening.open();
  const looking = repeat(refresh, lookEveryMs, onError);
  return {
    // Without a connection nobody can be seen, so anybody may be there.
    others: async () => {
      const session = listening.session();
      return session === null || (await count(session, 0)).others > 0;
    },
    waitFor: async (version, atMostMs) => {
      const giveUpAt = performance.now() + atMostMs;
      for (;;) {
        const session = listening.session();
        if (session !== null && (await count(session, version)).behind === 0) return true;
        if (performance.now() >= giveUpAt) return false;
        await wait(askEveryMs);
      }
    },
    close: async () => {
      await looking.stop();
      await listening.close();
    },
  };
}

/** Runs work once at a time; who asks meanwhile waits for a run that begins after the asking. */
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let underWay: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;
  return () => {
    next ??= underWay.then(() => {
      next = null;
      const run = work();
      underWay = run.catch(() => {}); // Its caller is told; the next run does not depend on it.
      return run;
    });
    return next;
  };
}
