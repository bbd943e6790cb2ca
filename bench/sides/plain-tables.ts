import { runSql } from '../postgres.ts';

/** The price of every debit here, in credits. */
export const debitCredits = 3;
export const uniformWallets = 10_000;

/**
 * The tables of a credits system at its plainest, for the sides that are not ours: a balance and an entry a debit,
 * once for SQL and once for Prisma. What Prisma's client can write are the project's own models, in any schema;
 * the two with as few columns as a balance and an entry need are made here as plain tables, without the constraints
 * that the project's own have.
 */
const plainTables = `
  CREATE SCHEMA plain;
  CREATE TABLE plain.balance (
    id integer PRIMARY KEY,
    credits integer NOT NULL CHECK (credits >= 0)
  );
  CREATE TABLE plain.entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    balance_id integer NOT NULL,
    credits integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
  );
  INSERT INTO plain.balance SELECT id, 2000000000 FROM generate_series(1, ${uniformWallets}) AS id;

  CREATE TABLE plain.wallet (
    account_id text PRIMARY KEY,
    available integer NOT NULL CHECK (available >= 0)
  );
  CREATE TABLE plain.model_price (
    model_id text NOT NULL,
    version integer NOT NULL,
    credits integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (model_id, version)
  );
  INSERT INTO plain.wallet VALUES ('hot', 2000000000);`;

/** Makes the tables that the other sides write to, in the schema `plain` of a database. */
export const createPlainTables = (url: string): Promise<void> => runSql(url, plainTables);
