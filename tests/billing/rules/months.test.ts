import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addMonths, monthsOf } from '../../../src/billing/rules/months.ts';
import { type Instant, toDate } from '../../../src/clock.ts';

const at = (text: string): Instant => Date.parse(text) as Instant; // A point in time.
const day = (instant: Instant): string => toDate(instant).toISOString().replace('.000Z', 'Z');

describe('Anchor days', () => {
  test.each([
    ['2026-01-31T12:00:00Z', ['2026-02-28T12:00:00Z', '2026-03-31T12:00:00Z', '2026-04-30T12:00:00Z']],
    ['2028-01-31T12:00:00Z', ['2028-02-29T12:00:00Z', '2028-03-31T12:00:00Z', '2028-04-30T12:00:00Z']],
    ['2026-01-30T00:00:00Z', ['2026-02-28T00:00:00Z', '2026-03-30T00:00:00Z', '2026-04-30T00:00:00Z']],
    ['2026-11-15T23:59:59Z', ['2026-12-15T23:59:59Z', '2027-01-15T23:59:59Z', '2027-02-15T23:59:59Z']],
    // Clocks in Europe and America are put forward and back in between; an anchor is a time in UTC.
    ['2026-03-08T07:30:00Z', ['2026-04-08T07:30:00Z', '2026-05-08T07:30:00Z', '2026-06-08T07:30:00Z']],
    ['2026-10-25T00:59:59Z', ['2026-11-25T00:59:59Z', '2026-12-25T00:59:59Z', '2027-01-25T00:59:59Z']],
  ])('given the anchor %s, when months pass, then a short month shortens no later one', (anchor, expected) => {
    expect(expected.map((_, index) => day(addMonths(at(anchor), index + 1)))).toEqual(expected);
  });

  test('given a leap day, when years pass, then it is the last of February, and the 29th again in a leap year', () => {
    const anchor = at('2028-02-29T10:00:00Z');
    expect([12, 24, 36, 48].map((months) => day(addMonths(anchor, months)))).toEqual([
      '2029-02-28T10:00:00Z',
      '2030-02-28T10:00:00Z',
      '2031-02-28T10:00:00Z',
      '2032-02-29T10:00:00Z',
    ]);
  });

  test('given 400 anchors, when 36 months follow, then each is in the next calendar month, on its day or the last one, at its time', () => {
    const anchors = fc.date({ min: new Date('2024-01-01'), max: new Date('2032-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(anchors, (date) => {
        const anchor = date.getTime() as Instant; // A point in time.
        for (let months = 1; months <= 36; months += 1) {
          const found = toDate(addMonths(anchor, months));
          const lastDay = new Date(Date.UTC(found.getUTCFullYear(), found.getUTCMonth() + 1, 0)).getUTCDate();
          expect(found.getUTCFullYear() * 12 + found.getUTCMonth()).toBe(
            date.getUTCFullYear() * 12 + date.getUTCMonth() + months,
          );
          expect(found.getUTCDate()).toBe(Math.min(date.getUTCDate(), lastDay));
          expect(found.getTime() % 86_400_000).toBe(date.getTime() % 86_400_000);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('Months of a stretch', () => {
  test('given a month, when it is split, then it is one month', () => {
    const month = { startsAt: at('2026-01-31T12:00:00Z'), endsAt: at('2026-02-28T12:00:00Z') };
    expect(monthsOf(month.startsAt, month)).toEqual([month]);
  });

  test('given a renewal from the end of February on, when it is split by its anchor, then it is one month', () => {
    const month = { startsAt: at('2026-02-28T12:00:00Z'), endsAt: at('2026-03-31T12:00:00Z') };
    expect(monthsOf(at('2026-01-31T12:00:00Z'), month)).toEqual([month]);
  });

  test('given a stretch that does not begin on an anchor day, when it is split, then it is its own anchor', () => {
    const stretch = { startsAt: at('2026-01-10T00:00:00Z'), endsAt: at('2026-03-10T00:00:00Z') };
    expect(monthsOf(at('2026-01-31T00:00:00Z'), stretch)).toEqual([
      { startsAt: stretch.startsAt, endsAt: at('2026-02-10T00:00:00Z') },
      { startsAt: at('2026-02-10T00:00:00Z'), endsAt: stretch.endsAt },
    ]);
  });

  test('given 400 anchors, when three years that follow are split, then each has twelve months without gap or overlap', () => {
    const anchors = fc.date({ min: new Date('2024-01-01'), max: new Date('2032-12-31'), noInvalidDate: true });
    fc.assert(
      fc.property(anchors, (date) => {
        const anchor = date.getTime() as Instant; // A point in time.
        for (const year of [0, 1, 2]) {
          const stretch = { startsAt: addMonths(anchor, 12 * year), endsAt: addMonths(anchor, 12 * year + 12) };
          const months = monthsOf(anchor, stretch);
          expect(months.map(({ startsAt }) => startsAt)).toEqual(
            Array.from({ length: 12 }, (_, index) => addMonths(anchor, 12 * year + index)),
          );
          expect(months.map(({ endsAt }) => endsAt)).toEqual([
            ...months.slice(1).map(({ startsAt }) => startsAt),
            stretch.endsAt,
          ]);
        }
      }),
      { numRuns: 400 },
    );
  });
});
