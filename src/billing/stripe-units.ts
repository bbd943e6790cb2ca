import type { Clock, Instant } from '../clock.ts';
import type { Database } from '../db/index.ts';
import type { IdSource } from '../ids.ts';
import { leaseUnit, releaseUnit } from './stripe-unit.store.ts';

/** Somebody else is bringing the same thing up to date; it is to be tried again shortly. */
export class UnitBusyError extends Error {
  override readonly name = 'UnitBusyError';
}

/** Things of Stripe's that are brought up to date as one: a checkout, a subscription, a payment. */
export interface StripeUnits {
  /**
   * Reads a unit from Stripe and applies what it says, one at a time: what was read before another's look is never
   * applied after it. A look is left out when the unit was brought up to a newer event already: it has seen all that
   * this one could tell. Throws {@link UnitBusyError} when another process is at it.
   */
  bringUpToDate(unit: string, event: { readonly createdAt: Instant } | null, look: () => Promise<void>): Promise<void>;
}

/** Longer than a step may take: whoever has the lease still is at work or gone. */
const leaseMs = 60_000;

export function createStripeUnits({
  database,
  clock,
  ids,
}: {
  database: Database;
  clock: Clock;
  ids: IdSource;
}): StripeUnits {
  const { prisma } = database;
  /** The last look at each unit in this process; the next waits for it. */
  const lastLooks = new Map<string, Promise<void>>();

  const lookUnderLease: StripeUnits['bringUpToDate'] = async (unit, event, look) => {
    const now = clock.now();
    const lease = { unit, leaseId: ids.next('lease'), until: (now + leaseMs) as Instant }; // A later instant is an instant.
    const newest = await leaseUnit(prisma, lease, now);
    if (newest === null) throw new UnitBusyError(`${unit} is being brought up to date by another process.`);
    let upTo: Instant | null = null;
    try {
      if (event === null || event.createdAt >= newest) await look();
      upTo = event?.createdAt ?? null;
    } finally {
      await releaseUnit(prisma, lease, upTo);
    }
  };

  return {
    bringUpToDate: (unit, event, look) => {
      const before = lastLooks.get(unit) ?? Promise.resolve();
      const mine = before.catch(() => {}).then(() => lookUnderLease(unit, event, look)); // Whoever looked before was told.
      lastLooks.set(unit, mine);
      const forget = (): void => {
        if (lastLooks.get(unit) === mine) lastLooks.delete(unit);
      };
      mine.then(forget, forget);
      return mine;
    },
  };
}
