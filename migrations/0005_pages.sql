-- What pages ask for.

-- What was given up is little, however long the history.
CREATE INDEX notices_dead ON notices (place, channel) WHERE state = 2;
