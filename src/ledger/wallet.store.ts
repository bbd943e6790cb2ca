import { toDate, toInstant } from '../clock.ts';
import {
  type Columns,
  insertRows,
  pickColumns,
  prepared,
  Prisma,
  type PrismaClient,
  selectRows,
  type Statement,
  type Transaction,
  updateRows,
} from '../db/index.ts';
import type {
  AccountId,
  Clawback,
  Grant,
  GrantId,
  Hold,
  HoldFunding,
  HoldId,
  Instant,
  Transfer,
  WalletState,
} from './core/types.ts';

/** A wallet as it is stored: its state and the head of its chain. */
export interface StoredWallet {
  readonly state: WalletState;
  /** Counts what was ever written to it. */
  readonly revision: number;
  readonly headHash: Buffer;
  readonly updatedAt: Instant;
  /** When the first of its holds lapses, as far as they were open when it was read or have been made since; null without any. */
  readonly nextLapseAt: Instant | null;
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

/**
 * Takes the wallets' rows, in one order everywhere, so that no two transactions wait for each other in a circle. What
 * the transaction does from here on, it does by keys: its prepared statements keep the plan that reads indexes alone,
 * where the planner would plan each of them anew, which takes longer than to carry out a small one.
 */
export async function lockWallets(transaction: Transaction, accountIds: readonly AccountId[]): Promise<void> {
  await transaction.$queryRaw`${prepared}
    SELECT wallet.account_id
    FROM wallet, (
      SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)
    ) AS planner
    WHERE wallet.account_id = ANY(${[...accountIds]}::text[])
    ORDER BY wallet.account_id FOR NO KEY UPDATE OF wallet`;
}

/** How far ahead of now what falls due is read, for wallets that ran ahead of this process's clock. */
const readAheadMs = 1_000;

/** Reads the named wallets as far as commands or readers at `now` need them, and the keys, in one statement. */
export async function loadWallets(
  client: Transaction | PrismaClient,
  named: readonly Named[],
  keys: readonly KeyName[],
  now: Instant,
): Promise<LoadedWallets> {
  let dueBy = (now + readAheadMs) as Instant; // A later instant is an instant.
  for (;;) {
    const loaded = assemble(await readRows(client, named, keys, dueBy));
    const furthest = Math.max(...[...loaded.wallets.values()].map(({ state }) => state.lastInstant));
    if (furthest <= dueBy) return loaded;
    dueBy = furthest as Instant; // The instant of a wallet.
  }
}

/**
 * One statement for all. Each part looks its rows up one by one through an index: `OFFSET 0` keeps the planner from
 * turning the look-ups into joins over whole tables, which it does when it guesses the number of names wrong.
 */
function readRows(
  client: Transaction | PrismaClient,
  named: readonly Named[],
  keys: readonly KeyName[],
  dueBy: Instant,
): Promise<{ kind: string; row: unknown }[]> {
  const accountIds = named.map(({ accountId }) => accountId);
  const holds = named.flatMap(({ accountId, holdIds }) => holdIds.map((id) => ({ accountId, id })));
  const grants = named.flatMap(({ accountId, grantIds }) => grantIds.map((id) => ({ accountId, id })));
  return client.$queryRaw`${prepared}
    WITH wallets AS (
      SELECT wallet.*, (
          SELECT min(hold.expires_at) FROM credit_hold AS hold
          WHERE hold.account_id = wallet.account_id AND hold.status = 'OPEN'
        ) AS next_lapse_at
      FROM wallet WHERE account_id = ANY(${accountIds}::text[])
    ), holds AS (
      SELECT found.* FROM unnest(${holds.map(({ accountId }) => accountId)}::text[], ${holds.map(({ id }) => id)}::text[])
          AS named (account_id, id)
        CROSS JOIN LATERAL (
          SELECT * FROM credit_hold AS hold WHERE hold.account_id = named.account_id AND hold.id = named.id OFFSET 0
        ) AS found
      UNION ALL
      SELECT due.* FROM unnest(${accountIds}::text[]) AS named (account_id)
        CROSS JOIN LATERAL (
          SELECT * FROM credit_hold AS hold WHERE hold.account_id = named.account_id AND hold.status = 'OPEN'
            AND hold.expires_at <= ${toDate(dueBy)}::timestamptz OFFSET 0
        ) AS due
    ), clawbacks AS (
      SELECT * FROM credit_clawback WHERE account_id = ANY(${accountIds}::text[])
    ), grants AS (
      SELECT live.* FROM unnest(${accountIds}::text[]) AS named (account_id)
        CROSS JOIN LATERAL (
          SELECT * FROM credit_grant WHERE credit_grant.account_id = named.account_id AND (has_remaining OR has_pending)
          OFFSET 0
        ) AS live
      UNION ALL
      SELECT found.* FROM (
          SELECT * FROM unnest(${grants.map(({ accountId }) => accountId)}::text[], ${grants.map(({ id }) => id)}::text[])
            AS named (account_id, id)
          UNION SELECT account_id, unnest(grant_ids) FROM holds
          UNION SELECT account_id, unnest(payer_ids || grant_id) FROM clawbacks
        ) AS wanted
        CROSS JOIN LATERAL (
          SELECT * FROM credit_grant WHERE credit_grant.account_id = wanted.account_id AND credit_grant.id = wanted.id
          OFFSET 0
        ) AS found
    )
    SELECT 'wallet' AS kind, to_jsonb(wallets) AS row FROM wallets
    UNION ALL SELECT 'grant', to_jsonb(grants) FROM grants
    UNION ALL SELECT 'hold', to_jsonb(holds) FROM holds
    UNION ALL SELECT 'clawback', to_jsonb(clawbacks) FROM clawbacks
    UNION ALL
    SELECT 'key', to_jsonb(found) FROM unnest(${keys.map(({ accountId }) => accountId)}::text[],
        ${keys.map(({ mutation }) => mutation)}::text[], ${keys.map(({ key }) => key)}::text[])
        AS wanted (account_id, mutation, key)
      CROSS JOIN LATERAL (
        SELECT * FROM idempotency_key AS stored WHERE stored.account_id = wanted.account_id
          AND stored.mutation = wanted.mutation AND stored.key = wanted.key OFFSET 0
      ) AS found`;
}

function assemble(rows: readonly { kind: string; row: unknown }[]): LoadedWallets {
  const grants = new Map<AccountId, Map<GrantId, Grant>>();
  const holds = new Map<AccountId, Map<HoldId, Hold>>();
  const clawbacks = new Map<AccountId, Map<GrantId, Clawback>>();
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
    } else if (kind === 'clawback') {
      const clawback = toClawback(row as ClawbackRow);
      of(clawbacks, (row as ClawbackRow).account_id as AccountId).set(clawback.grantId, clawback);
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
        clawbacks: of(clawbacks, accountId),
      },
      revision: wallet.revision,
      headHash: parseBytes(wallet.head_hash),
      updatedAt: parseInstant(wallet.updated_at),
      nextLapseAt: parseOptionalInstant(wallet.next_lapse_at),
    });
  }
  return { wallets, keys };
}

