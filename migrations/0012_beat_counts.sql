-- How many beats came to which outcome, counted once and never less: beats and hours go when they are old, these stay while the route does.
-- Arrivals are counted by their lag.
CREATE TABLE beat_counts (
    route BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    lag_bucket SMALLINT NOT NULL, -- -1: no lag
    beats BIGINT NOT NULL,
    lag_ms BIGINT NOT NULL,       -- all lags together
    newest_ms BIGINT,             -- when the newest of them was ingested
    PRIMARY KEY (route, outcome, lag_bucket)
) {without_rowid};

-- Up to this minute beats that failed at capture are counted: while their minute lasts they are sent again. What was before is not counted.
INSERT INTO heartbeat_meta (name, value) SELECT 'failures_counted_to', COALESCE(max(minute), 0) FROM beats;
