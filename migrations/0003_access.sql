-- Who may do what, and what strangers may see. Of tokens only their SHA-256 is here, of passwords their hash.

CREATE TABLE users (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    access SMALLINT NOT NULL,
    password TEXT, -- its hash, as PHC text; none: there is no password
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
    access SMALLINT NOT NULL,
    made_by TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    last_used_ms BIGINT,
    until_ms BIGINT
) {without_rowid};

-- One for each user, and one for whoever is none yet.
CREATE TABLE invitations (
    user_name TEXT NOT NULL PRIMARY KEY, -- empty: whoever is none yet
    digest {bytes} NOT NULL UNIQUE,
    access SMALLINT NOT NULL,
    until_ms BIGINT NOT NULL
) {without_rowid};

CREATE TABLE status_pages (
    name TEXT NOT NULL PRIMARY KEY,
    title TEXT NOT NULL,
    projects TEXT NOT NULL, -- JSON
    is_public SMALLINT NOT NULL
) {without_rowid};

-- Grows with whatever is written of incidents, so that a page knows when to read them again.
INSERT INTO heartbeat_meta (name, value) VALUES ('incident_changes', 0);
