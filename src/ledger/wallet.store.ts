import { toDate } from '../clock.ts';
import { Prisma, type PrismaClient, type Transaction } from '../db/index.ts';
import type { AccountId, Grant, GrantId, Hold, HoldId, Instant, Transfer, WalletState } from './core/types.ts';

/** A wallet as it is stored: its state and the head of its chain. */
export interface StoredWallet {
  readonly state: WalletState;
  readonly headHash: Buffer;
  readonly updatedAt: Instant;
}

/** What a batch has to see of one wallet beside what is live and due. */
export interface Named {
  readonly accountId: AccountId;
  readonly holdIds: readonly HoldId[];
  readonly grantIds: readonly GrantId[];
}

export interface KeyName {
  readonly accountId: AccountId;
  readonly mutation: string;
  readonly key: string;
}

/** A client's key with the request that it belongs to and what came of it. */
export interface IdempotencyKey extends KeyName {
  /** SHA-256 over the input as sent, canonical JSON, without the key. */
  readonly requestHash: Buffer;
  /** The id of the object that a replay answers with. */
  readonly subjectId: string;
}

export interface WalletChange {
  readonly before: StoredWallet;
  readonly after: StoredWallet;
  readonly transfers: readonly { readonly transfer: Transfer; readonly hash: Buffer }[];
}

interface LoadedWallets {
  readonly wallets: Map<AccountId, StoredWallet>;
  readonly keys: IdempotencyKey[];
}

/** Takes the wallets' rows, in one order everywhere, so that no two transactions wait for each other in a circle. */
export async function lockWallets(transaction: Transaction, accountIds: readonly AccountId[]): Promise<void> {
  await transaction.$queryRaw`
    SELECT account_id FROM wallet WHERE account_id = ANY(${[...accountIds]}::text[])
    ORDER BY account_id FOR NO KEY UPDATE`;
}

/** Reads the named wallets as far as commands or readers at `now` need them, and the keys, in one statement. */
export async function loadWallets(
  client: Transaction | PrismaClient,
  named: readonly Named[],
  keys: readonly KeyName[],
  now: Instant,
): Promise<LoadedWallets> {
  const rows = await client.$queryRaw<{ kind: string; row: unknown }[]>`
    WITH named AS (
      SELECT * FROM jsonb_to_recordset(${JSON.stringify(named)}::jsonb)
        AS named ("accountId" text, "holdIds" text[], "grantIds" text[])
    ), wallets AS (
      SELECT wallet.* FROM named JOIN wallet ON wallet.account_id = named."accountId"
    ), holds AS (
      SELECT hold.* FROM named
        CROSS JOIN LATERAL unnest(named."holdIds") AS hold_id
        JOIN credit_hold AS hold ON hold.account_id = named."accountId" AND hold.id = hold_id
      UNION
      SELECT hold.* FROM wallets
        JOIN credit_hold AS hold ON hold.account_id = wallets.account_id AND hold.status = 'OPEN'
          AND hold.expires_at <= greatest(wallets.last_instant, ${toDate(now)}::timestamptz)
    ), grants AS (
      SELECT live.* FROM wallets
        JOIN credit_grant AS live ON live.account_id = wallets.account_id AND (live.remaining > 0 OR live.pending > 0)
      UNION
      SELECT named_grant.* FROM named
        CROSS JOIN LATERAL unnest(named."grantIds") AS grant_id
        JOIN credit_grant AS named_grant
          ON named_grant.account_id = named."accountId" AND named_grant.id = grant_id
      UNION
      SELECT funding.* FROM holds
        CROSS JOIN LATERAL unnest(holds.grant_ids) AS grant_id
        JOIN credit_grant AS funding ON funding.account_id = holds.account_id AND funding.id = grant_id
    )
    SELECT 'wallet' AS kind, to_jsonb(wallets) AS row FROM wallets
    UNION ALL SELECT 'grant', to_jsonb(grants) FROM grants
    UNION ALL SELECT 'hold', to_jsonb(holds) FROM holds
    UNION ALL
    SELECT 'key', to_jsonb(stored) FROM jsonb_to_recordset(${JSON.stringify(keys)}::jsonb)
        AS wanted ("accountId" text, mutation text, key text)
      JOIN idempotency_key AS stored ON stored.account_id = wanted."accountId"
        AND stored.mutation = wanted.mutation AND stored.key = wanted.key`;
  return assemble(rows);
}

