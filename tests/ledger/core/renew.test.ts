import { describe, expect, test } from 'vitest';
import {
  captureOf,
  clawbackOf,
  expire,
  grantOf,
  holdOf,
  impossibleAmounts,
  refundOf,
  releaseOf,
  renewOf,
  rescheduleOf,
  StoryWallet,
  voidOf,
} from './builder.ts';

/** Plan credits of the first period until 130, of which a charge took `spent`; it is 100 when the next period comes. */
function firstPeriod(amount = 50, spent = 0): StoryWallet {
  const wallet = new StoryWallet().at(1);
  wallet.does(renewOf('june', amount, { expiresAt: 130 }));
  if (spent > 0) wallet.does(holdOf('call', spent), captureOf('call'));
  return wallet.at(100);
}

const july = renewOf('july', 50, { expiresAt: 230, ends: ['june'] });
const julyRolling = (cap: number) =>
  renewOf('july', 50, {
    expiresAt: 230,
    ends: ['june'],
    rollover: { id: 'left', from: ['june'], cap, expiresAt: 230 },
  });

describe('a renewal', () => {
  test('G29 given 50 of which 20 are spent, when the next 50 come, then the 30 left expire first and 50 are available', () => {
    const wallet = firstPeriod(50, 20);

    const effect = wallet.does(july);

    expect(effect).toMatchObject({
      kind: 'renew',
      grant: {
        id: 'july',
        source: 'PLAN',
        category: 'PAID',
        priority: 10,
        amount: 50,
        remaining: 50,
        effectiveAt: 100,
        expiresAt: 230,
        createdAt: 100,
        voidedAt: null,
        reason: 'a new period',
      },
      rollover: null,
    });
    expect(wallet.lines(3)).toEqual([
      '100 EXPIRY AVAILABLE>EXPIRED june 30 = 0',
      '100 GRANT ISSUED>AVAILABLE july 50 = 50',
    ]);
    expect(wallet.journal[3]).toMatchObject({ reason: 'The next credits came in its place.', holdId: null });
    expect(wallet.parts('june')).toEqual({ consumed: 20, expired: 30 });
    expect(wallet.grant('june')).toMatchObject({ expiresAt: 100, voidedAt: null });
    expect(wallet.state.issued).toBe(100);
  });

  test('given nothing came before, when the first credits come, then they are just there', () => {
    const wallet = new StoryWallet().at(1);

    expect(wallet.does(renewOf('june', 50))).toMatchObject({ grant: { id: 'june', expiresAt: null }, rollover: null });

    expect(wallet.lines()).toEqual(['1 GRANT ISSUED>AVAILABLE june 50 = 50']);
  });

  test('given other grants, when a renewal does not name them, then they stay, and those that it names end in its order', () => {
    const wallet = firstPeriod(50);
    wallet.does(grantOf('pack', 7), grantOf('old', 5), grantOf('older', 3));

    wallet.does(renewOf('july', 50, { ends: ['older', 'june', 'old'] }));

    expect(wallet.lines(4)).toEqual([
      '100 EXPIRY AVAILABLE>EXPIRED older 3 = 62',
      '100 EXPIRY AVAILABLE>EXPIRED june 50 = 12',
      '100 EXPIRY AVAILABLE>EXPIRED old 5 = 7',
      '100 GRANT ISSUED>AVAILABLE july 50 = 57',
    ]);
    expect(wallet.parts('pack')).toEqual({ remaining: 7 });
  });

  test('given a grant that lives for ever, when a renewal ends it, then it has an end', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('june', 5));

    wallet.at(100).does(july);

    expect(wallet.grant('june').expiresAt).toBe(100);
  });

  test('given all of a grant is spent, when it is renewed, then nothing expires, and yet it has ended', () => {
    const wallet = firstPeriod(50, 50);

    wallet.does(july);

    expect(wallet.lines(3)).toEqual(['100 GRANT ISSUED>AVAILABLE july 50 = 50']);
    expect(wallet.grant('june').expiresAt).toBe(100);
    wallet.does(refundOf('call', 20));
    expect(wallet.parts('june')).toEqual({ consumed: 30, expired: 20 });
  });
});

