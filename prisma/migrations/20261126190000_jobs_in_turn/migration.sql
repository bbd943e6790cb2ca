-- Whose turn it is, found in a time that depends on how many accounts wait, not on how many jobs: a backlog must not make
-- each look for work slower.

ALTER TABLE job ADD CONSTRAINT job_of_a_provider_has_an_account CHECK (provider IS NULL OR account_id IS NOT NULL);

-- A job stands in one of two lines: that of its account, as long as it waits for a place, or that of all others.
DROP INDEX job_due;
CREATE INDEX job_due ON job (due_at, id) WHERE NOT (kind = 'SUBMIT' AND provider IS NOT NULL);
CREATE INDEX job_waiting ON job (account_id, due_at, id) WHERE kind = 'SUBMIT' AND provider IS NOT NULL;
CREATE INDEX job_under_way ON job (provider, account_id)
  WHERE provider IS NOT NULL AND (kind = 'POLL' OR leased_until IS NOT NULL);

-- As it was: due jobs for which there is a place. Those of an account stand in line, and the next of every account come
-- before the second ones of any, where what an account has under way counts as served.
CREATE OR REPLACE FUNCTION jobs_in_turn(at timestamptz, per_provider integer, per_account integer)
RETURNS TABLE (job_id text)
LANGUAGE plpgsql STABLE
-- Planned before there are statistics, or when nobody waited, it would read whole lines ever after.
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off
AS $$
BEGIN
  RETURN QUERY
    WITH RECURSIVE under_way AS (
      SELECT provider, account_id, count(*) AS jobs FROM job
      WHERE provider IS NOT NULL AND (kind = 'POLL' OR leased_until IS NOT NULL) AND (kind = 'POLL' OR leased_until > at)
      GROUP BY provider, account_id
    ), waiting_account (account_id) AS (
      -- From one account to the next through the index, without the jobs between them.
      (SELECT account_id FROM job WHERE kind = 'SUBMIT' AND provider IS NOT NULL ORDER BY account_id LIMIT 1)
      UNION ALL
      SELECT (
        SELECT job.account_id FROM job
        WHERE kind = 'SUBMIT' AND provider IS NOT NULL AND job.account_id > last.account_id
        ORDER BY job.account_id LIMIT 1
      )
      FROM waiting_account AS last WHERE last.account_id IS NOT NULL
    ), waiting AS (
      SELECT first.id, first.provider, first.due_at, coalesce(served.jobs, 0) + first.line AS turn
      FROM waiting_account
      CROSS JOIN LATERAL (
        SELECT id, provider, due_at, row_number() OVER (ORDER BY due_at, id) AS line FROM job
        WHERE job.account_id = waiting_account.account_id AND kind = 'SUBMIT' AND provider IS NOT NULL AND due_at <= at
          AND NOT coalesce(leased_until > at, false)
        ORDER BY due_at, id LIMIT per_account
      ) AS first
      LEFT JOIN (SELECT account_id, sum(jobs) AS jobs FROM under_way GROUP BY account_id) AS served USING (account_id)
    ), in_turn AS (
      SELECT id, turn, due_at,
        coalesce(taken.jobs, 0) + row_number() OVER (PARTITION BY provider ORDER BY turn, due_at, id) AS place
      FROM waiting LEFT JOIN (SELECT provider, sum(jobs) AS jobs FROM under_way GROUP BY provider) AS taken USING (provider)
      WHERE turn <= per_account
    )
    SELECT id FROM in_turn WHERE place <= per_provider ORDER BY turn, due_at, id;
END
$$;
