import type { StripePrice } from './stripe-objects.ts';
import { secondsPerDay } from './due.ts';

export interface Recurrence {
  readonly interval: 'day' | 'week' | 'month' | 'year';
  readonly interval_count: number;
}

/** How often a price recurs. */
export function recurrenceOf({ id, recurring }: StripePrice): Recurrence {
  if (recurring === null) throw new Error(`The price ${id} does not recur.`);
  return recurring;
}

/** Whether two prices share their periods. */
export const hasSamePeriods = (one: Recurrence, other: Recurrence): boolean =>
  one.interval === other.interval && one.interval_count === other.interval_count;

/** The first end of a period after an instant, all in seconds. Months are counted from the anchor, whose day they keep. */
export function periodEndAfter(anchor: number, { interval, interval_count }: Recurrence, after: number): number {
  if (interval === 'day' || interval === 'week') {
    const length = interval_count * secondsPerDay * (interval === 'week' ? 7 : 1);
    return anchor + (Math.floor((after - anchor) / length) + 1) * length;
  }
  const months = interval_count * (interval === 'year' ? 12 : 1);
  let count = Math.floor(monthsBetween(anchor, after) / months);
  while (addMonths(anchor, count * months) <= after) count += 1;
  return addMonths(anchor, count * months);
}

function monthsBetween(from: number, to: number): number {
  const [start, end] = [new Date(from * 1000), new Date(to * 1000)];
  return (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth() - 1;
}

/** A month from January 31st ends on the last day of February. */
function addMonths(seconds: number, months: number): number {
  const date = new Date(seconds * 1000);
  const day = date.getUTCDate();
  date.setUTCMonth(date.getUTCMonth() + months);
  // Day 0 is the last of the month before.
  if (date.getUTCDate() !== day) date.setUTCDate(0);
  return Math.floor(date.getTime() / 1000);
}