describe('what is held when a renewal comes', () => {
  test('G09 given 10 of 50 held, when the period ends and the 10 are released, then 40 + 10 expire', () => {
    const wallet = firstPeriod();
    wallet.does(holdOf('call', 10), july);
    expect(wallet.balance()).toEqual({ available: 50, held: 10, pending: 0 });

    wallet.does(releaseOf('call'));

    expect(wallet.lines(2)).toEqual([
      '100 EXPIRY AVAILABLE>EXPIRED june 40 = 0',
      '100 GRANT ISSUED>AVAILABLE july 50 = 50',
      '100 RELEASE HELD>EXPIRED june 10 = 50',
    ]);
  });

  test('given 10 of 50 held, when the period ends and 4 of them are captured, then 40 + 6 expire', () => {
    const wallet = firstPeriod();
    wallet.does(holdOf('call', 10), july);

    wallet.at(101).does(captureOf('call', 4));

    expect(wallet.parts('june')).toEqual({ consumed: 4, expired: 46 });
    expect(wallet.balance()).toEqual({ available: 50, held: 0, pending: 0 });
  });

  test('given 10 of 50 held, when what is left rolls over, then it is 50 - 10 = 40, and what is held does not roll', () => {
    const wallet = firstPeriod();
    wallet.does(holdOf('call', 10), julyRolling(100), releaseOf('call'));

    expect(wallet.parts('left')).toEqual({ remaining: 40 });
    expect(wallet.parts('june')).toEqual({ expired: 50 });
  });

  test('G07 given a hold that lapses at the very instant of the renewal, when it comes, then the 10 are back before and expire with the 40', () => {
    const wallet = firstPeriod();
    wallet.does(rescheduleOf(['june'], 1_000), holdOf('call', 10, 100));

    wallet.at(200).does(july);

    expect(wallet.lines(2)).toEqual([
      '200 RELEASE HELD>AVAILABLE june 10 = 50',
      '200 EXPIRY AVAILABLE>EXPIRED june 50 = 0',
      '200 GRANT ISSUED>AVAILABLE july 50 = 50',
    ]);
  });
});

describe('a rollover', () => {
  test('given 30 left and a cap of 100, when the next 50 come, then the 30 live on as a grant of their own: 50 + 30 = 80', () => {
    const wallet = firstPeriod(50, 20);

    const effect = wallet.does(julyRolling(100));

    expect(effect).toMatchObject({
      kind: 'renew',
      grant: { id: 'july', remaining: 50 },
      rollover: {
        id: 'left',
        source: 'ROLLOVER',
        category: 'PAID',
        priority: 20,
        amount: 30,
        remaining: 30,
        effectiveAt: 100,
        expiresAt: 230,
        createdAt: 100,
        reason: 'rolled over',
      },
    });
    expect(wallet.lines(3)).toEqual([
      '100 EXPIRY AVAILABLE>EXPIRED june 30 = 0',
      '100 GRANT ISSUED>AVAILABLE july 50 = 50',
      '100 GRANT ISSUED>AVAILABLE left 30 = 80',
    ]);
    expect(wallet.state.issued).toBe(130);
  });

  test.each([
    { cap: 29, rolled: 29 },
    { cap: 30, rolled: 30 },
    { cap: 31, rolled: 30 },
  ])('given 30 left and a cap of $cap, then $rolled live on', ({ cap, rolled }) => {
    const wallet = firstPeriod(50, 20);
    wallet.does(julyRolling(cap));
    expect(wallet.parts('left')).toEqual({ remaining: rolled });
  });

  test('given a cap of 0, or nothing left, then nothing lives on', () => {
    const capped = firstPeriod(50, 20);
    expect(capped.does(julyRolling(0))).toMatchObject({ kind: 'renew', rollover: null });
    const spent = firstPeriod(50, 50);
    expect(spent.does(julyRolling(100))).toMatchObject({ kind: 'renew', rollover: null });

    expect(capped.balance().available).toBe(50);
    expect(spent.balance().available).toBe(50);
    expect(() => spent.grant('left')).toThrow('no grant left');
  });

  test('given two grants that end, when one of them rolls over, then only what was left of that one counts, and only once', () => {
    const wallet = firstPeriod(50, 20);
    wallet.does(grantOf('old', 9));

    wallet.does(
      renewOf('july', 50, {
        ends: ['old', 'june', 'june'],
        rollover: { id: 'left', from: ['june', 'june'], cap: 100 },
      }),
    );

    expect(wallet.parts('left')).toEqual({ remaining: 30 });
    expect(wallet.parts('old')).toEqual({ expired: 9 });
  });

  test('given two grants that roll over, then what was left of both counts: 30 + 9 = 39', () => {
    const wallet = firstPeriod(50, 20);
    wallet.does(grantOf('old', 9));

    wallet.does(
      renewOf('july', 50, { ends: ['old', 'june'], rollover: { id: 'left', from: ['june', 'old'], cap: 100 } }),
    );

    expect(wallet.parts('left')).toEqual({ remaining: 39 });
  });

  test('given grants that expired, were voided or have not begun, then nothing of them lives on', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('expired', 3, { expiresAt: 50 }), grantOf('voided', 4), voidOf('voided'));
    wallet.does(grantOf('later', 5, { effectiveAt: 500 }));
    const ids = ['expired', 'voided', 'later'];

    wallet.at(100).does(renewOf('july', 50, { ends: ids, rollover: { id: 'left', from: ids, cap: 100 } }));

    expect(wallet.balance()).toEqual({ available: 50, held: 0, pending: 0 });
  });
});

