import { type Instant, toDate, toInstant } from '../clock.ts';
import {
  type Columns,
  type Database,
  insertRows,
  Prisma,
  type PrismaClient,
  type Statement,
  type Transaction,
} from '../db/index.ts';

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
  return leaseAll(
    client,
    lease,
    Prisma.sql`SELECT id FROM job
      WHERE due_at <= ${toDate(lease.now)}::timestamptz AND NOT ${waitsForPlace}
        AND (leased_until IS NULL OR leased_until <= ${toDate(lease.now)}::timestamptz)
      ORDER BY due_at LIMIT ${lease.limit}::int FOR UPDATE SKIP LOCKED`,
  );
}

/** Leases up to `limit` of the jobs for which there is a place, in turn. */
export async function leaseInTurn(database: Database, places: Places, lease: Lease): Promise<LeasedJob[]> {
  if (!(await isAnyWaiting(database.prisma, lease.now))) return [];
  const inTurn = jobsInTurn(places, lease.now);
  const [found] = await database.prisma.$queryRaw<object[]>`${inTurn} LIMIT 1`;
  if (found === undefined) return [];
  return database.prisma.$transaction(async (transaction) => {
    // Places are counted by one worker at a time, or two could give away the last one.
    await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('places'))`;
    return leaseAll(transaction, lease, Prisma.sql`${inTurn} LIMIT ${lease.limit}::int`);
  });
}

async function leaseAll(client: Pick<PrismaClient, '$queryRaw'>, lease: Lease, ids: Statement): Promise<LeasedJob[]> {
  const rows = await client.$queryRaw<
    { id: string; kind: JobKind; account_id: string | null; subject_id: string; due_at: Date; attempts: number }[]
  >`
    UPDATE job SET leased_until = ${toDate(lease.until)}::timestamptz, lease_id = ${lease.leaseId}, attempts = attempts + 1
    WHERE id IN (${ids})
    RETURNING id, kind::text, account_id, subject_id, due_at, attempts`;
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    accountId: row.account_id,
    subjectId: row.subject_id,
    dueAt: toInstant(row.due_at),
    attempts: row.attempts,
    leaseId: lease.leaseId,
  }));
}

const waitsForPlace = Prisma.sql`(kind = 'SUBMIT' AND provider IS NOT NULL)`;

const isHeldAt = (now: Instant): Statement => Prisma.sql`coalesce(leased_until > ${toDate(now)}::timestamptz, false)`;

/** Whether any job waits for a place, which is cheaper to find out than whose turn it is. */
async function isAnyWaiting(client: PrismaClient, now: Instant): Promise<boolean> {
  const [row] = await client.$queryRaw<object[]>`
    SELECT FROM job WHERE ${waitsForPlace} AND due_at <= ${toDate(now)}::timestamptz AND NOT ${isHeldAt(now)} LIMIT 1`;
  return row !== undefined;
}

/**
 * Due jobs for which there is a place. Those of an account stand in line, and the next of every account come before the
 * second ones of any, where what an account has under way counts as served.
 */
const jobsInTurn = (places: Places, now: Instant): Statement => {
  const isHeld = isHeldAt(now);
  return Prisma.sql`
    WITH under_way AS (
      SELECT provider, account_id, count(*) AS jobs FROM job
      WHERE provider IS NOT NULL AND (kind = 'POLL' OR ${isHeld}) GROUP BY provider, account_id
    ), waiting AS (
      SELECT id, provider, due_at, coalesce(served.jobs, 0) + row_number() OVER (PARTITION BY account_id ORDER BY due_at, id) AS turn
      FROM job LEFT JOIN (SELECT account_id, sum(jobs) AS jobs FROM under_way GROUP BY account_id) AS served USING (account_id)
      WHERE ${waitsForPlace} AND due_at <= ${toDate(now)}::timestamptz AND NOT ${isHeld}
    ), in_turn AS (
      SELECT id, turn, due_at,
        coalesce(taken.jobs, 0) + row_number() OVER (PARTITION BY provider ORDER BY turn, due_at, id) AS place
      FROM waiting LEFT JOIN (SELECT provider, sum(jobs) AS jobs FROM under_way GROUP BY provider) AS taken USING (provider)
      WHERE turn <= ${places.perAccount}::int
    )
    SELECT id FROM in_turn WHERE place <= ${places.perProvider}::int ORDER BY turn, due_at, id`;
};

/** Jobs that are due and wait for no place, whether somebody holds them or not, the longest due first. */
export async function readDue(client: PrismaClient, places: Places, now: Instant, limit: number): Promise<DueJob[]> {
  const mayRun = await readWhatMayRun(client, places, now);
  return client.$queryRaw<DueJob[]>`
    SELECT id, lease_id AS "leaseId" FROM job
    WHERE due_at <= ${toDate(now)}::timestamptz AND ${mayRun} ORDER BY due_at LIMIT ${limit}::int`;
}

/** The condition that a job has its place, needs none, or finds one; the others wait for the end of what is under way. */
async function readWhatMayRun(client: PrismaClient, places: Places, now: Instant): Promise<Statement> {
  if (!(await isAnyWaiting(client, now))) return Prisma.sql`true`;
  return Prisma.sql`(NOT ${waitsForPlace} OR lease_id IS NOT NULL OR due_at > ${toDate(now)}::timestamptz
    OR id IN (${jobsInTurn(places, now)}))`;
}

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
  const mayRun = await readWhatMayRun(client, places, now);
  const [row] = await client.$queryRaw<{ next: Date | null }[]>`
    SELECT min(CASE WHEN lease_id = ANY (${abandonedLeases}::text[]) THEN greatest(due_at, leased_until) ELSE due_at END)
      AS next
    FROM job WHERE NOT id = ANY (${withoutJobs}::text[]) AND ${mayRun}`;
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

/** Frees every lease, at the start of a database that has one process: whoever held one is gone. */
export async function freeAllLeases(client: PrismaClient): Promise<void> {
  await client.job.updateMany({ where: { leaseId: { not: null } }, data: { leasedUntil: null, leaseId: null } });
}
