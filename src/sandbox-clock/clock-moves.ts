import { setImmediate as letOthersIn } from 'node:timers/promises';
import { type Instant, toDate } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { InvalidInputError } from '../errors.ts';
import type { SandboxClock } from './sandbox-clock.ts';

/** Something of which parts fall due at instants of their own. */
export interface FallsDue {
  /** The first instant after another one at which something falls due; null when nothing does. */
  nextDueAt(after: Instant): Promise<Instant | null>;
  /** Does all that is due now. */
  finish(): Promise<void>;
}

/** What is to be done from an instant on, and may bring on more for the very same instant. */
export interface Work {
  /** The first instant at which there is work, also one that is past; null when there is none. */
  nextDueAt(): Promise<Instant | null>;
  /** Does some of what is due now. */
  runSome(): Promise<void>;
}

/** Everything that falls due, for the time of one move. */
export interface Agenda {
  /** In the order in which it happens where instants are the same. */
  readonly events: readonly FallsDue[];
  /** Done after the events, which may bring it on. */
  readonly work: Work;
}

/** Moves the sandbox's clock ahead; all that falls due on the way happens first, in order, each at its own instant. */
export interface ClockMoves {
  /** Gives the instant that it shows then. Throws `InvalidInputError`. */
  advance(seconds: number): Promise<Instant>;
  /** Gives the instant that it shows then. Throws `InvalidInputError`, also for an instant of the past. */
  set(to: Instant): Promise<Instant>;
  /** Breaks off a move that is under way: the clock stays at the instant that it has reached. */
  stop(): Promise<void>;
}

/** Ten years: what is asked for at once is also done at once. */
const longestMoveSeconds = 3_660 * 24 * 60 * 60;
/** Leaves room below the year 10000, up to which a DateTime reaches, for what is counted from the clock. */
const latest = Date.UTC(9_900, 0, 1);
/** How long other processes that have not heard of a move are waited for, in all of one move. */
const waitForOthersMs = 5_000;

/** Moves a clock over an agenda; a new one is made for each move. One move at a time, over all processes. */
export function createClockMoves(options: {
  clock: SandboxClock;
  database: Database;
  agenda: () => Agenda;
}): ClockMoves {
  const { clock, database } = options;
  let stopped = false;
  let last: Promise<unknown> = Promise.resolve();
  let underWay: Promise<unknown> = Promise.resolve();

  /** One after the other: first in this process, so that at most one of its connections waits for other processes. */
  const queue = (targetAt: (now: Instant) => Instant): Promise<Instant> => {
    targetAt(clock.now()); // What cannot be asked for is refused before it waits.
    const move = last.then(() =>
      database.exclusively('move-clock', async () => {
        await clock.refresh();
        const run = moveTo(targetAt(clock.now()));
        underWay = run.catch(() => {}); // Its caller is told.
        return run;
      }),
    );
    last = move.catch(() => {}); // As above.
    return move;
  };

  const moveTo = async (target: Instant): Promise<Instant> => {
    const { events, work } = options.agenda();
    let patienceMs = waitForOthersMs;
    const standAt = async (instant: Instant): Promise<void> => {
      const startedAt = performance.now();
      const heard = await clock.standAt(instant, patienceMs);
      patienceMs = heard ? Math.max(0, patienceMs - (performance.now() - startedAt)) : 0;
    };

    let from = clock.now();
    for (const event of events) await event.finish();
    for (;;) {
      // The embedded database answers without leaving the thread: requests must have their turn.
      await letOthersIn();
      if (stopped) throw new Error('The server stopped while its clock was being moved.');
      const [nextWork, ...nexts] = await Promise.all([
        work.nextDueAt(),
        ...events.map((event) => event.nextDueAt(from)),
      ]);
      const next = earliest([nextWork, ...nexts]);
      if (next === null || next > target) break;
      await standAt(next);
      from = clock.now();
      for (const [index, event] of events.entries()) {
        if ((nexts[index] ?? Infinity) <= from) await event.finish();
      }
      await work.runSome();
    }
    await standAt(target);
    return clock.now();
  };

  return {
    advance: async (seconds) => {
      if (!(seconds >= 1 && seconds <= longestMoveSeconds)) {
        throw invalid('seconds', `Must be from 1 to ${longestMoveSeconds}: the clock never goes back.`);
      }
      return queue((now) => {
        const target = (now + seconds * 1_000) as Instant; // A later instant is an instant.
        if (target > latest) throw invalid('seconds', tooLate);
        return target;
      });
    },
    set: async (to) =>
      queue((now) => {
        if (to < now) {
          throw invalid('to', `Must not be before ${toDate(now).toISOString()}: the clock never goes back.`);
        }
        if (to > now + longestMoveSeconds * 1_000) {
          throw invalid('to', `Must be within ${longestMoveSeconds} seconds from now; move in several steps.`);
        }
        if (to > latest) throw invalid('to', tooLate);
        return to;
      }),
    stop: async () => {
      stopped = true;
      await underWay;
    },
  };
}

const tooLate = `The clock goes no further than ${toDate(latest as Instant).toISOString()}.`; // Milliseconds since 1970.

const invalid = (argument: string, message: string): InvalidInputError =>
  new InvalidInputError([{ path: [argument], message }]);

function earliest(instants: readonly (Instant | null)[]): Instant | null {
  const known = instants.filter((instant) => instant !== null);
  return known.length === 0 ? null : (Math.min(...known) as Instant); // The least of some instants is one of them.
}
