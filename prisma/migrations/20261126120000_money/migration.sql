-- What Stripe tells of subscriptions, invoices and payments, as far as credits follow from it, and what is done about it.

ALTER TYPE job_kind ADD VALUE 'PLAN_PERIOD';
ALTER TYPE job_kind ADD VALUE 'TOP_UP';
ALTER TYPE job_kind ADD VALUE 'RECONCILE';

CREATE TYPE subscription_status AS ENUM ('TRIALING', 'ACTIVE', 'PAST_DUE', 'CANCELED', 'INCOMPLETE', 'INCOMPLETE_EXPIRED', 'UNPAID', 'PAUSED');
CREATE TYPE plan_period_kind AS ENUM ('TRIAL', 'MONTH', 'UPGRADE');
CREATE TYPE payment_kind AS ENUM ('PACK', 'TOP_UP', 'INVOICE');
CREATE TYPE plan_change_kind AS ENUM ('UPGRADE', 'AT_PERIOD_END', 'IN_TRIAL', 'STAY');
CREATE TYPE top_up_status AS ENUM ('PENDING', 'PAID', 'FAILED');

-- What Stripe says of the money of a checkout, once its buyer is done with it.
CREATE TYPE checkout_payment AS ENUM ('PENDING', 'PAID');
ALTER TABLE checkout ADD COLUMN payment checkout_payment;
UPDATE checkout SET payment = 'PAID' WHERE status = 'COMPLETED';
ALTER TABLE checkout ADD CHECK (status <> 'COMPLETED' OR payment IS NOT DISTINCT FROM 'PAID');
-- While a bank takes its days, the same may be bought once more.
DROP INDEX checkout_one_open;
CREATE UNIQUE INDEX checkout_one_open ON checkout (account_id, fingerprint) WHERE status = 'CREATED' AND payment IS NULL;

-- Which mode of billing an id of Stripe's belongs to: test and live objects never meet.
CREATE TABLE stripe_price (
  mode text NOT NULL CHECK (mode IN ('sandbox', 'test_only', 'live')),
  id text NOT NULL,
  product_id text NOT NULL,
  lookup_key text NOT NULL,
  plan_code text REFERENCES plan (code),
  pack_code text REFERENCES credit_pack (code),
  interval billing_interval,
  price_cents integer NOT NULL CHECK (price_cents > 0),
  currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
  active boolean NOT NULL,
  PRIMARY KEY (mode, id),
  CHECK ((plan_code IS NULL) <> (pack_code IS NULL)),
  CHECK ((plan_code IS NULL) = (interval IS NULL))
);
CREATE INDEX stripe_price_lookup_key ON stripe_price (mode, lookup_key);

-- One thing of Stripe's is brought up to date by one worker at a time, and never to an older state than it has.
CREATE TABLE stripe_unit (
  id text PRIMARY KEY,
  leased_until timestamptz(3),
  lease_id text,
  newest_event_at timestamptz(3) NOT NULL
);

ALTER TABLE stripe_event ADD COLUMN created_at timestamptz(3);
UPDATE stripe_event SET created_at = received_at;
ALTER TABLE stripe_event ALTER COLUMN created_at SET NOT NULL;
CREATE INDEX stripe_event_state ON stripe_event (state, id);

CREATE TABLE plan_subscription (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL,
  stripe_id text NOT NULL UNIQUE,
  plan_code text NOT NULL REFERENCES plan (code),
  interval billing_interval NOT NULL,
  status subscription_status NOT NULL,
  current_period_start timestamptz(3) NOT NULL,
  current_period_end timestamptz(3) NOT NULL,
  cancel_at_period_end boolean NOT NULL,
  next_plan_code text REFERENCES plan (code),
  next_interval billing_interval,
  created_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  PRIMARY KEY (account_id, id),
  CHECK (current_period_end > current_period_start),
  CHECK ((next_plan_code IS NULL) = (next_interval IS NULL))
);

