import type { PGlite } from '@electric-sql/pglite';

/** Instants stand in rows as milliseconds since 1970. */
export interface WalletRow {
  readonly account_id: string;
  readonly available: number;
  readonly held: number;
  readonly pending: number;
  readonly debt: number;
  readonly issued: number;
  readonly sequence: number;
}

export interface GrantRow {
  readonly account_id: string;
  readonly id: string;
  readonly source: string;
  readonly amount: number;
  readonly pending: number;
  readonly remaining: number;
  readonly held: number;
  readonly consumed: number;
  readonly expired: number;
  readonly revoked: number;
  readonly effective_at: number;
  readonly expires_at: number | null;
  readonly voided_at: number | null;
  readonly reason: string | null;
}

export interface HoldRow {
  readonly account_id: string;
  readonly id: string;
  readonly status: 'OPEN' | 'CAPTURED' | 'RELEASED' | 'LAPSED';
  readonly amount: number;
  readonly captured: number;
  readonly refunded: number;
  readonly grant_ids: readonly string[];
  readonly expires_at: number;
  readonly settled_at: number | null;
}

export interface ClawbackRow {
  readonly account_id: string;
  readonly grant_id: string;
  readonly total: number;
  readonly taken: number;
  readonly owed: number;
  readonly payer_ids: readonly string[];
  readonly payer_amounts: readonly number[];
}

/** A command that took effect, as `noted-commands.ts` wrote it down. */
export interface NoteRow {
  readonly account_id: string;
  readonly number: number;
  readonly kind: string;
  readonly subject_id: string;
  readonly grant_ids: readonly string[];
  readonly total: number | null;
  readonly reason: string | null;
  readonly at: number;
}

export interface TransferRow {
  readonly account_id: string;
  readonly sequence: number;
  readonly type: string;
  readonly from_account: string;
  readonly to_account: string;
  readonly amount: number;
  readonly available_after: number;
  readonly grant_ids: readonly string[];
  readonly grant_amounts: readonly number[];
  readonly hold_id: string | null;
  readonly reason: string | null;
  readonly occurred_at: number;
  readonly recorded_at: number;
}

export interface GenerationRow {
  readonly account_id: string;
  readonly id: string;
  readonly status: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';
  readonly model_id: string;
  readonly prompt: string;
  readonly credits: number;
  readonly credits_charged: number;
  readonly credits_refunded: number;
  readonly created_at: number;
}

export interface JobRow {
  readonly id: string;
  readonly subject_id: string;
  readonly due_at: number;
  readonly leased_until: number | null;
}

export interface KeyRow {
  readonly account_id: string;
  readonly mutation: string;
  readonly key: string;
  readonly subject_id: string;
}

/** What stands in the tables between two steps; of the journal and the notes only what is new. */
export interface Rows {
  readonly wallets: readonly WalletRow[];
  readonly grants: readonly GrantRow[];
  readonly holds: readonly HoldRow[];
  readonly clawbacks: readonly ClawbackRow[];
  readonly newTransfers: readonly TransferRow[];
  readonly newNotes: readonly NoteRow[];
  readonly generations: readonly GenerationRow[];
  readonly jobs: readonly JobRow[];
  readonly keys: readonly KeyRow[];
}

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::bigint AS ${column}`;
const all = (columns: string, from: string, order: string): string =>
  `(SELECT coalesce(jsonb_agg(to_jsonb(row) ORDER BY ${order}), '[]') FROM (SELECT ${columns} FROM ${from}) AS row)`;

const statement = `SELECT
  ${all('account_id, available, held, pending, debt, issued, sequence', 'wallet', 'account_id')} AS wallets,
  ${all(`account_id, id, source, amount, pending, remaining, held, consumed, expired, revoked, reason, ${ms('effective_at')}, ${ms('expires_at')}, ${ms('voided_at')}`, 'credit_grant', 'id')} AS grants,
  ${all(`account_id, id, status, amount, captured, refunded, grant_ids, ${ms('expires_at')}, ${ms('settled_at')}`, 'credit_hold', 'id')} AS holds,
  ${all('account_id, grant_id, total, taken, owed, payer_ids, payer_amounts', 'credit_clawback', 'account_id, grant_id')} AS clawbacks,
  ${all(`account_id, number, kind, subject_id, grant_ids, total, reason, ${ms('at')}`, 'simulation.command WHERE number > $2', 'account_id, number')} AS "newNotes",
  ${all(
    `transfer.account_id, transfer.sequence, type, from_account, to_account, amount, available_after, grant_ids, grant_amounts, hold_id, reason, ${ms('occurred_at')}, ${ms('recorded_at')}`,
    `transfer LEFT JOIN jsonb_to_recordset($1::jsonb) AS known (account_id text, sequence integer) USING (account_id)
     WHERE transfer.sequence > coalesce(known.sequence, 0)`,
    'account_id, sequence',
  )} AS "newTransfers",
  ${all(`account_id, id, status, model_id, prompt, credits, credits_charged, credits_refunded, ${ms('created_at')}`, 'generation', 'id')} AS generations,
  ${all(`id, subject_id, ${ms('due_at')}, ${ms('leased_until')}`, 'job', 'id')} AS jobs,
  ${all('account_id, mutation, key, subject_id', 'idempotency_key', 'account_id, mutation, key')} AS keys`;

/** Reads every table that matters, past all of the service's own code; transfers and notes from behind the known ones on. */
export async function readRows(pglite: PGlite, known: ReadonlyMap<string, number>, lastNote: number): Promise<Rows> {
  const heads = [...known].map(([account_id, sequence]) => ({ account_id, sequence }));
  const { rows } = await pglite.query<Rows>(statement, [JSON.stringify(heads), lastNote]);
  const [found] = rows;
  if (found === undefined) throw new Error('The tables could not be read.');
  return found;
}
