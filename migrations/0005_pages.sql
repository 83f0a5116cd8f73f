-- What pages ask for.

-- What was given up is little, however long the history.
CREATE INDEX notices_dead ON notices (place, channel) WHERE state = 2;

-- A route's hours stand side by side: a page shows a quarter of a year of a few routes.
ALTER TABLE hours RENAME TO hours_before;
CREATE TABLE hours (
    route BIGINT NOT NULL,
    start_minute BIGINT NOT NULL,
    outcomes {bytes} NOT NULL, -- four bits a minute
    lags {bytes} NOT NULL,     -- a histogram that can be merged
    duplicates BIGINT NOT NULL,
    PRIMARY KEY (route, start_minute)
) {without_rowid};
INSERT INTO hours (route, start_minute, outcomes, lags, duplicates)
    SELECT route, start_minute, outcomes, lags, duplicates FROM hours_before ORDER BY route, start_minute;
DROP TABLE hours_before;
-- What is past keeping.
CREATE INDEX hours_by_age ON hours (start_minute);
