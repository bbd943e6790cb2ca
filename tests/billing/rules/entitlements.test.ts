import { describe, expect, test } from 'vitest';
import { entitlementsOf, type PaidLine, type SubscriptionFacts } from '../../../src/billing/rules/entitlements.ts';
import { type Instant, toDate } from '../../../src/clock.ts';

const at = (text: string): Instant => Date.parse(`${text}T00:00:00Z`) as Instant; // A point in time.
const line = (from: string, to: string, more: Partial<PaidLine> = {}): PaidLine => ({
  invoiceId: `in_${from}`,
  planCode: 'pro',
  isProration: false,
  amountCents: 4_900,
  startsAt: at(from),
  endsAt: at(to),
  ...more,
});
const facts = (more: Partial<SubscriptionFacts> = {}): SubscriptionFacts => ({
  status: 'ACTIVE',
  planCode: 'pro',
  anchor: at('2026-01-31'),
  trial: null,
  cancelAtPeriodEnd: false,
  endedAt: null,
  lines: [line('2026-01-31', '2026-02-28')],
  ...more,
});
/** "MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31" */
const told = (given: SubscriptionFacts): string[] =>
  entitlementsOf(given).map((entitlement) => {
    const day = (instant: Instant): string => toDate(instant).toISOString().slice(0, 10);
    const { kind, planCode, startsAt, endsAt, creditsEndAt, invoiceId } = entitlement;
    return `${kind} ${planCode} ${day(startsAt)} to ${day(endsAt)}, credits to ${day(creditsEndAt)}, by ${invoiceId ?? 'nobody'}`;
  });

describe('What a subscription entitles to', () => {
  test('given a month that was paid, then it entitles to its own period, and credits outlive it by 72 hours', () => {
    expect(told(facts())).toEqual(['MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31']);
  });

  test('given months in any order, then they are told in the order of time', () => {
    const lines = [line('2026-02-28', '2026-03-31'), line('2026-01-31', '2026-02-28')];
    expect(told(facts({ lines }))).toEqual([
      'MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31',
      'MONTH pro 2026-02-28 to 2026-03-31, credits to 2026-04-03, by in_2026-02-28',
    ]);
  });

  test('given a year that was paid, then it entitles to twelve months, each on its anchor day', () => {
    const months = told(facts({ lines: [line('2026-01-31', '2027-01-31')] }));
    expect(months).toHaveLength(12);
    expect(months.at(0)).toBe('MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31');
    expect(months.at(1)).toBe('MONTH pro 2026-02-28 to 2026-03-31, credits to 2026-04-03, by in_2026-01-31');
    expect(months.at(11)).toBe('MONTH pro 2026-12-31 to 2027-01-31, credits to 2027-02-03, by in_2026-01-31');
  });

  test('given a year that ends with its period, then only the last of its months has no grace', () => {
    const months = told(facts({ cancelAtPeriodEnd: true, lines: [line('2026-01-31', '2027-01-31')] }));
    expect(months.at(10)).toBe('MONTH pro 2026-11-30 to 2026-12-31, credits to 2027-01-03, by in_2026-01-31');
    expect(months.at(11)).toBe('MONTH pro 2026-12-31 to 2027-01-31, credits to 2027-01-31, by in_2026-01-31');
  });

  test('given it ended in the middle of a month, then its credits end with it, and later months never come', () => {
    const endedAt = at('2026-03-10');
    expect(told(facts({ status: 'CANCELED', endedAt, lines: [line('2026-01-31', '2027-01-31')] }))).toEqual([
      'MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-02-28, by in_2026-01-31',
      'MONTH pro 2026-02-28 to 2026-03-31, credits to 2026-03-10, by in_2026-01-31',
    ]);
  });

  test('given a trial, then it entitles once until its end, and its own invoice to nothing', () => {
    const trial = { startsAt: at('2026-01-17'), endsAt: at('2026-01-31') };
    const lines = [line('2026-01-17', '2026-01-31', { amountCents: 0 }), line('2026-01-31', '2026-02-28')];
    expect(told(facts({ trial, lines }))).toEqual([
      'TRIAL pro 2026-01-17 to 2026-01-31, credits to 2026-01-31, by nobody',
      'MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31',
    ]);
  });

  test('given an upgrade in a month, then it entitles from then to the end of that month', () => {
    const lines = [
      line('2026-01-31', '2026-02-28'),
      line('2026-02-10', '2026-02-28', { isProration: true, amountCents: -3_150, invoiceId: 'in_up' }),
      line('2026-02-10', '2026-02-28', {
        isProration: true,
        planCode: 'business',
        amountCents: 9_579,
        invoiceId: 'in_up',
      }),
    ];
    expect(told(facts({ planCode: 'business', lines }))).toEqual([
      'MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31',
      'UPGRADE business 2026-02-10 to 2026-02-28, credits to 2026-03-03, by in_up',
    ]);
  });

  test('given an upgrade in a year, then the months after it are of the new plan', () => {
    const lines = [
      line('2026-01-31', '2027-01-31'),
      line('2026-02-10', '2027-01-31', {
        isProration: true,
        planCode: 'business',
        amountCents: 90_000,
        invoiceId: 'in_up',
      }),
    ];
    const given = told(facts({ planCode: 'business', lines }));
    expect(given.slice(0, 3)).toEqual([
      'MONTH pro 2026-01-31 to 2026-02-28, credits to 2026-03-03, by in_2026-01-31',
      'UPGRADE business 2026-02-10 to 2026-02-28, credits to 2026-03-03, by in_up',
      'MONTH business 2026-02-28 to 2026-03-31, credits to 2026-04-03, by in_2026-01-31',
    ]);
    expect(given).toHaveLength(13);
  });

  test('given a balance for a month that was never paid, then it entitles to nothing', () => {
    const lines = [line('2026-02-10', '2026-02-28', { isProration: true, planCode: 'business' })];
    expect(told(facts({ lines }))).toEqual([]);
  });

  test.each(['UNPAID', 'PAUSED', 'INCOMPLETE', 'INCOMPLETE_EXPIRED'] as const)(
    'G30 given the status %s, then nothing new is given, whatever was paid',
    (status) => {
      expect(told(facts({ status }))).toEqual([]);
    },
  );
});
