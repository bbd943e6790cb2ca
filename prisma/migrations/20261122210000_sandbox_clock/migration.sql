-- How far the sandbox's clock was moved ahead of the machines'. Without a row it never was.
CREATE TABLE sandbox_clock (
  id integer PRIMARY KEY DEFAULT 1 CHECK (id = 1),
  version integer NOT NULL CHECK (version > 0),
  offset_ms bigint NOT NULL CHECK (offset_ms >= 0)
);