/** What a batch changed, with other parts' new rows, and all that it takes to write it. */
interface Writing {
  readonly changes: readonly WalletChange[];
  readonly keys: readonly IdempotencyKey[];
  readonly inserts: readonly Statement[];
  readonly now: Instant;
}

/** Writes to wallets that are locked, by a few set-based statements that are sent as one. */
export async function writeChanges(transaction: Transaction, writing: Writing): Promise<void> {
  await transaction.$executeRaw`${prepared} ${walletUpdate(writing)}`;
}

/**
 * The statement that writes to wallets that are not locked, in a transaction of its own: all of it, or nothing when one of them
 * is not what it was before. It fails with a serialization failure then, and with a unique violation for what is there already.
 */
export const unlessChanged = (writing: Writing): Statement => Prisma.sql`${prepared} ${walletUpdate(writing, true)}`;

/** The statement that writes all; a careful one takes the wallets' rows in their order, and refuses those that have changed. */
function walletUpdate(writing: Writing, isCareful = false): Statement {
  const wallets = writing.changes.map(({ after }) => after);
  const accountIds = wallets.map(({ state }) => state.accountId);
  const parts = insertions(writing).map(
    (statement, index) => Prisma.sql`, ${Prisma.raw(`part_${index}`)} AS (${statement})`,
  );
  const others = parts.length === 0 ? Prisma.empty : Prisma.join(parts, '');
  // The ids once more: the planner does not know how few rows the others are, and reads the whole table.
  const update = Prisma.sql`UPDATE wallet SET available = changed.available, held = changed.held, pending = changed.pending,
      debt = changed.debt, issued = changed.issued, sequence = changed.sequence, revision = changed.revision,
      head_hash = changed.head_hash, last_instant = changed.last_instant, updated_at = changed.updated_at
    FROM changed WHERE wallet.account_id = changed.account_id AND wallet.account_id = ANY(${accountIds}::text[])`;
  const changed = Prisma.sql`WITH changed AS (${selectRows(walletColumns, wallets)})`;
  if (!isCareful) return Prisma.sql`${changed} ${others} ${update}`;
  // As `lockWallets` takes them.
  const locked = Prisma.sql`SELECT account_id FROM wallet WHERE account_id = ANY(${accountIds}::text[])
    ORDER BY account_id FOR NO KEY UPDATE`;
  return Prisma.sql`${changed}, locked AS MATERIALIZED (${locked}), updated AS (
      ${update} AND wallet.revision = changed.revision - 1 AND wallet.account_id IN (SELECT account_id FROM locked)
      RETURNING 1
    ) ${others}
    SELECT refuse_stale(count(*), ${wallets.length}::bigint) FROM updated`;
}

