import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Instant } from '../clock.ts';
import type { Database, Transaction } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import { createDueWork, type DueWork } from './due-work.ts';
import {
  countWaitingJobs,
  deleteJob,
  freeAllLeases,
  hastenJob,
  insertJobs,
  type Job,
  type JobKind,
  type LeasedJob,
  leaseDue,
  leaseInTurn,
  type Places,
  rescheduleJob,
} from './job.store.ts';

/** What is to become of a job after its step. */
export type StepResult =
  | { readonly kind: 'done' }
  /** The next step; `error` says that this one has to be tried again. */
  | { readonly kind: 'next'; readonly job: JobKind; readonly dueAt: Instant; readonly error?: string };

/** Runs one step, in at most {@link usualStepTimeoutMs}; a thrown error is a passing one and is tried again later. */
export type JobHandler = (job: LeasedJob) => Promise<StepResult>;

export interface Jobs {
  /** Starts to work; due jobs of an earlier process are taken over when their lease ends. */
  start(handlers: Readonly<Record<JobKind, JobHandler>>): Promise<void>;
  /** Says that new work is due now, so that nobody waits for the next look. */
  wake(): void;
  /** Makes a job that nobody is at due now, as this step. */
  hasten(id: string, kind: JobKind): Promise<void>;
  /** How many jobs are due that nobody is at. */
  countWaiting(): Promise<number>;
  /** Runs all that is due and gives how many steps that was; for a clock that is moved by hand. */
  runDue(): Promise<number>;
  /** The queue for one move of the clock, which also minds what other processes run; `isShared` says if there are any. */
  dueWork(isShared: () => Promise<boolean>): DueWork;
  /** Takes no more, and waits for the steps under way. */
  stop(): Promise<void>;
  /** Adds jobs inside the transaction of what makes them necessary. */
  readonly insert: (transaction: Transaction, jobs: readonly Job[]) => Promise<void>;
}

/** A step that takes longer is given up and tried again. */
const usualStepTimeoutMs = 30_000;
/** From a crash on, another worker takes over within this time. */
const leaseMs = 60_000;
const lookEveryMs = 500;
/** The least time between two looks: where many ask for work to be done at once, one look serves them all. */
const lookAgainAfterMs = 50;
const mostAtOnce = 32;
const firstRetryMs = 500;
const longestRetryMs = 60_000;

