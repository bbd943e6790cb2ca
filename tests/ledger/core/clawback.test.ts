import { describe, expect, test } from 'vitest';
import { captureOf, clawbackOf, expire, grantOf, holdOf, refundOf, releaseOf, StoryWallet, voidOf } from './builder.ts';

const day = 86_400_000;

/** A pack of 100, of which a charge took `spent`. */
function packSpent(spent: number): StoryWallet {
  const wallet = new StoryWallet();
  wallet.does(grantOf('pack', 100), holdOf('call', spent), captureOf('call'));
  return wallet;
}

/** Who paid how much of what is owed for each grant, in the order of payment. */
const paymentsOf = (wallet: StoryWallet): Record<string, string[]> =>
  Object.fromEntries(
    [...wallet.state.clawbacks].map(([grantId, { payments }]) => [
      grantId,
      payments.map((payment) => `${payment.grantId} ${payment.amount}`),
    ]),
  );

describe('a payment that goes back', () => {
  test('G32 given a pack of 100 of which 40 are spent, when its payment goes back, then 60 are taken and 40 are owed', () => {
    const wallet = packSpent(40);
    const effect = wallet.does(clawbackOf('pack', 100));
    expect(effect).toMatchObject({ kind: 'grant', grant: { id: 'pack', revoked: 100 } });
    expect(wallet.lines(3)).toEqual([
      '0 CLAWBACK AVAILABLE>REVOKED pack 60 = 0',
      '0 CLAWBACK DEBT>REVOKED pack 40 = 0',
    ]);
    expect(wallet.balance()).toEqual({ available: 0, held: 0, pending: 0 });
    expect(wallet.debt()).toBe(40);
    expect(wallet.parts('pack')).toEqual({ revoked: 100 });
  });

  test('G32 given a pack of 100 of which 40 are spent, when half of its payment goes back, then 50 of the 60 left are taken and nothing is owed', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 50));
    expect(wallet.parts('pack')).toEqual({ remaining: 10, consumed: 40, revoked: 50 });
    expect(wallet.debt()).toBe(0);
  });

  test('G32 given half of a payment that went back, when the other half follows, then 100 are taken back in all, once', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 50), clawbackOf('pack', 100));
    const effect = wallet.repeats(clawbackOf('pack', 100));
    expect(effect).toMatchObject({ kind: 'grant', grant: { id: 'pack', revoked: 100 } });
    expect(wallet.lines(3)).toEqual([
      '0 CLAWBACK AVAILABLE>REVOKED pack 50 = 10',
      '0 CLAWBACK AVAILABLE>REVOKED pack 10 = 0',
      '0 CLAWBACK DEBT>REVOKED pack 40 = 0',
    ]);
  });

  test('given other grants, when a payment goes back, then they are not touched', () => {
    const wallet = packSpent(100);
    wallet.does(grantOf('other', 50));
    wallet.does(clawbackOf('pack', 100));
    expect(wallet.parts('other')).toEqual({ remaining: 50 });
    expect(wallet.debt()).toBe(100);
  });

  test('given a grant that has not begun, when its payment goes back, then it never begins', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('later', 10, { effectiveAt: 5 }), clawbackOf('later', 10));
    expect(wallet.lines()).toEqual(['0 GRANT ISSUED>PENDING later 10 = 0', '0 CLAWBACK PENDING>REVOKED later 10 = 0']);
    wallet.at(5).refuses(expire);
    expect(wallet.balance()).toEqual({ available: 0, held: 0, pending: 0 });
  });

  test('given a grant that expired, when its payment goes back, then what nobody spent is not owed', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('month', 10, { expiresAt: 5 }), holdOf('call', 4), captureOf('call'));
    wallet.at(5).does(clawbackOf('month', 10));
    expect(wallet.parts('month')).toEqual({ expired: 6, revoked: 4 });
    expect(wallet.debt()).toBe(4);
  });

  test('when more is to be taken back than was granted, or from a grant that is not there, then it is refused', () => {
    const wallet = packSpent(40);
    expect(wallet.refuses(clawbackOf('pack', 101))).toMatchObject({ kind: 'EXCEEDS_GRANT' });
    expect(wallet.refuses(clawbackOf('other', 1))).toEqual({ kind: 'UNKNOWN_GRANT' });
    wallet.repeats(clawbackOf('pack', 0));
    expect(wallet.journal).toHaveLength(3);
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'G04 given %s to take back, then the core stops',
    (total) => {
      expect(() => packSpent(40).does(clawbackOf('pack', total))).toThrow(
        'what is taken back is 0 or a positive integer',
      );
    },
  );
});

