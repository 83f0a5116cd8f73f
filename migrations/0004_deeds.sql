-- What people changed.

CREATE TABLE deeds (
    place BIGINT NOT NULL PRIMARY KEY, -- in the order in which they were written
    at_ms BIGINT NOT NULL,
    who TEXT NOT NULL,
    subject TEXT NOT NULL,
    project TEXT, -- its name: it may be gone
    words TEXT NOT NULL
) {without_rowid};

CREATE INDEX deeds_of_subject ON deeds (subject, place);
CREATE INDEX deeds_of_project ON deeds (project, place);

INSERT INTO heartbeat_meta (name, value) VALUES ('next_deed', 1);
