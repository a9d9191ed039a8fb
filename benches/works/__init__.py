"""What `make bench` measures: each work by its name, in the order in which the results show them."""

from functools import partial

from prove.databases import MariaDb, PostgreSql

from works import between, checksums, files, growth, lake, large, many, plan, resets, service, sqlite
from works.service.stores import STORES

SERVERS = {"postgres": PostgreSql, "mariadb": MariaDb}


def of_each_server(name, measure):
    return {f"{server}-{name}": partial(measure, kind=kind) for server, kind in SERVERS.items()}


WORKS = {
    **of_each_server("files", files.measure),
    **of_each_server("lake", lake.measure),
    **of_each_server("checksums", checksums.measure),
    "mariadb-postgres": partial(between.measure, source=MariaDb, target=PostgreSql),
    "postgres-mariadb": partial(between.measure, source=PostgreSql, target=MariaDb),
    "sqlite-files": sqlite.measure,
    **of_each_server("many", many.measure),
    **of_each_server("plan", plan.measure),
    **of_each_server("growth", growth.measure),
    **of_each_server("wide", large.measure_wide),
    **of_each_server("values", large.measure_values),
    **of_each_server("resets", resets.measure),
    **{f"service-{store}-{part}": partial(measure, kind=store) for part, measure in service.PARTS.items() for store in STORES},
}
