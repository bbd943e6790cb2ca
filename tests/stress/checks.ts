import type { Database } from '../../src/db/database.ts';
import { findLedgerFaults } from '../support/ledger-checks.ts';
import type { Studio } from '../support/studio.ts';
import { adminKey } from '../support/test-app.ts';
import type { Book } from './book.ts';
import { findEffectFaults } from './effects.ts';
import type { Servers } from './servers.ts';

/** One thing that must hold, with all that speaks against it. */
export interface Check {
  /** With the numbers of its guarantees in front. */
  readonly says: string;
  readonly faults: readonly string[];
}

type Reader = Pick<Database, 'prisma'>;

/** From a crash on, another server takes over within this time. */
const leaseSeconds = 60;

/** What clients, readers and servers saw while the load lasted. */
export function checksOfTheLoad(book: Book, servers: Servers, kills: number): Check[] {
  const { identical, scarce } = book;
  return [
    { says: `G13 each of ${book.sent} requests got an answer that it may get`, faults: book.unexpected },
    { says: 'G03 G40 every wallet, page and explanation that was read adds up', faults: book.seen },
    {
      says: `G02 ${identical.rounds} times ${identical.requests / Math.max(1, identical.rounds)} identical requests at once: one effect, one answer`,
      faults: identical.faults,
    },
    {
      says: `G03 ${scarce.rounds} times ${scarce.requests / Math.max(1, scarce.rounds)} requests at once on credits for 25: 25 succeed`,
      faults: scarce.faults,
    },
    ...(kills === 0 ? [] : [killsCheck(servers, kills)]),
    { says: 'no server ended by itself, and each ended by SIGTERM with 0', faults: servers.faults },
    { says: 'the logs of the servers have no error', faults: servers.logs.errors },
  ];
}

const killsCheck = (servers: Servers, kills: number): Check => ({
  says: `G14 at least ${kills} times a server was killed`,
  faults: servers.kills() < kills ? [`It was ${servers.kills()} times.`] : [],
});

/** What the database says: the journal, the effects, the holds. */
export async function checksOfTheDatabase(
  database: Reader,
  studio: Studio,
  book: Book,
  mayBeKilled: boolean,
): Promise<Check[]> {
  const { repeated, missing, unexplained, effects } = await findEffectFaults(database, book, mayBeKilled);
  const keyed = book.intents.filter((intent) => intent.keyed).length;
  return [
    { says: 'G13 PostgreSQL met no deadlock', faults: await findDeadlocks(database) },
    {
      says: 'G10 G40 transfers sum to zero, balances are their replay, sequences have no gap, availableAfter adds up',
      faults: await findLedgerFaults(database),
    },
    {
      says: `G10 G16 verifyLedger agrees with ${book.accountIds.length} wallets`,
      faults: await verifyAll(studio, book.accountIds),
    },
    { says: `G01 G02 G14 each of ${keyed} keys has at most one effect, and all its answers name it`, faults: repeated },
    { says: 'G14 every acknowledged effect is there', faults: missing },
    { says: `G14 each of ${effects} effects was acknowledged or is explained`, faults: unexplained },
    { says: 'G05 every hold is settled once, with all of its amount', faults: await findSettlementFaults(database) },
    { says: 'G17 every price is the one of its version', faults: await findPriceFaults(database) },
    {
      says: `G20 the ${book.cancelled.size} generations whose cancellation was acknowledged are cancelled, and no others`,
      faults: await findCancellationFaults(database, book),
    },
  ];
}

/** Right after the load: whatever is under way has a step that is due or is leased for no longer than a lease. */
export async function checkLeases({ prisma }: Reader): Promise<Check> {
  const rows = await prisma.$queryRaw<{ fault: string }[]>`
    SELECT generation.id || ': its step is ' || coalesce('leased until ' || leased_until, 'not there') AS fault
    FROM generation LEFT JOIN job ON job.subject_id = generation.id
    WHERE completed_at IS NULL AND (job.id IS NULL
      OR leased_until > now() + make_interval(secs => ${leaseSeconds}::double precision))`;
  const says = `G14 whatever is under way has a step that is free within ${leaseSeconds} s`;
  return { says, faults: rows.map(({ fault }) => fault) };
}

