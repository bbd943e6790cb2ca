import { describe, expect, test } from 'vitest';
import {
  captureOf,
  clawbackOf,
  expire,
  grantOf,
  holdOf,
  releaseOf,
  rescheduleOf,
  StoryWallet,
  voidOf,
} from './builder.ts';

/** Grant `a` of 10 from 1 until 50, and it is 20. */
function until50(): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(grantOf('a', 10, { expiresAt: 50 }));
  return wallet.at(20);
}

describe('a grant that is to end at another instant', () => {
  test('given it ends at 50, when it is to end at 80, then no transfer is written and it ends at 80', () => {
    const wallet = until50();

    const effect = wallet.does(rescheduleOf(['a'], 80));

    expect(effect).toMatchObject({ kind: 'reschedule', grants: [{ id: 'a', expiresAt: 80, remaining: 10 }] });
    expect(wallet.journal).toHaveLength(1);
    expect(wallet.state.lastInstant).toBe(20);
    expect(wallet.at(79).balance().available).toBe(10);
    wallet.at(80).does(expire);
    expect(wallet.lines(1)).toEqual(['80 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
    expect(wallet.journal[1]?.reason).toBeNull();
  });

  test('G08 given it ends at 50, when it is to end at 30, then it ends at 30', () => {
    const wallet = until50();
    wallet.does(rescheduleOf(['a'], 30));

    expect(wallet.at(29).balance().available).toBe(10);
    expect(wallet.at(30).balance().available).toBe(0);
  });

  test('given it lives for ever, when it is to end, then it has an end', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10), rescheduleOf(['a'], 2));

    expect(wallet.grant('a').expiresAt).toBe(2);
    expect(wallet.at(2).balance().available).toBe(0);
  });

  test('given all of it is held, when it is to end later, then what is released comes back until then', () => {
    const wallet = until50();
    wallet.does(holdOf('call', 10), rescheduleOf(['a'], 80));

    wallet.at(60).does(releaseOf('call'));

    expect(wallet.parts('a')).toEqual({ remaining: 10 });
  });

  test('given two grants, when the first is to end sooner, then it burns first', () => {
    const wallet = until50();
    wallet.does(grantOf('b', 10, { expiresAt: 90 }), rescheduleOf(['b'], 40), holdOf('call', 12));

    expect(wallet.lines(2)).toEqual(['20 HOLD AVAILABLE>HELD b 10, a 2 = 8']);
  });

  test('given a grant that begins at 30, when it is to end at 31, then it begins at 30 and ends at 31', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('a', 10, { effectiveAt: 30 }), rescheduleOf(['a'], 31));

    wallet.at(31).does(expire);

    expect(wallet.lines(1)).toEqual(['30 GRANT PENDING>AVAILABLE a 10 = 10', '31 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
    expect(wallet.grant('a').voidedAt).toBeNull();
  });
});

