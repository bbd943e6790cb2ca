import type { AccountId, GrantId, HoldId } from './core/types.ts';
import { grantsNamedBy } from './core/named-grants.ts';
import type { LedgerUnit } from './request.ts';
import type { KeyName, Named } from './wallet.store.ts';

/** The holds and grants that commands name, for each wallet: what a batch has to see beside what is live and due. */
export function namedBy(units: readonly LedgerUnit[]): Named[] {
  const byAccount = new Map<AccountId, { accountId: AccountId; holdIds: HoldId[]; grantIds: GrantId[] }>();
  for (const { accountId, requests } of units) {
    const named = byAccount.get(accountId) ?? { accountId, holdIds: [], grantIds: [] };
    byAccount.set(accountId, named);
    for (const { command } of requests) {
      if ('holdId' in command) named.holdIds.push(command.holdId);
      named.grantIds.push(...grantsNamedBy(command));
    }
  }
  return [...byAccount.values()];
}

/** The names of the keys that came with commands. */
export const keyNamesOf = (units: readonly LedgerUnit[]): KeyName[] =>
  units.flatMap(({ requests }) =>
    requests.flatMap(({ key }) =>
      key === undefined ? [] : [{ accountId: key.accountId, mutation: key.mutation, key: key.key }],
    ),
  );
