-- The whole of the first schema. Amounts are integers with their limits in CHECK constraints; keys begin
-- with the account where that is possible, so that the tables can be sharded on it.

CREATE TYPE media_kind AS ENUM ('IMAGE', 'VIDEO', 'AUDIO', 'TEXT');
CREATE TYPE provider AS ENUM ('FAL', 'GMI', 'GROQ');
CREATE TYPE grant_source AS ENUM ('WELCOME', 'PLAN', 'ROLLOVER', 'PACK', 'PROMOTION', 'ADJUSTMENT');
CREATE TYPE grant_category AS ENUM ('PROMOTIONAL', 'PAID');
CREATE TYPE hold_status AS ENUM ('OPEN', 'CAPTURED', 'RELEASED', 'LAPSED');
CREATE TYPE ledger_account AS ENUM ('ISSUED', 'PENDING', 'AVAILABLE', 'HELD', 'CONSUMED', 'EXPIRED', 'REVOKED', 'DEBT');
CREATE TYPE transaction_type AS ENUM ('GRANT', 'HOLD', 'CAPTURE', 'RELEASE', 'REFUND', 'EXPIRY', 'VOID', 'CLAWBACK', 'REINSTATEMENT', 'DEBT_PAYMENT');
CREATE TYPE operation AS ENUM ('GENERATE', 'SHOT_IMAGE', 'SHOT_VIDEO', 'DIRECTORS_CUT');
CREATE TYPE generation_status AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED');
CREATE TYPE generation_failure_code AS ENUM ('PROVIDER_REJECTED', 'PROVIDER_ERROR', 'PROVIDER_TIMEOUT', 'CONTENT_BLOCKED', 'HOLD_EXPIRED', 'INTERNAL');
CREATE TYPE job_kind AS ENUM ('SUBMIT', 'POLL', 'STRIPE_EVENT');
CREATE TYPE checkout_mode AS ENUM ('SUBSCRIPTION', 'PACK');
CREATE TYPE billing_interval AS ENUM ('MONTH', 'YEAR');
CREATE TYPE checkout_status AS ENUM ('CREATED', 'COMPLETED', 'EXPIRED', 'FAILED');
CREATE TYPE stripe_event_state AS ENUM ('RECEIVED', 'APPLIED', 'IGNORED', 'FAILED', 'DEAD');

-- ---------------------------------------------------------------- catalog

CREATE TABLE catalog_setting (
  id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  version integer NOT NULL DEFAULT 1 CHECK (version > 0),
  file_hash text NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
  low_balance_threshold integer NOT NULL CHECK (low_balance_threshold >= 0),
  hold_minutes integer NOT NULL CHECK (hold_minutes > 0)
);

CREATE TABLE model (
  id text PRIMARY KEY CHECK (id <> ''),
  position integer NOT NULL,
  name text NOT NULL CHECK (name <> ''),
  kind media_kind NOT NULL,
  category text NOT NULL,
  workflow text NOT NULL,
  provider provider NOT NULL,
  speed_seconds integer CHECK (speed_seconds > 0),
  badge text,
  accepts text[] NOT NULL,
  input_defaults jsonb NOT NULL,
  enabled boolean NOT NULL DEFAULT true
);

CREATE TABLE model_price (
  model_id text NOT NULL REFERENCES model (id),
  version integer NOT NULL CHECK (version > 0),
  credits integer NOT NULL CHECK (credits BETWEEN 1 AND 2000000000),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (model_id, version)
);

CREATE TABLE catalog_default (
  role text PRIMARY KEY,
  model_id text NOT NULL REFERENCES model (id)
);

CREATE TABLE plan (
  code text PRIMARY KEY,
  position integer NOT NULL,
  name text NOT NULL,
  description text,
  monthly_price_cents integer CHECK (monthly_price_cents >= 0),
  yearly_price_cents integer CHECK (yearly_price_cents >= 0),
  monthly_quota integer CHECK (monthly_quota >= 0),
  rollover_cap integer CHECK (rollover_cap >= 0),
  welcome_credits integer NOT NULL CHECK (welcome_credits >= 0),
  recommended boolean NOT NULL,
  contact_sales boolean NOT NULL,
  active boolean NOT NULL DEFAULT true
);

CREATE TABLE credit_pack (
  code text PRIMARY KEY,
  position integer NOT NULL,
  name text NOT NULL,
  credits integer NOT NULL CHECK (credits BETWEEN 1 AND 2000000000),
  price_cents integer NOT NULL CHECK (price_cents > 0),
  best_value boolean NOT NULL,
  active boolean NOT NULL DEFAULT true
);

-- ---------------------------------------------------------------- accounts

CREATE TABLE account (
  id text PRIMARY KEY,
  name text,
  plan_code text NOT NULL DEFAULT 'free' REFERENCES plan (code),
  created_at timestamptz(3) NOT NULL
);

CREATE TABLE api_key (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL,
  key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
  name text NOT NULL,
  scopes text[] NOT NULL,
  created_at timestamptz(3) NOT NULL,
  revoked_at timestamptz(3),
  PRIMARY KEY (account_id, id)
);

