"""All claims, in one place: one that is here and did not run is missing."""

from prove.bad_input import bad_input_is_answered
from prove.canaries import canaries_nowhere
from prove.canary import canary_nowhere
from prove.changes import drift_and_existing
from prove.checksums import checksums_catch
from prove.compare_cells import compare_cells
from prove.cost import cost_guarded
from prove.daily import daily_partitions
from prove.ddl import ddl_waits_or_fails
from prove.disk_effects import disk_effects
from prove.disk_full import disk_full
from prove.effects import effects_five_ways
from prove.figures import figures_are_measured
from prove.kills import kills
from prove.lake_update import lake_update
from prove.memory import memory_bounded
from prove.mysql_destination import mysql_destination
from prove.one_moment import one_moment
from prove.overwrite import append_killed_not_doubled, append_twice_doubled, overwrite_twice_equal
from prove.partial import failing_table_fails_alone
from prove.pauses import paused_goes_on
from prove.postgres_destination import postgres_destination
from prove.probing import probe_finds
from prove.processes import cancel_frees_the_server, second_process_refused
from prove.proxy_faults import proxy_faults
from prove.rest_attacks import rest_attacks
from prove.rest_documented import rest_as_documented
from prove.service import service_loads_once
from prove.splits import splits_cover_once
from prove.torture.claim import torture_mariadb, torture_postgres, torture_sqlite
from prove.replay import rejected_replayed_once
from prove.two_servers import two_servers_once
from prove.three_days import three_days
from prove.web.hostile import web_hostile
from prove.web.keyboard import web_keyboard
from prove.web.manage import web_manage
from prove.web.pages import web_accessible, web_budget, web_entry, web_languages, web_watched
from prove.web.rows import web_requirements, web_wizard
from prove.web.runs import web_failed_instance, web_publish
from prove.web.sources import web_failing_source, web_ten_thousand
from prove.web.whole import web_whole
from prove.zones import filter_zones

CLAIMS = {
    "compare-cells": compare_cells,
    "torture-mariadb": torture_mariadb,
    "torture-postgres": torture_postgres,
    "torture-sqlite": torture_sqlite,
    "overwrite-twice-equal": overwrite_twice_equal,
    "append-twice-doubled": append_twice_doubled,
    "append-killed-once": append_killed_not_doubled,
    "mysql-destination": mysql_destination,
    "lake-update": lake_update,
    "kill-and-resume": kills,
    "effects-five-ways": effects_five_ways,
    "proxy-faults": proxy_faults,
    "disk-effects": disk_effects,
    "disk-full": disk_full,
    "paused-goes-on": paused_goes_on,
    "one-moment": one_moment,
    "splits-cover-once": splits_cover_once,
    "ddl-waits-or-fails": ddl_waits_or_fails,
    "filter-zones": filter_zones,
    "daily-partitions": daily_partitions,
    "cancel-frees-server": cancel_frees_the_server,
    "second-process-refused": second_process_refused,
    "password-nowhere": canary_nowhere,
    "checksums-catch": checksums_catch,
    "fails-alone": failing_table_fails_alone,
    "memory-bounded": memory_bounded,
    "cost-guarded": cost_guarded,
    "postgres-destination": postgres_destination,
    "probe-finds": probe_finds,
    "rejected-replayed-once": rejected_replayed_once,
    "bad-input-answered": bad_input_is_answered,
    "readme-figures": figures_are_measured,
    "drift-and-existing": drift_and_existing,
    "service-loads-once": service_loads_once,
    "three-days": three_days,
    "two-servers-once": two_servers_once,
    "rest-as-documented": rest_as_documented,
    "rest-attacks": rest_attacks,
    "canaries-nowhere": canaries_nowhere,
    "web-watched": web_watched,
    "web-entry": web_entry,
    "web-from-empty-to-verified": web_whole,
    "web-wizard": web_wizard,
    "web-failing-source": web_failing_source,
    "web-ten-thousand-tables": web_ten_thousand,
    "web-failed-instance": web_failed_instance,
    "web-publish": web_publish,
    "web-manage": web_manage,
    "web-keyboard": web_keyboard,
    "web-hostile-names": web_hostile,
    "web-languages": web_languages,
    "web-budget": web_budget,
    "web-accessible": web_accessible,
    "web-requirements": web_requirements,
}

# What `make soak` tries again and again, each time with other seeds.
SOAK = ["kill-and-resume", "effects-five-ways", "proxy-faults", "disk-effects", "disk-full", "paused-goes-on", "one-moment",
        "append-killed-once", "ddl-waits-or-fails", "cancel-frees-server"]

# Tell how quickly something is done, or hold up a whole server: nothing else is tried meanwhile.
ALONE = {"cancel-frees-server", "ddl-waits-or-fails", "one-moment", "rest-attacks", "web-ten-thousand-tables"}
