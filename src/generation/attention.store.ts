import { type Instant, toDate } from '../clock.ts';
import { Prisma, type PrismaClient } from '../db/index.ts';
import type { PageRequest } from '../ledger/index.ts';

/** A list of generations of all accounts that an operator should look at, newest first. */
export interface Attention {
  /** The ids of a page. */
  ids(client: PrismaClient, page: PageRequest<string>): Promise<string[]>;
  count(client: PrismaClient): Promise<number>;
}

/** Generations under way whose hold has lapsed, or lapses before an instant: whoever works on them has not extended it. */
export const atRisk = (before: Instant): Attention =>
  attention(Prisma.sql`
    FROM job
      JOIN generation ON generation.account_id = job.account_id AND generation.id = job.subject_id
      JOIN credit_hold AS hold ON hold.account_id = generation.account_id AND hold.id = generation.id
    WHERE job.kind IN ('SUBMIT', 'POLL') AND generation.completed_at IS NULL
      AND (hold.status <> 'OPEN' OR hold.expires_at < ${toDate(before)}::timestamptz)`);

/** Generations that ended while their request was being sent, so that a provider may have run what nobody knows of. */
export const orphaned: Attention = attention(Prisma.sql`
    FROM generation
    WHERE submitting_at IS NOT NULL AND provider_request_id IS NULL AND completed_at IS NOT NULL
      AND (status = 'CANCELED' OR failure_code = 'INTERNAL')`);

function attention(which: Prisma.Sql): Attention {
  return {
    ids: async (client, { after, before, limit, inverted }) => {
      const rows = await client.$queryRaw<{ id: string }[]>`
        SELECT generation.id ${which}
          AND (${after}::text IS NULL OR generation.id < ${after}) AND (${before}::text IS NULL OR generation.id > ${before})
        ORDER BY generation.id ${inverted ? Prisma.sql`ASC` : Prisma.sql`DESC`} LIMIT ${limit}`;
      return rows.map(({ id }) => id);
    },
    count: async (client) => {
      const [row] = await client.$queryRaw<{ count: number }[]>`SELECT count(*)::integer AS count ${which}`;
      return row?.count ?? 0;
    },
  };
}
