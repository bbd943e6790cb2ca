import { type Instant, toDate } from '../clock.ts';
import type { PrismaClient } from '../db/index.ts';
import type { Jobs } from '../jobs/index.ts';

/** An event of Stripe's, as far as it matters: what it speaks of is read from Stripe anew. */
export interface StripeEventHint {
  readonly id: string;
  readonly type: string;
  readonly objectId: string;
}

export interface StoredStripeEvent extends StripeEventHint {
  readonly state: 'RECEIVED' | 'APPLIED' | 'IGNORED' | 'FAILED' | 'DEAD';
}

/** Puts an event into the inbox, with the job that applies it; false when it is there already. */
export function insertEvent(
  client: PrismaClient,
  jobs: Pick<Jobs, 'insert'>,
  event: StripeEventHint,
  now: Instant,
): Promise<boolean> {
  return client.$transaction(async (transaction) => {
    const { count } = await transaction.stripeEvent.createMany({
      data: [{ ...event, state: 'RECEIVED', receivedAt: toDate(now) }],
      skipDuplicates: true,
    });
    if (count === 0) return false;
    const job = {
      id: `job_${event.id}`,
      kind: 'STRIPE_EVENT',
      accountId: null,
      subjectId: event.id,
      dueAt: now,
    } as const;
    await jobs.insert(transaction, [job]);
    return true;
  });
}

/** An event of the inbox. */
export async function readEvent(client: PrismaClient, id: string): Promise<StoredStripeEvent | null> {
  return client.stripeEvent.findUnique({
    where: { id },
    select: { id: true, type: true, objectId: true, state: true },
  });
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
