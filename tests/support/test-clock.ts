import type { Clock, Instant } from '../../src/clock.ts';

/** A clock that stands still until it is moved. */
export interface TestClock extends Clock {
  advance(ms: number): void;
  advanceSeconds(seconds: number): void;
  advanceTo(instant: Instant): void;
}

/** Starts at noon of the first day of 2026, unless told otherwise. */
export function createTestClock(start: string = '2026-01-01T12:00:00Z'): TestClock {
  let now = Date.parse(start);
  return {
    now: () => now as Instant, // Milliseconds since 1970.
    advance: (ms) => {
      now += ms;
    },
    advanceSeconds: (seconds) => {
      now += seconds * 1_000;
    },
    advanceTo: (instant) => {
      now = instant;
    },
  };
}
