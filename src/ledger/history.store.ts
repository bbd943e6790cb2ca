import { toDate } from '../clock.ts';
import { prepared, Prisma, type PrismaClient } from '../db/index.ts';
import type { GrantState } from './core/grant-state.ts';
import type {
  AccountId,
  Grant,
  GrantId,
  GrantSource,
  Hold,
  HoldId,
  Instant,
  TransactionType,
  Transfer,
} from './core/types.ts';

import { type GrantRow, toGrant, toHold, toTransfer, type TransferRow } from './recorded-rows.store.ts';

/** A page of a list that is kept newest first; `after` and `before` are exclusive and speak of that order. */
export interface PageRequest<Key> {
  readonly after: Key | null;
  readonly before: Key | null;
  readonly limit: number;
  /** Read from the oldest end. */
  readonly inverted: boolean;
}

export interface TransferFilter {
  readonly types: readonly TransactionType[] | null;
  /** Inclusive. */
  readonly from: Instant | null;
  /** Exclusive. */
  readonly to: Instant | null;
}

/** What a view of a wallet knows to be recorded. Rows that others added after it was taken belong to a later view. */
export interface RecordedHistory {
  readonly accountId: AccountId;
  /** The number of its newest transfer; 0 without any. */
  readonly newest: number;
}

const optional = (condition: Prisma.Sql | null): Prisma.Sql => condition ?? Prisma.sql`true`;
const at = (instant: Instant): Prisma.Sql => Prisma.sql`${toDate(instant)}::timestamptz`;

const fitting = (filter: TransferFilter): Prisma.Sql => Prisma.sql`
  ${optional(filter.types && Prisma.sql`type = ANY(${[...filter.types]}::transaction_type[])`)}
  AND ${optional(filter.from === null ? null : Prisma.sql`occurred_at >= ${at(filter.from)}`)}
  AND ${optional(filter.to === null ? null : Prisma.sql`occurred_at < ${at(filter.to)}`)}`;

const matching = ({ accountId, newest }: RecordedHistory, filter: TransferFilter): Prisma.Sql => Prisma.sql`
  account_id = ${accountId} AND sequence <= ${newest} AND ${fitting(filter)}`;

/** Which part of the recorded transfers of a wallet is read. */
export interface TransferPage {
  readonly recorded: RecordedHistory;
  readonly page: PageRequest<number>;
}

/** Pages of recorded transfers, each of one wallet and in the order that was asked for, all with one filter and direction. */
export async function readTransferPages(
  client: PrismaClient,
  filter: TransferFilter,
  inverted: boolean,
  pages: readonly TransferPage[],
): Promise<Transfer[][]> {
  const direction = inverted ? Prisma.sql`ASC` : Prisma.sql`DESC`;
  const rows = await client.$queryRaw<(TransferRow & { number: number })[]>`
    ${prepared} SELECT number::integer, sequence, type::text, from_account::text AS "fromAccount",
      to_account::text AS "toAccount", amount, available_after AS "availableAfter", grant_ids AS "grantIds",
      grant_amounts AS "grantAmounts", hold_id AS "holdId", reason, occurred_at AS "occurredAt",
      recorded_at AS "recordedAt"
    FROM unnest(
        ${pages.map(({ recorded }) => recorded.accountId)}::text[],
        ${pages.map(({ recorded, page }) => Math.min(recorded.newest, (page.after ?? recorded.newest + 1) - 1))}::integer[],
        ${pages.map(({ page }) => page.before ?? 0)}::integer[],
        ${pages.map(({ page }) => page.limit)}::integer[]
      ) WITH ORDINALITY AS wanted (account_id, newest, before, "limit", number)
      CROSS JOIN LATERAL (
        SELECT * FROM transfer
        WHERE transfer.account_id = wanted.account_id AND sequence <= wanted.newest AND sequence > wanted.before
          AND ${fitting(filter)}
        ORDER BY sequence ${direction} LIMIT wanted."limit"
      ) AS found
    ORDER BY number, sequence ${direction}`;
  const found = pages.map((): Transfer[] => []);
  for (const row of rows) found[row.number - 1]?.push(toTransfer(row));
  return found;
}

/** How many recorded transfers of a wallet fit the filter. */
export async function countTransfers(
  client: PrismaClient,
  recorded: RecordedHistory,
  filter: TransferFilter,
): Promise<number> {
  const [row] = await client.$queryRaw<{ count: number }[]>`
    SELECT count(*)::integer AS count FROM transfer WHERE ${matching(recorded, filter)}`;
  return row?.count ?? 0;
}

/** One transfer of a wallet by its number. */
export async function readTransfer(
  client: PrismaClient,
  accountId: AccountId,
  sequence: number,
): Promise<Transfer | null> {
  const filter = { types: null, from: null, to: null };
  const page = { after: sequence + 1, before: sequence - 1, limit: 1, inverted: false };
  const [found] = await readTransferPages(client, filter, false, [{ recorded: { accountId, newest: sequence }, page }]);
  return found?.[0] ?? null;
}

/** What transfers of one type, in grants of one source, did to what is available, by the end of an instant. */
export interface MovementSum {
  readonly type: TransactionType;
  readonly source: GrantSource | null;
  readonly amount: number;
  readonly transactions: number;
}