/** At the end: nothing is under way and nothing is held. */
export async function checkEnd({ prisma }: Reader, says: string): Promise<Check> {
  const rows = await prisma.$queryRaw<{ fault: string }[]>`
    SELECT id || ': it is ' || status AS fault FROM generation WHERE completed_at IS NULL
    UNION ALL SELECT id || ': its hold is open' FROM credit_hold WHERE status = 'OPEN'
    UNION ALL SELECT account_id || ': it holds ' || held FROM wallet WHERE held > 0
    UNION ALL SELECT id || ': the step is left over' FROM job WHERE kind IN ('SUBMIT', 'POLL')`;
  return { says, faults: rows.map(({ fault }) => fault) };
}

/** How much is still to be done. */
export async function countUnderWay({ prisma }: Reader): Promise<number> {
  const [row] = await prisma.$queryRaw<{ count: number }[]>`
    SELECT ((SELECT count(*) FROM generation WHERE completed_at IS NULL)
      + (SELECT count(*) FROM job WHERE kind IN ('SUBMIT', 'POLL')))::integer AS count`;
  return row?.count ?? 0;
}

/** How generations ended, and how many each. */
export async function countEndings({ prisma }: Reader): Promise<{ ending: string; count: number }[]> {
  return prisma.$queryRaw`
    SELECT status || coalesce(' ' || failure_code, '') AS ending, count(*)::integer AS count
    FROM generation GROUP BY 1 ORDER BY 1`;
}

async function findDeadlocks({ prisma }: Reader): Promise<string[]> {
  const [row] = await prisma.$queryRaw<{ deadlocks: number }[]>`
    SELECT deadlocks::integer FROM pg_stat_database WHERE datname = current_database()`;
  return row?.deadlocks === 0 ? [] : [`It met ${row?.deadlocks}.`];
}

/** Lets servers recompute wallets from their journals. */
export async function verifyAll(studio: Studio, accountIds: readonly string[]): Promise<string[]> {
  const faults: string[] = [];
  for (const accountId of accountIds) {
    const { verifyLedger: found } = await studio.ask<{
      verifyLedger: { ok: boolean; firstBad: string | null; problem: string | null } | null;
    }>('query ($id: ID!) { verifyLedger(accountId: $id) { ok firstBad problem } }', {
      key: adminKey,
      variables: { id: accountId },
    });
    if (found?.ok !== true) faults.push(`${accountId}: ${found?.firstBad} ${found?.problem}`);
  }
  return faults;
}

/** Holds whose transfers are not those of their end. */
export async function findSettlementFaults({ prisma }: Reader): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ fault: string }[]>`
    WITH settled AS (
      SELECT account_id, hold_id,
        coalesce(sum(amount) FILTER (WHERE type = 'HOLD'), 0)::integer AS held,
        coalesce(sum(amount) FILTER (WHERE type = 'CAPTURE'), 0)::integer AS captured,
        coalesce(sum(amount) FILTER (WHERE type = 'RELEASE'), 0)::integer AS released
      FROM transfer WHERE hold_id IS NOT NULL GROUP BY account_id, hold_id
    )
    SELECT hold_id || ': held ' || settled.held || ', captured ' || settled.captured || ', released ' || settled.released AS fault
    FROM settled JOIN credit_hold AS hold ON hold.account_id = settled.account_id AND hold.id = hold_id
    WHERE (settled.held, settled.captured, settled.released) IS DISTINCT FROM CASE hold.status
      WHEN 'OPEN' THEN (hold.amount, 0, 0)
      WHEN 'CAPTURED' THEN (hold.amount, hold.amount, 0)
      ELSE (hold.amount, 0, hold.amount) END`;
  return rows.map(({ fault }) => fault);
}

async function findPriceFaults({ prisma }: Reader): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ fault: string }[]>`
    SELECT id || ': it costs ' || generation.credits || ', the list says ' || price.credits AS fault
    FROM generation JOIN model_price AS price
      ON price.model_id = generation.model_id AND price.version = generation.price_version
    WHERE generation.credits <> price.credits`;
  return rows.map(({ fault }) => fault);
}

async function findCancellationFaults({ prisma }: Reader, { cancelled }: Book): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ id: string }[]>`SELECT id FROM generation WHERE status = 'CANCELED'`;
  const stored = new Set(rows.map(({ id }) => id));
  return [
    ...[...cancelled].filter((id) => !stored.has(id)).map((id) => `${id}: the cancellation is lost`),
    ...[...stored].filter((id) => !cancelled.has(id)).map((id) => `${id}: nobody was told of the cancellation`),
  ];
}