CREATE TABLE idempotency_key (
  account_id text NOT NULL REFERENCES account (id),
  mutation text NOT NULL,
  key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
  request_hash bytea NOT NULL CHECK (length(request_hash) = 32),
  subject_id text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, mutation, key)
);

-- ---------------------------------------------------------------- ledger

CREATE TABLE wallet (
  account_id text PRIMARY KEY REFERENCES account (id),
  available integer NOT NULL CHECK (available >= 0),
  held integer NOT NULL CHECK (held >= 0),
  pending integer NOT NULL CHECK (pending >= 0),
  debt integer NOT NULL CHECK (debt >= 0),
  issued integer NOT NULL CHECK (issued BETWEEN 0 AND 2000000000),
  sequence integer NOT NULL CHECK (sequence >= 0),
  head_hash bytea NOT NULL CHECK (length(head_hash) = 32),
  last_instant timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL,
  CHECK (available + held + pending <= issued)
);

CREATE TABLE credit_grant (
  account_id text NOT NULL REFERENCES wallet (account_id),
  id text NOT NULL,
  source grant_source NOT NULL,
  category grant_category NOT NULL,
  priority integer NOT NULL,
  amount integer NOT NULL CHECK (amount BETWEEN 1 AND 2000000000),
  pending integer NOT NULL CHECK (pending >= 0),
  remaining integer NOT NULL CHECK (remaining >= 0),
  held integer NOT NULL CHECK (held >= 0),
  consumed integer NOT NULL CHECK (consumed >= 0),
  expired integer NOT NULL CHECK (expired >= 0),
  revoked integer NOT NULL CHECK (revoked >= 0),
  effective_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3),
  voided_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  reason text,
  PRIMARY KEY (account_id, id),
  CONSTRAINT grant_adds_up CHECK (pending + remaining + held + consumed + expired + revoked = amount),
  CHECK (expires_at > effective_at)
);
CREATE INDEX credit_grant_id ON credit_grant (id);
-- What a command has to load, and what the sweep has to find.
CREATE INDEX credit_grant_live ON credit_grant (account_id) WHERE remaining > 0 OR pending > 0;
CREATE INDEX credit_grant_expiring ON credit_grant (expires_at) WHERE remaining > 0;
CREATE INDEX credit_grant_beginning ON credit_grant (effective_at) WHERE pending > 0;
CREATE UNIQUE INDEX credit_grant_one_welcome ON credit_grant (account_id) WHERE source = 'WELCOME';

CREATE FUNCTION sum_of(amounts integer[]) RETURNS bigint
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (SELECT coalesce(sum(amount), 0) FROM unnest(amounts) AS amount);

CREATE TABLE credit_hold (
  account_id text NOT NULL REFERENCES wallet (account_id),
  id text NOT NULL,
  status hold_status NOT NULL,
  amount integer NOT NULL CHECK (amount BETWEEN 1 AND 2000000000),
  captured integer NOT NULL CHECK (captured BETWEEN 0 AND amount),
  refunded integer NOT NULL CHECK (refunded BETWEEN 0 AND captured),
  grant_ids text[] NOT NULL,
  held_amounts integer[] NOT NULL,
  captured_amounts integer[] NOT NULL,
  refunded_amounts integer[] NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  created_at timestamptz(3) NOT NULL,
  settled_at timestamptz(3),
  PRIMARY KEY (account_id, id),
  CHECK (cardinality(grant_ids) = cardinality(held_amounts)),
  CHECK (sum_of(held_amounts) = amount),
  CHECK (sum_of(captured_amounts) = captured AND sum_of(refunded_amounts) = refunded),
  CHECK ((status = 'CAPTURED') = (captured > 0)),
  CHECK ((status = 'OPEN') = (settled_at IS NULL))
);
CREATE INDEX credit_hold_lapsing ON credit_hold (account_id, expires_at) WHERE status = 'OPEN';
CREATE INDEX credit_hold_sweep ON credit_hold (expires_at) WHERE status = 'OPEN';

CREATE TABLE transfer (
  account_id text NOT NULL REFERENCES wallet (account_id),
  sequence integer NOT NULL CHECK (sequence > 0),
  type transaction_type NOT NULL,
  from_account ledger_account NOT NULL,
  to_account ledger_account NOT NULL,
  amount integer NOT NULL CHECK (amount BETWEEN 1 AND 2000000000),
  available_after integer NOT NULL CHECK (available_after >= 0),
  grant_ids text[] NOT NULL,
  grant_amounts integer[] NOT NULL,
  hold_id text,
  reason text,
  occurred_at timestamptz(3) NOT NULL,
  recorded_at timestamptz(3) NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (account_id, sequence),
  CHECK (from_account <> to_account),
  CHECK (cardinality(grant_ids) = cardinality(grant_amounts)),
  CHECK (sum_of(grant_amounts) = amount),
  CHECK (occurred_at <= recorded_at)
);
CREATE INDEX transfer_occurred ON transfer (account_id, occurred_at, sequence);

CREATE FUNCTION refuse_journal_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'The journal is only ever added to: % on transfer is refused.', TG_OP;
END
$$;
CREATE TRIGGER transfer_is_immutable
  BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_journal_change();
