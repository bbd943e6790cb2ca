-- The how many-th state that a generation's owner sees; a subscriber goes on from the one that it has. Counted here, so that
-- no statement that changes what is seen can forget it.
ALTER TABLE generation ADD COLUMN version integer NOT NULL DEFAULT 1 CHECK (version > 0);

CREATE FUNCTION count_generation_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.version := OLD.version + 1;
  RETURN NEW;
END
$$;
CREATE TRIGGER generation_version
  BEFORE UPDATE ON generation
  FOR EACH ROW
  WHEN ((OLD.status, OLD.progress, OLD.text, OLD.output, OLD.credits_charged, OLD.credits_refunded)
    IS DISTINCT FROM (NEW.status, NEW.progress, NEW.text, NEW.output, NEW.credits_charged, NEW.credits_refunded))
  EXECUTE FUNCTION count_generation_version();
