"""All claims, in one place: one that is here and did not run is missing."""

from prove.bad_input import bad_input_is_answered
from prove.canary import canary_nowhere
from prove.changes import drift_and_existing
from prove.compare_cells import compare_cells
from prove.ddl import ddl_waits_or_fails
from prove.figures import figures_are_measured
from prove.kills import kills
from prove.memory import memory_bounded
from prove.overwrite import append_killed_not_doubled, append_twice_doubled, overwrite_twice_equal
from prove.partial import failing_table_fails_alone
from prove.postgres_destination import postgres_destination
from prove.probing import probe_finds
from prove.processes import cancel_frees_the_server, second_process_refused
from prove.torture.claim import torture_mariadb, torture_postgres, torture_sqlite
from prove.zones import filter_zones

CLAIMS = {
    "compare-cells": compare_cells,
    "torture-mariadb": torture_mariadb,
    "torture-postgres": torture_postgres,
    "torture-sqlite": torture_sqlite,
    "overwrite-twice-equal": overwrite_twice_equal,
    "append-twice-doubled": append_twice_doubled,
    "append-killed-once": append_killed_not_doubled,
    "kill-and-resume": kills,
    "ddl-waits-or-fails": ddl_waits_or_fails,
    "filter-zones": filter_zones,
    "cancel-frees-server": cancel_frees_the_server,
    "second-process-refused": second_process_refused,
    "password-nowhere": canary_nowhere,
    "fails-alone": failing_table_fails_alone,
    "memory-bounded": memory_bounded,
    "postgres-destination": postgres_destination,
    "probe-finds": probe_finds,
    "bad-input-answered": bad_input_is_answered,
    "readme-figures": figures_are_measured,
    "drift-and-existing": drift_and_existing,
}
