import { describe, expect, test } from 'vitest';
import type { Command } from '../../../src/ledger/core/types.ts';
import {
  captureOf,
  expire,
  extendOf,
  grantOf,
  holdOf,
  impossibleAmounts,
  releaseOf,
  StoryWallet,
  voidOf,
} from './builder.ts';

/** A wallet whose one grant `a` of 10 never expires, at instant 1. */
function walletOf10(): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(grantOf('a', 10));
  return wallet;
}

/** Grant `a` of 4 burns before grant `b` of 6; hold `h` of 10 takes both whole and lapses at 101. */
function holdOf4And6(): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(grantOf('a', 4, { priority: 10 }), grantOf('b', 6), holdOf('h', 10, 100));
  return wallet;
}

describe('hold', () => {
  test('given 10, when 3 are held, then 7 are available and 3 held', () => {
    const wallet = walletOf10();

    wallet.does(holdOf('h', 3, 100));

    expect(wallet.balance()).toEqual({ available: 7, held: 3, pending: 0 });
    expect(wallet.hold('h')).toMatchObject({
      status: 'OPEN',
      amount: 3,
      createdAt: 1,
      expiresAt: 101,
      settledAt: null,
    });
    expect(wallet.lines(1)).toEqual(['1 HOLD AVAILABLE>HELD a 3 = 7']);
  });

  test('G03 given 10, when 10 are held and then 1 more, then the second is refused and says what there is', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 10));

    expect(wallet.refuses(holdOf('i', 1))).toEqual({
      kind: 'INSUFFICIENT_CREDITS',
      required: 1,
      available: 0,
      held: 10,
      debt: 0,
    });
  });

  test('G11 given 10, when 11 are held, then nothing is held at all', () => {
    const wallet = walletOf10();
    const before = wallet.state;

    expect(wallet.refuses(holdOf('h', 11)).kind).toBe('INSUFFICIENT_CREDITS');

    expect(wallet.state).toBe(before);
    expect(wallet.parts('a')).toEqual({ remaining: 10 });
  });

  test.each([
    ['open', [], 'OPEN'],
    ['captured', [captureOf('h')], 'CAPTURED'],
    ['released', [releaseOf('h')], 'RELEASED'],
  ] as const)(
    'G05 given a hold that is %s, when its id is used again, then it is answered and takes nothing',
    (_, between, status) => {
      const wallet = walletOf10();
      wallet.does(holdOf('h', 3), ...between);
      const rows = wallet.journal.length;

      const effect = wallet.repeats(holdOf('h', 5));

      expect(effect).toMatchObject({ kind: 'hold', hold: { id: 'h', status, amount: 3 } });
      expect(wallet.journal).toHaveLength(rows);
    },
  );

  test('G05 given a hold that lapsed, when its id is used again, then the lapsed hold is answered and takes nothing', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    const effect = wallet.at(101).repeats(holdOf('h', 3, 100));

    expect(effect).toMatchObject({ hold: { status: 'LAPSED', settledAt: 101 } });
    expect(wallet.balance()).toEqual({ available: 10, held: 0, pending: 0 });
  });

  test.each(impossibleAmounts)('G04 a hold of %s stops at the assertion', (amount) => {
    expect(() => walletOf10().does(holdOf('h', amount))).toThrow('an amount is a positive integer');
  });

  test.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'G40 a hold or an extension for %s ms stops at the assertion: it would lapse before it was taken, or never',
    (lifetimeMs) => {
      const wallet = walletOf10();
      wallet.does(holdOf('h', 1));

      expect(() => wallet.does(holdOf('i', 1, lifetimeMs))).toThrow('a lifetime is a positive integer');
      expect(() => wallet.does(extendOf('h', lifetimeMs))).toThrow('a lifetime is a positive integer');
    },
  );
});

