import { describe, expect, test } from 'vitest';
import { project } from '../../../src/ledger/core/apply.ts';
import { captureOf, expire, extendOf, grantOf, holdOf, instant, refundOf, releaseOf, StoryWallet } from './builder.ts';

/** Grant `a` of 10 until 20, made at 1. */
function walletUntil20(): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(grantOf('a', 10, { expiresAt: 20 }));
  return wallet;
}

describe('expiry', () => {
  test('G08 given 10 until 20, when nothing but time happens, then a reader sees 10 at 19 and 0 at 20', () => {
    const wallet = walletUntil20();

    expect(wallet.at(19).balance().available).toBe(10);
    expect(wallet.at(20).balance().available).toBe(0);
    expect(wallet.parts('a')).toEqual({ expired: 10 });
  });

  test('G08 given 10 until 20, when 1 is held at 19 and 1 at 20, then the first is taken and the second refused', () => {
    const wallet = walletUntil20();

    wallet.at(19).does(holdOf('h', 1));

    expect(wallet.at(20).refuses(holdOf('i', 1))).toMatchObject({
      kind: 'INSUFFICIENT_CREDITS',
      available: 0,
      held: 1,
    });
  });

  test('G08 given a refusal that saw the expiry, when the wallet is looked at, then the refusal recorded nothing', () => {
    const wallet = walletUntil20();
    const before = wallet.state;

    wallet.at(20).refuses(holdOf('i', 1));

    expect(wallet.state).toBe(before);
    expect(wallet.journal).toHaveLength(1);
  });

  test('G08 given 10 until 20 and 5 for ever, when 5 are held at 30, then the expiry is recorded at 20 before the hold', () => {
    const wallet = walletUntil20();
    wallet.does(grantOf('b', 5));

    wallet.at(30).does(holdOf('h', 5));

    expect(wallet.lines(2)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED a 10 = 5', '30 HOLD AVAILABLE>HELD b 5 = 0']);
    expect(wallet.journal.slice(2).map(({ recordedAt }) => recordedAt)).toEqual([30, 30]);
  });

  test('G08 given 4 of 10 held, when the grant expires, then 6 expire and 4 stay held', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 4));

    wallet.at(20).does(expire);

    expect(wallet.parts('a')).toEqual({ held: 4, expired: 6 });
  });

  test('given 4 held before the expiry, when they are captured after it, then 4 are consumed', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 4));

    wallet.at(21).does(captureOf('h'));

    expect(wallet.parts('a')).toEqual({ consumed: 4, expired: 6 });
  });

  test('G09 given 4 held before the expiry, when they are released at it, then all 10 are expired', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 4));

    wallet.at(20).does(releaseOf('h'));

    expect(wallet.parts('a')).toEqual({ expired: 10 });
    expect(wallet.lines(2)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED a 6 = 0', '20 RELEASE HELD>EXPIRED a 4 = 0']);
  });

  test('G09 given 4 held before the expiry, when they are released one instant before it, then 10 live and then expire', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 4));
    wallet.at(19).does(releaseOf('h'));

    expect(wallet.balance().available).toBe(10);
    wallet.at(20).does(expire);
    expect(wallet.lines(3)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
  });

  test('G09 given a charge of 4, when it is refunded at the expiry, then 4 stay expired', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 4), captureOf('h'));

    wallet.at(20).does(refundOf('h'));

    expect(wallet.parts('a')).toEqual({ expired: 10 });
    expect(wallet.balance().available).toBe(0);
  });

  test.each([
    { lapse: 19, lines: ['19 RELEASE HELD>AVAILABLE a 4 = 10', '20 EXPIRY AVAILABLE>EXPIRED a 10 = 0'] },
    { lapse: 20, lines: ['20 EXPIRY AVAILABLE>EXPIRED a 6 = 0', '20 RELEASE HELD>EXPIRED a 4 = 0'] },
    { lapse: 21, lines: ['20 EXPIRY AVAILABLE>EXPIRED a 6 = 0', '21 RELEASE HELD>EXPIRED a 4 = 0'] },
  ])(
    'G09 given 10 until 20 and 4 of them held until $lapse, when both have passed unseen, then all 10 are expired',
    ({ lapse, lines }) => {
      const wallet = walletUntil20();
      wallet.does(holdOf('h', 4, lapse - 1));

      wallet.at(100).does(expire);

      expect(wallet.parts('a')).toEqual({ expired: 10 });
      expect(wallet.lines(2)).toEqual(lines);
    },
  );

  test('G09 given all 10 until 20 are held until 15, when both have passed unseen, then they came back and expired', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 10, 14));

    wallet.at(100).does(expire);

    expect(wallet.lines(2)).toEqual(['15 RELEASE HELD>AVAILABLE a 10 = 10', '20 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
  });

  test('G09 given all 10 held until 20, when hold and grant end at that instant, then the capture finds nothing', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 10, 19));

    expect(wallet.at(20).refuses(captureOf('h')).kind).toBe('HOLD_EXPIRED');
    expect(wallet.at(20).refuses(extendOf('h', 5)).kind).toBe('HOLD_EXPIRED');
    expect(wallet.balance()).toEqual({ available: 0, held: 0, pending: 0 });
  });

  test('G08 given a grant that begins at the instant at which another ends, when it comes, then one takes over from the other', () => {
    const wallet = walletUntil20();
    wallet.does(grantOf('b', 7, { effectiveAt: 20 }));

    expect(wallet.at(19).balance()).toEqual({ available: 10, held: 0, pending: 7 });
    expect(wallet.at(20).balance()).toEqual({ available: 7, held: 0, pending: 0 });
    wallet.does(holdOf('h', 7));
    expect(wallet.lines(2)).toEqual([
      '20 GRANT PENDING>AVAILABLE b 7 = 17',
      '20 EXPIRY AVAILABLE>EXPIRED a 10 = 7',
      '20 HOLD AVAILABLE>HELD b 7 = 0',
    ]);
  });

  test('G08 given a grant from 10 to 20 that nobody touched, when it is 30, then it began and expired in turn', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 5, { effectiveAt: 10, expiresAt: 20 }));

    wallet.at(30).does(expire);

    expect(wallet.lines(1)).toEqual(['10 GRANT PENDING>AVAILABLE a 5 = 5', '20 EXPIRY AVAILABLE>EXPIRED a 5 = 0']);
  });

  test('given nothing is due, when what is due is recorded, then NOTHING_DUE', () => {
    const wallet = walletUntil20();

    expect(wallet.at(19).refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
    wallet.at(20).does(expire);
    expect(wallet.at(1_000).refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
  });

  test('given all of a grant is held, when only its end has come, then NOTHING_DUE', () => {
    const wallet = walletUntil20();
    wallet.does(holdOf('h', 10, 1_000));

    expect(wallet.at(20).refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
  });

  test('G12 given a wallet with an expiry due, when it is read twice, then it has not changed', () => {
    const wallet = walletUntil20();
    const before = structuredClone(wallet.state);

    const first = project(wallet.state, instant(30));
    const second = project(wallet.state, instant(30));

    expect(first).toEqual(second);
    expect(wallet.state).toEqual(before);
  });

  test('G40 given a wallet whose last instant is 30, when it is read with a clock at 10, then it stands at 30', () => {
    const wallet = walletUntil20();
    wallet.at(30).does(expire);

    expect(project(wallet.state, instant(10)).state).toEqual(wallet.state);
  });
});