/** The rows of grants, holds, clawbacks, transfers and keys, and those of other parts. */
function insertions({ changes, keys, inserts, now }: Writing): Statement[] {
  const grants = rowsToWrite(changes, (state) => state.grants);
  const holds = rowsToWrite(changes, (state) => state.holds);
  const clawbacks = rowsToWrite(changes, (state) => state.clawbacks);
  const transfers = changes.flatMap(({ after, transfers: made }) =>
    made.map(({ transfer, hash }) => ({ accountId: after.state.accountId, transfer, hash })),
  );
  return [
    ...ifAny(grants.new, (rows) => insertRows('credit_grant', grantColumns, rows)),
    ...ifAny(grants.changed, (rows) => updateRows('credit_grant', keyOfPart, changingGrantColumns, rows)),
    ...ifAny(holds.new, (rows) => insertRows('credit_hold', holdColumns, rows)),
    ...ifAny(holds.changed, (rows) => updateRows('credit_hold', keyOfPart, changingHoldColumns, rows)),
    ...ifAny(
      [...clawbacks.new, ...clawbacks.changed],
      (rows) => Prisma.sql`${insertRows('credit_clawback', clawbackColumns, rows)}
        ON CONFLICT (account_id, grant_id) DO UPDATE SET total = excluded.total, taken = excluded.taken,
          owed = excluded.owed, payer_ids = excluded.payer_ids, payer_amounts = excluded.payer_amounts`,
    ),
    ...ifAny(transfers, (rows) => insertRows('transfer', transferColumns, rows)),
    ...ifAny(keys, (rows) => insertRows('idempotency_key', keyColumns(now), rows)),
    ...inserts,
  ];
}

/** Makes the empty wallet of an account, at its first revision. */
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
      UNION (SELECT account_id FROM credit_grant WHERE has_remaining AND expires_at <= ${at} LIMIT ${limit})
      UNION (SELECT account_id FROM credit_grant WHERE has_pending AND effective_at <= ${at} LIMIT ${limit})
    ) AS due LIMIT ${limit}`;
  return rows.map((row) => row.account_id as AccountId);
}

/** The first instant after another one at which something falls due on any wallet; null when nothing does. */
export async function findNextDue(client: PrismaClient, after: Instant): Promise<Instant | null> {
  const since = Prisma.sql`${toDate(after)}::timestamptz`;
  const [row] = await client.$queryRaw<{ next: Date | null }[]>`
    SELECT least(
      (SELECT min(expires_at) FROM credit_hold WHERE status = 'OPEN' AND expires_at > ${since}),
      (SELECT min(expires_at) FROM credit_grant WHERE has_remaining AND expires_at > ${since}),
      (SELECT min(effective_at) FROM credit_grant WHERE has_pending AND effective_at > ${since})) AS next`;
  return row?.next == null ? null : toInstant(row.next);
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
    ${insertRows('idempotency_key', keyColumns(now), [key])}
    ON CONFLICT (account_id, mutation, key) DO NOTHING`;
  return inserted === 1;
}