describe('what a renewal finds already ended', () => {
  test('given a grant that expired at 130, when the renewal comes at 200, then it stays as it is', () => {
    const wallet = firstPeriod();
    wallet.at(200).does(july);

    expect(wallet.lines(1)).toEqual([
      '130 EXPIRY AVAILABLE>EXPIRED june 50 = 0',
      '200 GRANT ISSUED>AVAILABLE july 50 = 50',
    ]);
    expect(wallet.grant('june').expiresAt).toBe(130);
  });

  test('given a grant that was voided with 10 held, when the renewal comes, then it stays as it is', () => {
    const wallet = firstPeriod();
    wallet.does(holdOf('call', 10), voidOf('june'));
    const before = wallet.grant('june');

    wallet.does(july);

    expect(wallet.grant('june')).toEqual(before);
    wallet.does(releaseOf('call'));
    expect(wallet.parts('june')).toEqual({ revoked: 50 });
  });

  test('given a grant that begins at 500, when the renewal ends it, then it never begins', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('june', 10, { effectiveAt: 500 }));

    wallet.at(100).does(july);

    expect(wallet.lines(1)).toEqual([
      '100 VOID PENDING>REVOKED june 10 = 0',
      '100 GRANT ISSUED>AVAILABLE july 50 = 50',
    ]);
    expect(wallet.journal[1]?.reason).toBe('The next credits came in its place.');
    expect(wallet.grant('june')).toMatchObject({ voidedAt: 100, expiresAt: null });
    wallet.at(500).does(expire);
    expect(wallet.lines(3)).toEqual(['230 EXPIRY AVAILABLE>EXPIRED july 50 = 0']);
  });

  test('given a grant of later whose payment went back, when the renewal ends it and the dispute is won, then it stays away', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('june', 10, { effectiveAt: 500 }), clawbackOf('june', 10));

    wallet.at(100).does(july, clawbackOf('june', 0));

    expect(wallet.lines(2)).toEqual(['100 GRANT ISSUED>AVAILABLE july 50 = 50']);
    expect(wallet.parts('june')).toEqual({ revoked: 10 });
  });

  test('given a grant that begins at the instant of the renewal, when it comes, then it began first, and lasts a millisecond', () => {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('june', 10, { effectiveAt: 100 }));

    wallet.at(100).does(holdOf('call', 4), julyRolling(100));

    expect(wallet.lines(3)).toEqual([
      '100 EXPIRY AVAILABLE>EXPIRED june 6 = 0',
      '100 GRANT ISSUED>AVAILABLE july 50 = 50',
      '100 GRANT ISSUED>AVAILABLE left 6 = 56',
    ]);
    expect(wallet.grant('june').expiresAt).toBe(101);
    wallet.at(101).does(releaseOf('call'));
    expect(wallet.parts('june')).toEqual({ expired: 10 });
  });

  test('given it ended at the instant at which it began, when it is ended or extended once more, then what came back meanwhile expires, once', () => {
    const wallet = new StoryWallet().at(100);
    wallet.does(grantOf('june', 10), holdOf('call', 4), july, releaseOf('call'));
    expect(wallet.parts('june')).toEqual({ remaining: 4, expired: 6 });

    wallet.repeats(rescheduleOf(['june'], 900));
    wallet.does(renewOf('august', 50, { ends: ['june'] }));

    expect(wallet.parts('june')).toEqual({ expired: 10 });
    expect(wallet.grant('june').expiresAt).toBe(101);
    expect(wallet.at(101).refuses(expire)).toEqual({ kind: 'NOTHING_DUE' });
  });
});