-- ALWAYS also withstands session_replication_role = replica.
ALTER TABLE transfer ENABLE ALWAYS TRIGGER transfer_is_immutable;

-- ---------------------------------------------------------------- generations

CREATE TABLE generation (
  account_id text NOT NULL REFERENCES wallet (account_id),
  id text NOT NULL,
  api_key_id text,
  operation operation NOT NULL,
  status generation_status NOT NULL,
  model_id text NOT NULL REFERENCES model (id),
  price_version integer NOT NULL,
  prompt text,
  params jsonb NOT NULL,
  shots jsonb NOT NULL,
  metadata jsonb,
  credits integer NOT NULL CHECK (credits > 0),
  credits_charged integer NOT NULL CHECK (credits_charged BETWEEN 0 AND credits),
  credits_refunded integer NOT NULL CHECK (credits_refunded BETWEEN 0 AND credits_charged),
  progress double precision CHECK (progress BETWEEN 0 AND 1),
  text text,
  output jsonb,
  failure_code generation_failure_code,
  failure_message text,
  failure_retryable boolean,
  provider_request_id text,
  submitting_at timestamptz(3),
  created_at timestamptz(3) NOT NULL,
  started_at timestamptz(3),
  completed_at timestamptz(3),
  PRIMARY KEY (account_id, id),
  CHECK ((status IN ('QUEUED', 'RUNNING')) = (completed_at IS NULL)),
  CHECK ((status = 'FAILED') = (failure_code IS NOT NULL)),
  CHECK ((status = 'SUCCEEDED') = (credits_charged > 0))
);
CREATE INDEX generation_id ON generation (id);
CREATE INDEX generation_usage ON generation (account_id, completed_at) WHERE status = 'SUCCEEDED';

CREATE TABLE asset (
  account_id text NOT NULL,
  id text NOT NULL UNIQUE,
  generation_id text NOT NULL,
  position integer NOT NULL CHECK (position >= 0),
  mime_type text NOT NULL,
  bytes integer NOT NULL CHECK (bytes >= 0),
  width integer CHECK (width > 0),
  height integer CHECK (height > 0),
  duration_seconds double precision CHECK (duration_seconds > 0),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, generation_id, position),
  FOREIGN KEY (account_id, generation_id) REFERENCES generation (account_id, id)
);

-- ---------------------------------------------------------------- jobs

CREATE TABLE job (
  id text PRIMARY KEY,
  kind job_kind NOT NULL,
  account_id text,
  subject_id text NOT NULL,
  due_at timestamptz(3) NOT NULL,
  leased_until timestamptz(3),
  lease_id text,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  last_error text,
  created_at timestamptz(3) NOT NULL
);
CREATE INDEX job_due ON job (due_at);

-- ---------------------------------------------------------------- billing

CREATE TABLE stripe_customer (
  account_id text PRIMARY KEY REFERENCES account (id),
  customer_id text NOT NULL UNIQUE,
  created_at timestamptz(3) NOT NULL
);

CREATE TABLE checkout (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL,
  mode checkout_mode NOT NULL,
  status checkout_status NOT NULL,
  plan_code text REFERENCES plan (code),
  pack_code text REFERENCES credit_pack (code),
  interval billing_interval,
  item_name text NOT NULL,
  credits integer NOT NULL CHECK (credits BETWEEN 0 AND 2000000000),
  credits_granted integer NOT NULL CHECK (credits_granted BETWEEN 0 AND credits),
  price_cents integer NOT NULL CHECK (price_cents >= 0),
  currency text NOT NULL,
  success_url text NOT NULL,
  cancel_url text NOT NULL,
  fingerprint text NOT NULL,
  session_id text UNIQUE,
  session_url text,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL,
  completed_at timestamptz(3),
  PRIMARY KEY (account_id, id),
  CHECK ((mode = 'PACK') = (pack_code IS NOT NULL)),
  CHECK ((mode = 'SUBSCRIPTION') = (plan_code IS NOT NULL)),
  CHECK ((session_id IS NULL) = (session_url IS NULL))
);
CREATE INDEX checkout_id ON checkout (id);
-- A double click makes one checkout.
CREATE UNIQUE INDEX checkout_one_open ON checkout (account_id, fingerprint) WHERE status = 'CREATED';

CREATE TABLE stripe_event (
  id text PRIMARY KEY,
  type text NOT NULL,
  object_id text NOT NULL,
  state stripe_event_state NOT NULL,
  attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  last_error text,
  received_at timestamptz(3) NOT NULL,
  applied_at timestamptz(3)
);

CREATE TABLE stripe_sandbox_object (
  id text PRIMARY KEY,
  kind text NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL
);
CREATE INDEX stripe_sandbox_object_kind ON stripe_sandbox_object (kind, created_at);

CREATE TABLE stripe_sandbox_request (
  idempotency_key text PRIMARY KEY,
  fingerprint text NOT NULL,
  status integer NOT NULL,
  body jsonb NOT NULL
);

CREATE TABLE server_secret (
  name text PRIMARY KEY,
  value bytea NOT NULL CHECK (length(value) >= 32)
);