function assemble(rows: readonly { kind: string; row: unknown }[]): LoadedWallets {
  const grants = new Map<AccountId, Map<GrantId, Grant>>();
  const holds = new Map<AccountId, Map<HoldId, Hold>>();
  const wallets = new Map<AccountId, StoredWallet>();
  const keys: IdempotencyKey[] = [];
  const of = <Id, Value>(maps: Map<AccountId, Map<Id, Value>>, accountId: AccountId): Map<Id, Value> => {
    const map = maps.get(accountId) ?? new Map<Id, Value>();
    maps.set(accountId, map);
    return map;
  };
  for (const { kind, row } of rows) {
    // The rows are this project's own tables as PostgreSQL writes them; their CHECK constraints are the parser.
    if (kind === 'grant') {
      const grant = toGrant(row as GrantRow);
      of(grants, (row as GrantRow).account_id as AccountId).set(grant.id, grant);
    } else if (kind === 'hold') {
      const hold = toHold(row as HoldRow);
      of(holds, (row as HoldRow).account_id as AccountId).set(hold.id, hold);
    } else if (kind === 'key') {
      keys.push(toKey(row as KeyRow));
    }
  }
  for (const { kind, row } of rows) {
    if (kind !== 'wallet') continue;
    const wallet = row as WalletRow;
    const accountId = wallet.account_id as AccountId;
    wallets.set(accountId, {
      state: {
        accountId,
        available: wallet.available,
        held: wallet.held,
        pending: wallet.pending,
        debt: wallet.debt,
        issued: wallet.issued,
        sequence: wallet.sequence,
        lastInstant: parseInstant(wallet.last_instant),
        grants: of(grants, accountId),
        holds: of(holds, accountId),
      },
      headHash: parseBytes(wallet.head_hash),
      updatedAt: parseInstant(wallet.updated_at),
    });
  }
  return { wallets, keys };
}

/** Writes what a batch changed in a few set-based statements, sent as one. */
export async function writeChanges(
  transaction: Transaction,
  changes: readonly WalletChange[],
  keys: readonly IdempotencyKey[],
  now: Instant,
): Promise<void> {
  const wallets = changes.map(({ after }) => walletRow(after));
  const grants = changes.flatMap(({ before, after }) =>
    changed(before.state.grants, after.state.grants).map((grant) => grantRow(after.state.accountId, grant)),
  );
  const holds = changes.flatMap(({ before, after }) =>
    changed(before.state.holds, after.state.holds).map((hold) => holdRow(after.state.accountId, hold)),
  );
  const transfers = changes.flatMap(({ after, transfers: made }) =>
    made.map(({ transfer, hash }) => transferRow(after.state.accountId, transfer, hash)),
  );
  await transaction.$executeRaw`
    WITH changed_wallets AS (
      UPDATE wallet SET available = changed.available, held = changed.held, pending = changed.pending,
        debt = changed.debt, issued = changed.issued, sequence = changed.sequence, head_hash = changed.head_hash,
        last_instant = changed.last_instant, updated_at = changed.updated_at
      FROM jsonb_to_recordset(${JSON.stringify(wallets)}::jsonb) AS changed (account_id text, available integer,
        held integer, pending integer, debt integer, issued integer, sequence integer, head_hash bytea,
        last_instant timestamptz, updated_at timestamptz)
      WHERE wallet.account_id = changed.account_id
    ), changed_grants AS (
      INSERT INTO credit_grant SELECT * FROM jsonb_populate_recordset(NULL::credit_grant, ${JSON.stringify(grants)}::jsonb)
      ON CONFLICT (account_id, id) DO UPDATE SET pending = excluded.pending, remaining = excluded.remaining,
        held = excluded.held, consumed = excluded.consumed, expired = excluded.expired, revoked = excluded.revoked,
        voided_at = excluded.voided_at
    ), changed_holds AS (
      INSERT INTO credit_hold SELECT * FROM jsonb_populate_recordset(NULL::credit_hold, ${JSON.stringify(holds)}::jsonb)
      ON CONFLICT (account_id, id) DO UPDATE SET status = excluded.status, captured = excluded.captured,
        refunded = excluded.refunded, grant_ids = excluded.grant_ids, held_amounts = excluded.held_amounts,
        captured_amounts = excluded.captured_amounts, refunded_amounts = excluded.refunded_amounts,
        expires_at = excluded.expires_at, settled_at = excluded.settled_at
    ), new_transfers AS (
      INSERT INTO transfer SELECT * FROM jsonb_populate_recordset(NULL::transfer, ${JSON.stringify(transfers)}::jsonb)
    )
    INSERT INTO idempotency_key
    SELECT * FROM jsonb_populate_recordset(NULL::idempotency_key, ${JSON.stringify(keys.map((key) => keyRow(key, now)))}::jsonb)`;
}

