-- The first schema. Times are milliseconds since 1970, minutes whole minutes since 1970; numbers are given by us, never twice.
-- {bytes} and {without_rowid} stand for the two words in which SQLite and PostgreSQL differ.

CREATE TABLE projects (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    api_host TEXT,
    token TEXT NOT NULL,
    personal_key {bytes}, -- sealed
    posthog_id BIGINT,
    late_after_ms BIGINT NOT NULL,
    lost_after_ms BIGINT NOT NULL,
    look_every_ms BIGINT NOT NULL
) {without_rowid};

CREATE TABLE apps (
    project BIGINT NOT NULL,
    kind TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    settings TEXT NOT NULL, -- JSON
    PRIMARY KEY (project, kind)
) {without_rowid};

CREATE TABLE routes (
    id BIGINT NOT NULL PRIMARY KEY,
    project BIGINT NOT NULL,
    place INTEGER, -- among the user's own routes; none of the three that the app brings along
    name TEXT NOT NULL,
    event TEXT NOT NULL,
    host TEXT,
    endpoint TEXT NOT NULL,
    distinct_id TEXT NOT NULL,
    since_ms BIGINT NOT NULL,
    retired_ms BIGINT
) {without_rowid};

CREATE UNIQUE INDEX routes_in_use ON routes (project, name) WHERE retired_ms IS NULL;
CREATE INDEX routes_of_project ON routes (project);

CREATE TABLE switches (
    id BIGINT NOT NULL PRIMARY KEY, -- in the order in which they were turned, whatever the clock said
    project BIGINT NOT NULL,
    app TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    turned_on SMALLINT NOT NULL
) {without_rowid};

CREATE INDEX switches_of_project ON switches (project);

-- The minute stands first in the key: a minute's beats are appended side by side, and an old hour goes as one range.
-- Times are counted from the minute's start, which makes most of them two or three bytes in SQLite.
CREATE TABLE beats (
    minute BIGINT NOT NULL,
    route BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    sent_after_ms BIGINT,
    status INTEGER,
    tries SMALLINT NOT NULL,
    phases {bytes},
    missed_after_ms BIGINT,
    seen_after_ms BIGINT,
    ingested_after_ms BIGINT,
    copies BIGINT NOT NULL,
    PRIMARY KEY (minute, route)
) {without_rowid};

-- Those that may still be seen: few, so that looking for them costs nothing in a long history.
CREATE INDEX beats_open ON beats (route, minute) WHERE outcome > 2;

CREATE TABLE evidence (
    minute BIGINT NOT NULL,
    route BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind SMALLINT NOT NULL, -- 0 refused, 1 unreachable, 2 lost, 3 unseen
    detail BIGINT NOT NULL, -- why, where, when looked, in which way
    quote TEXT,             -- JSON
    retry_after_ms BIGINT,
    PRIMARY KEY (minute, route, at_ms, kind)
) {without_rowid};

CREATE INDEX evidence_of_route ON evidence (route, minute);

CREATE TABLE looks (
    project BIGINT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    others BIGINT,
    newest_ms BIGINT,
    trouble SMALLINT, -- none: the look succeeded
    quote TEXT,       -- JSON
    retry_after_ms BIGINT,
    last_good_ms BIGINT,
    failing_since_ms BIGINT,
    not_before_ms BIGINT NOT NULL,
    posthog_id BIGINT,
    token SMALLINT,   -- what was said of it, while accepted beats do not arrive
    token_asked_ms BIGINT
) {without_rowid};

CREATE TABLE hours (
    start_minute BIGINT NOT NULL,
    route BIGINT NOT NULL,
    outcomes {bytes} NOT NULL, -- four bits a minute
    lags {bytes} NOT NULL,     -- a histogram that can be merged
    duplicates BIGINT NOT NULL,
    PRIMARY KEY (start_minute, route)
) {without_rowid};

INSERT INTO heartbeat_meta (name, value) VALUES ('revision', 0), ('next_id', 1);
