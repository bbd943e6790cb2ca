import fc from 'fast-check';
import { expect, test } from 'vitest';
import { creditsToTakeBack, takeFromLatest } from '../../../src/billing/rules/returned-credits.ts';

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
    expect(creditsToTakeBack({ credits, paidCents, returnedCents })).toBe(expected);
  },
);

test('G32 given any order, when more of it goes back, then never fewer credits do, and never more than it had', () => {
  const amounts = fc.tuple(
    fc.integer({ min: 1, max: 2_000_000_000 }),
    fc.integer({ min: 1, max: 2_000_000_000 }),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(amounts, ([credits, paidCents, first, second]) => {
      const [less = 0, more = 0] = [first, second]
        .sort((left, right) => left - right)
        .map((share) => Math.floor(paidCents * share));
      const lessBack = creditsToTakeBack({ credits, paidCents, returnedCents: less });
      const moreBack = creditsToTakeBack({ credits, paidCents, returnedCents: more });
      expect(lessBack).toBeLessThanOrEqual(moreBack);
      expect(moreBack).toBeLessThanOrEqual(credits);
      expect(creditsToTakeBack({ credits, paidCents, returnedCents: paidCents })).toBe(credits);
    }),
  );
});

test.each([
  [0, [2_000, 2_000], [0, 0]],
  [500, [2_000, 2_000], [0, 500]],
  [2_500, [2_000, 2_000], [500, 2_000]],
  [9_999, [2_000, 2_000], [2_000, 2_000]],
  [1, [], []],
])('given %i credits to take from months of %j, then the latest give first: %j', (total, parts, expected) => {
  expect(takeFromLatest(total, parts)).toEqual(expected);
});
