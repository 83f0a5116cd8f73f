-- The schema. Times are milliseconds since 1970, minutes are whole minutes since 1970. Heartbeat assigns the ids and never reuses them.
-- {bytes} and {without_rowid} are replaced: there SQLite and PostgreSQL differ.

CREATE TABLE projects (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    api_host TEXT,
    token TEXT NOT NULL,
    personal_key {bytes}, -- encrypted
    posthog_id BIGINT,
    settings TEXT NOT NULL -- the other settings: JSON
) {without_rowid};

CREATE TABLE apps (
    project BIGINT NOT NULL,
    kind TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    settings TEXT NOT NULL, -- JSON
    secrets {bytes}, -- the secret settings, encrypted: JSON
    PRIMARY KEY (project, kind)
) {without_rowid};

CREATE TABLE routes (
    id BIGINT NOT NULL PRIMARY KEY,
    project BIGINT NOT NULL,
    place INTEGER, -- its place among the user's own routes; NULL for the three built-in ones
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
    id BIGINT NOT NULL PRIMARY KEY, -- in the order of writing, independent of the clock
    project BIGINT NOT NULL,
    app TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    turned_on SMALLINT NOT NULL
) {without_rowid};

CREATE INDEX switches_of_project ON switches (project);

-- The minute comes first in the key: the beats of a minute are appended side by side, and an old hour is deleted as one range.
-- Times are relative to the start of the minute, so most of them take two or three bytes in SQLite.
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

-- Beats that may still be read back. There are few of them, however long the history is.
CREATE INDEX beats_open ON beats (route, minute) WHERE outcome > 2;
-- Records that are not ordinary: a rule can hold only because of one of these, or of an open beat. There are few of them, however long the history is.
CREATE INDEX beats_unusual ON beats (route, minute) WHERE outcome = 2 OR outcome = 1 AND (COALESCE(status, 0) NOT BETWEEN 200 AND 299
    OR COALESCE(ingested_after_ms - sent_after_ms, 60001) > 60000);

-- How many beats had which outcome. A count only grows, also after the beats and hours are deleted. Arrivals are counted by their lag.
CREATE TABLE beat_counts (
    route BIGINT NOT NULL,
    outcome SMALLINT NOT NULL,
    lag_bucket SMALLINT NOT NULL, -- -1: no lag
    beats BIGINT NOT NULL,
    lag_ms BIGINT NOT NULL,       -- the sum of all lags
    newest_ms BIGINT,             -- when the newest of them was ingested
    PRIMARY KEY (route, outcome, lag_bucket)
) {without_rowid};

CREATE TABLE evidence (
    minute BIGINT NOT NULL,
    route BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    kind SMALLINT NOT NULL, -- 0 rejected, 1 unreachable, 2 lost, 3 unverified
    detail BIGINT NOT NULL, -- the reason, the phase, the time of the read-back, or the error
    excerpt TEXT,           -- JSON
    retry_after_ms BIGINT,
    PRIMARY KEY (minute, route, at_ms, kind)
) {without_rowid};

CREATE INDEX evidence_of_route ON evidence (route, minute);

CREATE TABLE readbacks (
    project BIGINT NOT NULL PRIMARY KEY,
    at_ms BIGINT NOT NULL,
    others BIGINT,
    newest_ms BIGINT,
    watched BIGINT,
    watched_newest_ms BIGINT,
    error SMALLINT,   -- NULL: the read-back succeeded
    excerpt TEXT,     -- JSON
    retry_after_ms BIGINT,
    last_good_ms BIGINT,
    failing_since_ms BIGINT,
    not_before_ms BIGINT NOT NULL,
    posthog_id BIGINT,
    token SMALLINT,   -- the status of the token, while accepted beats are missing
    token_asked_ms BIGINT,
    down BIGINT,      -- one bit per component of PostHog, while accepted beats are missing
    findings TEXT     -- JSON
) {without_rowid};

