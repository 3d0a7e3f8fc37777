-- What the Videos API keeps beside jobs and clips. Times are milliseconds since 1970, UTC.

-- Files that are uploaded once and named later.
CREATE TABLE v1_files (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    purpose TEXT NOT NULL,
    clip    TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
    bytes   INTEGER NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX v1_files_owner ON v1_files (owner, created);

CREATE TABLE v1_characters (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    clip    TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
    created INTEGER NOT NULL
);

-- Videos that were deleted: their jobs stay, as lists may be read on from them.
CREATE TABLE v1_deleted (
    job TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE
) WITHOUT ROWID;

CREATE TABLE v1_endpoints (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    url     TEXT NOT NULL,
    events  TEXT NOT NULL,                  -- separated by spaces
    secret  TEXT NOT NULL,
    created INTEGER NOT NULL
);

-- Events that no endpoint has taken yet.
CREATE TABLE v1_deliveries (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    event    TEXT NOT NULL,
    endpoint TEXT NOT NULL REFERENCES v1_endpoints (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL,                 -- video.completed, video.failed
    video    TEXT NOT NULL,
    created  INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due      INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX v1_deliveries_due ON v1_deliveries (due);

-- Written with the job's end itself, so that no event is lost or told of what did not happen.
CREATE TRIGGER v1_ended AFTER UPDATE OF status ON jobs
WHEN new.origin = 'v1' AND new.status <> old.status AND new.status IN ('completed', 'failed', 'cancelled') BEGIN
    INSERT INTO v1_deliveries (event, endpoint, kind, video, created)
    SELECT 'evt_' || lower(hex(randomblob(16))), id, kind, 'video_' || new.id, coalesce(new.finished, new.created)
    FROM (SELECT id, owner, events,
                 CASE new.status WHEN 'completed' THEN 'video.completed' ELSE 'video.failed' END AS kind
          FROM v1_endpoints)
    WHERE owner = new.owner AND instr(' ' || events || ' ', ' ' || kind || ' ') > 0;
END;
