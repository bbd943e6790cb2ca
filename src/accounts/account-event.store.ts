import { toInstant } from '../clock.ts';
import { type Columns, insertRows, type Prisma, type PrismaClient } from '../db/index.ts';
import type { AccountId, AttachmentWriter, PageRequest } from '../ledger/index.ts';
import type { AccountEvent } from './types.ts';

const eventColumns: Columns<AccountEvent> = {
  account_id: ['text', (event) => event.accountId],
  id: ['text', (event) => event.id],
  type: ['account_event_type', (event) => event.type],
  data: ['jsonb', (event) => JSON.stringify(event.data)],
  created_at: ['timestamptz', (event) => event.createdAt],
};

/** What the ledger writes of events that it gives rise to. It carries the rows unseen from `low-balance.ts`. */
export const accountWriters: ReadonlyMap<string, AttachmentWriter> = new Map<string, AttachmentWriter>([
  [
    'account-event',
    {
      kind: 'insert',
      statementFor: (rows) => insertRows('account_event', eventColumns, rows as readonly AccountEvent[]),
    },
  ],
]);

/** A page of an account's events, by id, which follows the time. */
export async function readAccountEvents(
  client: PrismaClient,
  accountId: AccountId,
  { after, before, limit, inverted }: PageRequest<string>,
): Promise<AccountEvent[]> {
  const rows = await client.accountEvent.findMany({
    where: {
      AND: [{ accountId }, after === null ? {} : { id: { lt: after } }, before === null ? {} : { id: { gt: before } }],
    },
    orderBy: { id: inverted ? 'asc' : 'desc' },
    take: limit,
  });
  return rows.map(toEvent);
}

export const countAccountEvents = (client: PrismaClient, accountId: AccountId): Promise<number> =>
  client.accountEvent.count({ where: { accountId } });

/** An event of an account. */
export async function readAccountEvent(
  client: PrismaClient,
  accountId: AccountId,
  id: string,
): Promise<AccountEvent | null> {
  const row = await client.accountEvent.findUnique({ where: { accountId_id: { accountId, id } } });
  return row === null ? null : toEvent(row);
}

type EventRow = Prisma.AccountEventGetPayload<Record<never, never>>;

const toEvent = (row: EventRow): AccountEvent => ({
  ...row,
  accountId: row.accountId as AccountId, // Ids of accounts are all that is ever written there.
  data: row.data as AccountEvent['data'], // Written here alone, from the type.
  createdAt: toInstant(row.createdAt),
});