describe('a grant that is to end now', () => {
  test.each([19, 20])(
    'given it is 20, when it is to end at %s, then what remains expires now, with the reason',
    (at) => {
      const wallet = until50();
      wallet.does(holdOf('call', 3));

      const effect = wallet.does(rescheduleOf(['a'], at));

      expect(effect).toMatchObject({
        kind: 'reschedule',
        grants: [{ expiresAt: 20, remaining: 0, expired: 7, held: 3 }],
      });
      expect(wallet.lines(2)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED a 7 = 0']);
      expect(wallet.journal[2]).toMatchObject({ reason: 'a cancellation', recordedAt: 20 });
      wallet.does(releaseOf('call'));
      expect(wallet.parts('a')).toEqual({ expired: 10 });
    },
  );

  test('given all of it is spent, when it is to end now, then only its end changes', () => {
    const wallet = until50();
    wallet.does(holdOf('call', 10), captureOf('call'), rescheduleOf(['a'], 5));

    expect(wallet.journal).toHaveLength(3);
    expect(wallet.grant('a').expiresAt).toBe(20);
  });

  test('given it began at this very instant, when it is to end now, then it lasts a millisecond, empty', () => {
    const wallet = new StoryWallet().at(20);
    wallet.does(grantOf('a', 10), rescheduleOf(['a'], 20));

    expect(wallet.lines(1)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
    expect(wallet.grant('a').expiresAt).toBe(21);
    wallet.repeats(rescheduleOf(['a'], 20));
    wallet.repeats(rescheduleOf(['a'], 90));
    expect(wallet.grant('a').expiresAt).toBe(21);
  });

  test('given it ends a millisecond after it began, when it is to end within it, then what remains expires and its end stays', () => {
    const wallet = new StoryWallet().at(20);
    wallet.does(grantOf('a', 10, { expiresAt: 21 }), rescheduleOf(['a'], 20));

    expect(wallet.parts('a')).toEqual({ expired: 10 });
    expect(wallet.grant('a').expiresAt).toBe(21);
  });

  test('given it began a millisecond ago, when it is to end now, then it ends now', () => {
    const wallet = new StoryWallet().at(19);
    wallet.does(grantOf('a', 10));

    wallet.at(20).does(rescheduleOf(['a'], 0));

    expect(wallet.grant('a').expiresAt).toBe(20);
  });

  test.each([30, 29, 1])('given it begins at 30, when it is to end at %s, then it never begins', (at) => {
    const wallet = new StoryWallet().at(10);
    wallet.does(grantOf('a', 10, { effectiveAt: 30 }));

    const effect = wallet.does(rescheduleOf(['a'], at));

    expect(effect).toMatchObject({ grants: [{ voidedAt: 10, pending: 0, revoked: 10, expiresAt: null }] });
    expect(wallet.lines(1)).toEqual(['10 VOID PENDING>REVOKED a 10 = 0']);
    expect(wallet.journal[1]?.reason).toBe('a cancellation');
    expect(wallet.at(30).refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
  });
});

describe('a grant that stays as it is', () => {
  test('given it expired at 50, when it is to end at 80, then it is not revived, and its expiry is recorded', () => {
    const wallet = until50();

    const effect = wallet.at(50).repeats(rescheduleOf(['a'], 80));

    expect(effect).toMatchObject({ kind: 'reschedule', grants: [{ expiresAt: 50, expired: 10 }] });
    expect(wallet.lines(1)).toEqual(['50 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
    wallet.at(60).repeats(rescheduleOf(['a'], 10));
    expect(wallet.grant('a').expiresAt).toBe(50);
  });

  test('given it was voided, when it is to end at another instant, then it stays', () => {
    const wallet = until50();
    wallet.does(voidOf('a'));
    const before = wallet.grant('a');

    wallet.repeats(rescheduleOf(['a'], 80));
    wallet.repeats(rescheduleOf(['a'], 20));

    expect(wallet.grant('a')).toEqual(before);
  });

  test('given it ends at 50 or begins later, when it is to end when it does anyway, then it is a repetition', () => {
    const wallet = until50();
    wallet.does(grantOf('b', 10, { effectiveAt: 30, expiresAt: 50 }));
    const { grants } = wallet.state;

    wallet.repeats(rescheduleOf(['a', 'b'], 50));

    expect(wallet.state.grants).toBe(grants);
  });

  test('given a grant of later whose payment went back, when it is to end before it begins and the dispute is won, then it stays away', () => {
    const wallet = new StoryWallet().at(10);
    wallet.does(grantOf('a', 10, { effectiveAt: 30 }), clawbackOf('a', 10), rescheduleOf(['a'], 20));
    expect(wallet.journal).toHaveLength(2);

    wallet.does(clawbackOf('a', 0));

    expect(wallet.parts('a')).toEqual({ revoked: 10 });
    expect(wallet.at(30).balance().available).toBe(0);
  });
});

describe('several grants', () => {
  test('given one expired and one lives, when both are to end at 80, then it is no repetition and only one changes', () => {
    const wallet = until50();
    wallet.does(grantOf('b', 10));

    const effect = wallet.at(60).does(rescheduleOf(['a', 'b', 'b'], 80));

    expect(effect).toMatchObject({
      grants: [
        { id: 'a', expiresAt: 50 },
        { id: 'b', expiresAt: 80 },
        { id: 'b', expiresAt: 80 },
      ],
    });
  });

  test('given two, when both are to end now, then each expires by itself, in the order in which they were named', () => {
    const wallet = until50();
    wallet.does(grantOf('b', 4), rescheduleOf(['b', 'a'], 20));

    expect(wallet.lines(2)).toEqual(['20 EXPIRY AVAILABLE>EXPIRED b 4 = 10', '20 EXPIRY AVAILABLE>EXPIRED a 10 = 0']);
  });

  test('G11 given one that is not there, when they are to end now, then UNKNOWN_GRANT, and none has ended', () => {
    const wallet = until50();
    const before = wallet.state;

    expect(wallet.refuses(rescheduleOf(['a', 'nobody'], 20))).toEqual({ kind: 'UNKNOWN_GRANT' });

    expect(wallet.state).toBe(before);
    expect(wallet.grant('a').expiresAt).toBe(50);
  });

  test('given none, then there is nothing to do', () => {
    expect(until50().repeats(rescheduleOf([], 80))).toEqual({ kind: 'reschedule', grants: [] });
  });
});