/** Makes the empty wallet of an account. */
export async function insertWallet(transaction: Transaction, wallet: StoredWallet): Promise<void> {
  const { state } = wallet;
  await transaction.wallet.create({
    data: {
      accountId: state.accountId,
      available: 0,
      held: 0,
      pending: 0,
      debt: 0,
      issued: 0,
      sequence: 0,
      headHash: new Uint8Array(wallet.headHash),
      lastInstant: toDate(state.lastInstant),
      createdAt: toDate(state.lastInstant),
      updatedAt: toDate(wallet.updatedAt),
    },
  });
}

/** The wallets on which something fell due by `now` that nobody has recorded. */
export async function findUnrecorded(client: PrismaClient, now: Instant, limit: number): Promise<AccountId[]> {
  const at = Prisma.sql`${toDate(now)}::timestamptz`;
  const rows = await client.$queryRaw<{ account_id: string }[]>`
    SELECT account_id FROM (
      (SELECT account_id FROM credit_hold WHERE status = 'OPEN' AND expires_at <= ${at} LIMIT ${limit})
      UNION (SELECT account_id FROM credit_grant WHERE remaining > 0 AND expires_at <= ${at} LIMIT ${limit})
      UNION (SELECT account_id FROM credit_grant WHERE pending > 0 AND effective_at <= ${at} LIMIT ${limit})
    ) AS due LIMIT ${limit}`;
  return rows.map((row) => row.account_id as AccountId);
}

/** The account whose wallet has a grant; null when there is no such grant. */
export async function findGrantOwner(client: PrismaClient, grantId: GrantId): Promise<AccountId | null> {
  const row = await client.grant.findFirst({ where: { id: grantId }, select: { accountId: true } });
  return (row?.accountId as AccountId | undefined) ?? null;
}

/** The keys of these names that are stored. */
export async function findKeys(client: PrismaClient, names: readonly KeyName[]): Promise<IdempotencyKey[]> {
  // Whoever asks may hand in whole keys; what else they carry need not be storable.
  const wanted = names.map(({ accountId, mutation, key }) => ({ accountId, mutation, key }));
  // No wallet is named, so no instant matters.
  const { keys } = await loadWallets(client, [], wanted, 0 as Instant);
  return keys;
}

/** Stores a key in a transaction that the ledger does not run; false when it was stored before. */
export async function insertKey(transaction: Transaction, key: IdempotencyKey, now: Instant): Promise<boolean> {
  const inserted = await transaction.$executeRaw`
    INSERT INTO idempotency_key
    SELECT * FROM jsonb_populate_record(NULL::idempotency_key, ${JSON.stringify(keyRow(key, now))}::jsonb)
    ON CONFLICT (account_id, mutation, key) DO NOTHING`;
  return inserted === 1;
}

function changed<Id, Value>(before: ReadonlyMap<Id, Value>, after: ReadonlyMap<Id, Value>): Value[] {
  if (before === after) return [];
  return [...after].filter(([id, value]) => before.get(id) !== value).map(([, value]) => value);
}

// ---------------------------------------------------------------- rows, as PostgreSQL reads and writes them in JSON

interface WalletRow {
  account_id: string;
  available: number;
  held: number;
  pending: number;
  debt: number;
  issued: number;
  sequence: number;
  head_hash: string;
  last_instant: string;
  updated_at: string;
}

interface GrantRow {
  account_id: string;
  id: string;
  source: Grant['source'];
  category: Grant['category'];
  priority: number;
  amount: number;
  pending: number;
  remaining: number;
  held: number;
  consumed: number;
  expired: number;
  revoked: number;
  effective_at: string;
  expires_at: string | null;
  voided_at: string | null;
  created_at: string;
  reason: string | null;
}

interface HoldRow {
  account_id: string;
  id: string;
  status: Hold['status'];
  amount: number;
  captured: number;
  refunded: number;
  grant_ids: string[];
  held_amounts: number[];
  captured_amounts: number[];
  refunded_amounts: number[];
  expires_at: string;
  created_at: string;
  settled_at: string | null;
}

interface KeyRow {
  account_id: string;
  mutation: string;
  key: string;
  request_hash: string;
  subject_id: string;
  created_at: string;
}

const parseInstant = (text: string): Instant => Date.parse(text) as Instant; // PostgreSQL writes ISO 8601 with an offset.
const parseOptionalInstant = (text: string | null): Instant | null => (text === null ? null : parseInstant(text));
const parseBytes = (text: string): Buffer => Buffer.from(text.slice(2), 'hex');
const writeInstant = (instant: Instant): string => toDate(instant).toISOString();
const writeOptionalInstant = (instant: Instant | null): string | null =>
  instant === null ? null : writeInstant(instant);
