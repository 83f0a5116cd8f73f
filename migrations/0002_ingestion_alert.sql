-- Ingestion Alert: its settings, what every look saw, incidents, and the outbox of messages about them.

ALTER TABLE apps ADD COLUMN secrets {bytes}; -- those settings that are secret, sealed: JSON

ALTER TABLE looks ADD COLUMN watched BIGINT;
ALTER TABLE looks ADD COLUMN watched_newest_ms BIGINT;
ALTER TABLE looks ADD COLUMN down BIGINT; -- one bit a part of the PostHog, while beats are accepted and stay away

-- What is kept of every look, so that rules can be run over what was. Times are counted from the minute's start, backwards for the newest event.
CREATE TABLE glances (
    minute BIGINT NOT NULL,
    project BIGINT NOT NULL,
    after_ms BIGINT NOT NULL,
    trouble SMALLINT, -- none: the look succeeded
    others BIGINT,
    newest_ago_ms BIGINT,
    watched BIGINT,
    watched_newest_ago_ms BIGINT,
    PRIMARY KEY (minute, project)
) {without_rowid};

CREATE TABLE incidents (
    id BIGINT NOT NULL PRIMARY KEY,
    project BIGINT NOT NULL,
    project_name TEXT NOT NULL,
    strand SMALLINT NOT NULL,
    opened_ms BIGINT NOT NULL,
    closed_ms BIGINT,
    rules BIGINT NOT NULL, -- one bit a rule
    severity SMALLINT NOT NULL,
    cause_code TEXT NOT NULL,
    cause TEXT NOT NULL,
    first_bad BIGINT,  -- minute
    last_good BIGINT,  -- minute
    tally TEXT NOT NULL, -- JSON
    announced_ms BIGINT,
    reminders BIGINT NOT NULL,
    told_ms BIGINT,
    -- These three are a person's, and written by nobody else.
    acknowledged_ms BIGINT,
    acknowledged_by TEXT,
    snoozed_until_ms BIGINT
) {without_rowid};

-- However many look at a project, one incident of a strand is open.
CREATE UNIQUE INDEX incidents_open ON incidents (project, strand) WHERE closed_ms IS NULL;
-- What pagers know an incident by is made of these three.
CREATE UNIQUE INDEX incidents_of_project ON incidents (project, opened_ms, strand);
CREATE INDEX incidents_by_age ON incidents (opened_ms);
CREATE INDEX incidents_over ON incidents (closed_ms);

CREATE TABLE entries (
    incident BIGINT NOT NULL,
    place BIGINT NOT NULL, -- in the order in which they were written
    at_ms BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (incident, place)
) {without_rowid};

CREATE TABLE channels (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    of_app BIGINT, -- the project whose app brings it along
    kind TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    projects TEXT NOT NULL, -- JSON; all, when empty
    least SMALLINT NOT NULL,
    at_once INTEGER NOT NULL,
    title TEXT,
    body TEXT,
    field_values {bytes} NOT NULL, -- sealed JSON
    stopped_ms BIGINT,
    stopped_words TEXT,
    last_taken_ms BIGINT
) {without_rowid};

CREATE UNIQUE INDEX channels_named ON channels (name) WHERE of_app IS NULL;
-- One of an app is called like its project, and stays for a while when that is gone: whoever comes after it under the same name takes it over.
CREATE UNIQUE INDEX channels_of_app ON channels (name) WHERE of_app IS NOT NULL;

CREATE TABLE notices (
    id {bytes} NOT NULL PRIMARY KEY,
    channel BIGINT NOT NULL,
    incident BIGINT,
    place BIGINT NOT NULL, -- in the order in which they were written
    message TEXT NOT NULL, -- JSON
    created_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    leased_until_ms BIGINT NOT NULL, -- somebody is sending it
    tries INTEGER NOT NULL,
    state SMALLINT NOT NULL,
    ended_ms BIGINT,
    said TEXT
) {without_rowid};

-- What is owed is little, however long the history.
CREATE INDEX notices_owed ON notices (place) WHERE state = 0;
CREATE INDEX notices_owed_in_order ON notices (incident, channel, place) WHERE state = 0;
CREATE UNIQUE INDEX notices_placed ON notices (place);
CREATE INDEX notices_of_channel ON notices (channel, place);
CREATE INDEX notices_of_incident ON notices (incident);

CREATE TABLE windows (
    name TEXT NOT NULL PRIMARY KEY,
    projects TEXT NOT NULL, -- JSON; all, when empty
    from_ms BIGINT,
    to_ms BIGINT,
    cron TEXT,
    lasts_ms BIGINT
) {without_rowid};

INSERT INTO heartbeat_meta (name, value) VALUES ('next_incident', 1), ('next_notice', 1);
