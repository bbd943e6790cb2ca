-- What was taken back of a grant because its payment went back, what of it is owed, and which grants paid.

CREATE TABLE credit_clawback (
  account_id text NOT NULL,
  grant_id text NOT NULL,
  total integer NOT NULL CHECK (total BETWEEN 0 AND 2000000000),
  taken integer NOT NULL CHECK (taken >= 0),
  owed integer NOT NULL CHECK (owed >= 0),
  payer_ids text[] NOT NULL,
  payer_amounts integer[] NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, grant_id),
  FOREIGN KEY (account_id, grant_id) REFERENCES credit_grant (account_id, id),
  CHECK (taken + owed <= total),
  CHECK (cardinality(payer_ids) = cardinality(payer_amounts)),
  CHECK (sum_of(payer_amounts) <= owed)
);
