import type { Statement, Transaction } from '../db/index.ts';
import type { Decided } from './batch.ts';
import type { AccountId, Instant } from './core/types.ts';

/** Writes the rows that many commands of a batch attached, with as few statements as it can. */
export type AttachmentWriter =
  /** New rows, which are written by the statement that writes the ledger's own. */
  | { readonly kind: 'insert'; readonly statementFor: (rows: readonly unknown[], now: Instant) => Statement }
  /** Anything else, after it. */
  | { readonly kind: 'write'; readonly write: (transaction: Transaction, rows: readonly unknown[]) => Promise<void> };

/** What may be spent from a wallet, before and after what is written to it in one transaction. */
export interface BalanceChange {
  readonly accountId: AccountId;
  readonly availableBefore: number;
  readonly availableAfter: number;
}

/** Rows that other parts write with every change of a balance, whichever command makes it, by the names of their writers. */
export type BalanceFollower = (
  changes: readonly BalanceChange[],
  now: Instant,
) => ReadonlyMap<string, readonly unknown[]>;

/** What the other parts write, and with what. */
export interface Attachments {
  /** The set-based writers, by name. */
  readonly writers: ReadonlyMap<string, AttachmentWriter>;
  readonly follow: BalanceFollower;
}

/** What other parts write with what was decided: statements that make new rows, and anything else. */
export function attachedTo(
  { changes, attachments }: Decided,
  { writers, follow }: Attachments,
  now: Instant,
): { inserts: Statement[]; others: ((transaction: Transaction) => Promise<void>)[] } {
  const inserts: Statement[] = [];
  const others: ((transaction: Transaction) => Promise<void>)[] = [];
  const followed = follow(
    changes.map(({ before, after }) => ({
      accountId: after.state.accountId,
      availableBefore: before.state.available,
      availableAfter: after.state.available,
    })),
    now,
  );
  for (const [name, rows] of [...attachments, ...followed]) {
    const writer = writers.get(name);
    if (writer === undefined) throw new Error(`No writer "${name}" is registered with the ledger.`);
    if (writer.kind === 'insert') inserts.push(writer.statementFor(rows, now));
    else others.push((transaction) => writer.write(transaction, rows));
  }
  return { inserts, others };
}