describe('settling a hold', () => {
  const settlements: readonly { readonly done: Command; readonly status: string }[] = [
    { done: captureOf('h'), status: 'CAPTURED' },
    { done: captureOf('h', 2), status: 'CAPTURED' },
    { done: releaseOf('h'), status: 'RELEASED' },
  ];
  const nexts = [captureOf('h'), captureOf('h', 1), captureOf('h', 99), releaseOf('h'), extendOf('h', 100)];
  const twice = settlements.flatMap(({ done, status }) =>
    nexts.map((next) => ({ name: `${nameOf(done)}, then ${nameOf(next)}`, done, status, next })),
  );

  test.each(twice)('G05 $name: one effect', ({ done, status, next }) => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3), done);
    const before = wallet.state;

    expect(wallet.refuses(next)).toMatchObject({ kind: 'ALREADY_SETTLED', hold: { status } });

    expect(wallet.state).toBe(before);
  });

  test.each(nexts.map((next) => ({ name: nameOf(next), next })))(
    'a $name of an unknown hold is refused',
    ({ next }) => {
      expect(walletOf10().refuses(next)).toEqual({ kind: 'UNKNOWN_HOLD' });
    },
  );

  test('given 4 + 6 held, when all is captured, then 4 + 6 are consumed', () => {
    const wallet = holdOf4And6();

    wallet.at(50).does(captureOf('h'));

    expect(wallet.parts('a')).toEqual({ consumed: 4 });
    expect(wallet.parts('b')).toEqual({ consumed: 6 });
    expect(wallet.hold('h')).toMatchObject({ status: 'CAPTURED', settledAt: 50 });
    expect(wallet.lines(3)).toEqual(['50 CAPTURE HELD>CONSUMED a 4, b 6 = 0']);
  });

  test('G06 given 4 + 6 held, when 7 are captured, then 4 + 3 are consumed and 6 - 3 = 3 return to the second', () => {
    const wallet = holdOf4And6();

    wallet.at(50).does(captureOf('h', 7));

    expect(wallet.parts('a')).toEqual({ consumed: 4 });
    expect(wallet.parts('b')).toEqual({ consumed: 3, remaining: 3 });
    expect(wallet.hold('h').fundings).toEqual([
      { grantId: 'a', held: 4, captured: 4, refunded: 0 },
      { grantId: 'b', held: 6, captured: 3, refunded: 0 },
    ]);
    expect(wallet.lines(3)).toEqual(['50 CAPTURE HELD>CONSUMED a 4, b 3 = 0', '50 RELEASE HELD>AVAILABLE b 3 = 3']);
  });

  test('G06 given 4 + 6 held, when 1 is captured, then 6 and then 3 return, the last funding first', () => {
    const wallet = holdOf4And6();

    wallet.at(50).does(captureOf('h', 1));

    expect(wallet.lines(3)).toEqual(['50 CAPTURE HELD>CONSUMED a 1 = 0', '50 RELEASE HELD>AVAILABLE b 6, a 3 = 9']);
  });

  test('G06 given 10 held, when 11 are captured, then it is refused and 10 stay held', () => {
    const wallet = holdOf4And6();

    expect(wallet.refuses(captureOf('h', 11))).toMatchObject({ kind: 'EXCEEDS_HOLD', hold: { status: 'OPEN' } });

    expect(wallet.balance()).toEqual({ available: 0, held: 10, pending: 0 });
  });

  test.each(impossibleAmounts)('G04 a capture of %s stops at the assertion', (amount) => {
    expect(() => holdOf4And6().does(captureOf('h', amount))).toThrow('an amount is a positive integer');
  });

  test('given 4 + 6 held, when it is released, then 6 and then 4 return', () => {
    const wallet = holdOf4And6();

    wallet.at(50).does(releaseOf('h'));

    expect(wallet.parts('a')).toEqual({ remaining: 4 });
    expect(wallet.parts('b')).toEqual({ remaining: 6 });
    expect(wallet.hold('h')).toMatchObject({ status: 'RELEASED', settledAt: 50 });
    expect(wallet.lines(3)).toEqual(['50 RELEASE HELD>AVAILABLE b 6, a 4 = 10']);
  });

  test('G09 given 4 + 6 held and the first grant expired, when 3 are captured, then 4 - 3 = 1 expires and 6 return', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 4, { expiresAt: 20 }), grantOf('b', 6), holdOf('h', 10, 100));

    wallet.at(20).does(captureOf('h', 3));

    expect(wallet.parts('a')).toEqual({ consumed: 3, expired: 1 });
    expect(wallet.parts('b')).toEqual({ remaining: 6 });
    expect(wallet.lines(3)).toEqual([
      '20 CAPTURE HELD>CONSUMED a 3 = 0',
      '20 RELEASE HELD>AVAILABLE b 6 = 6',
      '20 RELEASE HELD>EXPIRED a 1 = 6',
    ]);
  });

  test('G09 given a hold on a voided, an expired and a live grant, when it is released, then each goes where it belongs', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(
      grantOf('expiring', 2, { priority: 1, expiresAt: 20 }),
      grantOf('live', 3, { priority: 2 }),
      grantOf('voided', 5, { priority: 3 }),
      holdOf('h', 9),
      voidOf('voided'),
    );

    wallet.at(20).does(releaseOf('h'));

    expect(wallet.parts('expiring')).toEqual({ expired: 2 });
    expect(wallet.parts('live')).toEqual({ remaining: 3 });
    expect(wallet.parts('voided')).toEqual({ revoked: 5 });
    expect(wallet.lines(5)).toEqual([
      '20 RELEASE HELD>REVOKED voided 4 = 0',
      '20 RELEASE HELD>AVAILABLE live 3 = 3',
      '20 RELEASE HELD>EXPIRED expiring 2 = 3',
    ]);
  });
});

