-- A job that runs something at a provider takes one of the places there until it is done.

ALTER TABLE job ADD COLUMN provider text;
