import { describe, expect, test } from 'vitest';
import { type GrantState, grantStateAt } from '../../../src/ledger/core/grant-state.ts';
import type { Command } from '../../../src/ledger/core/types.ts';
import {
  captureOf,
  expire,
  grantOf,
  holdOf,
  impossibleAmounts,
  instant,
  refundOf,
  releaseOf,
  StoryWallet,
  voidOf,
} from './builder.ts';

describe('grant', () => {
  test('given an empty wallet, when 10 are granted, then 10 are available at once', () => {
    const wallet = new StoryWallet().at(7);

    const effect = wallet.does(grantOf('a', 10, { source: 'PACK', category: 'PAID', priority: 30, expiresAt: 50 }));

    expect(effect).toStrictEqual({
      kind: 'grant',
      grant: {
        id: 'a',
        source: 'PACK',
        category: 'PAID',
        priority: 30,
        amount: 10,
        pending: 0,
        remaining: 10,
        held: 0,
        consumed: 0,
        expired: 0,
        revoked: 0,
        effectiveAt: 7,
        expiresAt: 50,
        voidedAt: null,
        createdAt: 7,
        reason: null,
      },
    });
    expect(wallet.grant('a')).toEqual(effect.kind === 'grant' ? effect.grant : null);
    expect(wallet.balance()).toEqual({ available: 10, held: 0, pending: 0 });
    expect(wallet.lines()).toEqual(['7 GRANT ISSUED>AVAILABLE a 10 = 10']);
  });

  test('G10 given a grant of 10 in every possible part, then 10 = 2 remaining + 3 held + 5 consumed, and 4 = 4 revoked', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10), grantOf('b', 4), holdOf('h', 5), captureOf('h'), holdOf('i', 3), voidOf('b'));

    expect(wallet.parts('a')).toEqual({ remaining: 2, held: 3, consumed: 5 });
    expect(wallet.parts('b')).toEqual({ revoked: 4 });
    expect(wallet.state).toMatchObject({ available: 2, held: 3, pending: 0, issued: 14, sequence: 6 });
  });

  test('given 10 from 20 on, when time comes to 20, then they are pending at 19 and available at 20', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10, { effectiveAt: 20 }));

    expect(wallet.at(19).balance()).toEqual({ available: 0, held: 0, pending: 10 });
    expect(wallet.refuses(holdOf('h', 1))).toMatchObject({ kind: 'INSUFFICIENT_CREDITS', available: 0 });
    expect(wallet.at(20).balance()).toEqual({ available: 10, held: 0, pending: 0 });
    wallet.does(holdOf('h', 10));
    expect(wallet.lines()).toEqual([
      '1 GRANT ISSUED>PENDING a 10 = 0',
      '20 GRANT PENDING>AVAILABLE a 10 = 10',
      '20 HOLD AVAILABLE>HELD a 10 = 0',
    ]);
  });

  test('given an effectiveAt of just now, when it is granted, then it is available at once', () => {
    const wallet = new StoryWallet().at(20);

    wallet.does(grantOf('a', 10, { effectiveAt: 20 }));

    expect(wallet.lines()).toEqual(['20 GRANT ISSUED>AVAILABLE a 10 = 10']);
  });

  test('given an effectiveAt one instant ago, when it is granted, then it is refused', () => {
    expect(new StoryWallet().at(20).refuses(grantOf('a', 10, { effectiveAt: 19 }))).toEqual({
      kind: 'EFFECTIVE_IN_THE_PAST',
    });
  });

  test('G39 given the wallet stands at 30, when a clock at 20 grants from 25 on, then 25 is the past', () => {
    const wallet = new StoryWallet().at(30);
    wallet.does(grantOf('a', 1));

    expect(wallet.at(20).refuses(grantOf('b', 1, { effectiveAt: 25 }))).toEqual({ kind: 'EFFECTIVE_IN_THE_PAST' });
  });

  test.each([
    { effectiveAt: 30, expiresAt: 30 },
    { effectiveAt: 30, expiresAt: 29 },
    { effectiveAt: 20, expiresAt: 20 },
    { effectiveAt: undefined, expiresAt: 20 },
    { effectiveAt: undefined, expiresAt: 19 },
  ])(
    'given now is 20, when a grant from $effectiveAt ends at $expiresAt, then it is refused',
    ({ effectiveAt, expiresAt }) => {
      const options = { expiresAt, ...(effectiveAt === undefined ? {} : { effectiveAt }) };

      expect(new StoryWallet().at(20).refuses(grantOf('a', 10, options))).toEqual({ kind: 'EXPIRES_BEFORE_EFFECTIVE' });
    },
  );

  test('given a grant that lives one millisecond, when it is granted, then it can be spent in it', () => {
    const wallet = new StoryWallet().at(20);
    wallet.does(grantOf('a', 10, { expiresAt: 21 }), holdOf('h', 10, 100), captureOf('h'));

    expect(wallet.at(21).parts('a')).toEqual({ consumed: 10 });
  });

  test('given a grant, when its id is granted again with another amount, then the first is answered as it is now', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10), holdOf('h', 4));

    const effect = wallet.at(2).repeats(grantOf('a', 99));

    expect(effect).toMatchObject({ kind: 'grant', grant: { amount: 10, remaining: 6, held: 4, createdAt: 1 } });
    expect(wallet.journal).toHaveLength(2);
    expect(wallet.state.issued).toBe(10);
  });
});

