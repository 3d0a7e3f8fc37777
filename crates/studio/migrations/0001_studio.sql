-- Times are milliseconds since 1970, UTC. Identifiers are lower-case letters, digits and dashes.

CREATE TABLE users (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE COLLATE NOCASE,
    password TEXT,                          -- argon2; NULL cannot log in
    admin    INTEGER NOT NULL DEFAULT 0,
    plan     TEXT,                          -- NULL: the default plan
    created  INTEGER NOT NULL
);
-- Who works where nobody has to log in.
INSERT INTO users (id, name, admin, created) VALUES ('local', 'local', 1, 0);

CREATE TABLE sessions (
    hash    TEXT PRIMARY KEY,               -- SHA-256 of the cookie
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
);

CREATE TABLE keys (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    hash    TEXT NOT NULL UNIQUE,           -- SHA-256 of the secret
    hint    TEXT NOT NULL,                  -- its last four characters
    created INTEGER NOT NULL,
    used    INTEGER
);

CREATE TABLE folders (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE INDEX folders_owner ON folders (owner);

CREATE TABLE jobs (
    id          TEXT PRIMARY KEY,
    seq         INTEGER NOT NULL UNIQUE,    -- order of arrival
    owner       TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    origin      TEXT NOT NULL,              -- 'studio' or 'v1': which API took it
    tool        TEXT NOT NULL,
    class       TEXT NOT NULL,              -- 'priority' or 'relaxed'
    status      TEXT NOT NULL,              -- queued, running, completed, failed, cancelled
    prompt      TEXT NOT NULL,
    request     TEXT NOT NULL,              -- JSON, with the seed filled in
    extra       TEXT,                       -- JSON of the API that took it
    folder      TEXT,
    model       TEXT NOT NULL,
    variants    INTEGER NOT NULL,
    width       INTEGER NOT NULL,
    height      INTEGER NOT NULL,
    seconds     REAL NOT NULL,
    work        REAL NOT NULL,              -- tokens x steps of one clip
    pixels      REAL NOT NULL,              -- millions to be decoded and written for one clip
    credits     INTEGER NOT NULL DEFAULT 0, -- of one clip
    stage       TEXT,
    step        INTEGER NOT NULL DEFAULT 0,
    steps       INTEGER NOT NULL DEFAULT 0,
    progress    REAL NOT NULL DEFAULT 0,    -- 0 to 100, over all variants
    eta         INTEGER,                    -- ms
    note        TEXT,
    error       TEXT,
    rank        INTEGER NOT NULL DEFAULT 0, -- higher comes first among its owner's
    idempotency TEXT,
    cancel      INTEGER NOT NULL DEFAULT 0,
    failures    INTEGER NOT NULL DEFAULT 0,
    crashes     INTEGER NOT NULL DEFAULT 0, -- leases lost in a row without progress
    not_before  INTEGER NOT NULL DEFAULT 0,
    lease       TEXT,                       -- whoever holds this token may write
    worker      TEXT,
    lease_until INTEGER,
    created     INTEGER NOT NULL,
    started     INTEGER,
    finished    INTEGER,
    listed      INTEGER NOT NULL DEFAULT 1,
    UNIQUE (owner, idempotency)
);
CREATE INDEX jobs_status ON jobs (status, seq);
CREATE INDEX jobs_owner ON jobs (owner, seq);

CREATE TABLE clips (
    id            TEXT PRIMARY KEY,
    owner         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind          TEXT NOT NULL,            -- generation or upload
    tool          TEXT NOT NULL,
    prompt        TEXT NOT NULL DEFAULT '',
    title         TEXT NOT NULL DEFAULT '',
    job           TEXT,
    variant       INTEGER NOT NULL DEFAULT 1,
    variants      INTEGER NOT NULL DEFAULT 1,
    width         INTEGER NOT NULL,
    height        INTEGER NOT NULL,
    seconds       REAL NOT NULL,
    fps           REAL NOT NULL,
    frames        INTEGER NOT NULL,
    seed          INTEGER,
    model         TEXT,
    style         TEXT,
    settings      TEXT,                     -- JSON: the request as it came
    file          TEXT NOT NULL,            -- name of the media file in the clip's folder
    bytes         INTEGER NOT NULL,
    sprite        TEXT NOT NULL,            -- JSON
    folder        TEXT REFERENCES folders (id) ON DELETE SET NULL,
    favourite     INTEGER NOT NULL DEFAULT 0,
    bookmarked    INTEGER NOT NULL DEFAULT 0,
    trashed       INTEGER,
    published     INTEGER,
    share         TEXT UNIQUE,
    share_expires INTEGER,
    created       INTEGER NOT NULL,
    UNIQUE (job, variant)
);
CREATE INDEX clips_created ON clips (owner, created DESC, id);
CREATE INDEX clips_folder ON clips (folder);
CREATE INDEX clips_published ON clips (published) WHERE published IS NOT NULL;

CREATE TABLE parents (
    clip   TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
    parent TEXT NOT NULL,                   -- may be gone
    PRIMARY KEY (clip, parent)
) WITHOUT ROWID;
CREATE INDEX parents_parent ON parents (parent);

CREATE TABLE tags (
    clip TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
    tag  TEXT NOT NULL,
    PRIMARY KEY (clip, tag)
) WITHOUT ROWID;
CREATE INDEX tags_tag ON tags (tag);

CREATE TABLE likes (
    clip  TEXT NOT NULL REFERENCES clips (id) ON DELETE CASCADE,
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (clip, owner)
) WITHOUT ROWID;

-- Trigrams find parts of words, and Chinese, which has no spaces.
CREATE VIRTUAL TABLE words USING fts5 (prompt, title, content = 'clips', tokenize = 'trigram');
CREATE TRIGGER words_insert AFTER INSERT ON clips BEGIN
    INSERT INTO words (rowid, prompt, title) VALUES (new.rowid, new.prompt, new.title);
END;
CREATE TRIGGER words_delete AFTER DELETE ON clips BEGIN
    INSERT INTO words (words, rowid, prompt, title) VALUES ('delete', old.rowid, old.prompt, old.title);
END;
CREATE TRIGGER words_update AFTER UPDATE OF prompt, title ON clips BEGIN
    INSERT INTO words (words, rowid, prompt, title) VALUES ('delete', old.rowid, old.prompt, old.title);
    INSERT INTO words (rowid, prompt, title) VALUES (new.rowid, new.prompt, new.title);
END;

CREATE TABLE boards (
    id      TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    board   TEXT NOT NULL,                  -- JSON
    updated INTEGER NOT NULL
);

CREATE TABLE styles (
    owner TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name  TEXT NOT NULL,
    title TEXT NOT NULL,
    text  TEXT NOT NULL,
    PRIMARY KEY (owner, name)
);

CREATE TABLE settings (
    owner TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    value TEXT NOT NULL                     -- JSON object
);

-- One row a job: held when it is taken in, charged for the clips that came, or refunded.
CREATE TABLE charges (
    job     TEXT PRIMARY KEY,
    owner   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state   TEXT NOT NULL,                  -- held, charged or refunded
    class   TEXT NOT NULL,
    credits INTEGER NOT NULL,
    videos  INTEGER NOT NULL,
    at      INTEGER NOT NULL
);
CREATE INDEX charges_owner ON charges (owner, at);

-- What was measured: seconds a unit of `work`, and a unit of `pixels`.
CREATE TABLE speeds (
    model  TEXT PRIMARY KEY,
    denoise REAL NOT NULL,
    finish REAL NOT NULL
);

-- When each user was last served, for fairness; and how many were.
CREATE TABLE served (
    owner TEXT PRIMARY KEY,
    turn  INTEGER NOT NULL
);

-- Whoever watches reads on from the last revision seen.
CREATE TABLE changes (
    rev   INTEGER PRIMARY KEY AUTOINCREMENT,
    kind  TEXT NOT NULL,                    -- job, queue, clip, gone
    id    TEXT NOT NULL,
    owner TEXT NOT NULL
);
CREATE TRIGGER jobs_insert AFTER INSERT ON jobs BEGIN
    INSERT INTO changes (kind, id, owner) VALUES ('queue', new.id, new.owner);
END;
CREATE TRIGGER jobs_update AFTER UPDATE OF status, step, progress, stage, rank, listed, cancel ON jobs BEGIN
    INSERT INTO changes (kind, id, owner)
    VALUES (CASE WHEN new.status <> old.status OR new.rank <> old.rank THEN 'queue' ELSE 'job' END, new.id, new.owner);
END;
CREATE TRIGGER clips_insert AFTER INSERT ON clips BEGIN
    INSERT INTO changes (kind, id, owner) VALUES ('clip', new.id, new.owner);
END;
CREATE TRIGGER clips_update AFTER UPDATE ON clips BEGIN
    INSERT INTO changes (kind, id, owner) VALUES ('clip', new.id, new.owner);
END;
CREATE TRIGGER clips_delete AFTER DELETE ON clips BEGIN
    INSERT INTO changes (kind, id, owner) VALUES ('gone', old.id, old.owner);
END;
CREATE TRIGGER tags_insert AFTER INSERT ON tags BEGIN
    INSERT INTO changes (kind, id, owner) SELECT 'clip', id, owner FROM clips WHERE id = new.clip;
END;
CREATE TRIGGER tags_delete AFTER DELETE ON tags BEGIN
    INSERT INTO changes (kind, id, owner) SELECT 'clip', id, owner FROM clips WHERE id = old.clip;
END;
