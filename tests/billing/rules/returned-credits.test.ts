import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CreditsOfGrant, creditsTakenBack } from '../../../src/billing/rules/returned-credits.ts';
import type { GrantId } from '../../../src/ledger/index.ts';

const grantId = 'grant_pack' as GrantId; // Any name will do.
const month = (number: number, credits: number): CreditsOfGrant => ({
  grantId: `grant_${number}` as GrantId, // Any name will do.
  credits,
});
/** What is taken back of the one grant of a pack. */
const ofPack = (credits: number, paidCents: number, returnedCents: number): number =>
  creditsTakenBack({ credits, paidCents, returnedCents, grantId }, [])[0]?.credits ?? Number.NaN;

test.each([
  [100, 1_000, 0, 0],
  [100, 1_000, 1_000, 100],
  // floor(100 × 255 / 1,000) = floor(25.5)
  [100, 1_000, 255, 25],
  // floor(2,000 × 4,899 / 4,900) = floor(1,999.59)
  [2_000, 4_900, 4_899, 1_999],
  [2_000_000_000, 2_000_000_000, 1_999_999_999, 1_999_999_999],
])(
  'G32 given an order of %i credits for %i cents, when %i cents have gone back, then %i credits do',
  (credits, paidCents, returnedCents, expected) => {
    expect(ofPack(credits, paidCents, returnedCents)).toBe(expected);
  },
);

test('G32 given any order, when more of it goes back, then never fewer credits do, and never more than it had', () => {
  const amount = fc.integer({ min: 1, max: 2_000_000_000 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(amount, amount, share, share, (credits, paidCents, first, second) => {
      const less = Math.floor(paidCents * Math.min(first, second));
      const more = Math.floor(paidCents * Math.max(first, second));
      expect(ofPack(credits, paidCents, less)).toBeLessThanOrEqual(ofPack(credits, paidCents, more));
      expect(ofPack(credits, paidCents, more)).toBeLessThanOrEqual(credits);
      expect(ofPack(credits, paidCents, paidCents)).toBe(credits);
    }),
  );
});

test.each([
  // A year of 12 × 2,000 = 24,000 for $468, of which two months were given.
  [0, [0, 0]],
  [23_400, [0, 0]],
  // floor(24,000 × 39,000 / 46,800) = 20,000, all to come.
  [39_000, [0, 0]],
  // floor(24,000 × 40,950 / 46,800) = 21,000: 20,000 to come, and 1,000 of the last month given.
  [40_950, [0, 1_000]],
  [46_800, [2_000, 2_000]],
])(
  'G32 given a year, when %i of 46,800 cents go back, then what is to come gives first, then the latest: %j',
  (returnedCents, expected) => {
    const payment = { credits: 24_000, paidCents: 46_800, returnedCents, grantId: null };
    const taken = creditsTakenBack(payment, [month(1, 2_000), month(2, 2_000)]);
    expect(taken).toEqual([month(1, expected[0] ?? 0), month(2, expected[1] ?? 0)]);
  },
);
