-- How many previews of a job under way there were: a new one has a new address.
ALTER TABLE jobs ADD COLUMN preview INTEGER NOT NULL DEFAULT 0;