-- What a subscription has given: one row for each month, trial and upgrade, whatever Stripe says how often.
CREATE TABLE plan_period (
  account_id text NOT NULL,
  subscription_id text NOT NULL,
  kind plan_period_kind NOT NULL,
  starts_at timestamptz(3) NOT NULL,
  ends_at timestamptz(3) NOT NULL,
  plan_code text NOT NULL REFERENCES plan (code),
  credits integer NOT NULL CHECK (credits BETWEEN 1 AND 2000000000),
  invoice_id text,
  grant_id text NOT NULL,
  rollover_grant_id text,
  credits_end_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, subscription_id, starts_at, kind),
  FOREIGN KEY (account_id, subscription_id) REFERENCES plan_subscription (account_id, id),
  CHECK (ends_at > starts_at),
  CHECK ((kind = 'TRIAL') = (invoice_id IS NULL))
);
CREATE INDEX plan_period_invoice ON plan_period (account_id, invoice_id);

CREATE TABLE invoice (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL,
  subscription_id text,
  number text,
  status text NOT NULL,
  total_cents integer NOT NULL,
  currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
  hosted_url text,
  pdf_url text,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX invoice_newest ON invoice (account_id, created_at, id);

-- Money that came in, by Stripe's payment intent, and how much of it went back.
CREATE TABLE payment (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL UNIQUE,
  kind payment_kind NOT NULL,
  subject_id text NOT NULL,
  grant_id text,
  credits integer NOT NULL CHECK (credits BETWEEN 0 AND 2000000000),
  paid_cents integer NOT NULL CHECK (paid_cents > 0),
  returned_cents integer NOT NULL DEFAULT 0 CHECK (returned_cents BETWEEN 0 AND paid_cents),
  currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, id),
  CHECK ((kind = 'INVOICE') = (grant_id IS NULL))
);
CREATE INDEX payment_created ON payment (created_at);
CREATE INDEX payment_subject ON payment (account_id, subject_id);

CREATE TABLE plan_change (
  account_id text NOT NULL,
  id text NOT NULL,
  subscription_id text NOT NULL,
  plan_code text NOT NULL REFERENCES plan (code),
  interval billing_interval NOT NULL,
  kind plan_change_kind NOT NULL,
  effective_at timestamptz(3) NOT NULL,
  credits_now integer NOT NULL CHECK (credits_now >= 0),
  amount_due_now_cents integer NOT NULL CHECK (amount_due_now_cents >= 0),
  currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, id),
  FOREIGN KEY (account_id, subscription_id) REFERENCES plan_subscription (account_id, id)
);

CREATE TABLE auto_top_up (
  account_id text PRIMARY KEY REFERENCES account (id),
  enabled boolean NOT NULL,
  threshold integer CHECK (threshold BETWEEN 1 AND 2000000000),
  pack_code text REFERENCES credit_pack (code),
  monthly_limit integer CHECK (monthly_limit > 0),
  failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
  -- Empty when there was none to charge.
  failed_payment_method_id text,
  retry_at timestamptz(3),
  suspended_reason text,
  updated_at timestamptz(3) NOT NULL,
  CHECK (NOT enabled OR (threshold IS NOT NULL AND pack_code IS NOT NULL))
);

CREATE TABLE top_up (
  account_id text NOT NULL REFERENCES auto_top_up (account_id),
  id text NOT NULL,
  status top_up_status NOT NULL,
  pack_code text NOT NULL REFERENCES credit_pack (code),
  item_name text NOT NULL,
  credits integer NOT NULL CHECK (credits BETWEEN 1 AND 2000000000),
  price_cents integer NOT NULL CHECK (price_cents > 0),
  currency text NOT NULL CHECK (currency ~ '^[a-z]{3}$'),
  customer_id text NOT NULL,
  payment_method_id text NOT NULL,
  payment_intent_id text,
  failure text,
  created_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  PRIMARY KEY (account_id, id)
);
-- One charge closes the gap, however many requests find it.
CREATE UNIQUE INDEX top_up_one_pending ON top_up (account_id) WHERE status = 'PENDING';

-- What happened to an account, for those who integrate it.
CREATE TYPE account_event_type AS ENUM ('LOW_BALANCE');
CREATE TABLE account_event (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL,
  type account_event_type NOT NULL,
  data jsonb NOT NULL,
  created_at timestamptz(3) NOT NULL,
  PRIMARY KEY (account_id, id)
);