describe('a hold that lapses', () => {
  test('G07 given 3 of 10 held until 101, when nothing but time happens, then a reader sees 7 at 100 and 10 at 101', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    expect(wallet.at(100).balance()).toEqual({ available: 7, held: 3, pending: 0 });
    expect(wallet.at(101).balance()).toEqual({ available: 10, held: 0, pending: 0 });
    expect(wallet.at(300).hold('h')).toMatchObject({ status: 'LAPSED', settledAt: 101 });
  });

  test('given a hold that lapsed, when that is recorded, then the journal names the hold and says why', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    wallet.at(101).does(expire);

    expect(wallet.journal.at(-1)).toMatchObject({ type: 'RELEASE', holdId: 'h', reason: 'The hold lapsed.' });
  });

  test('G07 given all 10 held until 101, when 10 are held at 101, then the lapse is recorded first, at its instant', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 10, 100));

    wallet.at(300).does(holdOf('i', 10, 100));

    expect(wallet.lines(2)).toEqual(['101 RELEASE HELD>AVAILABLE a 10 = 10', '300 HOLD AVAILABLE>HELD a 10 = 0']);
    expect(wallet.journal.map(({ recordedAt }) => recordedAt)).toEqual([1, 1, 300, 300]);
  });

  test('G07 given it lapsed and 10 are free, when it is captured, then 3 are taken anew: 10 - 3 = 7', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    wallet.at(150).does(captureOf('h'));

    expect(wallet.balance()).toEqual({ available: 7, held: 0, pending: 0 });
    expect(wallet.parts('a')).toEqual({ remaining: 7, consumed: 3 });
    expect(wallet.hold('h')).toMatchObject({ status: 'CAPTURED', settledAt: 150 });
    expect(wallet.lines(2)).toEqual([
      '101 RELEASE HELD>AVAILABLE a 3 = 10',
      '150 HOLD AVAILABLE>HELD a 3 = 7',
      '150 CAPTURE HELD>CONSUMED a 3 = 7',
    ]);
  });

  test('G07 given its grant was spent and another came, when it is captured late, then the other pays and is refundable', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(101).does(holdOf('all', 10), captureOf('all'), grantOf('b', 5));

    wallet.at(102).does(captureOf('h'));

    expect(wallet.parts('a')).toEqual({ consumed: 10 });
    expect(wallet.parts('b')).toEqual({ remaining: 2, consumed: 3 });
    expect(wallet.hold('h').fundings).toEqual([{ grantId: 'b', held: 3, captured: 3, refunded: 0 }]);
  });

  test('G07 given 8 of 10 were spent after the lapse of 3, when it is captured, then HOLD_EXPIRED and the 2 stay', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(101).does(holdOf('i', 8, 1_000));
    const before = wallet.state;

    expect(wallet.at(102).refuses(captureOf('h'))).toMatchObject({ kind: 'HOLD_EXPIRED', hold: { status: 'LAPSED' } });

    expect(wallet.state).toBe(before);
    expect(wallet.balance()).toEqual({ available: 2, held: 8, pending: 0 });
  });

  test('G07 given it was refused with HOLD_EXPIRED, when 1 more comes, then a capture takes 2 + 1 = 3', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(101).does(holdOf('i', 8, 1_000));
    wallet.refuses(captureOf('h'));

    wallet.does(grantOf('b', 1), captureOf('h'));

    expect(wallet.balance()).toEqual({ available: 0, held: 8, pending: 0 });
    expect(wallet.lines().slice(-1)).toEqual(['101 CAPTURE HELD>CONSUMED a 2, b 1 = 0']);
  });

  test('G07 given it lapsed, when 2 of 3 are captured, then 3 are taken anew and 1 returns', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    wallet.at(150).does(captureOf('h', 2));

    expect(wallet.lines(3)).toEqual([
      '150 HOLD AVAILABLE>HELD a 3 = 7',
      '150 CAPTURE HELD>CONSUMED a 2 = 7',
      '150 RELEASE HELD>AVAILABLE a 1 = 8',
    ]);
  });

  test('G06 given it lapsed, when more than it was for is captured, then it is refused though 10 are free', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    expect(wallet.at(150).refuses(captureOf('h', 4)).kind).toBe('EXCEEDS_HOLD');
  });

  test('G07 given it lapsed at 101, when it is captured at just that instant, then it is a late capture', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 10, 100));

    wallet.at(101).does(captureOf('h'));

    expect(wallet.lines(2)).toEqual([
      '101 RELEASE HELD>AVAILABLE a 10 = 10',
      '101 HOLD AVAILABLE>HELD a 10 = 0',
      '101 CAPTURE HELD>CONSUMED a 10 = 0',
    ]);
  });

  test('G07 given it was captured late, when it is captured or released again, then ALREADY_SETTLED', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(150).does(captureOf('h'));

    expect(wallet.refuses(captureOf('h')).kind).toBe('ALREADY_SETTLED');
    expect(wallet.refuses(releaseOf('h')).kind).toBe('ALREADY_SETTLED');
    expect(wallet.balance()).toEqual({ available: 7, held: 0, pending: 0 });
  });

  test('G07 given it lapsed, when it is released, then it counts as released, moves nothing and cannot be captured', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(101).does(expire);
    const rows = wallet.journal.length;

    wallet.at(150).does(releaseOf('h'));

    expect(wallet.hold('h')).toMatchObject({ status: 'RELEASED', settledAt: 150 });
    expect(wallet.journal).toHaveLength(rows);
    expect(wallet.refuses(captureOf('h')).kind).toBe('ALREADY_SETTLED');
    expect(wallet.refuses(releaseOf('h')).kind).toBe('ALREADY_SETTLED');
  });

  test('G05 given it was settled before its instant, when the instant passes, then nothing falls due', () => {
    for (const settle of [captureOf('h'), releaseOf('h')]) {
      const wallet = walletOf10();
      wallet.does(holdOf('h', 3, 100), settle);

      expect(wallet.at(101).refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
    }
  });

  test('given two holds that lapse at one instant, when it passes, then they lapse in the order of their ids', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('z', 1, 100), holdOf('b', 2, 100));

    wallet.at(101).does(expire);

    expect(wallet.journal.slice(3).map(({ holdId, amount }) => [holdId, amount])).toEqual([
      ['b', 2],
      ['z', 1],
    ]);
  });
});

