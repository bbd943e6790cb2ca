import { type Instant, toDate, toInstant } from '../clock.ts';
import { type Columns, insertRows, Prisma, type PrismaClient, type Statement, type Transaction } from '../db/index.ts';

export type JobKind = 'SUBMIT' | 'POLL' | 'STRIPE_EVENT' | 'PLAN_PERIOD' | 'TOP_UP' | 'RECONCILE';

/** One step that falls due. `subjectId` says of what: a generation, an event. */
export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly accountId: string | null;
  readonly subjectId: string;
  /** At whom it takes a place, from its SUBMIT on until it is done; absent: it waits for nobody's turn. */
  readonly provider?: string;
  readonly dueAt: Instant;
}

/** How many generations may be under way at once. */
export interface Places {
  readonly perProvider: number;
  readonly perAccount: number;
}

/** A job that a worker holds; `attempts` counts this one too. */
export interface LeasedJob extends Job {
  readonly leaseId: string;
  readonly attempts: number;
}

/** A due job, and the lease under which somebody holds it or held it. */
export interface DueJob {
  readonly id: string;
  readonly leaseId: string | null;
}

/** Adds jobs; one that is there already stays as it is. */
export async function insertJobs(transaction: Transaction, jobs: readonly Job[], now: Instant): Promise<void> {
  await transaction.$executeRaw`${jobInsert(jobs, now)}`;
}

/** Writes the jobs that commands of the ledger attach, in the statement of the ledger's own rows. */
export const jobWriter = {
  kind: 'insert',
  // The ledger carries attachments without looking at them; whoever attaches to this writer attaches jobs.
  statementFor: (attached: readonly unknown[], now: Instant): Statement => jobInsert(attached as readonly Job[], now),
} as const;

const jobInsert = (jobs: readonly Job[], now: Instant): Statement =>
  Prisma.sql`${insertRows('job', newJobColumns(now), jobs)} ON CONFLICT (id) DO NOTHING`;

const newJobColumns = (now: Instant): Columns<Job> => ({
  id: ['text', (job) => job.id],
  kind: ['job_kind', (job) => job.kind],
  account_id: ['text', (job) => job.accountId],
  subject_id: ['text', (job) => job.subjectId],
  provider: ['text', (job) => job.provider ?? null],
  due_at: ['timestamptz', (job) => job.dueAt],
  created_at: ['timestamptz', () => now],
});

interface Lease {
  readonly leaseId: string;
  readonly now: Instant;
  readonly until: Instant;
  readonly limit: number;
}

/** Leases up to `limit` due jobs that nobody holds and that wait for no place, the longest due first. */
export async function leaseDue(client: PrismaClient, lease: Lease): Promise<LeasedJob[]> {
  const rows = await client.$queryRaw<JobRow[]>`
    WITH leased AS (
      UPDATE job SET leased_until = ${toDate(lease.until)}::timestamptz, lease_id = ${lease.leaseId}, attempts = attempts + 1
      WHERE id IN (
        SELECT id FROM job
        WHERE due_at <= ${toDate(lease.now)}::timestamptz AND NOT ${waitsForPlace}
          AND (leased_until IS NULL OR leased_until <= ${toDate(lease.now)}::timestamptz)
        ORDER BY due_at, id LIMIT ${lease.limit}::int FOR UPDATE SKIP LOCKED)
      RETURNING ${jobColumns}
    )
    SELECT * FROM leased ORDER BY due_at, id`;
  return rows.map((row) => leased(row, lease));
}

/** Leases up to `limit` of the jobs for which there is a place, in turn. */
export async function leaseInTurn(client: PrismaClient, places: Places, lease: Lease): Promise<LeasedJob[]> {
  const { leaseId, now, until, limit } = lease;
  const rows = await client.$queryRaw<JobRow[]>`
    SELECT ${jobColumns} FROM lease_in_turn(${leaseId}, ${toDate(now)}::timestamptz, ${toDate(until)}::timestamptz,
      ${places.perProvider}::int, ${places.perAccount}::int, ${limit}::int)`;
  return rows.map((row) => leased(row, lease));
}

interface JobRow {
  readonly id: string;
  readonly kind: JobKind;
  readonly account_id: string | null;
  readonly subject_id: string;
  readonly due_at: Date;
  readonly attempts: number;
}

