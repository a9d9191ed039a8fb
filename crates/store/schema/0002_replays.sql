-- Rejected rows stand in Parquet files beside the store. A run may read again what another one rejected.

DROP TABLE rejected_rows;

ALTER TABLE runs ADD COLUMN replays TEXT;

CREATE INDEX runs_by_replayed ON runs (replays);
