import type { Clock, Instant } from '../clock.ts';
import type { BillingMode } from '../config.ts';
import type { Database } from '../db/index.ts';
import type { Job, JobHandler, Jobs } from '../jobs/index.ts';
import { longestWindowMs, type Reconcile, type ReconcileWindow } from './reconcile.ts';
import type { Difference } from './types.ts';

/** The comparison of every night. */
export interface NightlyReconcile {
  /** Sees to it that the coming night has its comparison, one for all processes. */
  plan(): Promise<void>;
  /** The steps of a night: the first plans the next night, each other one compares a page. */
  readonly step: JobHandler;
}

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;
/** 03:00 in UTC: what happened before midnight has long been told by then. */
const nightMs = 3 * hourMs;
const windowDays = 3;

/** Where there is something to compare: the sandbox knows nothing that could be lost, and its clock runs ahead by years. */
const modes: ReadonlySet<BillingMode> = new Set(['test_only', 'live']);

export function createNightlyReconcile({
  database,
  clock,
  jobs,
  mode,
  repair,
  reconcile,
  onDifference,
}: {
  readonly database: Database;
  readonly clock: Clock;
  readonly jobs: Pick<Jobs, 'insert' | 'wake'>;
  readonly mode: BillingMode;
  readonly repair: boolean;
  readonly reconcile: Reconcile['run'];
  readonly onDifference: (difference: Difference & { readonly repaired: boolean }) => void;
}): NightlyReconcile {
  const insert = (subjectId: string, dueAt: Instant): Promise<void> => {
    // Whoever comes second finds the job there already.
    const job: Job = { id: `job_reconcile_${subjectId}`, kind: 'RECONCILE', accountId: null, subjectId, dueAt };
    return database.prisma.$transaction((transaction) => jobs.insert(transaction, [job]));
  };
  const planNight = (night: Instant): Promise<void> => insert(String(night), night);

  const comparePage = async ({ window, after }: Page): Promise<void> => {
    const now = clock.now();
    // By then the next night looks at the same days.
    if (now >= window.to + dayMs + nightMs) return;
    const { differences, next } = await reconcile(window, { after, repair, mostMs: 0 });
    for (const difference of differences) onDifference(difference);
    if (next !== null) await insert(subjectOf({ window, after: next }), now);
  };

  return {
    plan: async () => {
      if (modes.has(mode)) await planNight(nightAfter(clock.now()));
    },
    step: async ({ subjectId }) => {
      if (!modes.has(mode)) return { kind: 'done' };
      const page = pageIn(subjectId);
      if (page !== null) await comparePage(page);
      else {
        const now = clock.now();
        await planNight(nightAfter(now));
        await insert(subjectOf({ window: windowOf(Number(subjectId), now), after: null }), now);
      }
      jobs.wake();
      return { kind: 'done' };
    },
  };
}

/** One step of a night. */
interface Page {
  readonly window: ReconcileWindow;
  readonly after: string | null;
}

const subjectOf = ({ window: { from, to }, after }: Page): string => `${from} ${to} ${after ?? ''}`;

/** The page that a step is to compare; null for the first step of a night, which is named by its instant alone. */
function pageIn(subjectId: string): Page | null {
  const [from, to, after] = subjectId.split(' ');
  if (to === undefined) return null;
  const window = { from: Number(from) as Instant, to: Number(to) as Instant }; // Written by `subjectOf` alone.
  return { window, after: after === undefined || after === '' ? null : after };
}

const midnightBefore = (instant: number): number => Math.floor(instant / dayMs) * dayMs;

function nightAfter(instant: Instant): Instant {
  const night = midnightBefore(instant) + nightMs;
  return (night > instant ? night : night + dayMs) as Instant; // A point in time.
}

/** The days before a night; when nobody worked at night, also those until now. */
function windowOf(night: number, now: Instant): ReconcileWindow {
  const to = midnightBefore(now);
  const from = Math.max(midnightBefore(night) - windowDays * dayMs, to - longestWindowMs);
  return { from: from as Instant, to: to as Instant }; // Points in time.
}
