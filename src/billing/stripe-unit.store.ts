import { type Instant, toDate, toInstant } from '../clock.ts';
import type { PrismaClient } from '../db/index.ts';

/** Who is at one thing of Stripe's, and until when. */
export interface UnitLease {
  readonly unit: string;
  readonly leaseId: string;
  readonly until: Instant;
}

/**
 * Takes the lease of a unit and gives the newest event that it was brought up to; null when somebody else has it.
 */
export async function leaseUnit(client: PrismaClient, lease: UnitLease, now: Instant): Promise<Instant | null> {
  const [row] = await client.$queryRaw<{ newest_event_at: Date }[]>`
    INSERT INTO stripe_unit (id, leased_until, lease_id, newest_event_at)
    VALUES (${lease.unit}, ${toDate(lease.until)}, ${lease.leaseId}, to_timestamp(0))
    ON CONFLICT (id) DO UPDATE SET leased_until = excluded.leased_until, lease_id = excluded.lease_id
      WHERE stripe_unit.leased_until IS NULL OR stripe_unit.leased_until <= ${toDate(now)}
    RETURNING newest_event_at`;
  return row === undefined ? null : toInstant(row.newest_event_at);
}

/** Gives a lease back; `upTo` is the event that the unit was brought up to, null when it was not. */
export async function releaseUnit(client: PrismaClient, lease: UnitLease, upTo: Instant | null): Promise<void> {
  await client.$executeRaw`
    UPDATE stripe_unit SET leased_until = NULL, lease_id = NULL,
      newest_event_at = greatest(newest_event_at, ${upTo === null ? null : toDate(upTo)}::timestamptz)
    WHERE id = ${lease.unit} AND lease_id = ${lease.leaseId}`;
}
