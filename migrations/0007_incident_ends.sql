-- How incidents end.

ALTER TABLE incidents ADD COLUMN ended_because TEXT; -- none while one is open, or where an older version did not write it down
ALTER TABLE incidents ADD COLUMN judged_under TEXT NOT NULL DEFAULT ''; -- what its rules' settings were when they last held, a line each