describe('debt and a renewal', () => {
  /** 8 are owed for a pack; `june` has 30 left of 50, because releases pay no debt. */
  function inDebt(owed: number): StoryWallet {
    const wallet = new StoryWallet().at(1);
    wallet.does(grantOf('pack', owed), holdOf('spent', owed), captureOf('spent'));
    wallet.does(grantOf('june', 50), holdOf('call', 30), clawbackOf('pack', owed), holdOf('rest', 20));
    wallet.does(captureOf('rest'), releaseOf('call'));
    return wallet.at(100);
  }

  test('G32 given 8 owed and 30 left, when the next 50 come, then they pay 8, and the 30 live on: 50 - 8 + 30 = 72', () => {
    const wallet = inDebt(8);

    expect(wallet.does(julyRolling(100))).toMatchObject({
      grant: { remaining: 42, consumed: 8 },
      rollover: { remaining: 30, consumed: 0 },
    });

    expect(wallet.lines(9)).toEqual([
      '100 EXPIRY AVAILABLE>EXPIRED june 30 = 0',
      '100 GRANT ISSUED>AVAILABLE july 50 = 50',
      '100 DEBT_PAYMENT AVAILABLE>DEBT july 8 = 42',
      '100 GRANT ISSUED>AVAILABLE left 30 = 72',
    ]);
    expect(wallet.debt()).toBe(0);
  });

  test('G32 given 60 owed and 30 left, when the next 50 come, then they pay 50 and what lives on pays 10: 30 - 10 = 20', () => {
    const wallet = inDebt(60);

    expect(wallet.does(julyRolling(100))).toMatchObject({
      grant: { remaining: 0, consumed: 50 },
      rollover: { remaining: 20, consumed: 10 },
    });

    expect(wallet.debt()).toBe(0);
    expect(wallet.balance().available).toBe(20);
  });

  test('G32 given 20 of 50 spent and the period over, when its payment goes back, then the 20 are owed and the expired 30 are not', () => {
    const wallet = firstPeriod(50, 20);
    wallet.does(july, clawbackOf('june', 50));

    expect(wallet.debt()).toBe(20);
    expect(wallet.parts('june')).toEqual({ expired: 30, revoked: 20 });
    expect(wallet.balance().available).toBe(50);
  });
});

describe('a renewal that was there before', () => {
  test('G29 given it took effect, when it comes again, also later, then nothing changes and both grants are answered', () => {
    const wallet = firstPeriod(50, 20);
    wallet.does(julyRolling(100), holdOf('again', 5));
    const { grants } = wallet.state;

    expect(wallet.at(105).repeats(julyRolling(100))).toMatchObject({
      kind: 'renew',
      grant: { id: 'july', remaining: 45 },
      rollover: { id: 'left', remaining: 30 },
    });

    expect(wallet.state.grants).toBe(grants);
    expect(wallet.journal).toHaveLength(7);
  });

  test('given nothing lived on, when it comes again, then no rollover is answered, though something is left by now', () => {
    const wallet = firstPeriod(50, 20);
    wallet.does(julyRolling(0));
    expect(wallet.repeats(julyRolling(9))).toMatchObject({ kind: 'renew', rollover: null });
    expect(wallet.repeats(july)).toMatchObject({ kind: 'renew', rollover: null });
  });

  test('given a grant has the id, when a renewal names it, then it is that grant, and what it would end goes on', () => {
    const wallet = firstPeriod(50);
    wallet.does(grantOf('july', 3));

    expect(wallet.repeats(july)).toMatchObject({ kind: 'renew', grant: { id: 'july', amount: 3 } });

    expect(wallet.parts('june')).toEqual({ remaining: 50 });
  });
});