describe('a hold under way when its payment goes back', () => {
  const walletWithHold = (): StoryWallet => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('pack', 10), holdOf('call', 6), clawbackOf('pack', 10));
    return wallet;
  };

  test('the 4 that are left are taken at once, the 6 that are held are not yet', () => {
    const wallet = walletWithHold();
    expect(wallet.parts('pack')).toEqual({ held: 6, revoked: 4 });
    expect(wallet.debt()).toBe(0);
  });

  test('when it is released, then its credits are taken', () => {
    const wallet = walletWithHold();
    wallet.does(releaseOf('call'));
    expect(wallet.lines(3)).toEqual(['0 RELEASE HELD>REVOKED pack 6 = 0']);
    expect(wallet.parts('pack')).toEqual({ revoked: 10 });
  });

  test('when it lapses, then its credits are taken', () => {
    const wallet = walletWithHold();
    wallet.at(1_000);
    expect(wallet.parts('pack')).toEqual({ revoked: 10 });
    expect(wallet.debt()).toBe(0);
  });

  test('when it is captured, then its credits are spent and owed', () => {
    const wallet = walletWithHold();
    wallet.does(captureOf('call'));
    expect(wallet.lines(3)).toEqual(['0 CAPTURE HELD>CONSUMED pack 6 = 0', '0 CLAWBACK DEBT>REVOKED pack 6 = 0']);
    expect(wallet.journal.at(-1)).toMatchObject({ reason: 'The payment went back.' });
    expect(wallet.debt()).toBe(6);
  });

  test('when 2 of the 6 are captured, then 4 come back and are taken, and 2 are owed', () => {
    const wallet = walletWithHold();
    wallet.does(captureOf('call', 2));
    expect(wallet.parts('pack')).toEqual({ revoked: 10 });
    expect(wallet.debt()).toBe(2);
  });

  test('when only 7 of the 10 are to be taken back and the call is captured, then 3 of the 6 are owed', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('pack', 10), holdOf('call', 6), clawbackOf('pack', 7), captureOf('call'));
    // 4 were left and are taken, 7 - 4 = 3 more are owed.
    expect(wallet.parts('pack')).toEqual({ consumed: 3, revoked: 7 });
    expect(wallet.debt()).toBe(3);
  });

  test('given 4 of 10 withdrawn by hand and 3 of the 6 held to be taken back, when it is released, then 3 + 3 go in one transfer', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('pack', 10), holdOf('call', 6), voidOf('pack'), clawbackOf('pack', 3), releaseOf('call'));
    expect(wallet.lines(3)).toEqual(['0 RELEASE HELD>REVOKED pack 6 = 0']);
    expect(wallet.state.clawbacks.get(wallet.grant('pack').id)).toMatchObject({ total: 3, taken: 3, owed: 0 });
  });

  test('given a clawback that waits for nothing, when a hold of its grant is released, then it is not even written again', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('pack', 10), holdOf('call', 6), clawbackOf('pack', 4));
    const { clawbacks } = wallet.state;
    wallet.does(releaseOf('call'));
    expect(wallet.parts('pack')).toEqual({ remaining: 6, revoked: 4 });
    expect(wallet.state.clawbacks).toBe(clawbacks);
  });
});

