-- A channel that was removed stays by its name (closing = 3) for as long as what it was notified of is kept.
DROP INDEX channels_of_app;
CREATE UNIQUE INDEX channels_of_app ON channels (name) WHERE of_app IS NOT NULL AND closing < 3;
-- The one of a name that still closes its alerts, before the next one of that name is notified of anything.
CREATE INDEX channels_closing ON channels (name) WHERE closing = 2;

-- Where the pages of running services are, and when each was last said to be there.
CREATE TABLE page_addresses (
    address TEXT NOT NULL PRIMARY KEY,
    seen_ms BIGINT NOT NULL
) {without_rowid};
