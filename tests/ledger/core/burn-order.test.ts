import { describe, expect, test } from 'vitest';
import { type GrantOptions, grantOf, holdOf, StoryWallet, voidOf } from './builder.ts';

interface Named extends GrantOptions {
  readonly id: string;
}

/** Two grants of 5; a hold of 7 takes 5 from the one that burns first and 2 from the other. */
const pairs: readonly { readonly rule: string; readonly first: Named; readonly second: Named }[] = [
  {
    rule: 'a lower priority before an earlier expiry',
    first: { id: 'z', priority: 10 },
    second: { id: 'a', priority: 20, expiresAt: 50, category: 'PROMOTIONAL' },
  },
  {
    rule: 'a negative priority before 0',
    first: { id: 'z', priority: -1 },
    second: { id: 'a', priority: 0 },
  },
  {
    rule: 'an earlier expiry before promotional',
    first: { id: 'z', expiresAt: 50, category: 'PAID' },
    second: { id: 'a', expiresAt: 51, category: 'PROMOTIONAL' },
  },
  {
    rule: 'any expiry before none',
    first: { id: 'z', expiresAt: 1_000_000, category: 'PAID' },
    second: { id: 'a', category: 'PROMOTIONAL' },
  },
  {
    rule: 'promotional before paid, when neither expires',
    first: { id: 'z', category: 'PROMOTIONAL' },
    second: { id: 'a', category: 'PAID' },
  },
  {
    rule: 'promotional before paid, when both expire at one instant',
    first: { id: 'z', expiresAt: 50, category: 'PROMOTIONAL' },
    second: { id: 'a', expiresAt: 50, category: 'PAID' },
  },
  {
    rule: 'promotional before an earlier effectiveAt',
    first: { id: 'z', category: 'PROMOTIONAL', effectiveAt: 20 },
    second: { id: 'a', category: 'PAID', effectiveAt: 10 },
  },
  {
    rule: 'an earlier effectiveAt before an earlier id',
    first: { id: 'z', effectiveAt: 10 },
    second: { id: 'a', effectiveAt: 20 },
  },
  {
    rule: 'an earlier id, when all else is the same',
    first: { id: 'a' },
    second: { id: 'b' },
  },
];

describe('burn order', () => {
  const bothWays = pairs.flatMap((pair) => [
    { ...pair, given: 'first', grants: [pair.first, pair.second] },
    { ...pair, given: 'last', grants: [pair.second, pair.first] },
  ]);

  test.each(bothWays)('$rule, given $given', ({ first, second, grants }) => {
    const wallet = new StoryWallet().at(5);
    for (const { id, ...options } of grants) wallet.does(grantOf(id, 5, options));

    wallet.at(30).does(holdOf('h', 7));

    expect(wallet.hold('h').fundings).toEqual([
      { grantId: first.id, held: 5, captured: 0, refunded: 0 },
      { grantId: second.id, held: 2, captured: 0, refunded: 0 },
    ]);
  });

  test('given one effectiveAt, when one grant was made earlier, then it burns first', () => {
    const wallet = new StoryWallet();
    wallet.at(1).does(grantOf('z', 5, { effectiveAt: 10 }));
    wallet.at(2).does(grantOf('a', 5, { effectiveAt: 10 }));

    wallet.at(10).does(holdOf('h', 7));

    expect(wallet.hold('h').fundings.map(({ grantId, held }) => [grantId, held])).toEqual([
      ['z', 5],
      ['a', 2],
    ]);
  });

  test('given PLAN, ROLLOVER and PACK, when 9 of 4 + 4 + 4 are held, then monthly 4, rollover 4, top-up 1', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(
      grantOf('pack', 4, { source: 'PACK', priority: 30, expiresAt: 100 }),
      grantOf('rollover', 4, { source: 'ROLLOVER', priority: 20, expiresAt: 200 }),
      grantOf('plan', 4, { source: 'PLAN', priority: 10, expiresAt: 300 }),
      holdOf('h', 9),
    );

    expect(wallet.lines(3)).toEqual(['1 HOLD AVAILABLE>HELD plan 4, rollover 4, pack 1 = 3']);
  });

  test('given a grant that is pending, spent, expired or voided, when credits are held, then it pays nothing', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(
      grantOf('pending', 5, { priority: 1, effectiveAt: 500 }),
      grantOf('spent', 5, { priority: 2 }),
      holdOf('before', 5),
      grantOf('expired', 5, { priority: 3, expiresAt: 10 }),
      grantOf('voided', 5, { priority: 4 }),
      voidOf('voided'),
      grantOf('live', 5),
    );

    wallet.at(10).does(holdOf('h', 5));

    expect(wallet.hold('h').fundings.map(({ grantId, held }) => [grantId, held])).toEqual([['live', 5]]);
    expect(wallet.refuses(holdOf('more', 1))).toEqual({
      kind: 'INSUFFICIENT_CREDITS',
      required: 1,
      available: 0,
      held: 10,
      debt: 0,
    });
  });
});
