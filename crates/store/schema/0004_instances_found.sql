-- Ways to instances, for lists and counts over years of them.

CREATE INDEX instances_by_kind ON instances (project, environment, kind, id);
CREATE INDEX instances_by_bizdate_state ON instances (project, environment, bizdate, state, id);
CREATE INDEX instances_ended ON instances (since) WHERE state = 'succeeded' OR state = 'failed';