const jobColumns = Prisma.sql`id, kind::text, account_id, subject_id, due_at, attempts`;

const leased = (row: JobRow, { leaseId }: Lease): LeasedJob => ({
  id: row.id,
  kind: row.kind,
  accountId: row.account_id,
  subjectId: row.subject_id,
  dueAt: toInstant(row.due_at),
  attempts: row.attempts,
  leaseId,
});

const waitsForPlace = Prisma.sql`(kind = 'SUBMIT' AND provider IS NOT NULL)`;

/** Jobs that are due and wait for no place, whether somebody holds them or not, the longest due first. */
export async function readDue(client: PrismaClient, places: Places, now: Instant, limit: number): Promise<DueJob[]> {
  return client.$queryRaw<DueJob[]>`
    SELECT id, lease_id AS "leaseId" FROM job
    WHERE due_at <= ${toDate(now)}::timestamptz AND ${mayRun(places, now)} ORDER BY due_at LIMIT ${limit}::int`;
}

/** Whether a job has its place, needs none, or finds one; the others wait for the end of what is under way. */
const mayRun = (places: Places, now: Instant): Statement =>
  Prisma.sql`(NOT ${waitsForPlace} OR leased_until > ${toDate(now)}::timestamptz OR due_at > ${toDate(now)}::timestamptz
    OR id IN (SELECT job_id
      FROM jobs_in_turn(${toDate(now)}::timestamptz, ${places.perProvider}::int, ${places.perAccount}::int)))`;

/**
 * The first instant at which a job falls due, also one that is past; null when none does. One whose lease nobody works
 * under any more falls due when that ends, one that waits for a place when it finds one. Some jobs may be left out.
 */
export async function findNextDue(
  client: PrismaClient,
  places: Places,
  {
    now,
    abandonedLeases,
    withoutJobs,
  }: { now: Instant; abandonedLeases: readonly string[]; withoutJobs: readonly string[] },
): Promise<Instant | null> {
  const [row] = await client.$queryRaw<{ next: Date | null }[]>`
    SELECT min(CASE WHEN lease_id = ANY (${abandonedLeases}::text[]) THEN greatest(due_at, leased_until) ELSE due_at END)
      AS next
    FROM job WHERE NOT id = ANY (${withoutJobs}::text[]) AND ${mayRun(places, now)}`;
  return row?.next == null ? null : toInstant(row.next);
}

/** Ends a job; nothing happens when the lease was lost. */
export async function deleteJob(client: PrismaClient, job: LeasedJob): Promise<void> {
  await client.job.deleteMany({ where: { id: job.id, leaseId: job.leaseId } });
}

/** Gives a leased job back, to fall due again. `attempts` starts anew unless `lastError` says why it is tried again. */
export async function rescheduleJob(
  client: PrismaClient,
  job: LeasedJob,
  next: { kind: JobKind; dueAt: Instant; lastError: string | null },
): Promise<void> {
  await client.job.updateMany({
    where: { id: job.id, leaseId: job.leaseId },
    data: {
      kind: next.kind,
      dueAt: toDate(next.dueAt),
      leasedUntil: null,
      leaseId: null,
      lastError: next.lastError,
      ...(next.lastError === null ? { attempts: 0 } : {}),
    },
  });
}

/** Makes a job due now, as the step that is to come; nothing happens while somebody is at it, or when it is done. */
export async function hastenJob(client: PrismaClient, id: string, kind: JobKind, now: Instant): Promise<void> {
  await client.job.updateMany({
    where: { id, OR: [{ leasedUntil: null }, { leasedUntil: { lte: toDate(now) } }] },
    data: { kind, dueAt: toDate(now) },
  });
}

/** How many jobs are due that nobody is at. */
export const countWaitingJobs = (client: PrismaClient, now: Instant): Promise<number> =>
  client.job.count({
    where: { dueAt: { lte: toDate(now) }, OR: [{ leasedUntil: null }, { leasedUntil: { lte: toDate(now) } }] },
  });

/** Frees every lease, at the start of a database that has one process: whoever held one is gone. */
export async function freeAllLeases(client: PrismaClient): Promise<void> {
  await client.job.updateMany({ where: { leaseId: { not: null } }, data: { leasedUntil: null, leaseId: null } });
}
