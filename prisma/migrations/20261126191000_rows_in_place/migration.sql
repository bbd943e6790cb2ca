-- A wallet and the grant that pays change with every hold. PostgreSQL writes the new row beside the old one and leaves the
-- indexes alone where the page has room and no index depends on what has changed: so the pages keep some room, and the
-- indexes of grants depend on whether anything is left, not on how much.

ALTER TABLE wallet SET (fillfactor = 80);
ALTER TABLE credit_grant SET (fillfactor = 80);

DROP INDEX credit_grant_live;
DROP INDEX credit_grant_expiring;
DROP INDEX credit_grant_beginning;
ALTER TABLE credit_grant
  ADD COLUMN has_remaining boolean GENERATED ALWAYS AS (remaining > 0) STORED,
  ADD COLUMN has_pending boolean GENERATED ALWAYS AS (pending > 0) STORED;
CREATE INDEX credit_grant_live ON credit_grant (account_id) WHERE has_remaining OR has_pending;
CREATE INDEX credit_grant_expiring ON credit_grant (expires_at) WHERE has_remaining;
CREATE INDEX credit_grant_beginning ON credit_grant (effective_at) WHERE has_pending;
