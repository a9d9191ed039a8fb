-- What was asked for under a key of whoever asked is made once; what nobody names any more is found to be forgotten.

ALTER TABLE objects ADD COLUMN request_key TEXT;
ALTER TABLE objects ADD COLUMN request_digest TEXT;

CREATE UNIQUE INDEX objects_by_request ON objects (kind, project, request_key) WHERE request_key IS NOT NULL;

-- Runs that are forgotten and rejected rows: the server whose folder holds these takes them away.
CREATE TABLE forgotten_runs (
    run TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

CREATE INDEX runs_by_start ON runs (started_at, id);
CREATE INDEX loaded_tables_by_run ON loaded_tables (run);
CREATE INDEX attempts_without_run ON attempts (started_at) WHERE run IS NULL;
CREATE INDEX runs_open ON runs (id) WHERE state = 'running';