describe('debt', () => {
  test('G32 given 40 owed, when 100 are granted, then 40 pay the debt first and 60 are available', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 100));
    expect(wallet.lines(5)).toEqual([
      '0 GRANT ISSUED>AVAILABLE next 100 = 100',
      '0 DEBT_PAYMENT AVAILABLE>DEBT next 40 = 60',
    ]);
    expect(wallet.debt()).toBe(0);
    expect(wallet.parts('next')).toEqual({ remaining: 60, consumed: 40 });
  });

  test('given 40 owed, when a grant of 30 begins later, then it pays at its own instant', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('later', 30, { effectiveAt: 5 }));
    expect(wallet.debt()).toBe(40);
    wallet.at(9).does(expire);
    expect(wallet.lines(6)).toEqual([
      '5 GRANT PENDING>AVAILABLE later 30 = 30',
      '5 DEBT_PAYMENT AVAILABLE>DEBT later 30 = 0',
    ]);
    expect(wallet.debt()).toBe(10);
  });

  test('given debts of two payments, when a grant pays, then it pays the older one first', () => {
    const wallet = packSpent(100);
    wallet.does(grantOf('a', 50), holdOf('second', 50), captureOf('second'));
    wallet.does(clawbackOf('pack', 100));
    wallet.at(1).does(clawbackOf('a', 50), grantOf('next', 120));
    const payments = [...wallet.state.clawbacks.values()].map(({ grantId, payments: paid }) => [
      grantId,
      paid.map(({ amount }) => amount),
    ]);
    expect(payments).toEqual([
      ['pack', [100]],
      ['a', [20]],
    ]);
    expect(wallet.debt()).toBe(30);
  });

  test('given debts of 100 and 50, when grants of 60 and 50 pay, then the first pays 60 of the older, the second its other 40 and 10 of the younger', () => {
    const wallet = packSpent(100);
    wallet.does(grantOf('a', 50), holdOf('second', 50), captureOf('second'), clawbackOf('pack', 100));
    wallet.at(1).does(clawbackOf('a', 50), grantOf('sixty', 60));
    expect(paymentsOf(wallet)).toEqual({ pack: ['sixty 60'], a: [] });
    wallet.does(grantOf('fifty', 50), grantOf('forty', 40));
    expect(paymentsOf(wallet)).toEqual({ pack: ['sixty 60', 'fifty 40'], a: ['fifty 10', 'forty 40'] });
    expect(wallet.debt()).toBe(0);
  });

  describe.each([
    { loaded: 'the older first', order: (ids: string[]) => ids },
    { loaded: 'the younger first', order: (ids: string[]) => [...ids].reverse() },
  ])('given two debts of 50, loaded $loaded', ({ order }) => {
    test.each([
      { given: 'the first at 5 and the second at 6', firstAt: 5, secondAt: 6, ids: ['z', 'a'] },
      { given: 'both at 5, so the ids decide', firstAt: 5, secondAt: 5, ids: ['a', 'z'] },
    ])('when 70 are granted, $given, then 50 pay the first and 20 the second', ({ firstAt, secondAt, ids }) => {
      const wallet = new StoryWallet();
      const [first = '', second = ''] = ids;
      wallet.does(grantOf('a', 50), grantOf('z', 50), holdOf('call', 100), captureOf('call'));
      wallet.at(firstAt).does(clawbackOf(first, 50));
      wallet.at(secondAt).does(clawbackOf(second, 50));
      const { clawbacks } = wallet.state;
      const loaded = order(ids).flatMap((id) => [...clawbacks].filter(([grantId]) => grantId === id));
      wallet.state = { ...wallet.state, clawbacks: new Map(loaded) };
      wallet.does(grantOf('next', 70));
      expect(paymentsOf(wallet)).toEqual({ [first]: ['next 50'], [second]: ['next 20'] });
    });
  });

  test('given a debt and credits of another grant, when a hold of these is released, then they pay nothing', () => {
    const wallet = packSpent(100);
    wallet.does(grantOf('other', 50), holdOf('next', 50), clawbackOf('pack', 100), releaseOf('next'));
    expect(wallet.balance().available).toBe(50);
    expect(wallet.debt()).toBe(100);
  });
});

