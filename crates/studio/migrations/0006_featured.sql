-- When an administrator chose a post to be featured; milliseconds since 1970, UTC.
ALTER TABLE clips ADD COLUMN featured INTEGER;
