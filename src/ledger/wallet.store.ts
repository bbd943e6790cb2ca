import { toDate, toInstant } from '../clock.ts';
import {
  type Columns,
  insertRows,
  prepared,
  Prisma,
  type PrismaClient,
  selectRows,
  type Statement,
  type Transaction,
} from '../db/index.ts';
import type {
  AccountId,
  Clawback,
  Grant,
  GrantId,
  Hold,
  HoldId,
  Instant,
  Transfer,
  WalletState,
} from './core/types.ts';

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

/** Wallets that ran ahead of this process's clock by less than this are read at once with what is due for them. */
const clockSkewMs = 10_000;

/** Reads the named wallets as far as commands or readers at `now` need them, and the keys, in one statement. */
export async function loadWallets(
  client: Transaction | PrismaClient,
  named: readonly Named[],
  keys: readonly KeyName[],
  now: Instant,
): Promise<LoadedWallets> {
  let dueBy = (now + clockSkewMs) as Instant; // A later instant is an instant.
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
      SELECT * FROM wallet WHERE account_id = ANY(${accountIds}::text[])
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
          SELECT * FROM credit_grant WHERE credit_grant.account_id = named.account_id AND (remaining > 0 OR pending > 0)
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
      headHash: parseBytes(wallet.head_hash),
      updatedAt: parseInstant(wallet.updated_at),
    });
  }
  return { wallets, keys };
}