/** Frees a key whose effect was refused by somebody else after it had been stored. */
export async function freeKey(transaction: Transaction, { accountId, mutation, key }: KeyName): Promise<void> {
  await transaction.idempotencyKey.deleteMany({ where: { accountId, mutation, key } });
}

/** The statement for some rows; none for none. */
const ifAny = <Row>(rows: readonly Row[], statementFor: (rows: readonly Row[]) => Statement): Statement[] =>
  rows.length === 0 ? [] : [statementFor(rows)];

/** A part of a wallet, with whose it is. */
interface Owned<Value> {
  readonly accountId: AccountId;
  readonly value: Value;
}

/** What a batch made and what it changed: a new row is just inserted, which costs less. */
function rowsToWrite<Id, Value>(
  changes: readonly WalletChange[],
  of: (state: WalletState) => ReadonlyMap<Id, Value>,
): { new: Owned<Value>[]; changed: Owned<Value>[] } {
  const rows: { new: Owned<Value>[]; changed: Owned<Value>[] } = { new: [], changed: [] };
  for (const { before, after } of changes) {
    const old = of(before.state);
    if (old === of(after.state)) continue;
    for (const [id, value] of of(after.state)) {
      const known = old.get(id);
      if (known === value) continue;
      rows[known === undefined ? 'new' : 'changed'].push({ accountId: after.state.accountId, value });
    }
  }
  return rows;
}

// ---------------------------------------------------------------- rows, as PostgreSQL writes them in JSON, and as it reads them