describe('extend', () => {
  test('given a hold until 101, when it is extended at 51 for 100, then it lapses at 151 and not at 101', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(51).does(extendOf('h', 100));

    expect(wallet.at(150).balance().held).toBe(3);
    expect(wallet.at(151).balance().held).toBe(0);
  });

  test('given a hold until 101, when it is extended at 51 for 10, then it is not shortened', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    expect(wallet.at(51).does(extendOf('h', 10))).toMatchObject({ hold: { expiresAt: 101 } });
  });

  test('G07 given a hold until 101, when it is extended at 101, then it is too late', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));

    expect(wallet.at(101).refuses(extendOf('h', 100))).toMatchObject({
      kind: 'HOLD_EXPIRED',
      hold: { status: 'LAPSED' },
    });
  });

  test('G09 given a hold on a grant until 20, when it is extended beyond 20, then it can be captured there', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10, { expiresAt: 20 }), holdOf('h', 4, 10));
    wallet.at(10).does(extendOf('h', 100));

    wallet.at(50).does(captureOf('h'));

    expect(wallet.parts('a')).toEqual({ consumed: 4, expired: 6 });
  });
});

describe('a clock that runs behind', () => {
  test('G39 given a lapse recorded at 101, when another process captures with its clock at 90, then it is a late capture', () => {
    const wallet = walletOf10();
    wallet.does(holdOf('h', 3, 100));
    wallet.at(101).does(holdOf('i', 9, 1_000));

    expect(wallet.at(90).refuses(captureOf('h')).kind).toBe('HOLD_EXPIRED');
  });

  test('G40 given a command at 50, when the next one comes with a clock at 10, then it happens at 50', () => {
    const wallet = walletOf10();
    wallet.at(50).does(holdOf('h', 3, 100));

    wallet.at(10).does(captureOf('h'), grantOf('b', 1));

    expect(wallet.lines(2)).toEqual(['50 CAPTURE HELD>CONSUMED a 3 = 7', '50 GRANT ISSUED>AVAILABLE b 1 = 8']);
    expect(wallet.state.lastInstant).toBe(50);
  });

  test('G11 given a refusal at 50, when a command comes with a clock at 10, then it happens at 10', () => {
    const wallet = walletOf10();
    wallet.at(50).refuses(holdOf('h', 11));

    wallet.at(10).does(holdOf('h', 3));

    expect(wallet.lines(1)).toEqual(['10 HOLD AVAILABLE>HELD a 3 = 7']);
  });
});

function nameOf(command: Command): string {
  return command.kind === 'capture' && command.amount !== null ? `capture of ${command.amount}` : command.kind;
}
