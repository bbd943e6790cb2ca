import type { CatalogSnapshot } from '../catalog/index.ts';
import { InvalidInputError } from '../errors.ts';
import type { UsageRow } from './generation.store.ts';

export type UsageGroup = 'DAY' | 'MODEL' | 'KIND' | 'API_KEY';

export interface UsageRequest {
  /** Inclusive. */
  readonly from: Date;
  /** Exclusive. */
  readonly to: Date;
  readonly groupBy: UsageGroup;
  /** An IANA time zone; days begin at its midnight. */
  readonly timeZone: string;
}

export interface UsageBucket {
  readonly key: string;
  readonly label: string;
  readonly credits: number;
  readonly generations: number;
}

const longestSpanDays = 731;
const dayMs = 24 * 60 * 60 * 1_000;

/** Checks a request and gives what turns the database's sums into buckets. Throws {@link InvalidInputError}. */
export function fillBuckets(
  snapshot: CatalogSnapshot,
  request: UsageRequest,
): (rows: readonly UsageRow[]) => UsageBucket[] {
  const { from, to, groupBy, timeZone } = request;
  if (!(from < to)) throw new InvalidInputError([{ path: ['to'], message: 'Must be after from.' }]);
  if (to.getTime() - from.getTime() > longestSpanDays * dayMs) {
    throw new InvalidInputError([{ path: ['to'], message: `Must be at most ${longestSpanDays} days after from.` }]);
  }
  const nameDay = dayIn(timeZone);
  switch (groupBy) {
    case 'DAY':
      return (rows) => {
        const byDay = new Map(rows.map((row) => [row.key, row]));
        return daysOf(from, to, nameDay).map((day) => ({
          key: day,
          label: day,
          credits: byDay.get(day)?.credits ?? 0,
          generations: byDay.get(day)?.generations ?? 0,
        }));
      };
    case 'MODEL':
      return (rows) => bySize(rows.map((row) => ({ ...row, label: snapshot.modelById.get(row.key)?.name ?? row.key })));
    case 'KIND':
      return (rows) => {
        const byKind = new Map<string, UsageBucket>();
        for (const row of rows) {
          const key = snapshot.modelById.get(row.key)?.kind ?? 'UNKNOWN';
          const bucket = byKind.get(key) ?? {
            key,
            label: key.charAt(0) + key.slice(1).toLowerCase(),
            credits: 0,
            generations: 0,
          };
          byKind.set(key, {
            ...bucket,
            credits: bucket.credits + row.credits,
            generations: bucket.generations + row.generations,
          });
        }
        return bySize([...byKind.values()]);
      };
    case 'API_KEY':
      return (rows) => bySize(rows.map((row) => ({ ...row, label: row.key === '' ? 'No key' : row.key })));
  }
}

const bySize = (buckets: UsageBucket[]): UsageBucket[] =>
  buckets.sort((left, right) => right.credits - left.credits || (left.key < right.key ? -1 : 1));

/** Gives the date that an instant has in a time zone, as YYYY-MM-DD. */
function dayIn(timeZone: string): (instant: Date) => string {
  // An offset is no IANA time zone, and the database reads its sign the other way round.
  if (!/^[a-z]/i.test(timeZone)) throw noTimeZone();
  try {
    const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    return (instant) => format.format(instant);
  } catch {
    throw noTimeZone();
  }
}

const noTimeZone = (): InvalidInputError =>
  new InvalidInputError([{ path: ['timeZone'], message: 'Must be an IANA time zone such as Europe/Berlin.' }]);

/** Every day that a span touches, in order, empty ones too. Half a day at a time meets each, whatever the clocks do. */
function daysOf(from: Date, to: Date, nameDay: (instant: Date) => string): string[] {
  const days = new Set<string>();
  for (let instant = from.getTime(); instant < to.getTime(); instant += dayMs / 2) days.add(nameDay(new Date(instant)));
  days.add(nameDay(new Date(to.getTime() - 1)));
  return [...days];
}
