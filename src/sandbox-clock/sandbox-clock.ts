import type { Clock, Instant } from '../clock.ts';
import type { Database, Followers } from '../db/index.ts';
import { type ClockOffset, readOffset, writeOffset } from './sandbox-clock.store.ts';

/** The machine's clock and an offset, which all processes on one database share and which outlives them. */
export interface SandboxClock extends Clock {
  /** Reads where earlier moves have left it, and keeps up with those of other processes from then on. */
  open(): Promise<void>;
  /** Reads where it stands now, also when no other process could say so. */
  refresh(): Promise<void>;
  /**
   * Sets it to an instant from which it runs on; nothing happens when it is there or further already. Other processes
   * are waited for, at most so long; false when one was still behind.
   */
  standAt(instant: Instant, waitAtMostMs: number): Promise<boolean>;
  /** Whether other processes follow it, as far as is known. */
  isShared(): Promise<boolean>;
  close(): Promise<void>;
}

/** The clock of the sandbox. It shows the machine's time until it is opened. */
export function createSandboxClock(options: {
  machine: Clock;
  database: Database;
  onError: (error: unknown) => void;
}): SandboxClock {
  const { machine, database, onError } = options;
  let known: ClockOffset = { version: 0, offsetMs: 0 };
  let followers: Followers | null = null;

  const now = (): Instant => (machine.now() + known.offsetMs) as Instant; // A later instant is an instant.
  const takeIn = (offset: ClockOffset): number => {
    // Of two that overlap the older one may arrive last.
    if (offset.version > known.version) known = offset;
    return known.version;
  };
  const readIn = async (): Promise<number> => takeIn(await readOffset(database.prisma));

  return {
    now,
    open: async () => {
      followers = await database.follow('sandbox_clock', { takeIn: readIn, onError });
    },
    refresh: async () => {
      await readIn();
    },
    standAt: async (instant, waitAtMostMs) => {
      if (now() >= instant) return true;
      const version = takeIn(await writeOffset(database.prisma, instant - machine.now()));
      return followers === null || followers.waitFor(version, waitAtMostMs);
    },
    isShared: async () => followers !== null && followers.others(),
    close: async () => {
      await followers?.close();
    },
  };
}
