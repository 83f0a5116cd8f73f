-- What is found out beside a look: of the key, of the quota, of what drops events.

ALTER TABLE looks ADD COLUMN findings TEXT; -- JSON
