-- A maintenance window of every week is kept as it was written, and follows the wall of its time zone. Those that were kept as a crontab
-- expression stay as they are until they are set up anew.

ALTER TABLE windows ADD COLUMN weekly TEXT;
ALTER TABLE windows ADD COLUMN timezone TEXT;
