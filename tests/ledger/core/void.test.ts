import { describe, expect, test } from 'vitest';
import { captureOf, expire, grantOf, holdOf, refundOf, releaseOf, StoryWallet, voidOf } from './builder.ts';

/** Grant `a` of 10 until 50: 3 consumed by `paid`, 2 held by `open`, 5 remaining. */
function grantInThreeParts(): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(grantOf('a', 10, { expiresAt: 50 }), holdOf('paid', 3), captureOf('paid'), holdOf('open', 2));
  return wallet;
}

describe('void', () => {
  test('given 3 consumed, 2 held and 5 remaining, when it is voided, then only the 5 are revoked', () => {
    const wallet = grantInThreeParts();

    const effect = wallet.at(2).does(voidOf('a'));

    expect(effect).toMatchObject({ kind: 'grant', grant: { id: 'a', voidedAt: 2, revoked: 5 } });
    expect(wallet.grant('a').voidedAt).toBe(2);
    expect(wallet.parts('a')).toEqual({ consumed: 3, held: 2, revoked: 5 });
    expect(wallet.balance()).toEqual({ available: 0, held: 2, pending: 0 });
    expect(wallet.lines(4)).toEqual(['2 VOID AVAILABLE>REVOKED a 5 = 0']);
    expect(wallet.journal.at(-1)).toMatchObject({ reason: 'a mistake', holdId: null });
  });

  test('given it was voided with 2 held, when they are captured, then 3 + 2 are consumed', () => {
    const wallet = grantInThreeParts();
    wallet.at(2).does(voidOf('a'), captureOf('open'));

    expect(wallet.parts('a')).toEqual({ consumed: 5, revoked: 5 });
  });

  test('given it was voided with 2 held, when 1 is captured, then 5 + 1 are revoked', () => {
    const wallet = grantInThreeParts();
    wallet.at(2).does(voidOf('a'), captureOf('open', 1));

    expect(wallet.parts('a')).toEqual({ consumed: 4, revoked: 6 });
  });

  test('given it was voided with 2 held, when they are released or lapse, then 5 + 2 are revoked', () => {
    const released = grantInThreeParts();
    released.at(2).does(voidOf('a'), releaseOf('open'));
    const lapsed = grantInThreeParts();
    lapsed.at(2).does(voidOf('a'));
    lapsed.at(1_001).does(expire);

    expect(released.parts('a')).toEqual({ consumed: 3, revoked: 7 });
    expect(lapsed.parts('a')).toEqual({ consumed: 3, revoked: 7 });
  });

  test('given it was voided and then expired, when its charge is refunded, then 5 + 3 stay revoked', () => {
    const wallet = grantInThreeParts();
    wallet.at(2).does(voidOf('a'));

    wallet.at(60).does(refundOf('paid'));

    expect(wallet.parts('a')).toEqual({ held: 2, revoked: 8 });
  });

  test('given a pending grant, when it is voided, then it never begins', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10, { effectiveAt: 20 }), voidOf('a'));

    expect(wallet.lines(1)).toEqual(['1 VOID PENDING>REVOKED a 10 = 0']);
    expect(wallet.at(20).balance()).toEqual({ available: 0, held: 0, pending: 0 });
    expect(wallet.refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
  });

  test('given a grant that begins at 20, when it is voided at 20, then it began first', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10, { effectiveAt: 20 }));

    wallet.at(20).does(voidOf('a'));

    expect(wallet.lines(1)).toEqual(['20 GRANT PENDING>AVAILABLE a 10 = 10', '20 VOID AVAILABLE>REVOKED a 10 = 0']);
  });

  test('G08 given a grant until 50, when it is voided at 50, then it has expired and there is nothing to void', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10, { expiresAt: 50 }));

    expect(wallet.at(50).refuses(voidOf('a'))).toMatchObject({
      kind: 'NOT_VOIDABLE',
      grant: { remaining: 0, expired: 10, voidedAt: null },
    });
    expect(wallet.at(49).does(voidOf('a'))).toMatchObject({ grant: { revoked: 10 } });
  });

  test('given it was voided, when it is voided again, then it is refused', () => {
    const wallet = grantInThreeParts();
    wallet.does(voidOf('a'));
    const before = wallet.state;

    expect(wallet.at(3).refuses(voidOf('a'))).toMatchObject({ kind: 'NOT_VOIDABLE', grant: { voidedAt: 1 } });

    expect(wallet.state).toBe(before);
  });

  test('given all of it is spent or held, when it is voided, then it is refused', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 5), holdOf('paid', 3), captureOf('paid'), holdOf('open', 2));

    expect(wallet.refuses(voidOf('a'))).toMatchObject({ kind: 'NOT_VOIDABLE', grant: { voidedAt: null } });
  });

  test('given a hold that lapses at the instant of the void, when it is voided, then the 2 are back and revoked with the 5', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 7), holdOf('open', 2, 10));

    wallet.at(11).does(voidOf('a'));

    expect(wallet.lines(2)).toEqual(['11 RELEASE HELD>AVAILABLE a 2 = 7', '11 VOID AVAILABLE>REVOKED a 7 = 0']);
  });

  test('given a voided grant, when its hold has lapsed and is captured late, then another grant has to pay', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 7), holdOf('open', 2, 10), voidOf('a'));

    expect(wallet.at(11).refuses(captureOf('open')).kind).toBe('HOLD_EXPIRED');
    wallet.does(grantOf('b', 2), captureOf('open'));

    expect(wallet.parts('a')).toEqual({ revoked: 7 });
    expect(wallet.parts('b')).toEqual({ consumed: 2 });
  });

  test('given no such grant, when it is voided, then UNKNOWN_GRANT', () => {
    expect(grantInThreeParts().refuses(voidOf('nobody'))).toEqual({ kind: 'UNKNOWN_GRANT' });
  });
});
