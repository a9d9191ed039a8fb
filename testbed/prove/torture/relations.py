"""Relations of PostgreSQL that hold rows of others: inherited rows with and without, overlaps told, partitions not offered."""

from prove.claim import ensure
from prove.torture import check, rights


def relations(work, schema):
    """What a person may choose of relations, and what the plan says of them."""
    database = schema.source.database
    connection = {**schema.source.connection(), "search-path": [database]}
    reader = rights.Reader(work, connection, schema.source.password, "options")
    tables = {"listed": [{"schema": database, "table": name} for name in ("r_parent", "r_child")]}
    plan = reader.plan("overlap", tables)["plan"]
    overlaps(plan, [f"{database}.r_child"])
    silent = {**plan, "pipelines": [{**pipeline, "findings": []} for pipeline in plan["pipelines"]]}
    work.sabotage("an overlap that is not told", overlaps, silent, [f"{database}.r_child"])
    for title, read, parents in (("included", {}, [("1", "parent"), ("2", "child")]),
                                 ("left-out", {"inherited-rows": "leave-out"}, [("1", "parent")])):
        report, destination = reader.run(0, title, tables, read=read, splits=16)
        rights.check_rows(destination.read("r_parent"), ["id", "v"], parents)
        rights.check_rows(destination.read("r_child"), ["id", "v", "extra"], [("2", "child", "9")])
        ensure([line["rows_read"] for line in report["tables"]] == [len(parents), 1], f"{title}: {report['tables']}")
    work.sabotage("a row inherited although it was left out", rights.check_rows, destination.read("r_parent"), ["id", "v"],
                  [("1", "parent"), ("2", "child")])
    offered = rights.listed(reader.plan("all", {"matching": {"include": [f"{database}.*"]}}))
    leaves = [name for name in offered if ".r_parted_" in name]
    ensure(not leaves and f"{database}.r_parted" in offered, f"partitions are offered beside their table: {leaves}")
    ensure(len(offered) == len(schema.of("main")) + 1, f"{len(offered)} tables are offered")  # and the one without columns
    return f"inherited rows with and without, 1 overlap told, {len(offered)} relations offered and no partition"


def overlaps(plan, wanted):
    found = [finding["at"] for pipeline in plan["pipelines"] for finding in pipeline["findings"]
             if finding["code"] == "INHERITANCE_OVERLAP"]
    ensure(sorted(found) == sorted(map(check.at_column, wanted)), f"overlaps told of {found}, expected {wanted}")