const writeBytes = (bytes: Buffer): string => `\\x${bytes.toString('hex')}`;
const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

const walletRow = ({ state, headHash, updatedAt }: StoredWallet): WalletRow => ({
  account_id: state.accountId,
  available: state.available,
  held: state.held,
  pending: state.pending,
  debt: state.debt,
  issued: state.issued,
  sequence: state.sequence,
  head_hash: writeBytes(headHash),
  last_instant: writeInstant(state.lastInstant),
  updated_at: writeInstant(updatedAt),
});

const grantRow = (accountId: AccountId, grant: Grant): GrantRow => ({
  account_id: accountId,
  id: grant.id,
  source: grant.source,
  category: grant.category,
  priority: grant.priority,
  amount: grant.amount,
  pending: grant.pending,
  remaining: grant.remaining,
  held: grant.held,
  consumed: grant.consumed,
  expired: grant.expired,
  revoked: grant.revoked,
  effective_at: writeInstant(grant.effectiveAt),
  expires_at: writeOptionalInstant(grant.expiresAt),
  voided_at: writeOptionalInstant(grant.voidedAt),
  created_at: writeInstant(grant.createdAt),
  reason: grant.reason,
});

const toGrant = (row: GrantRow): Grant => ({
  id: row.id as GrantId,
  source: row.source,
  category: row.category,
  priority: row.priority,
  amount: row.amount,
  pending: row.pending,
  remaining: row.remaining,
  held: row.held,
  consumed: row.consumed,
  expired: row.expired,
  revoked: row.revoked,
  effectiveAt: parseInstant(row.effective_at),
  expiresAt: parseOptionalInstant(row.expires_at),
  voidedAt: parseOptionalInstant(row.voided_at),
  createdAt: parseInstant(row.created_at),
  reason: row.reason,
});

const holdRow = (accountId: AccountId, hold: Hold): HoldRow => {
  const capturedAmounts = hold.fundings.map(({ captured }) => captured);
  const refundedAmounts = hold.fundings.map(({ refunded }) => refunded);
  return {
    account_id: accountId,
    id: hold.id,
    status: hold.status,
    amount: hold.amount,
    captured: sum(capturedAmounts),
    refunded: sum(refundedAmounts),
    grant_ids: hold.fundings.map(({ grantId }) => grantId),
    held_amounts: hold.fundings.map(({ held }) => held),
    captured_amounts: capturedAmounts,
    refunded_amounts: refundedAmounts,
    expires_at: writeInstant(hold.expiresAt),
    created_at: writeInstant(hold.createdAt),
    settled_at: writeOptionalInstant(hold.settledAt),
  };
};

const toHold = (row: HoldRow): Hold => ({
  id: row.id as HoldId,
  status: row.status,
  amount: row.amount,
  fundings: row.grant_ids.map((grantId, index) => ({
    grantId: grantId as GrantId,
    held: row.held_amounts[index] ?? 0,
    captured: row.captured_amounts[index] ?? 0,
    refunded: row.refunded_amounts[index] ?? 0,
  })),
  expiresAt: parseInstant(row.expires_at),
  createdAt: parseInstant(row.created_at),
  settledAt: parseOptionalInstant(row.settled_at),
});

const transferRow = (accountId: AccountId, transfer: Transfer, hash: Buffer) => ({
  account_id: accountId,
  sequence: transfer.sequence,
  type: transfer.type,
  from_account: transfer.from,
  to_account: transfer.to,
  amount: transfer.amount,
  available_after: transfer.availableAfter,
  grant_ids: transfer.fundings.map(({ grantId }) => grantId),
  grant_amounts: transfer.fundings.map(({ amount }) => amount),
  hold_id: transfer.holdId,
  reason: transfer.reason,
  occurred_at: writeInstant(transfer.occurredAt),
  recorded_at: writeInstant(transfer.recordedAt),
  hash: writeBytes(hash),
});

const keyRow = (key: IdempotencyKey, now: Instant): KeyRow => ({
  account_id: key.accountId,
  mutation: key.mutation,
  key: key.key,
  request_hash: writeBytes(key.requestHash),
  subject_id: key.subjectId,
  created_at: writeInstant(now),
});

const toKey = (row: KeyRow): IdempotencyKey => ({
  accountId: row.account_id as AccountId,
  mutation: row.mutation,
  key: row.key,
  requestHash: parseBytes(row.request_hash),
  subjectId: row.subject_id,
});
