import { type Instant, toDate } from '../../src/clock.ts';
import { insertRows } from '../../src/db/index.ts';
import { grantsNamedBy } from '../../src/ledger/core/named-grants.ts';
import type { AccountId, Attachment, AttachmentWriter, Ledger } from '../../src/ledger/index.ts';

/** Not among the tables of the service. */
export const createNotes = `
CREATE SCHEMA simulation;
CREATE TABLE simulation.command (
  number serial PRIMARY KEY,
  account_id text NOT NULL,
  kind text NOT NULL,
  subject_id text NOT NULL,
  grant_ids text[] NOT NULL,
  total integer,
  reason text,
  at timestamptz(3) NOT NULL
)`;

interface Note {
  readonly account_id: AccountId;
  readonly kind: string;
  /** The hold or the grant; empty when there is none. */
  readonly subject_id: string;
  /** All grants that it names. */
  readonly grant_ids: readonly string[];
  /** Of a clawback. */
  readonly total: number | null;
  readonly reason: string | null;
  readonly at: string;
}

const columns = {
  account_id: 'text',
  kind: 'text',
  subject_id: 'text',
  grant_ids: 'text[]',
  total: 'integer',
  reason: 'text',
  at: 'timestamptz',
} as const;

const name = 'note';

export const noteWriter: readonly [string, AttachmentWriter] = [
  name,
  { kind: 'insert', statementFor: (rows) => insertRows('simulation.command', columns, rows as readonly Note[]) }, // Made below.
];

/**
 * A ledger that notes each command that takes effect, in the transaction in which it does: a clawback may change no
 * more than a total, a reschedule no more than an end, and what that was, and when, could be read from no other row.
 */
export function noting(ledger: Ledger): Ledger {
  return {
    ...ledger,
    execute: (request) => {
      const { accountId, command, attach } = request;
      const noted = (now: Instant): Attachment => {
        const subject = 'holdId' in command ? command.holdId : 'grantId' in command ? command.grantId : '';
        const note: Note = {
          account_id: accountId,
          kind: command.kind,
          subject_id: subject,
          grant_ids: grantsNamedBy(command),
          total: command.kind === 'clawback' ? command.total : null,
          reason: command.kind === 'clawback' || command.kind === 'reschedule' ? command.reason : null,
          at: toDate(now).toISOString(),
        };
        return { writer: name, row: note };
      };
      return ledger.execute({ ...request, attach: (effect, now) => [...(attach?.(effect, now) ?? []), noted(now)] });
    },
  };
}
