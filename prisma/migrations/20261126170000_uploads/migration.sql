-- Files that accounts bring along, to be named in their calls. They go a day after they can be named no more.
CREATE TABLE upload (
  account_id text NOT NULL REFERENCES account (id),
  id text NOT NULL UNIQUE,
  file_id text NOT NULL,
  mime_type text NOT NULL,
  bytes integer NOT NULL CHECK (bytes > 0),
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3) NOT NULL CHECK (expires_at > created_at),
  PRIMARY KEY (account_id, id)
);
CREATE INDEX upload_expires_at ON upload (expires_at);

-- Generations that may still be with a provider though they have ended here: nobody knows the request.
CREATE INDEX generation_orphaned ON generation (id)
  WHERE submitting_at IS NOT NULL AND provider_request_id IS NULL AND completed_at IS NOT NULL;