describe('what may be granted', () => {
  test.each(impossibleAmounts)('G04 a grant of %s stops at the assertion', (amount) => {
    expect(() => new StoryWallet().does(grantOf('a', amount))).toThrow('an amount is a positive integer');
  });

  test('G04 given nothing, when 2,000,000,000 are granted, then they fit, and 1 more does not', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 2_000_000_000));

    expect(wallet.refuses(grantOf('b', 1))).toEqual({ kind: 'ISSUE_LIMIT', issued: 2_000_000_000 });
    expect(wallet.balance().available).toBe(2_000_000_000);
  });

  test('given 1,999,999,999 issued, when 2 are granted they are refused, and when 1 is granted it fits', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 1_999_999_999));

    expect(wallet.refuses(grantOf('b', 2))).toEqual({ kind: 'ISSUE_LIMIT', issued: 1_999_999_999 });
    wallet.does(grantOf('c', 1));
    expect(wallet.state.issued).toBe(2_000_000_000);
  });

  test('given all that was issued is consumed, expired or revoked, when 1 is granted, then the limit of a life still holds', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(
      grantOf('consumed', 1_000_000_000, { priority: 1 }),
      holdOf('h', 1_000_000_000),
      captureOf('h'),
      grantOf('expired', 500_000_000, { expiresAt: 20 }),
      grantOf('voided', 500_000_000),
      voidOf('voided'),
    );

    expect(wallet.at(20).refuses(grantOf('b', 1))).toEqual({ kind: 'ISSUE_LIMIT', issued: 2_000_000_000 });
    expect(wallet.balance()).toEqual({ available: 0, held: 0, pending: 0 });
  });

  test('given 2,000,000,000, when it is held, captured and refunded, then every sum is exact', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 2_000_000_000), holdOf('h', 2_000_000_000), captureOf('h', 1_999_999_999), refundOf('h'));

    expect(wallet.parts('a')).toEqual({ remaining: 2_000_000_000 });
  });
});

describe('the state of a grant', () => {
  const states: readonly {
    given: string;
    commands: readonly [Command, ...Command[]];
    now: number;
    state: GrantState;
  }[] = [
    { given: 'begins at 20, at 19', commands: [grantOf('a', 5, { effectiveAt: 20 })], now: 19, state: 'PENDING' },
    { given: 'begins at 20, at 20', commands: [grantOf('a', 5, { effectiveAt: 20 })], now: 20, state: 'ACTIVE' },
    {
      given: 'begins at 20 and was voided',
      commands: [grantOf('a', 5, { effectiveAt: 20 }), voidOf('a')],
      now: 1,
      state: 'VOIDED',
    },
    { given: 'ends at 20, at 19', commands: [grantOf('a', 5, { expiresAt: 20 })], now: 19, state: 'ACTIVE' },
    { given: 'ends at 20, at 20', commands: [grantOf('a', 5, { expiresAt: 20 })], now: 20, state: 'EXPIRED' },
    {
      given: 'was voided and has ended',
      commands: [grantOf('a', 5, { expiresAt: 20 }), voidOf('a')],
      now: 20,
      state: 'VOIDED',
    },
    { given: 'is all held', commands: [grantOf('a', 5), holdOf('h', 5)], now: 1, state: 'ACTIVE' },
    {
      given: 'is all held and has ended',
      commands: [grantOf('a', 5, { expiresAt: 20 }), holdOf('h', 5, 100)],
      now: 20,
      state: 'EXPIRED',
    },
    { given: 'is all consumed', commands: [grantOf('a', 5), holdOf('h', 5), captureOf('h')], now: 1, state: 'USED' },
    {
      given: 'is all consumed and has ended',
      commands: [grantOf('a', 5, { expiresAt: 20 }), holdOf('h', 5), captureOf('h')],
      now: 20,
      state: 'EXPIRED',
    },
    {
      given: 'was consumed and 1 refunded',
      commands: [grantOf('a', 5), holdOf('h', 5), captureOf('h'), refundOf('h', 1)],
      now: 1,
      state: 'ACTIVE',
    },
    {
      given: 'was held and released',
      commands: [grantOf('a', 5), holdOf('h', 5), releaseOf('h')],
      now: 1,
      state: 'ACTIVE',
    },
  ];

  test.each(states)('a grant that $given is $state', ({ commands, now, state }) => {
    const wallet = new StoryWallet().at(1);
    wallet.does(...commands);

    expect(grantStateAt(wallet.at(now).grant('a'), instant(now))).toBe(state);
  });
});

describe('a refused command', () => {
  test('G11 given an expiry is due, when any command is refused, then not even the expiry is recorded', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 5, { expiresAt: 20 }), holdOf('h', 1), captureOf('h'), holdOf('open', 1, 1_000));
    const before = wallet.state;

    wallet.at(30);
    const refused = [
      grantOf('b', 1, { effectiveAt: 29 }),
      grantOf('b', 1, { expiresAt: 30 }),
      holdOf('i', 1),
      captureOf('h'),
      captureOf('open', 2),
      releaseOf('h'),
      refundOf('h', 2),
      refundOf('open'),
      voidOf('a'),
    ].map((command) => wallet.refuses(command).kind);

    expect(refused).toEqual([
      'EFFECTIVE_IN_THE_PAST',
      'EXPIRES_BEFORE_EFFECTIVE',
      'INSUFFICIENT_CREDITS',
      'ALREADY_SETTLED',
      'EXCEEDS_HOLD',
      'ALREADY_SETTLED',
      'EXCEEDS_CHARGE',
      'NOT_CAPTURED',
      'NOT_VOIDABLE',
    ]);
    expect(wallet.state).toBe(before);
    expect(wallet.does(expire)).toEqual({ kind: 'expire' });
    expect(wallet.lines(4)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED a 3 = 0']);
  });
});
