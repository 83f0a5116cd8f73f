-- What each channel was notified of, without reading messages; and channels that were removed or disabled while a service kept an alert of theirs open.

ALTER TABLE notices ADD COLUMN kind SMALLINT NOT NULL DEFAULT 0; -- as in the message
UPDATE notices SET kind = 1 WHERE message LIKE '_"version":1,"kind":"worsened"%';
UPDATE notices SET kind = 2 WHERE message LIKE '_"version":1,"kind":"reminder"%';
UPDATE notices SET kind = 3 WHERE message LIKE '_"version":1,"kind":"resolved"%';
UPDATE notices SET kind = 4 WHERE message LIKE '_"version":1,"kind":"returned"%';
UPDATE notices SET kind = 5 WHERE message LIKE '_"version":1,"kind":"channel_stopped"%';

ALTER TABLE channels ADD COLUMN closing SMALLINT NOT NULL DEFAULT 0; -- 1: disabled, 2: removed, while its alerts are being closed

-- One that was removed keeps its settings until its alerts are closed; its name is free at once.
DROP INDEX channels_named;
CREATE UNIQUE INDEX channels_named ON channels (name) WHERE of_app IS NULL AND closing < 2;
