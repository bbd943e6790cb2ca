import type { IdSource } from '../ids.ts';
import type { BalanceFollower } from '../ledger/index.ts';
import type { AccountEvent } from './types.ts';

/**
 * Follows balances that fall below a threshold, each time once. The event is written in the transaction of the transfers
 * that cross it, under the wallet's lock: so there is one whatever the races, none that a crash could lose, and spending
 * reads nothing for it. What falls due by itself crosses when it is recorded, within a minute.
 */
export function followLowBalances({ ids, threshold }: { ids: IdSource; threshold: () => number }): BalanceFollower {
  return (changes, now) => {
    const lowBelow = threshold();
    const events = changes
      .filter(({ availableBefore, availableAfter }) => availableBefore >= lowBelow && availableAfter < lowBelow)
      .map(({ accountId, availableAfter }): AccountEvent => ({
        accountId,
        id: ids.next('event'),
        type: 'LOW_BALANCE',
        data: { available: availableAfter, lowBalanceThreshold: lowBelow },
        createdAt: now,
      }));
    return new Map(events.length === 0 ? [] : [['account-event', events]]);
  };
}