/** Writes what a batch changed, with other parts' new rows, by a few set-based statements that are sent as one. */
export async function writeChanges(
  transaction: Transaction,
  changes: readonly WalletChange[],
  keys: readonly IdempotencyKey[],
  inserts: readonly Statement[],
  now: Instant,
): Promise<void> {
  const wallets = changes.map(({ after }) => walletRow(after));
  const grants = rowsToWrite(changes, (state) => state.grants, grantRow);
  const holds = rowsToWrite(changes, (state) => state.holds, holdRow);
  const clawbacks = rowsToWrite(changes, (state) => state.clawbacks, clawbackRow);
  const transfers = changes.flatMap(({ after, transfers: made }) =>
    made.map(({ transfer, hash }) => transferRow(after.state.accountId, transfer, hash)),
  );
  const accountIds = wallets.map((wallet) => wallet.account_id);
  const statements = [
    ...ifAny(grants.new, (rows) => insertRows('credit_grant', grantColumns, rows)),
    ...ifAny(
      grants.changed,
      (rows) => Prisma.sql`${insertRows('credit_grant', grantColumns, rows)}
        ON CONFLICT (account_id, id) DO UPDATE SET amount = excluded.amount, pending = excluded.pending,
          remaining = excluded.remaining, held = excluded.held, consumed = excluded.consumed,
          expired = excluded.expired, revoked = excluded.revoked, expires_at = excluded.expires_at,
          voided_at = excluded.voided_at`,
    ),
    ...ifAny(holds.new, (rows) => insertRows('credit_hold', holdColumns, rows)),
    ...ifAny(
      holds.changed,
      (rows) => Prisma.sql`${insertRows('credit_hold', holdColumns, rows)}
        ON CONFLICT (account_id, id) DO UPDATE SET status = excluded.status, amount = excluded.amount,
          captured = excluded.captured, refunded = excluded.refunded, grant_ids = excluded.grant_ids,
          held_amounts = excluded.held_amounts, captured_amounts = excluded.captured_amounts,
          refunded_amounts = excluded.refunded_amounts, expires_at = excluded.expires_at,
          settled_at = excluded.settled_at`,
    ),
    ...ifAny(
      [...clawbacks.new, ...clawbacks.changed],
      (rows) => Prisma.sql`${insertRows('credit_clawback', clawbackColumns, rows)}
        ON CONFLICT (account_id, grant_id) DO UPDATE SET total = excluded.total, taken = excluded.taken,
          owed = excluded.owed, payer_ids = excluded.payer_ids, payer_amounts = excluded.payer_amounts`,
    ),
    ...ifAny(transfers, (rows) => insertRows('transfer', transferColumns, rows)),
    ...ifAny(keys, (rows) =>
      insertRows(
        'idempotency_key',
        keyColumns,
        rows.map((key) => keyRow(key, now)),
      ),
    ),
    ...inserts,
  ];
  const parts = statements.map((statement, index) => Prisma.sql`, ${Prisma.raw(`part_${index}`)} AS (${statement})`);
  // The ids once more: the planner does not know how few rows the others are, and reads the whole table.
  await transaction.$executeRaw`${prepared}
    WITH changed AS (${selectRows(walletColumns, wallets)}) ${parts.length === 0 ? Prisma.empty : Prisma.join(parts, '')}
    UPDATE wallet SET available = changed.available, held = changed.held, pending = changed.pending,
      debt = changed.debt, issued = changed.issued, sequence = changed.sequence, head_hash = changed.head_hash,
      last_instant = changed.last_instant, updated_at = changed.updated_at
    FROM changed WHERE wallet.account_id = changed.account_id AND wallet.account_id = ANY(${accountIds}::text[])`;
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

/** The first instant after another one at which something falls due on any wallet; null when nothing does. */
export async function findNextDue(client: PrismaClient, after: Instant): Promise<Instant | null> {
  const since = Prisma.sql`${toDate(after)}::timestamptz`;
  const [row] = await client.$queryRaw<{ next: Date | null }[]>`
    SELECT least(
      (SELECT min(expires_at) FROM credit_hold WHERE status = 'OPEN' AND expires_at > ${since}),
      (SELECT min(expires_at) FROM credit_grant WHERE remaining > 0 AND expires_at > ${since}),
      (SELECT min(effective_at) FROM credit_grant WHERE pending > 0 AND effective_at > ${since})) AS next`;
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
    ${insertRows('idempotency_key', keyColumns, [keyRow(key, now)])}
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

/** The rows of what a batch made and of what it changed: a new row is just inserted, which costs less. */
function rowsToWrite<Id, Value, Row>(
  changes: readonly WalletChange[],
  of: (state: WalletState) => ReadonlyMap<Id, Value>,
  rowOf: (accountId: AccountId, value: Value) => Row,
): { new: Row[]; changed: Row[] } {
  const rows: { new: Row[]; changed: Row[] } = { new: [], changed: [] };
  for (const { before, after } of changes) {
    const old = of(before.state);
    if (old === of(after.state)) continue;
    for (const [id, value] of of(after.state)) {
      const known = old.get(id);
      if (known === value) continue;
      rows[known === undefined ? 'new' : 'changed'].push(rowOf(after.state.accountId, value));
    }
  }
  return rows;
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

interface TransferRow {
  account_id: string;
  sequence: number;
  type: Transfer['type'];
  from_account: Transfer['from'];
  to_account: Transfer['to'];
  amount: number;
  available_after: number;
  grant_ids: string[];
  grant_amounts: number[];
  hold_id: string | null;
  reason: string | null;
  occurred_at: string;
  recorded_at: string;
  hash: string;
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

const walletColumns: Columns<WalletRow> = {
  account_id: 'text',
  available: 'integer',
  held: 'integer',
  pending: 'integer',
  debt: 'integer',
  issued: 'integer',
  sequence: 'integer',
  head_hash: 'bytea',
  last_instant: 'timestamptz',
  updated_at: 'timestamptz',
};

const grantColumns: Columns<GrantRow> = {
  account_id: 'text',
  id: 'text',
  source: 'grant_source',
  category: 'grant_category',
  priority: 'integer',
  amount: 'integer',
  pending: 'integer',
  remaining: 'integer',
  held: 'integer',
  consumed: 'integer',
  expired: 'integer',
  revoked: 'integer',
  effective_at: 'timestamptz',
  expires_at: 'timestamptz',
  voided_at: 'timestamptz',
  created_at: 'timestamptz',
  reason: 'text',
};

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

const holdColumns: Columns<HoldRow> = {
  account_id: 'text',
  id: 'text',
  status: 'hold_status',
  amount: 'integer',
  captured: 'integer',
  refunded: 'integer',
  grant_ids: 'text[]',
  held_amounts: 'integer[]',
  captured_amounts: 'integer[]',
  refunded_amounts: 'integer[]',
  expires_at: 'timestamptz',
  created_at: 'timestamptz',
  settled_at: 'timestamptz',
};

const holdRow = (accountId: AccountId, hold: Hold): HoldRow => {
  // Nothing was charged but by a capture: most rows are spared two arrays of zeros.
  const charged = hold.status === 'CAPTURED' ? hold.fundings : [];
  const capturedAmounts = charged.map(({ captured }) => captured);
  const refundedAmounts = charged.map(({ refunded }) => refunded);
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

const clawbackColumns: Columns<ClawbackRow> = {
  account_id: 'text',
  grant_id: 'text',
  total: 'integer',
  taken: 'integer',
  owed: 'integer',
  payer_ids: 'text[]',
  payer_amounts: 'integer[]',
  created_at: 'timestamptz',
};

const clawbackRow = (accountId: AccountId, clawback: Clawback): ClawbackRow => ({
  account_id: accountId,
  grant_id: clawback.grantId,
  total: clawback.total,
  taken: clawback.taken,
  owed: clawback.owed,
  payer_ids: clawback.payments.map(({ grantId }) => grantId),
  payer_amounts: clawback.payments.map(({ amount }) => amount),
  created_at: writeInstant(clawback.createdAt),
});

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

const transferColumns: Columns<TransferRow> = {
  account_id: 'text',
  sequence: 'integer',
  type: 'transaction_type',
  from_account: 'ledger_account',
  to_account: 'ledger_account',
  amount: 'integer',
  available_after: 'integer',
  grant_ids: 'text[]',
  grant_amounts: 'integer[]',
  hold_id: 'text',
  reason: 'text',
  occurred_at: 'timestamptz',
  recorded_at: 'timestamptz',
  hash: 'bytea',
};

const transferRow = (accountId: AccountId, transfer: Transfer, hash: Buffer): TransferRow => ({
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

const keyColumns: Columns<KeyRow> = {
  account_id: 'text',
  mutation: 'text',
  key: 'text',
  request_hash: 'bytea',
  subject_id: 'text',
  created_at: 'timestamptz',
};

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
