-- What a service remembers: the things that people make, what the calendar makes of them, and who did what.
-- Times are milliseconds since 1970 in UTC; truths are 0 and 1.

-- Numbers that only grow. Whoever takes one holds its row until the transaction ends, so that numbers are
-- seen in the order in which they were taken: what is read "after this number" misses nothing.
CREATE TABLE counters (
    name TEXT NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
);

INSERT INTO counters (name, value) VALUES ('instance', 0), ('change', 0), ('event', 0), ('audit', 0);

-- Projects, data sources, migrations, pipelines and the like: a document each, with a name that is
-- unique among those of its kind in its project ('' for those of the whole installation).
CREATE TABLE objects (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    edition BIGINT NOT NULL,
    body TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    UNIQUE (kind, project, name)
);

-- What an object refers to, and as what: a migration its two data sources, a pipeline its folder.
CREATE TABLE links (
    object TEXT NOT NULL,
    role TEXT NOT NULL,
    target TEXT NOT NULL,
    PRIMARY KEY (object, role, target)
);

CREATE INDEX links_by_target ON links (target, role, object);

-- What was submitted, as it was then. Never changed.
CREATE TABLE versions (
    object TEXT NOT NULL,
    number BIGINT NOT NULL,
    body TEXT NOT NULL,
    remark TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    made_by TEXT NOT NULL,
    PRIMARY KEY (object, number)
);

-- What runs in an environment: one version of a pipeline, or a virtual node.
CREATE TABLE tasks (
    id TEXT NOT NULL,
    environment TEXT NOT NULL,
    project TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    first_bizdate TEXT NOT NULL,
    suspended BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    body TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (id, environment),
    UNIQUE (project, environment, name)
);

CREATE TABLE task_upstream (
    task TEXT NOT NULL,
    environment TEXT NOT NULL,
    upstream TEXT NOT NULL,
    PRIMARY KEY (task, environment, upstream)
);

CREATE INDEX task_upstream_by_upstream ON task_upstream (upstream, environment, task);

-- The last business date of which all instances are made.
CREATE TABLE calendar (
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    made TEXT NOT NULL,
    PRIMARY KEY (project, environment)
);

CREATE TABLE instances (
    id BIGINT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    environment TEXT NOT NULL,
    task TEXT NOT NULL,
    task_name TEXT NOT NULL,
    version BIGINT NOT NULL,
    bizdate TEXT NOT NULL,
    slot BIGINT NOT NULL,
    kind TEXT NOT NULL,
    origin TEXT NOT NULL,
    state TEXT NOT NULL,
    paused BIGINT NOT NULL,
    forced BIGINT NOT NULL,
    reason TEXT,
    planned_at BIGINT NOT NULL,
    not_before BIGINT NOT NULL,
    since BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    resource_group TEXT NOT NULL,
    cpu_millis BIGINT NOT NULL,
    memory_mb BIGINT NOT NULL,
    timeout_seconds BIGINT NOT NULL,
    reruns BIGINT NOT NULL,
    rerun_seconds BIGINT NOT NULL,
    rerun_after_timeout BIGINT NOT NULL,
    reruns_used BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    server TEXT,
    change BIGINT NOT NULL,
    UNIQUE (task, environment, bizdate, slot, kind, origin)
);

CREATE INDEX instances_open ON instances (id) WHERE state <> 'succeeded' AND state <> 'failed';
CREATE INDEX instances_by_change ON instances (change);
CREATE INDEX instances_of_project ON instances (project, environment, id);
CREATE INDEX instances_by_state ON instances (project, environment, state, id);
CREATE INDEX instances_by_bizdate ON instances (project, environment, bizdate, id);
CREATE INDEX instances_by_task ON instances (task, environment, id);
CREATE INDEX instances_by_origin ON instances (origin, id) WHERE origin <> '';

CREATE TABLE instance_upstream (
    instance BIGINT NOT NULL,
    upstream BIGINT NOT NULL,
    PRIMARY KEY (instance, upstream)
);

CREATE INDEX instance_upstream_by_upstream ON instance_upstream (upstream, instance);

-- Each time that an instance ran.
CREATE TABLE attempts (
    instance BIGINT NOT NULL,
    number BIGINT NOT NULL,
    server TEXT NOT NULL,
    run TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    outcome TEXT,
    report TEXT,
    PRIMARY KEY (instance, number)
);

CREATE INDEX attempts_by_run ON attempts (run) WHERE run IS NOT NULL;

-- Who may do what only one may do. The number grows with each owner; the beat with each sign of life.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    fence BIGINT NOT NULL,
    beat BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    csrf TEXT NOT NULL,
    address TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_person ON sessions (person);

CREATE TABLE tokens (
    id TEXT NOT NULL PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT,
    made_at BIGINT NOT NULL,
    ends_at BIGINT,
    used_at BIGINT
);

CREATE INDEX tokens_by_person ON tokens (person);

CREATE TABLE secrets (
    id TEXT NOT NULL PRIMARY KEY,
    object TEXT NOT NULL,
    sealed TEXT NOT NULL
);

CREATE INDEX secrets_by_object ON secrets (object);

-- What was collected of a data source's tables.
CREATE TABLE catalog_tables (
    data_source TEXT NOT NULL,
    environment TEXT NOT NULL,
    schema_name TEXT NOT NULL,
    table_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    estimated_rows BIGINT,
    estimated_bytes BIGINT,
    comment TEXT NOT NULL,
    body TEXT NOT NULL,
    collected_at BIGINT NOT NULL,
    PRIMARY KEY (data_source, environment, schema_name, table_name)
);

-- Long work that somebody asked for.
CREATE TABLE operations (
    id TEXT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    state TEXT NOT NULL,
    server TEXT NOT NULL,
    done BIGINT NOT NULL,
    total BIGINT NOT NULL,
    result TEXT,
    asked_by TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX operations_of_project ON operations (project, id);

-- What those who watch are told.
CREATE TABLE events (
    sequence BIGINT NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    at BIGINT NOT NULL,
    json TEXT NOT NULL
);

-- Each line holds the digest of the one before it: none can be changed or taken out unseen.
CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    person TEXT NOT NULL,
    action TEXT NOT NULL,
    project TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    address TEXT NOT NULL,
    request TEXT NOT NULL,
    digest TEXT NOT NULL
);

CREATE INDEX audit_of_project ON audit (project, sequence);
