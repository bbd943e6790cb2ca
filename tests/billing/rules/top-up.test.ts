import { expect, test } from 'vitest';
import { decideTopUp, needsTopUp, startOfMonth } from '../../../src/billing/rules/top-up.ts';
import type { AutoTopUp } from '../../../src/billing/types.ts';
import type { AccountId, Instant } from '../../../src/ledger/index.ts';

const at = (text: string): Instant => Date.parse(text) as Instant; // Milliseconds since 1970.
const now = at('2026-01-15T12:00:00Z');
const settings: AutoTopUp = {
  accountId: 'account_1' as AccountId,
  enabled: true,
  threshold: 50,
  packCode: 'pack_100',
  monthlyLimit: 2,
  failures: 0,
  failedPaymentMethodId: null,
  retryAt: null,
  suspendedReason: null,
};
const pack = { code: 'pack_100', name: '100 Credits', credits: 100, priceCents: 1_000, bestValue: false };
const given = { settings, wallet: { available: 49, debt: 0, issued: 100 }, pack, paidThisMonth: 1, now };

test.each([
  ['less than the threshold is available', {}, 49, true],
  ['the threshold is available', {}, 50, false],
  ['it is switched off', { enabled: false }, 49, false],
  ['it is suspended', { suspendedReason: 'Because.' }, 49, false],
  ['no threshold was set', { threshold: null }, 0, false],
])('given %s, then whether a top-up is needed follows', (_what, change, available, expected) => {
  expect(needsTopUp({ ...settings, ...change }, available)).toBe(expected);
});

test('given nothing stands in the way, then the pack is charged', () => {
  expect(decideTopUp(given)).toEqual({ kind: 'charge', pack });
});

test('given as many were paid this month as the limit allows, then the next one waits for the next month', () => {
  expect(decideTopUp({ ...given, paidThisMonth: 2 })).toMatchObject({
    kind: 'wait',
    until: at('2026-02-01T00:00:00Z'),
  });
  expect(decideTopUp({ ...given, paidThisMonth: 99, settings: { ...settings, monthlyLimit: null } }).kind).toBe(
    'charge',
  );
});

test('given a charge failed, then the next one waits for its time, and no longer', () => {
  const retryAt = at('2026-01-15T12:30:00Z');
  expect(decideTopUp({ ...given, settings: { ...settings, retryAt } })).toMatchObject({ kind: 'wait', until: retryAt });
  expect(decideTopUp({ ...given, settings: { ...settings, retryAt }, now: retryAt }).kind).toBe('charge');
});

test('given a debt that one pack does not cover, then no card is charged for it again and again', () => {
  // 49 + 100 - 99 = 50 reaches the threshold of 50, 49 + 100 - 100 = 49 does not.
  expect(decideTopUp({ ...given, wallet: { available: 49, debt: 99, issued: 500 } }).kind).toBe('charge');
  expect(decideTopUp({ ...given, wallet: { available: 49, debt: 100, issued: 500 } })).toMatchObject({
    kind: 'wait',
    until: at('2026-01-15T13:00:00Z'),
  });
});

test('given a pack that is not sold any more, or a wallet that could not take it, then it is suspended', () => {
  expect(decideTopUp({ ...given, pack: null }).kind).toBe('suspend');
  expect(decideTopUp({ ...given, wallet: { available: 0, debt: 0, issued: 1_999_999_901 } }).kind).toBe('suspend');
  expect(decideTopUp({ ...given, wallet: { available: 0, debt: 0, issued: 1_999_999_900 } }).kind).toBe('charge');
});

test.each([
  ['2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'],
  ['2026-12-31T23:59:59.999Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
])('given %s, then its month in UTC begins and ends where the calendar says', (instant, begins, ends) => {
  expect(startOfMonth(at(instant))).toBe(at(begins));
  expect(startOfMonth(at(instant), 1)).toBe(at(ends));
});
