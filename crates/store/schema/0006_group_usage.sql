-- What runs took of their resource groups, and how many waited for it: one line a minute, while anything did.

CREATE TABLE group_usage (
    resource_group TEXT NOT NULL,
    at BIGINT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    memory_mb BIGINT NOT NULL,
    waiting BIGINT NOT NULL,
    PRIMARY KEY (resource_group, at)
);

CREATE INDEX group_usage_by_time ON group_usage (at);
