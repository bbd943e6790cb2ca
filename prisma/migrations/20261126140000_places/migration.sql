-- A job that runs something at a provider takes one of the places there until it is done.

ALTER TABLE job ADD COLUMN provider text;

-- Due jobs for which there is a place. Those of an account stand in line, and the next of every account come before the
-- second ones of any, where what an account has under way counts as served.
CREATE FUNCTION jobs_in_turn(at timestamptz, per_provider integer, per_account integer) RETURNS TABLE (job_id text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  -- Whether anybody waits is cheaper to find out than whose turn it is.
  IF NOT EXISTS (
    SELECT FROM job
    WHERE kind = 'SUBMIT' AND provider IS NOT NULL AND due_at <= at AND NOT coalesce(leased_until > at, false)
  ) THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH under_way AS (
      SELECT provider, account_id, count(*) AS jobs FROM job
      WHERE provider IS NOT NULL AND (kind = 'POLL' OR coalesce(leased_until > at, false)) GROUP BY provider, account_id
    ), waiting AS (
      SELECT id, provider, due_at,
        coalesce(served.jobs, 0) + row_number() OVER (PARTITION BY account_id ORDER BY due_at, id) AS turn
      FROM job LEFT JOIN (SELECT account_id, sum(jobs) AS jobs FROM under_way GROUP BY account_id) AS served USING (account_id)
      WHERE kind = 'SUBMIT' AND provider IS NOT NULL AND due_at <= at AND NOT coalesce(leased_until > at, false)
    ), in_turn AS (
      SELECT id, turn, due_at,
        coalesce(taken.jobs, 0) + row_number() OVER (PARTITION BY provider ORDER BY turn, due_at, id) AS place
      FROM waiting LEFT JOIN (SELECT provider, sum(jobs) AS jobs FROM under_way GROUP BY provider) AS taken USING (provider)
      WHERE turn <= per_account
    )
    SELECT id FROM in_turn WHERE place <= per_provider ORDER BY turn, due_at, id;
END
$$;

-- Leases the first of them. Places are counted by one worker at a time, or two could give away the last one: what follows
-- the lock sees what its last holder did.
CREATE FUNCTION lease_in_turn(
  new_lease_id text, at timestamptz, until timestamptz, per_provider integer, per_account integer, most integer
) RETURNS SETOF job LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM jobs_in_turn(at, per_provider, per_account)) THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('places'));
  RETURN QUERY
    WITH first AS (
      SELECT job_id, turn FROM jobs_in_turn(at, per_provider, per_account) WITH ORDINALITY AS waiting (job_id, turn)
      ORDER BY turn LIMIT most
    ), leased AS (
      UPDATE job SET leased_until = until, lease_id = new_lease_id, attempts = attempts + 1
      WHERE id IN (SELECT job_id FROM first)
      RETURNING *
    )
    SELECT leased.* FROM leased JOIN first ON first.job_id = leased.id ORDER BY first.turn;
END
$$;
