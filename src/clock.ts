import type { Instant } from './ledger/core/types.ts';

export type { Instant };

/** Where all time comes from. Handed to every part that needs it, so that tests can hold it still. */
export interface Clock {
  /** The present instant, in milliseconds since 1970. */
  now(): Instant;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now() as Instant }; // The clock is what makes a number an instant.

/** A `Date` for an instant, as Prisma and GraphQL want it. */
export const toDate = (instant: Instant): Date => new Date(instant);

/** The instant of a `Date` that came from the database or from a client. */
export const toInstant = (date: Date): Instant => date.getTime() as Instant; // Milliseconds since 1970, by definition.
