-- Where the way was found to be broken, with all that is said of it.

ALTER TABLE incidents ADD COLUMN diagnosis TEXT; -- JSON; none in a row of an earlier release
