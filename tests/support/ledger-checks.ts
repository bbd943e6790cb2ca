import type { Database } from '../../src/db/database.ts';

/**
 * Rebuilds every wallet, grant and hold from the journal alone and names each that differs from its row, and each
 * journal that has gaps or whose `available_after` does not add up. Empty: the ledger is sound.
 */
export async function findLedgerFaults({ prisma }: Pick<Database, 'prisma'>): Promise<string[]> {
  const rows = await prisma.$queryRaw<{ fault: string }[]>`
    WITH moves AS (
      SELECT account_id, from_account AS place, -amount AS amount FROM transfer
      UNION ALL SELECT account_id, to_account, amount FROM transfer
    ), replayed AS (
      SELECT wallet.account_id, wallet.available, wallet.held, wallet.pending, wallet.issued, wallet.debt, wallet.sequence,
        coalesce(sum(moves.amount), 0) AS total,
        coalesce(sum(moves.amount) FILTER (WHERE place = 'AVAILABLE'), 0) AS was_available,
        coalesce(sum(moves.amount) FILTER (WHERE place = 'HELD'), 0) AS was_held,
        coalesce(sum(moves.amount) FILTER (WHERE place = 'PENDING'), 0) AS was_pending,
        coalesce(-sum(moves.amount) FILTER (WHERE place = 'ISSUED'), 0) AS was_issued,
        coalesce(-sum(moves.amount) FILTER (WHERE place = 'DEBT'), 0) AS was_debt
      FROM wallet LEFT JOIN moves USING (account_id) GROUP BY wallet.account_id
    ), grant_moves AS (
      SELECT account_id, grant_id, place, sum(moved) AS amount FROM (
        SELECT account_id, funding.grant_id, from_account AS place, -funding.amount AS moved
        FROM transfer CROSS JOIN LATERAL unnest(grant_ids, grant_amounts) AS funding (grant_id, amount)
        UNION ALL
        SELECT account_id, funding.grant_id, to_account, funding.amount
        FROM transfer CROSS JOIN LATERAL unnest(grant_ids, grant_amounts) AS funding (grant_id, amount)
      ) AS each_move GROUP BY account_id, grant_id, place
    ), grants AS (
      SELECT credit_grant.*,
        coalesce((SELECT amount FROM grant_moves AS m WHERE m.account_id = credit_grant.account_id
          AND m.grant_id = credit_grant.id AND place = 'AVAILABLE'), 0) AS was_remaining,
        coalesce((SELECT amount FROM grant_moves AS m WHERE m.account_id = credit_grant.account_id
          AND m.grant_id = credit_grant.id AND place = 'HELD'), 0) AS was_held,
        -- What paid a debt was spent, and what is owed for a grant was not.
        coalesce((SELECT sum(amount) FROM grant_moves AS m WHERE m.account_id = credit_grant.account_id
          AND m.grant_id = credit_grant.id AND place IN ('CONSUMED', 'DEBT')), 0) AS was_consumed,
        coalesce((SELECT amount FROM grant_moves AS m WHERE m.account_id = credit_grant.account_id
          AND m.grant_id = credit_grant.id AND place = 'EXPIRED'), 0) AS was_expired,
        coalesce((SELECT amount FROM grant_moves AS m WHERE m.account_id = credit_grant.account_id
          AND m.grant_id = credit_grant.id AND place = 'REVOKED'), 0) AS was_revoked,
        coalesce((SELECT amount FROM grant_moves AS m WHERE m.account_id = credit_grant.account_id
          AND m.grant_id = credit_grant.id AND place = 'PENDING'), 0) AS was_pending
      FROM credit_grant
    ), rows_in_order AS (
      SELECT account_id, sequence, available_after, occurred_at,
        row_number() OVER by_wallet AS expected_sequence,
        sum(CASE WHEN to_account = 'AVAILABLE' THEN amount WHEN from_account = 'AVAILABLE' THEN -amount ELSE 0 END)
          OVER by_wallet AS expected_available,
        lag(occurred_at) OVER by_wallet AS before_it
      FROM transfer WINDOW by_wallet AS (PARTITION BY account_id ORDER BY sequence)
    )
    SELECT account_id || ': its transfers do not sum to zero' AS fault FROM replayed WHERE total <> 0
    UNION ALL
    SELECT account_id || ': its row differs from the replay of its journal' FROM replayed
    WHERE (available, held, pending, issued, debt)
      IS DISTINCT FROM (was_available, was_held, was_pending, was_issued, was_debt)
    UNION ALL
    SELECT wallet.account_id || ': its row differs from the sum of its grants' FROM wallet
      CROSS JOIN LATERAL (
        SELECT coalesce(sum(g.remaining), 0) AS remaining, coalesce(sum(g.held), 0) AS held,
          coalesce(sum(g.pending), 0) AS pending, coalesce(sum(g.amount), 0) AS amount
        FROM credit_grant AS g WHERE g.account_id = wallet.account_id
      ) AS of_grants
    WHERE (wallet.available, wallet.held, wallet.pending, wallet.issued)
      IS DISTINCT FROM (of_grants.remaining, of_grants.held, of_grants.pending, of_grants.amount)
    UNION ALL
    SELECT id || ': the grant does not add up' FROM grants
    WHERE amount <> pending + remaining + held + consumed + expired + revoked
    UNION ALL
    SELECT id || ': the grant differs from the replay of the journal' FROM grants
    WHERE (remaining, held, consumed, expired, revoked, pending)
      IS DISTINCT FROM (was_remaining, was_held, was_consumed, was_expired, was_revoked, was_pending)
    UNION ALL
    SELECT account_id || ': its journal has a gap before ' || sequence FROM rows_in_order
    WHERE sequence <> expected_sequence
    UNION ALL
    SELECT account_id || ': its row does not know the newest transfer' FROM wallet
    WHERE sequence <> (SELECT count(*) FROM transfer WHERE transfer.account_id = wallet.account_id)
    UNION ALL
    SELECT account_id || ': available_after does not add up at ' || sequence FROM rows_in_order
    WHERE available_after <> expected_available
    UNION ALL
    SELECT account_id || ': time runs back at ' || sequence FROM rows_in_order WHERE occurred_at < before_it
    UNION ALL
    SELECT account_id || ': what is held is not the sum of its open holds' FROM wallet
    WHERE held <> (SELECT coalesce(sum(amount), 0) FROM credit_hold AS hold
      WHERE hold.account_id = wallet.account_id AND hold.status = 'OPEN')
    UNION ALL
    SELECT generation.id || ': its charge is not what its hold captured' FROM generation
      JOIN credit_hold AS hold USING (account_id, id)
    WHERE credits_charged <> hold.captured OR credits_refunded <> hold.refunded
    UNION ALL
    SELECT generation.id || ': it has no hold' FROM generation
    WHERE NOT EXISTS (SELECT FROM credit_hold AS hold
      WHERE hold.account_id = generation.account_id AND hold.id = generation.id)
    UNION ALL
    SELECT generation.id || ': it has ended and its hold is open' FROM generation
      JOIN credit_hold AS hold USING (account_id, id)
    WHERE completed_at IS NOT NULL AND hold.status = 'OPEN'`;
  return rows.map(({ fault }) => fault);
}