describe('a refund of what a payment that went back had paid', () => {
  test('given 40 owed for a charge, when the charge is refunded, then nothing is owed', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), refundOf('call'));
    expect(wallet.lines(5)).toEqual(['0 REFUND CONSUMED>DEBT pack 40 = 0']);
    expect(wallet.debt()).toBe(0);
    expect(wallet.parts('pack')).toEqual({ revoked: 100 });
  });

  test('given 40 owed that a later grant has paid, when 10 of the charge are refunded, then 10 go back to that grant', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 100), refundOf('call', 10));
    expect(wallet.lines(7)).toEqual(['0 REFUND DEBT>AVAILABLE next 10 = 70', '0 REFUND CONSUMED>DEBT pack 10 = 70']);
    expect(wallet.parts('next')).toEqual({ remaining: 70, consumed: 30 });
    expect(wallet.debt()).toBe(0);
  });

  test('given a payer that was withdrawn meanwhile, when the charge is refunded, then what it paid is withdrawn too', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 50), voidOf('next'), refundOf('call'));
    expect(wallet.lines(8)).toEqual(['0 REFUND DEBT>REVOKED next 40 = 0', '0 REFUND CONSUMED>DEBT pack 40 = 0']);
    expect(wallet.parts('next')).toEqual({ revoked: 50 });
  });

  test('given a payer that has expired meanwhile, when the charge is refunded, then what it paid is expired', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 50, { expiresAt: 5 }));
    wallet.at(5).does(refundOf('call'));
    expect(wallet.parts('next')).toEqual({ expired: 50 });
    expect(wallet.debt()).toBe(0);
  });

  test('given a payer whose own payment went back, when the charge is refunded, then the debt for the payer is less', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 50), clawbackOf('next', 50));
    // 40 that paid for the first are owed for the second; its other 10 are taken.
    expect(wallet.debt()).toBe(40);
    wallet.does(refundOf('call', 15));
    expect(wallet.lines(9)).toEqual(['0 REFUND CONSUMED>DEBT pack 15 = 0']);
    expect(wallet.debt()).toBe(25);
  });

  test('given half of a payment that went back, when a charge of all is refunded, then the debt ends first and the rest comes back', () => {
    const wallet = packSpent(100);
    wallet.does(clawbackOf('pack', 50), refundOf('call', 70));
    // 50 owed - 50 refunded = 0 owed; 70 - 50 = 20 come back.
    expect(wallet.debt()).toBe(0);
    expect(wallet.parts('pack')).toEqual({ remaining: 20, consumed: 30, revoked: 50 });
    // 50 stay taken, which is all that was to be taken: what a hold gives back later stays.
    wallet.does(holdOf('next', 20), releaseOf('next'));
    expect(wallet.parts('pack')).toEqual({ remaining: 20, consumed: 30, revoked: 50 });
  });

  test('given 50 taken back of the 60 that were left, when the charge of 40 is refunded, then nothing is owed and 40 come back', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 50), refundOf('call'));
    expect(wallet.lines(4)).toEqual(['0 REFUND CONSUMED>AVAILABLE pack 40 = 50']);
    expect(wallet.parts('pack')).toEqual({ remaining: 50, revoked: 50 });
  });

  test('given 40 owed of which 15 are paid, when 10 of the charge are refunded, then 40 - 15 - 10 = 15 are owed and the payer gets nothing', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 15), refundOf('call', 10));
    expect(wallet.lines(7)).toEqual(['0 REFUND CONSUMED>DEBT pack 10 = 0']);
    expect(wallet.parts('next')).toEqual({ consumed: 15 });
    expect(wallet.debt()).toBe(15);
  });

  test('given 40 owed, paid 15 by one grant and 25 by another, when 30 of the charge are refunded, then 25 and 5 go back, the last payer first', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('first', 15), grantOf('second', 25), refundOf('call', 30));
    expect(wallet.lines(9)).toEqual([
      '0 REFUND DEBT>AVAILABLE second 25, first 5 = 30',
      '0 REFUND CONSUMED>DEBT pack 30 = 30',
    ]);
    expect(paymentsOf(wallet)).toEqual({ pack: ['first 10'] });
    expect(wallet.debt()).toBe(0);
  });

  test('given 40 owed, paid by three grants, when 10 of the charge are refunded, then two payments are kept, in their order', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('b', 15), grantOf('c', 15), grantOf('a', 10), refundOf('call', 10));
    expect(paymentsOf(wallet)).toEqual({ pack: ['b 15', 'c 15'] });
    expect(wallet.parts('a')).toEqual({ remaining: 10 });
  });
});

