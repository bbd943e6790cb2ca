import type { Clock } from '../clock.ts';

/** So many failures in a row, and a provider is left alone for a while. */
const mostFailures = 5;
const restMs = 15_000;

/** Keeps requests from a provider that is down, so that neither waits for the other. */
export interface CircuitBreaker {
  /** How long it is to be left alone, in milliseconds; 0 lets the request pass, and after a rest one alone to try. */
  restLeftMs(): number;
  /** Notes that it answered. */
  succeeded(): void;
  /** Notes that it did not, or that it said that it cannot. */
  failed(): void;
}

/** Makes a breaker that lets everything pass; `onChange` is told when that ends, and when it is so again. */
export function createCircuitBreaker(clock: Clock, onChange: (isOpen: boolean) => void): CircuitBreaker {
  let failures = 0;
  let restsUntil: number | null = null;
  return {
    restLeftMs: () => {
      if (restsUntil === null) return 0;
      const left = restsUntil - clock.now();
      if (left > 0) return left;
      // One request tries; the others rest on until it is known how that went.
      restsUntil = clock.now() + restMs;
      return 0;
    },
    succeeded: () => {
      failures = 0;
      if (restsUntil !== null) onChange(false);
      restsUntil = null;
    },
    failed: () => {
      failures += 1;
      if (failures < mostFailures) return;
      if (restsUntil === null) onChange(true);
      restsUntil = clock.now() + restMs;
    },
  };
}
