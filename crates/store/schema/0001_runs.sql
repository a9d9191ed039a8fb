-- Runs, their journals, rejected rows, and what the last successful load of each table looked like.
-- One text for SQLite and PostgreSQL: TEXT, BIGINT, no type of either alone.

CREATE TABLE runs (
    id TEXT NOT NULL PRIMARY KEY,
    migration TEXT NOT NULL,
    state TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    bizdate TEXT NOT NULL,
    part TEXT NOT NULL,
    digest TEXT NOT NULL,
    spec TEXT,
    plan TEXT,
    report TEXT,
    settled BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX runs_by_migration ON runs (migration, id);

CREATE TABLE journal (
    run TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    kind TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
);

CREATE TABLE rejected_rows (
    run TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    source TEXT NOT NULL,
    split TEXT NOT NULL,
    locator TEXT NOT NULL,
    column_name TEXT NOT NULL,
    code TEXT NOT NULL,
    reason TEXT NOT NULL,
    bytes_hex TEXT NOT NULL,
    PRIMARY KEY (run, sequence)
);

CREATE TABLE loaded_tables (
    migration TEXT NOT NULL,
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    run TEXT NOT NULL,
    PRIMARY KEY (migration, source)
);
