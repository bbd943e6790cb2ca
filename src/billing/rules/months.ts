import { type Instant, toDate, toInstant } from '../../clock.ts';

/** A stretch of time, its end not included. */
export interface Stretch {
  readonly startsAt: Instant;
  readonly endsAt: Instant;
}

/**
 * The instant so many months after an anchor: the same day and time of the month in UTC, or the month's last day where
 * there are fewer. It is counted from the anchor, so that a short month shortens no later one; as Stripe counts its
 * billing cycles (https://docs.stripe.com/billing/subscriptions/billing-cycle).
 */
export function addMonths(anchor: Instant, months: number): Instant {
  const date = toDate(anchor);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  // Day 0 of the next month is the last of this one.
  const lastDay = toDate(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0) as Instant).getUTCDate(); // A point in time.
  date.setUTCDate(Math.min(day, lastDay));
  return toInstant(date);
}

/**
 * The months of a stretch that was paid for, each from one anchor day to the next: one for a monthly payment, twelve for
 * a yearly one. A stretch that does not begin on an anchor day is its own anchor.
 */
export function monthsOf(anchor: Instant, { startsAt, endsAt }: Stretch): Stretch[] {
  const first = monthsBetween(anchor, startsAt);
  const isAligned = addMonths(anchor, first) === startsAt;
  const boundary = (index: number): Instant =>
    isAligned ? addMonths(anchor, first + index) : addMonths(startsAt, index);
  const months: Stretch[] = [];
  for (let from = startsAt; from < endsAt;) {
    const next = boundary(months.length + 1);
    const to = next < endsAt ? next : endsAt;
    months.push({ startsAt: from, endsAt: to });
    from = to;
  }
  return months;
}

/** How many calendar months an instant is after another one, whatever the days. */
function monthsBetween(from: Instant, to: Instant): number {
  const [start, end] = [toDate(from), toDate(to)];
  return (end.getUTCFullYear() - start.getUTCFullYear()) * 12 + end.getUTCMonth() - start.getUTCMonth();
}
