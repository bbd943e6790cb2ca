import type { Instant } from '../../src/clock.ts';
import { type Columns, insertRows } from '../../src/db/index.ts';
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
  readonly accountId: AccountId;
  readonly kind: string;
  /** The hold or the grant; empty when there is none. */
  readonly subjectId: string;
  /** All grants that it names. */
  readonly grantIds: readonly string[];
  /** Of a clawback. */
  readonly total: number | null;
  readonly reason: string | null;
  readonly at: Instant;
}

const columns: Columns<Note> = {
  account_id: ['text', (note) => note.accountId],
  kind: ['text', (note) => note.kind],
  subject_id: ['text', (note) => note.subjectId],
  grant_ids: ['text[]', (note) => note.grantIds],
  total: ['integer', (note) => note.total],
  reason: ['text', (note) => note.reason],
  at: ['timestamptz', (note) => note.at],
};

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
          accountId,
          kind: command.kind,
          subjectId: subject,
          grantIds: grantsNamedBy(command),
          total: command.kind === 'clawback' ? command.total : null,
          reason: command.kind === 'clawback' || command.kind === 'reschedule' ? command.reason : null,
          at: now,
        };
        return { writer: name, row: note };
      };
      return ledger.execute({ ...request, attach: (effect, now) => [...(attach?.(effect, now) ?? []), noted(now)] });
    },
  };
}
