-- What moderation refused: one row for each text of each user. Times are milliseconds since 1970, UTC.
CREATE TABLE refusals (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest  TEXT NOT NULL,                  -- SHA-256 of the whole text
    origin  TEXT NOT NULL,                  -- 'studio' or 'v1'
    rule    TEXT NOT NULL,
    words   TEXT NOT NULL,
    text    TEXT NOT NULL,                  -- its beginning
    times   INTEGER NOT NULL DEFAULT 1,
    at      INTEGER NOT NULL,
    allowed INTEGER NOT NULL DEFAULT 0,     -- an administrator lets it pass
    UNIQUE (owner, digest)
);

-- What an administrator chose for the whole server.
CREATE TABLE server (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- What a key may do, separated by spaces; keys of before may do all that their owner may.
ALTER TABLE keys ADD COLUMN scopes TEXT NOT NULL DEFAULT 'read generate admin';

-- Clips that a job delivered, whatever became of them: what was delivered is paid for, and not made again.
CREATE TABLE made (
    job     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    variant INTEGER NOT NULL,
    PRIMARY KEY (job, variant)
) WITHOUT ROWID;
INSERT INTO made (job, variant) SELECT job, variant FROM clips WHERE job IN (SELECT id FROM jobs);
