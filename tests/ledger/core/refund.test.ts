import { describe, expect, test } from 'vitest';
import {
  captureOf,
  expire,
  grantOf,
  holdOf,
  impossibleAmounts,
  refundOf,
  releaseOf,
  StoryWallet,
  voidOf,
} from './builder.ts';

/** A charge `h` of 9, paid 2 by `a`, 3 by `b` and 4 by `c`; 1 remains in `c`. */
function chargeOf2And3And4(): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(
    grantOf('a', 2, { priority: 1 }),
    grantOf('b', 3, { priority: 2 }),
    grantOf('c', 5, { priority: 3 }),
    holdOf('h', 9),
    captureOf('h'),
  );
  return wallet;
}

describe('refund', () => {
  test('G09 given a charge of 2 + 3 + 4, when all is refunded, then 4, 3 and 2 go back, in reverse order', () => {
    const wallet = chargeOf2And3And4();

    wallet.at(2).does(refundOf('h'));

    expect(wallet.lines(5)).toEqual(['2 REFUND CONSUMED>AVAILABLE c 4, b 3, a 2 = 10']);
    expect(wallet.journal.at(-1)).toMatchObject({ holdId: 'h', reason: 'a refund' });
    expect(wallet.balance()).toEqual({ available: 10, held: 0, pending: 0 });
  });

  test('G09 given a charge of 2 + 3 + 4, when 5, then 1, then the rest are refunded, then 4+1, 1, 1+2 go back', () => {
    const wallet = chargeOf2And3And4();

    wallet.at(2).does(refundOf('h', 5), refundOf('h', 1), refundOf('h'));

    expect(wallet.lines(5)).toEqual([
      '2 REFUND CONSUMED>AVAILABLE c 4, b 1 = 6',
      '2 REFUND CONSUMED>AVAILABLE b 1 = 7',
      '2 REFUND CONSUMED>AVAILABLE b 1, a 2 = 10',
    ]);
    expect(wallet.hold('h')).toMatchObject({
      status: 'CAPTURED',
      fundings: [
        { grantId: 'a', held: 2, captured: 2, refunded: 2 },
        { grantId: 'b', held: 3, captured: 3, refunded: 3 },
        { grantId: 'c', held: 4, captured: 4, refunded: 4 },
      ],
    });
  });

  test('given 9 charged and 5 refunded, when 5 more are refunded, then it is refused: 4 are left', () => {
    const wallet = chargeOf2And3And4();
    wallet.does(refundOf('h', 5));
    const before = wallet.state;

    expect(wallet.refuses(refundOf('h', 5))).toEqual({ kind: 'EXCEEDS_CHARGE', refundable: 4 });

    expect(wallet.state).toBe(before);
  });

  test.each([null, 1])('given all was refunded, when %s more is refunded, then it is refused: 0 are left', (amount) => {
    const wallet = chargeOf2And3And4();
    wallet.does(refundOf('h'));

    expect(wallet.refuses(refundOf('h', amount))).toEqual({ kind: 'EXCEEDS_CHARGE', refundable: 0 });
  });

  test('G06 given 9 held and 4 captured, when all is refunded, then 4 go back and not 9', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10), holdOf('h', 9), captureOf('h', 4));

    expect(wallet.refuses(refundOf('h', 5))).toEqual({ kind: 'EXCEEDS_CHARGE', refundable: 4 });
    wallet.does(refundOf('h'));

    expect(wallet.parts('a')).toEqual({ remaining: 10 });
  });

  test('G09 given the grant in the middle expired and the last was voided, when all is refunded, then each goes where it belongs', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(
      grantOf('a', 2, { priority: 1 }),
      grantOf('b', 3, { priority: 2, expiresAt: 20 }),
      grantOf('c', 5, { priority: 3 }),
      holdOf('h', 9),
      captureOf('h'),
      voidOf('c'),
    );

    wallet.at(20).does(refundOf('h'));

    expect(wallet.parts('a')).toEqual({ remaining: 2 });
    expect(wallet.parts('b')).toEqual({ expired: 3 });
    expect(wallet.parts('c')).toEqual({ revoked: 5 });
    expect(wallet.lines(6)).toEqual([
      '20 REFUND CONSUMED>REVOKED c 4 = 0',
      '20 REFUND CONSUMED>EXPIRED b 3 = 0',
      '20 REFUND CONSUMED>AVAILABLE a 2 = 2',
    ]);
  });

  test('G09 given half was refunded before the expiry and half after, when time goes on, then only the first half was spendable', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 6, { expiresAt: 20 }), holdOf('h', 6), captureOf('h'));

    wallet.at(19).does(refundOf('h', 3));
    expect(wallet.balance().available).toBe(3);
    wallet.at(20).does(refundOf('h', 3));

    expect(wallet.parts('a')).toEqual({ expired: 6 });
    expect(wallet.lines(3)).toEqual([
      '19 REFUND CONSUMED>AVAILABLE a 3 = 3',
      '20 EXPIRY AVAILABLE>EXPIRED a 3 = 0',
      '20 REFUND CONSUMED>EXPIRED a 3 = 0',
    ]);
  });

  test('given refunded credits, when they are held again, then they are spendable like any', () => {
    const wallet = chargeOf2And3And4();
    wallet.does(refundOf('h'), holdOf('i', 10));

    expect(wallet.hold('i').fundings.map(({ grantId, held }) => [grantId, held])).toEqual([
      ['a', 2],
      ['b', 3],
      ['c', 5],
    ]);
  });

  test('given a hold that is open, released or lapsed, when it is refunded, then NOT_CAPTURED', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(
      grantOf('a', 10),
      holdOf('open', 1),
      holdOf('released', 1),
      releaseOf('released'),
      holdOf('lapsed', 1, 10),
    );
    wallet.at(11).does(expire);

    for (const id of ['open', 'released', 'lapsed']) {
      expect(wallet.refuses(refundOf(id))).toMatchObject({ kind: 'NOT_CAPTURED', hold: { status: id.toUpperCase() } });
    }
  });

  test('given an unknown hold, when it is refunded, then UNKNOWN_HOLD', () => {
    expect(chargeOf2And3And4().refuses(refundOf('nobody'))).toEqual({ kind: 'UNKNOWN_HOLD' });
  });

  test.each(impossibleAmounts)('G04 a refund of %s stops at the assertion', (amount) => {
    expect(() => chargeOf2And3And4().does(refundOf('h', amount))).toThrow('an amount is a positive integer');
  });
});
