import { type Instant, toDate, toInstant } from '../clock.ts';
import { prepared, type Prisma, type PrismaClient, type Transaction } from '../db/index.ts';
import type { AccountId, PageRequest } from '../ledger/index.ts';
import type { Account, Caller, Scope } from './types.ts';

/** Makes an account. */
export async function insertAccount(transaction: Transaction, account: Account): Promise<void> {
  const { id, name, createdAt } = account;
  await transaction.account.create({ data: { id, name, createdAt: toDate(createdAt) } });
}

/** Stores the hash of a key; a key that is stored already stays as it is. */
export async function insertApiKey(
  transaction: Transaction,
  key: {
    accountId: AccountId;
    id: string;
    keyHash: Buffer;
    name: string;
    scopes: readonly Scope[];
    createdAt: Instant;
  },
): Promise<void> {
  await transaction.apiKey.createMany({
    data: [
      {
        ...key,
        keyHash: new Uint8Array(key.keyHash),
        scopes: [...key.scopes],
        createdAt: toDate(key.createdAt),
      },
    ],
    skipDuplicates: true,
  });
}

/** Makes a key the only one of its name on an account, also when it had been revoked. */
export async function keepOnlyKey(
  transaction: Transaction,
  key: { accountId: AccountId; name: string; keyHash: Buffer },
  now: Instant,
): Promise<void> {
  const { accountId, name } = key;
  const keyHash = new Uint8Array(key.keyHash);
  await transaction.apiKey.updateMany({
    where: { accountId, name, revokedAt: null, NOT: { keyHash } },
    data: { revokedAt: toDate(now) },
  });
  await transaction.apiKey.updateMany({ where: { accountId, keyHash }, data: { name, revokedAt: null } });
}

/** The callers whose keys have these hashes, in their order. */
export async function readCallers(client: PrismaClient, hashes: readonly Buffer[]): Promise<(Caller | null)[]> {
  const names = hashes.map((hash) => hash.toString('hex'));
  // Nearly every request is signed in by this. Prisma would make another statement for each number of keys.
  const rows = await client.$queryRaw<{ hash: string; id: string; accountId: string; scopes: string[] }[]>`
    ${prepared} SELECT wanted.hash, found.id, found.account_id AS "accountId", found.scopes
    FROM unnest(${[...new Set(names)]}::text[]) AS wanted (hash)
      CROSS JOIN LATERAL (
        SELECT * FROM api_key WHERE key_hash = decode(wanted.hash, 'hex') AND revoked_at IS NULL OFFSET 0
      ) AS found`;
  const callers = new Map(
    rows.map(({ hash, id, accountId, scopes }): [string, Caller] => [
      hash,
      // Written by this folder alone, from the types.
      { accountId: accountId as AccountId, apiKeyId: id, scopes: new Set(scopes as Scope[]) },
    ]),
  );
  return names.map((name) => callers.get(name) ?? null);
}

/** Accounts by their ids, in their order. */
export async function readAccounts(client: PrismaClient, ids: readonly AccountId[]): Promise<(Account | null)[]> {
  const rows = await client.account.findMany({ where: { id: { in: [...ids] } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = byId.get(id);
    return row === undefined ? null : toAccount(row);
  });
}

/** A page of all accounts, by id, which follows the time of creation. */
export async function readAccountPage(client: PrismaClient, page: PageRequest<string>): Promise<Account[]> {
  const rows = await client.account.findMany({
    where: {
      AND: [
        page.after === null ? {} : { id: { lt: page.after } },
        page.before === null ? {} : { id: { gt: page.before } },
      ],
    },
    orderBy: { id: page.inverted ? 'asc' : 'desc' },
    take: page.limit,
  });
  return rows.map(toAccount);
}

/** How many accounts there are. */
export const countAccounts = (client: PrismaClient): Promise<number> => client.account.count();

const toAccount = (row: Prisma.AccountGetPayload<Record<never, never>>): Account => ({
  id: row.id as AccountId,
  name: row.name,
  planCode: row.planCode,
  createdAt: toInstant(row.createdAt),
});

/** Whether any key with the scope exists, other than those with the given hashes. */
export async function hasKeyWithScope(client: PrismaClient, scope: Scope, except: readonly Buffer[]): Promise<boolean> {
  const count = await client.apiKey.count({
    where: {
      scopes: { has: scope },
      revokedAt: null,
      keyHash: { notIn: except.map((hash) => new Uint8Array(hash)) },
    },
  });
  return count > 0;
}
