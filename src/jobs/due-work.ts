import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import { type DueJob, findNextDue, type Places, readDue } from './job.store.ts';

/** The queue as one move of the clock sees it. */
export interface DueWork {
  /** The first instant at which there is work, also one that is past; null when there is none. */
  nextDueAt(): Promise<Instant | null>;
  /** Runs what is due here, or waits a moment for what other processes run of it. To be repeated while there is any. */
  runSome(): Promise<void>;
}

/** A job that comes back at once this often is left to the workers: it would keep the clock where it is for ever. */
const mostRunsAtOnce = 100;
const readAtOnce = 1_000;
const askAgainMs = 10;

/** Work under a clock that is moved. `worker` is the one of this process. */
export function createDueWork(options: {
  database: Database;
  clock: Clock;
  places: Places;
  /** No step takes longer; the holder of one that seems to is gone. */
  stepTimeoutMs: number;
  /** Whether other processes may hold jobs. */
  isShared: () => Promise<boolean>;
  worker: {
    /** Starts what is due, and waits for all steps under way here. */
    run(): Promise<void>;
    holds(jobId: string): boolean;
    /** Tells of each step that is started here; gives what ends that. */
    watch(onStart: (jobId: string) => void): () => void;
  };
}): DueWork {
  const { clock, places, worker } = options;
  const { prisma } = options.database;
  const restless = new Set<string>();
  /** Leases of holders that are gone: their jobs are taken over when the lease ends. */
  const abandoned = new Set<string>();
  const isOpen = ({ id, leaseId }: DueJob): boolean =>
    !restless.has(id) && !(leaseId !== null && abandoned.has(leaseId));

  /** How often each job was started here since all was done the last time. */
  const runs = new Map<string, number>();
  let lookedInVain = 0;
  let giveUpAt = 0;

  const run = async (): Promise<boolean> => {
    let isProgress = false;
    const unwatch = worker.watch((id) => {
      const count = (runs.get(id) ?? 0) + 1;
      runs.set(id, count);
      if (count >= mostRunsAtOnce) restless.add(id);
      else isProgress = true;
    });
    try {
      await worker.run();
    } finally {
      unwatch();
    }
    return isProgress;
  };

  const waitForOthers = async (open: readonly DueJob[]): Promise<void> => {
    if (lookedInVain === 0) giveUpAt = performance.now() + options.stepTimeoutMs;
    lookedInVain += 1;
    const isTimeUp = performance.now() >= giveUpAt;
    // Looked for twice: what this process was just leasing the first time has become its own by then.
    if (isTimeUp || (lookedInVain > 1 && !(await options.isShared()))) {
      for (const { id, leaseId } of open.filter((job) => !worker.holds(job.id))) {
        if (leaseId !== null) abandoned.add(leaseId);
        else if (isTimeUp) restless.add(id);
      }
    }
    await wait(askAgainMs);
  };

  return {
    nextDueAt: async () => {
      const now = clock.now();
      const next = await findNextDue(prisma, places, {
        now,
        abandonedLeases: [...abandoned],
        withoutJobs: [...restless],
      });
      if (next === null || next > now) runs.clear();
      return next;
    },
    runSome: async () => {
      const isProgress = await run();
      const open = isProgress ? [] : (await readDue(prisma, places, clock.now(), readAtOnce)).filter(isOpen);
      if (open.length === 0) lookedInVain = 0;
      else await waitForOthers(open);
    },
  };
}
