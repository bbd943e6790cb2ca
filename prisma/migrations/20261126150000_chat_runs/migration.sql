-- Answers that a provider writes while a process listens, so that every other process can see how far they are.
CREATE TABLE chat_run (
  request_id text PRIMARY KEY,
  text text NOT NULL,
  failure jsonb,
  heard_at timestamptz(3) NOT NULL,
  ended_at timestamptz(3),
  CHECK (failure IS NULL OR ended_at IS NOT NULL)
);
CREATE INDEX chat_run_heard_at ON chat_run (heard_at);