describe('a renewal that is refused', () => {
  test('G11 given one of the grants that it ends is not there, then UNKNOWN_GRANT, and nothing has ended', () => {
    const wallet = firstPeriod(50);
    const before = wallet.state;

    expect(wallet.refuses(renewOf('july', 50, { ends: ['june', 'nobody'] }))).toEqual({ kind: 'UNKNOWN_GRANT' });
    expect(wallet.refuses(renewOf('july', 50, { ends: ['july'] }))).toEqual({ kind: 'UNKNOWN_GRANT' });

    expect(wallet.state).toBe(before);
  });

  test('given its credits or what lives on would end at once, then EXPIRES_BEFORE_EFFECTIVE', () => {
    const wallet = firstPeriod(50);
    const rolling = (expiresAt: number) => ({ id: 'left', from: ['june'], cap: 9, expiresAt });

    expect(wallet.refuses(renewOf('july', 50, { expiresAt: 100 }))).toEqual({ kind: 'EXPIRES_BEFORE_EFFECTIVE' });
    expect(wallet.refuses(renewOf('july', 50, { ends: ['june'], rollover: rolling(100) }))).toEqual({
      kind: 'EXPIRES_BEFORE_EFFECTIVE',
    });
    expect(wallet.refuses(renewOf('july', 50, { expiresAt: 100, ends: ['nobody'] }))).toEqual({
      kind: 'EXPIRES_BEFORE_EFFECTIVE',
    });

    wallet.does(renewOf('july', 50, { expiresAt: 101, ends: ['june'], rollover: rolling(101) }));
    expect(wallet.balance().available).toBe(59);
  });

  test('G04 given 1,999,999,900 issued, when 60 come and 40 live on, then the limit is just kept, and 1 more is refused', () => {
    const most = 1_999_999_900;
    const wallet = firstPeriod(most);
    const rolling = (amount: number, cap: number) =>
      renewOf('july', amount, { ends: ['june'], rollover: { id: 'left', from: ['june'], cap } });

    expect(wallet.refuses(rolling(60, 41))).toEqual({ kind: 'ISSUE_LIMIT', issued: most });
    expect(wallet.refuses(rolling(61, 40))).toEqual({ kind: 'ISSUE_LIMIT', issued: most });
    wallet.does(rolling(60, 40));

    expect(wallet.state.issued).toBe(2_000_000_000);
    expect(wallet.balance().available).toBe(100);
  });
});

describe('a renewal that nobody may send', () => {
  test.each([...impossibleAmounts])('G04 given an amount of %s, then it stops', (amount) => {
    expect(() => firstPeriod().refuses(renewOf('july', amount))).toThrow('an amount is a positive integer');
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, '3' as unknown as number])(
    'G04 given a cap of %s, then it stops',
    (cap) => {
      expect(() => firstPeriod().refuses(julyRolling(cap))).toThrow('the cap of a rollover is 0 or a positive integer');
    },
  );

  test('given credits roll over that do not end, then it stops', () => {
    const wallet = firstPeriod();
    wallet.does(grantOf('old', 9));
    const command = renewOf('july', 50, { ends: ['june'], rollover: { id: 'left', from: ['june', 'old'], cap: 9 } });
    expect(() => wallet.refuses(command)).toThrow('what rolls over ends');
  });

  test('given one id for both grants, or one for what lives on that another grant has, then it stops', () => {
    const wallet = firstPeriod();
    const named = (id: string) => renewOf('july', 50, { ends: ['june'], rollover: { id, from: ['june'], cap: 9 } });
    expect(() => wallet.refuses(named('july'))).toThrow('a rollover is a grant of its own');
    expect(() => wallet.refuses(named('june'))).toThrow('the rollover comes with the grant that it belongs to');
  });
});