/** Sums the recorded transfers of a wallet up to and including an instant; the amounts add up to what was available. */
export async function sumMovements(
  client: PrismaClient,
  { accountId, newest }: RecordedHistory,
  upTo: Instant,
): Promise<MovementSum[]> {
  return client.$queryRaw<MovementSum[]>`
    SELECT transfer.type::text,
      CASE WHEN transfer.type IN ('GRANT', 'EXPIRY', 'VOID', 'CLAWBACK') THEN paying.source::text END AS source,
      sum(CASE WHEN to_account = 'AVAILABLE' THEN funding.amount WHEN from_account = 'AVAILABLE' THEN -funding.amount
        ELSE 0 END)::double precision AS amount,
      count(DISTINCT transfer.sequence)::integer AS transactions
    FROM transfer
      CROSS JOIN LATERAL unnest(grant_ids, grant_amounts) AS funding (grant_id, amount)
      JOIN credit_grant AS paying ON paying.account_id = transfer.account_id AND paying.id = funding.grant_id
    WHERE transfer.account_id = ${accountId} AND transfer.sequence <= ${newest} AND transfer.occurred_at <= ${at(upTo)}
    GROUP BY 1, 2`;
}

/** What was available right after the last recorded transfer at or before an instant; 0 before the first. */
export async function readAvailable(
  client: PrismaClient,
  { accountId, newest }: RecordedHistory,
  upTo: Instant,
): Promise<number> {
  const [row] = await client.$queryRaw<{ available_after: number }[]>`
    SELECT available_after FROM transfer
    WHERE account_id = ${accountId} AND sequence <= ${newest} AND occurred_at <= ${at(upTo)}
    ORDER BY occurred_at DESC, sequence DESC LIMIT 1`;
  return row?.available_after ?? 0;
}

/** The condition under which a grant is in a state at `now`; the first that fits, as in the core. */
function inState(state: GrantState, now: Instant): Prisma.Sql {
  const live = Prisma.sql`voided_at IS NULL AND effective_at <= ${at(now)} AND (expires_at IS NULL OR expires_at > ${at(now)})`;
  switch (state) {
    case 'VOIDED':
      return Prisma.sql`voided_at IS NOT NULL`;
    case 'PENDING':
      return Prisma.sql`voided_at IS NULL AND effective_at > ${at(now)}`;
    case 'EXPIRED':
      return Prisma.sql`voided_at IS NULL AND effective_at <= ${at(now)} AND expires_at <= ${at(now)}`;
    case 'USED':
      return Prisma.sql`${live} AND pending = 0 AND remaining = 0 AND held = 0`;
    case 'ACTIVE':
      return Prisma.sql`${live} AND (pending > 0 OR remaining > 0 OR held > 0)`;
  }
}

const grantsMatching = (accountId: AccountId, state: GrantState | null, now: Instant): Prisma.Sql =>
  Prisma.sql`account_id = ${accountId} AND ${optional(state && inState(state, now))}`;

/** A page of the grants of one wallet, as they are recorded. */
export async function readGrants(
  client: PrismaClient,
  accountId: AccountId,
  state: GrantState | null,
  now: Instant,
  page: PageRequest<string>,
): Promise<Grant[]> {
  const rows = await client.$queryRaw<GrantRow[]>`
    SELECT id, source::text, category::text, priority, amount, pending, remaining, held, consumed, expired, revoked,
      effective_at AS "effectiveAt", expires_at AS "expiresAt", voided_at AS "voidedAt", created_at AS "createdAt", reason
    FROM credit_grant WHERE ${grantsMatching(accountId, state, now)}
      AND ${optional(page.after === null ? null : Prisma.sql`id < ${page.after}`)}
      AND ${optional(page.before === null ? null : Prisma.sql`id > ${page.before}`)}
    ORDER BY id ${page.inverted ? Prisma.sql`ASC` : Prisma.sql`DESC`} LIMIT ${page.limit}`;
  return rows.map(toGrant);
}

/** How many grants of a wallet are in a state; in all without one. */
export async function countGrants(
  client: PrismaClient,
  accountId: AccountId,
  state: GrantState | null,
  now: Instant,
): Promise<number> {
  const [row] = await client.$queryRaw<{ count: number }[]>`
    SELECT count(*)::integer AS count FROM credit_grant WHERE ${grantsMatching(accountId, state, now)}`;
  return row?.count ?? 0;
}

/** Grants by their keys, in the order of the keys. */
export async function readGrantsByKey(
  client: PrismaClient,
  keys: readonly { accountId: AccountId; grantId: GrantId }[],
): Promise<(Grant | null)[]> {
  const rows = await client.grant.findMany({
    where: {
      accountId: { in: [...new Set(keys.map((key) => key.accountId))] },
      id: { in: keys.map((key) => key.grantId) },
    },
  });
  const byKey = new Map(rows.map((row) => [`${row.accountId} ${row.id}`, row]));
  return keys.map(({ accountId, grantId }) => {
    const row = byKey.get(`${accountId} ${grantId}`);
    return row === undefined ? null : toGrant(row);
  });
}

/** Holds by their keys, in the order of the keys. */
export async function readHoldsByKey(
  client: PrismaClient,
  keys: readonly { accountId: AccountId; holdId: HoldId }[],
): Promise<(Hold | null)[]> {
  const rows = await client.hold.findMany({
    where: {
      accountId: { in: [...new Set(keys.map((key) => key.accountId))] },
      id: { in: keys.map((key) => key.holdId) },
    },
  });
  const byKey = new Map(rows.map((row) => [`${row.accountId} ${row.id}`, row]));
  return keys.map(({ accountId, holdId }) => {
    const row = byKey.get(`${accountId} ${holdId}`);
    return row === undefined ? null : toHold(row);
  });
}
