-- Counts what was written to a wallet and its grants, holds and clawbacks, also where the journal has nothing to say: who
-- remembers a wallet sees by it whether he still knows it.
ALTER TABLE wallet ADD COLUMN revision integer NOT NULL DEFAULT 1;

-- Ends a statement, with all that it wrote, when one of the wallets is not what its sender remembers.
CREATE FUNCTION refuse_stale(written bigint, wanted bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF written <> wanted THEN
    RAISE EXCEPTION 'A wallet has changed meanwhile.' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN true;
END
$$;