/** The durable queue: jobs in our own table, under our own clock. */
export function createJobs(options: {
  database: Database;
  clock: Clock;
  ids: IdSource;
  /** `false`: nothing runs by itself, only through `runDue`. */
  automatic: boolean;
  /** How many generations may be under way at a provider and of an account. */
  places: Places;
  onError: (error: unknown, job: LeasedJob | null) => void;
  /** In real time, also where the clock is another; a simulation has no use for it. */
  stepTimeoutMs?: number;
}): Jobs {
  const { database, clock, ids, places, onError, stepTimeoutMs = usualStepTimeoutMs } = options;
  /** The steps under way here, by the ids of their jobs. */
  const running = new Map<string, Promise<void>>();
  const watchers = new Set<(jobId: string) => void>();
  let handlers: Readonly<Record<JobKind, JobHandler>> | null = null;
  let lastLook: Promise<unknown> = Promise.resolve();
  let looking: Promise<number> | null = null;
  let lookAgain = false;
  let stopped = false;
  let lookTimer: NodeJS.Timeout | null = null;
  const dueTimers = new Set<NodeJS.Timeout>();

  const runStep = async (job: LeasedJob, handler: JobHandler): Promise<void> => {
    let result: StepResult;
    try {
      result = await withTimeout(handler(job), stepTimeoutMs);
    } catch (error) {
      onError(error, job);
      const dueAt = (clock.now() + retryDelayMs(job.attempts)) as Instant; // A later instant is an instant.
      result = { kind: 'next', job: job.kind, dueAt, error: error instanceof Error ? error.message : String(error) };
    }
    try {
      if (result.kind === 'done') await deleteJob(database.prisma, job);
      else {
        await rescheduleJob(database.prisma, job, {
          kind: result.job,
          dueAt: result.dueAt,
          lastError: result.error ?? null,
        });
        wakeAt(result.dueAt);
      }
    } catch (error) {
      // The lease ends by itself, and the step is safe to repeat.
      onError(error, job);
    }
  };

  /** Leases what is due and starts it; gives how many it started. */
  const lookOnce = async (): Promise<number> => {
    if (handlers === null || stopped) return 0;
    const limit = mostAtOnce - running.size;
    if (limit <= 0) return 0;
    const now = clock.now();
    const until = (now + leaseMs) as Instant;
    const lease = { leaseId: ids.next('lease'), now, until };
    const jobs = await leaseDue(database.prisma, { ...lease, limit });
    if (jobs.length < limit)
      jobs.push(...(await leaseInTurn(database.prisma, places, { ...lease, limit: limit - jobs.length })));
    for (const job of jobs) {
      const step = runStep(job, handlers[job.kind]).finally(() => {
        if (running.get(job.id) === step) running.delete(job.id);
        if (options.automatic) lookSoon();
      });
      running.set(job.id, step);
      for (const watch of watchers) watch(job.id);
    }
    return jobs.length;
  };

  /** One look after the other: what one has leased is running before the next begins, and the most at once holds. */
  const look = (): Promise<number> => {
    const next = lastLook.then(lookOnce);
    lastLook = next.catch(() => {}); // Whoever looked is told.
    return next;
  };

  const lookSoon = (): void => {
    if (stopped) return;
    if (looking !== null) {
      lookAgain = true;
      return;
    }
    looking = look().catch((error: unknown) => {
      onError(error, null);
      return 0;
    });
    void looking
      .then(() => wait(lookAgainAfterMs, undefined, { ref: false }))
      .finally(() => {
        looking = null;
        if (lookAgain) {
          lookAgain = false;
          lookSoon();
        }
      });
  };

  const wakeAt = (dueAt: Instant): void => {
    const delayMs = dueAt - clock.now();
    // What is due later than the next look is found by it.
    if (!options.automatic || stopped || delayMs >= lookEveryMs) return;
    const timer = setTimeout(
      () => {
        dueTimers.delete(timer);
        lookSoon();
      },
      Math.max(0, delayMs),
    );
    timer.unref();
    dueTimers.add(timer);
  };

  return {
    start: async (given) => {
      handlers = given;
      if (database.kind === 'embedded') await freeAllLeases(database.prisma);
      if (!options.automatic) return;
      lookTimer = setInterval(lookSoon, lookEveryMs);
      lookTimer.unref();
      lookSoon();
    },
    wake: () => {
      if (options.automatic) lookSoon();
    },
    hasten: async (id, kind) => {
      await hastenJob(database.prisma, id, kind, clock.now());
      if (options.automatic) lookSoon();
    },
    countWaiting: () => countWaitingJobs(database.prisma, clock.now()),
    runDue: async () => {
      let steps = 0;
      for (;;) {
        const started = await look();
        await Promise.all(running.values());
        if (started === 0) return steps;
        steps += started;
      }
    },
    dueWork: (isShared) =>
      createDueWork({
        database,
        clock,
        places,
        stepTimeoutMs,
        isShared,
        worker: {
          run: async () => {
            await look();
            await Promise.all(running.values());
          },
          holds: (jobId) => running.has(jobId),
          watch: (onStart) => {
            watchers.add(onStart);
            return () => watchers.delete(onStart);
          },
        },
      }),
    stop: async () => {
      stopped = true;
      if (lookTimer !== null) clearInterval(lookTimer);
      for (const timer of dueTimers) clearTimeout(timer);
      await looking;
      await Promise.all(running.values());
    },
    insert: (transaction, jobs) => insertJobs(transaction, jobs, clock.now()),
  };
}

/** Doubles from half a second to a minute. */
const retryDelayMs = (attempts: number): number => Math.min(firstRetryMs * 2 ** (attempts - 1), longestRetryMs);

async function withTimeout<Result>(step: Promise<Result>, stepTimeoutMs: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`A step took longer than ${stepTimeoutMs} ms.`)), stepTimeoutMs);
  });
  try {
    return await Promise.race([step, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
