import { describe, expect, test } from 'vitest';
import { Draft, type Posting } from '../../../src/ledger/core/draft.ts';
import type { Funding, Grant, WalletState } from '../../../src/ledger/core/types.ts';
import { captureOf, emptyWallet, grantOf, holdOf, instant, StoryWallet } from './builder.ts';

/** A wallet at 5 with a grant `a` of 10: 2 are held, 3 consumed and 5 remain; and `later` of 4 that is pending. */
function walletAt5(): StoryWallet {
  const wallet = new StoryWallet().at(5);
  wallet.does(
    grantOf('a', 10),
    holdOf('paid', 3),
    captureOf('paid'),
    holdOf('open', 2),
    grantOf('later', 4, { effectiveAt: 9 }),
  );
  return wallet;
}

const fundingOf = (wallet: StoryWallet, id: string, amount: number): Funding => ({
  grantId: wallet.grant(id).id,
  amount,
});

/** Posts in a wallet of which a fault elsewhere has changed what `fault` names. */
const postWith = (fault: Partial<WalletState>, posting: Posting): void => {
  const draft = new Draft({ ...walletAt5().state, ...fault }, instant(5));
  draft.post(posting, instant(5));
};

const holding = (fundings: readonly Funding[]): Posting => ({ type: 'HOLD', from: 'AVAILABLE', to: 'HELD', fundings });

describe('a draft stops at what must never be written', () => {
  const wallet = walletAt5();

  test('G40 given a wallet at 5, when a draft begins at 4, then it stops; at 5 it begins', () => {
    expect(() => new Draft(wallet.state, instant(4))).toThrow(
      'Ledger invariant broken: time in a wallet never runs back.',
    );
    expect(new Draft(wallet.state, instant(5)).recordedAt).toBe(5);
  });

  test('given a grant that was not loaded, when it is to pay, then the draft says which', () => {
    const { id } = wallet.grant('a');

    expect(() => new Draft(emptyWallet, instant(5)).fundingGrant(id)).toThrow(
      'Ledger invariant broken: grant a pays for a hold but was not loaded.',
    );
  });

  test.each([0, -1])('G04 given a funding of %s, when it is posted, then the draft stops', (amount) => {
    expect(() => postWith({}, holding([fundingOf(wallet, 'a', amount)]))).toThrow(
      'Ledger invariant broken: a funding is positive.',
    );
  });

  test('G04 given no funding at all, when it is posted, then the draft stops', () => {
    expect(() => postWith({}, holding([]))).toThrow('Ledger invariant broken: a transfer is positive.');
  });

  test.each<{ total: Partial<WalletState>; posting: Omit<Posting, 'fundings'>; funding: Funding }>([
    {
      total: { available: 4 },
      posting: { type: 'HOLD', from: 'AVAILABLE', to: 'HELD' },
      funding: fundingOf(wallet, 'a', 5),
    },
    {
      total: { held: 1 },
      posting: { type: 'CAPTURE', from: 'HELD', to: 'CONSUMED' },
      funding: fundingOf(wallet, 'a', 2),
    },
    {
      total: { pending: 3 },
      posting: { type: 'GRANT', from: 'PENDING', to: 'AVAILABLE' },
      funding: fundingOf(wallet, 'later', 4),
    },
    {
      total: { debt: 2 },
      posting: { type: 'DEBT_PAYMENT', from: 'AVAILABLE', to: 'DEBT' },
      funding: fundingOf(wallet, 'a', 3),
    },
  ])(
    'G10 given a total of $total, 1 less than what is moved, when it is posted, then the draft stops',
    ({ total, posting, funding }) => {
      expect(() => postWith(total, { ...posting, fundings: [funding] })).toThrow(
        'Ledger invariant broken: no total is negative.',
      );
    },
  );

  test('G10 given 5 that remain of a grant, when 6 are moved, then the draft stops though the wallet has 9', () => {
    expect(() => postWith({ available: 9 }, holding([fundingOf(wallet, 'a', 6)]))).toThrow(
      'Ledger invariant broken: no part of grant a is negative.',
    );
  });

  test('G10 given a grant of 11 whose parts are 2 + 3 + 5 = 10, when 1 is moved, then the draft stops', () => {
    const wrong: Grant = { ...wallet.grant('a'), amount: 11 };

    expect(() => postWith({ grants: new Map([[wrong.id, wrong]]) }, holding([fundingOf(wallet, 'a', 1)]))).toThrow(
      'Ledger invariant broken: the parts of grant a add up.',
    );
  });
});
