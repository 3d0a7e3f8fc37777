-- A waiting job that is paused keeps its place, and is not taken.
ALTER TABLE jobs ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;

DROP TRIGGER jobs_update;
CREATE TRIGGER jobs_update AFTER UPDATE OF status, step, progress, stage, rank, listed, cancel, paused, request ON jobs BEGIN
    INSERT INTO changes (kind, id, owner)
    VALUES (CASE WHEN new.status <> old.status OR new.rank <> old.rank OR new.paused <> old.paused OR new.request <> old.request
            THEN 'queue' ELSE 'job' END, new.id, new.owner);
END;
