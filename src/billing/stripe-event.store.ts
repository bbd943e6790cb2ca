import { type Instant, toDate, toInstant } from '../clock.ts';
import type { Prisma, PrismaClient } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';
import type { PageRequest } from '../ledger/index.ts';

/** An event of Stripe's, as far as it matters: what it speaks of is read from Stripe anew. */
export interface StripeEventHint {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
  /** When it happened, by Stripe's clock. */
  readonly createdAt: Instant;
}

export type StripeEventState = 'RECEIVED' | 'APPLIED' | 'IGNORED' | 'FAILED' | 'DEAD';

/** An event in the inbox, and what came of it. */
export interface StripeEvent extends StripeEventHint {
  readonly state: StripeEventState;
  /** How often it was tried since it came or was replayed. */
  readonly attempts: number;
  readonly lastError: string | null;
  readonly receivedAt: Instant;
  readonly appliedAt: Instant | null;
}

type JobInsert = Pick<Jobs, 'insert'>;

const jobOf = (eventId: string, dueAt: Instant) =>
  ({ id: `job_${eventId}`, kind: 'STRIPE_EVENT', accountId: null, subjectId: eventId, dueAt }) as const;

/** Puts an event into the inbox, with the job that applies it; false when it is there already. */
export function insertEvent(
  client: PrismaClient,
  jobs: JobInsert,
  event: StripeEventHint,
  now: Instant,
): Promise<boolean> {
  return client.$transaction(async (transaction) => {
    const { count } = await transaction.stripeEvent.createMany({
      data: [{ ...event, createdAt: toDate(event.createdAt), state: 'RECEIVED', receivedAt: toDate(now) }],
      skipDuplicates: true,
    });
    if (count === 0) return false;
    await jobs.insert(transaction, [jobOf(event.id, now)]);
    return true;
  });
}

/** Has an event applied again from the start; null when there is none with the id. */
export function replayEvent(
  client: PrismaClient,
  jobs: JobInsert,
  id: string,
  now: Instant,
): Promise<StripeEvent | null> {
  return client.$transaction(async (transaction) => {
    const { count } = await transaction.stripeEvent.updateMany({
      where: { id },
      data: { state: 'RECEIVED', attempts: 0, lastError: null, appliedAt: null },
    });
    if (count === 0) return null;
    // One that waits for its next try is tried now.
    await transaction.job.updateMany({
      where: { id: `job_${id}`, leaseId: null },
      data: { dueAt: toDate(now), attempts: 0 },
    });
    await jobs.insert(transaction, [jobOf(id, now)]);
    return toEvent(await transaction.stripeEvent.findUniqueOrThrow({ where: { id } }));
  });
}

/** An event of the inbox. */
export async function readEvent(client: PrismaClient, id: string): Promise<StripeEvent | null> {
  const row = await client.stripeEvent.findUnique({ where: { id } });
  return row === null ? null : toEvent(row);
}

/** A page of the inbox, the last received first unless it is inverted; its keys are `<milliseconds>_<id>`. */
export async function readEventPage(
  client: PrismaClient,
  state: StripeEventState | null,
  { after, before, limit, inverted }: PageRequest<string>,
): Promise<StripeEvent[]> {
  const direction = inverted ? 'asc' : 'desc';
  const rows = await client.stripeEvent.findMany({
    where: {
      AND: [
        state === null ? {} : { state },
        after === null ? {} : beside(after, 'lt'),
        before === null ? {} : beside(before, 'gt'),
      ],
    },
    orderBy: [{ receivedAt: direction }, { id: direction }],
    take: limit,
  });
  return rows.map(toEvent);
}

export const countEvents = (client: PrismaClient, state: StripeEventState | null): Promise<number> =>
  client.stripeEvent.count({ where: state === null ? {} : { state } });

/** How an event stands in cursors: Stripe's ids do not sort by time. */
export const eventKeyOf = ({ receivedAt, id }: Pick<StripeEvent, 'receivedAt' | 'id'>): string => `${receivedAt}_${id}`;

function beside(key: string, side: 'lt' | 'gt'): Prisma.StripeEventWhereInput {
  const separator = key.indexOf('_');
  const receivedAt = new Date(Number(key.slice(0, separator)));
  const id = key.slice(separator + 1);
  return { OR: [{ receivedAt: { [side]: receivedAt } }, { receivedAt, id: { [side]: id } }] };
}

/** Records what came of an event. */
export async function writeEventState(
  client: PrismaClient,
  id: string,
  outcome: { state: 'APPLIED' | 'IGNORED'; now: Instant } | { state: 'FAILED' | 'DEAD'; error: string },
): Promise<void> {
  await client.stripeEvent.update({
    where: { id },
    data:
      'now' in outcome
        ? { state: outcome.state, appliedAt: toDate(outcome.now), lastError: null, attempts: { increment: 1 } }
        : { state: outcome.state, lastError: outcome.error, attempts: { increment: 1 } },
  });
}

type EventRow = Prisma.StripeEventGetPayload<Record<never, never>>;

const toEvent = (row: EventRow): StripeEvent => ({
  ...row,
  createdAt: toInstant(row.createdAt),
  receivedAt: toInstant(row.receivedAt),
  appliedAt: row.appliedAt === null ? null : toInstant(row.appliedAt),
});