-- One row per read-back, for replaying rules. Times are relative to the start of the minute: forwards for after_ms, backwards for newest events.
CREATE TABLE readback_samples (
    minute BIGINT NOT NULL,
    project BIGINT NOT NULL,
    after_ms BIGINT NOT NULL,
    error SMALLINT, -- NULL: the read-back succeeded
    others BIGINT,
    newest_ago_ms BIGINT,
    watched BIGINT,
    watched_newest_ago_ms BIGINT,
    quota_percent SMALLINT, -- NULL: PostHog did not say
    quota_limited SMALLINT,
    PRIMARY KEY (minute, project)
) {without_rowid};
-- As `beats_unusual`.
CREATE INDEX readback_samples_unusual ON readback_samples (project, minute) WHERE error > 0 OR watched = 0 OR quota_percent > 50
    OR quota_limited > 0;

-- The hours of one route are stored side by side: a page shows 90 days of a few routes.
CREATE TABLE hours (
    route BIGINT NOT NULL,
    start_minute BIGINT NOT NULL,
    outcomes {bytes} NOT NULL, -- four bits per minute
    lags {bytes} NOT NULL,     -- a mergeable histogram
    duplicates BIGINT NOT NULL,
    PRIMARY KEY (route, start_minute)
) {without_rowid};

CREATE INDEX hours_by_age ON hours (start_minute);

-- The last two days of a route as far as each beat of an hour was seen, so that pages need not read the beats.
CREATE TABLE seen_hours (
    route BIGINT NOT NULL,
    start_minute BIGINT NOT NULL,
    lags {bytes} NOT NULL, -- of each minute, and whether the beat was late
    PRIMARY KEY (route, start_minute)
) {without_rowid};

CREATE INDEX seen_hours_by_age ON seen_hours (start_minute);

-- 32 days (UTC) of a route in one row, counted from its hours.
CREATE TABLE days (
    route BIGINT NOT NULL,
    start_minute BIGINT NOT NULL,
    counts {bytes} NOT NULL, -- the days that are counted
    PRIMARY KEY (route, start_minute)
) {without_rowid};

CREATE TABLE incidents (
    id BIGINT NOT NULL PRIMARY KEY,
    project BIGINT NOT NULL,
    project_name TEXT NOT NULL,
    incident_kind SMALLINT NOT NULL,
    opened_ms BIGINT NOT NULL,
    closed_ms BIGINT,
    rules BIGINT NOT NULL, -- one bit per rule
    severity SMALLINT NOT NULL,
    cause_code TEXT NOT NULL,
    cause TEXT NOT NULL,
    first_bad BIGINT,  -- minute
    last_good BIGINT,  -- minute
    tally TEXT NOT NULL, -- JSON
    announced_ms BIGINT,
    reminders BIGINT NOT NULL,
    notified_ms BIGINT,
    -- These three are set by users only.
    acknowledged_ms BIGINT,
    acknowledged_by TEXT,
    snoozed_until_ms BIGINT,
    ended_because TEXT, -- NULL while it is open
    judged_under TEXT NOT NULL, -- the settings of its rules when they last applied, one per line
    diagnosis TEXT NOT NULL -- JSON
) {without_rowid};

-- At most one incident per project and kind is open, also with several nodes.
CREATE UNIQUE INDEX incidents_open ON incidents (project, incident_kind) WHERE closed_ms IS NULL;
-- The key of an incident at pagers consists of these three columns.
CREATE UNIQUE INDEX incidents_of_project ON incidents (project, opened_ms, incident_kind);
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
    of_app BIGINT, -- the project of the app that it belongs to
    kind TEXT NOT NULL,
    enabled SMALLINT NOT NULL,
    projects TEXT NOT NULL, -- the entries of the filter: JSON
    least SMALLINT NOT NULL,
    at_once INTEGER NOT NULL,
    title TEXT,
    body TEXT,
    field_values {bytes} NOT NULL, -- encrypted JSON
    stopped_ms BIGINT,
    stopped_words TEXT,
    last_accepted_ms BIGINT,
    retried SMALLINT NOT NULL DEFAULT 0, -- 1: stopped, but still tried with each new notification
    closing SMALLINT NOT NULL DEFAULT 0 -- 1 disabled, 2 removed, while its alerts are being closed; 3 removed, kept for its name
) {without_rowid};