describe('a dispute that is won', () => {
  test('G32 given 60 taken and 40 owed, when the payment stands again, then all is as before', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), clawbackOf('pack', 0));
    expect(wallet.lines(5)).toEqual([
      '0 REINSTATEMENT REVOKED>DEBT pack 40 = 0',
      '0 REINSTATEMENT REVOKED>AVAILABLE pack 60 = 60',
    ]);
    expect(wallet.parts('pack')).toEqual({ remaining: 60, consumed: 40 });
    expect(wallet.debt()).toBe(0);
  });

  test('given a debt that a later grant has paid, when the payment stands again, then the payer has its credits back', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 100), clawbackOf('pack', 0));
    expect(wallet.lines(7)).toEqual([
      '0 REINSTATEMENT DEBT>AVAILABLE next 40 = 100',
      '0 REINSTATEMENT REVOKED>DEBT pack 40 = 100',
      '0 REINSTATEMENT REVOKED>AVAILABLE pack 60 = 160',
    ]);
  });

  test('given a payer that has expired, when the payment stands again, then what it paid lives for 30 days more', () => {
    const wallet = packSpent(100);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 120, { expiresAt: 5 }));
    wallet.at(7).does(clawbackOf('pack', 0));
    expect(wallet.parts('next')).toEqual({ remaining: 100, expired: 20 });
    expect(wallet.grant('next').expiresAt).toBe(7 + 30 * day);
    wallet.at(7 + 30 * day);
    expect(wallet.parts('next')).toEqual({ expired: 120 });
  });

  test('given a payer that has expired and owes its own payment, when the first payment stands again, then its debt ends and it stays expired', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), grantOf('next', 40, { expiresAt: 5 }), clawbackOf('next', 40));
    expect(wallet.debt()).toBe(40);
    wallet.at(7).does(clawbackOf('pack', 0));
    expect(wallet.debt()).toBe(0);
    expect(wallet.parts('next')).toEqual({ revoked: 40 });
    expect(wallet.grant('next').expiresAt).toBe(5);
  });

  test('given a grant that has expired while its payment was disputed, when the dispute is won, then it lives for 30 days more', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('month', 10, { expiresAt: 5 }), clawbackOf('month', 10));
    wallet.at(9).does(clawbackOf('month', 0));
    expect(wallet.parts('month')).toEqual({ remaining: 10 });
    expect(wallet.grant('month').expiresAt).toBe(9 + 30 * day);
  });

  test('given a grant that begins later, when its dispute is won before, then it begins as it was to', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('later', 10, { effectiveAt: 5 }), clawbackOf('later', 10), clawbackOf('later', 4));
    expect(wallet.lines(2)).toEqual(['0 REINSTATEMENT REVOKED>PENDING later 6 = 0']);
    wallet.at(5);
    expect(wallet.parts('later')).toEqual({ remaining: 6, revoked: 4 });
  });

  test('given a grant that was partly taken back, then withdrawn by hand, when the dispute is won, then it stays withdrawn', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 50), voidOf('pack'), clawbackOf('pack', 0));
    expect(wallet.parts('pack')).toEqual({ consumed: 40, revoked: 60 });
  });

  test('given a held part that is only claimed, when the dispute is won before the hold ends, then nothing moves and the hold comes back whole', () => {
    const wallet = new StoryWallet();
    wallet.does(grantOf('pack', 10), holdOf('call', 10), clawbackOf('pack', 10), clawbackOf('pack', 0));
    expect(wallet.journal).toHaveLength(2);
    wallet.does(releaseOf('call'));
    expect(wallet.parts('pack')).toEqual({ remaining: 10 });
  });

  test('given 60 taken and 40 owed, when only 30 of it stand again, then the debt falls first: 40 - 30 = 10', () => {
    const wallet = packSpent(40);
    wallet.does(clawbackOf('pack', 100), clawbackOf('pack', 70));
    expect(wallet.debt()).toBe(10);
    expect(wallet.parts('pack')).toEqual({ consumed: 30, revoked: 70 });
  });
});
