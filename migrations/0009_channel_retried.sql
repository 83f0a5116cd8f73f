-- Whether a channel that does not deliver is still tried with each next notification: it rejected messages, and may accept others.

ALTER TABLE channels ADD COLUMN retried SMALLINT NOT NULL DEFAULT 0;
