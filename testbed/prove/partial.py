"""One table fails while it is read: it fails alone, and its destination is as it was, for a first load, too."""

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.moments import Numbered, moment_of
from prove.overwrite import only_named_files

# a query that fails at one of its last rows, and one of the same columns that does not
FAILING = {"postgresql": "1000 / (id - {n})", "mysql": "exp(IF(id = {n}, 1000, 0))"}
SOUND = {"postgresql": "1000 / id", "mysql": "exp(0 * id)"}
GOOD = ["t0", "t1", "t2"]


def failing_table_fails_alone(work):
    figures = []
    for database in servers(work):
        numbered = Numbered(database, work.amount(5_000, 100_000), tables=3)
        at = numbered.base - 10
        for kind, options in (("lake", {}), ("files", {"grace-minutes": 0})):
            make_view(database, FAILING, at)
            migration = Migration(work.room(f"{database.kind}-{kind}"), database, kind, [*GOOD[:2], "fragile", GOOD[2]],
                                  write=options)
            first = migration.run(expect=3)
            check(first.report, destination_of(migration), numbered.base, None)
            make_view(database, SOUND, at)
            migration.run()
            before = contents(destination_of(migration))
            make_view(database, FAILING, at)
            second = migration.run(expect=3)
            check(second.report, destination_of(migration), numbered.base, before)
            message = second.table("fragile")["message"]
            damage(work, kind, second.report, destination_of(migration), numbered.base, before)
            figures.append(f"{database.title} to {kind}: exit 3, 3 of 4 done, the fourth as it was (absent; then "
                           f"{len(before):,} rows)")
    return "; ".join(figures) + f"; it said: {message}"


def make_view(database, expressions, at):
    expression = expressions[database.kind].replace("{n}", str(at))
    database.execute(f"CREATE OR REPLACE VIEW fragile AS SELECT id, {expression} AS share FROM t0;")


def contents(destination):
    table = destination.read("fragile")
    return None if table is None else sorted(table.to_pylist(), key=lambda row: row["id"])


def check(report, destination, base, before):
    states = {line["source"].split(".")[-1]: line for line in report["tables"]}
    ensure(report["state"] == "partial", f"the run is {report['state']}")
    fragile = states["fragile"]
    ensure(fragile["state"] == "failed", f"fragile is {fragile['state']}")
    ensure(fragile["code"] and fragile["message"], "fragile failed without a reason")
    ensure(fragile["rows_written"] == 0, f"fragile is said to have {fragile['rows_written']} rows written")
    for name in GOOD:
        ensure(states[name]["state"] == "succeeded", f"{name} is {states[name]['state']}")
        ensure(moment_of(destination.read(name), base) == 0, f"{name} is not what the source holds")
    found = contents(destination)
    shown = ["nothing" if rows is None else f"{len(rows)} rows" for rows in (found, before)]
    ensure(found == before, f"{destination.kind}: fragile holds {shown[0]} instead of {shown[1]}")
    only_named_files(destination, GOOD if before is None else [*GOOD, "fragile"])


def damage(work, kind, report, destination, base, before):
    lied = {**report, "tables": [dict(line, state="succeeded") for line in report["tables"]]}
    work.sabotage(f"{kind}: a report that calls the failed table succeeded", check, lied, destination, base, before)
    work.sabotage(f"{kind}: rows that were not there before", check, report, destination, base, before[:-1])