interface WalletRow {
  account_id: string;
  available: number;
  held: number;
  pending: number;
  debt: number;
  issued: number;
  sequence: number;
  revision: number;
  head_hash: string;
  last_instant: string;
  updated_at: string;
  next_lapse_at: string | null;
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

interface ClawbackRow {
  account_id: string;
  grant_id: string;
  total: number;
  taken: number;
  owed: number;
  payer_ids: string[];
  payer_amounts: number[];
  created_at: string;
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

const walletColumns: Columns<StoredWallet> = {
  account_id: ['text', ({ state }) => state.accountId],
  available: ['integer', ({ state }) => state.available],
  held: ['integer', ({ state }) => state.held],
  pending: ['integer', ({ state }) => state.pending],
  debt: ['integer', ({ state }) => state.debt],
  issued: ['integer', ({ state }) => state.issued],
  sequence: ['integer', ({ state }) => state.sequence],
  revision: ['integer', ({ revision }) => revision],
  head_hash: ['bytea', ({ headHash }) => headHash],
  last_instant: ['timestamptz', ({ state }) => state.lastInstant],
  updated_at: ['timestamptz', ({ updatedAt }) => updatedAt],
};

const grantColumns: Columns<Owned<Grant>> = {
  account_id: ['text', ({ accountId }) => accountId],
  id: ['text', ({ value }) => value.id],
  source: ['grant_source', ({ value }) => value.source],
  category: ['grant_category', ({ value }) => value.category],
  priority: ['integer', ({ value }) => value.priority],
  amount: ['integer', ({ value }) => value.amount],
  pending: ['integer', ({ value }) => value.pending],
  remaining: ['integer', ({ value }) => value.remaining],
  held: ['integer', ({ value }) => value.held],
  consumed: ['integer', ({ value }) => value.consumed],
  expired: ['integer', ({ value }) => value.expired],
  revoked: ['integer', ({ value }) => value.revoked],
  effective_at: ['timestamptz', ({ value }) => value.effectiveAt],
  expires_at: ['timestamptz', ({ value }) => value.expiresAt],
  voided_at: ['timestamptz', ({ value }) => value.voidedAt],
  created_at: ['timestamptz', ({ value }) => value.createdAt],
  reason: ['text', ({ value }) => value.reason],
};

/** What names a part of a wallet. */
const keyOfPart = ['account_id', 'id'];

const changingGrantColumns = pickColumns(grantColumns, [
  ...keyOfPart,
  'amount',
  'pending',
  'remaining',
  'held',
  'consumed',
  'expired',
  'revoked',
  'expires_at',
  'voided_at',
]);

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

/** Nothing was charged but by a capture: most rows are spared two arrays of zeros. */
const charged = ({ status, fundings }: Hold): readonly HoldFunding[] => (status === 'CAPTURED' ? fundings : []);

const holdColumns: Columns<Owned<Hold>> = {
  account_id: ['text', ({ accountId }) => accountId],
  id: ['text', ({ value }) => value.id],
  status: ['hold_status', ({ value }) => value.status],
  amount: ['integer', ({ value }) => value.amount],
  captured: ['integer', ({ value }) => charged(value).reduce((sum, { captured }) => sum + captured, 0)],
  refunded: ['integer', ({ value }) => charged(value).reduce((sum, { refunded }) => sum + refunded, 0)],
  grant_ids: ['text[]', ({ value }) => value.fundings.map(({ grantId }) => grantId)],
  held_amounts: ['integer[]', ({ value }) => value.fundings.map(({ held }) => held)],
  captured_amounts: ['integer[]', ({ value }) => charged(value).map(({ captured }) => captured)],
  refunded_amounts: ['integer[]', ({ value }) => charged(value).map(({ refunded }) => refunded)],
  expires_at: ['timestamptz', ({ value }) => value.expiresAt],
  created_at: ['timestamptz', ({ value }) => value.createdAt],
  settled_at: ['timestamptz', ({ value }) => value.settledAt],
};

const changingHoldColumns = pickColumns(holdColumns, [
  ...keyOfPart,
  'status',
  'amount',
  'captured',
  'refunded',
  'grant_ids',
  'held_amounts',
  'captured_amounts',
  'refunded_amounts',
  'expires_at',
  'settled_at',
]);

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

const clawbackColumns: Columns<Owned<Clawback>> = {
  account_id: ['text', ({ accountId }) => accountId],
  grant_id: ['text', ({ value }) => value.grantId],
  total: ['integer', ({ value }) => value.total],
  taken: ['integer', ({ value }) => value.taken],
  owed: ['integer', ({ value }) => value.owed],
  payer_ids: ['text[]', ({ value }) => value.payments.map(({ grantId }) => grantId)],
  payer_amounts: ['integer[]', ({ value }) => value.payments.map(({ amount }) => amount)],
  created_at: ['timestamptz', ({ value }) => value.createdAt],
};

const toClawback = (row: ClawbackRow): Clawback => ({
  grantId: row.grant_id as GrantId,
  total: row.total,
  taken: row.taken,
  owed: row.owed,
  payments: row.payer_ids.map((grantId, index) => ({
    grantId: grantId as GrantId,
    amount: row.payer_amounts[index] ?? 0,
  })),
  createdAt: parseInstant(row.created_at),
});

const transferColumns: Columns<{ accountId: AccountId; transfer: Transfer; hash: Buffer }> = {
  account_id: ['text', ({ accountId }) => accountId],
  sequence: ['integer', ({ transfer }) => transfer.sequence],
  type: ['transaction_type', ({ transfer }) => transfer.type],
  from_account: ['ledger_account', ({ transfer }) => transfer.from],
  to_account: ['ledger_account', ({ transfer }) => transfer.to],
  amount: ['integer', ({ transfer }) => transfer.amount],
  available_after: ['integer', ({ transfer }) => transfer.availableAfter],
  grant_ids: ['text[]', ({ transfer }) => transfer.fundings.map(({ grantId }) => grantId)],
  grant_amounts: ['integer[]', ({ transfer }) => transfer.fundings.map(({ amount }) => amount)],
  hold_id: ['text', ({ transfer }) => transfer.holdId],
  reason: ['text', ({ transfer }) => transfer.reason],
  occurred_at: ['timestamptz', ({ transfer }) => transfer.occurredAt],
  recorded_at: ['timestamptz', ({ transfer }) => transfer.recordedAt],
  hash: ['bytea', ({ hash }) => hash],
};

const keyColumns = (now: Instant): Columns<IdempotencyKey> => ({
  account_id: ['text', ({ accountId }) => accountId],
  mutation: ['text', ({ mutation }) => mutation],
  key: ['text', ({ key }) => key],
  request_hash: ['bytea', ({ requestHash }) => requestHash],
  subject_id: ['text', ({ subjectId }) => subjectId],
  created_at: ['timestamptz', () => now],
});

const toKey = (row: KeyRow): IdempotencyKey => ({
  accountId: row.account_id as AccountId,
  mutation: row.mutation,
  key: row.key,
  requestHash: parseBytes(row.request_hash),
  subjectId: row.subject_id,
});