-- A removed channel keeps its settings until its alerts are closed; its name is free at once.
CREATE UNIQUE INDEX channels_named ON channels (name) WHERE of_app IS NULL AND closing < 2;
-- The channel of an app has the name of its project. It stays until its queue is empty when the project is removed: a new project of that name takes it over.
CREATE UNIQUE INDEX channels_of_app ON channels (name) WHERE of_app IS NOT NULL AND closing < 3;
CREATE INDEX channels_closing ON channels (name) WHERE closing = 2;

CREATE TABLE notifications (
    id {bytes} NOT NULL PRIMARY KEY,
    channel BIGINT NOT NULL,
    incident BIGINT,
    place BIGINT NOT NULL, -- in the order in which they were written
    message TEXT NOT NULL, -- JSON
    created_ms BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    leased_until_ms BIGINT NOT NULL, -- a node is sending it
    tries INTEGER NOT NULL,
    state SMALLINT NOT NULL,
    ended_ms BIGINT,
    said TEXT,
    kind SMALLINT NOT NULL -- as in the message
) {without_rowid};

-- Queued and failed notifications are few, however long the history is.
CREATE INDEX notifications_queued ON notifications (place) WHERE state = 0;
CREATE INDEX notifications_queued_in_order ON notifications (incident, channel, place) WHERE state = 0;
CREATE INDEX notifications_failed ON notifications (place, channel) WHERE state = 2;
CREATE UNIQUE INDEX notifications_placed ON notifications (place);
CREATE INDEX notifications_of_channel ON notifications (channel, place);
CREATE INDEX notifications_of_incident ON notifications (incident);

CREATE TABLE windows (
    name TEXT NOT NULL PRIMARY KEY,
    projects TEXT NOT NULL, -- the entries of the filter: JSON
    from_ms BIGINT,
    to_ms BIGINT,
    cron TEXT,
    lasts_ms BIGINT,
    weekly TEXT,
    timezone TEXT
) {without_rowid};

-- Tokens are stored as SHA-256, passwords as a hash.
CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role SMALLINT NOT NULL,
    password TEXT, -- the hash as a PHC string; NULL: no password
    created_ms BIGINT NOT NULL,
    last_login_ms BIGINT
) {without_rowid};

CREATE TABLE sessions (
    digest {bytes} NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    opened_ms BIGINT NOT NULL,
    last_used_ms BIGINT NOT NULL,
    until_ms BIGINT NOT NULL,
    by_proxy SMALLINT NOT NULL
) {without_rowid};

CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_over ON sessions (until_ms);

CREATE TABLE api_tokens (
    id BIGINT NOT NULL PRIMARY KEY,
    digest {bytes} NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role SMALLINT NOT NULL,
    made_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    last_used_ms BIGINT,
    until_ms BIGINT
) {without_rowid};

-- One for each user, and one for a new user.
CREATE TABLE invitations (
    user_name TEXT NOT NULL PRIMARY KEY, -- empty: a new user
    digest {bytes} NOT NULL UNIQUE,
    role SMALLINT NOT NULL,
    until_ms BIGINT NOT NULL
) {without_rowid};

CREATE TABLE status_pages (
    name TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    projects TEXT NOT NULL, -- the entries of the filter: JSON
    is_public SMALLINT NOT NULL
) {without_rowid};

-- The audit log.
CREATE TABLE audit_entries (
    place BIGINT NOT NULL PRIMARY KEY, -- in the order in which they were written
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    subject TEXT NOT NULL,
    project TEXT, -- its name: the project may be removed
    words TEXT NOT NULL
) {without_rowid};

CREATE INDEX audit_entries_of_subject ON audit_entries (subject, place);
CREATE INDEX audit_entries_of_project ON audit_entries (project, place);

-- The addresses of the pages of running services, and when each was last announced.
CREATE TABLE page_addresses (
    address TEXT NOT NULL PRIMARY KEY,
    seen_ms BIGINT NOT NULL
) {without_rowid};

-- Counters and marks. `incident_changes` grows with every write to an incident, so that pages know when to reload. Beats that failed at capture
-- are counted up to the minute `failures_counted_to`; later ones may still be retried.
INSERT INTO heartbeat_meta (name, value) VALUES
    ('revision', 0), ('next_id', 1), ('next_incident', 1), ('next_notification', 1), ('next_audit_entry', 1),
    ('incident_changes', 0), ('failures_counted_to', 0), ('days_to', 0);
