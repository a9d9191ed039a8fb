"""A plan of very many tables."""

from prove.claim import ensure
from prove.godwit import Migration, Process

from works.measuring import Measured, Run, Side, peak, wall
from works.sides import LONGEST_SECONDS
from works.sources import many_tables

TABLES, ROWS = 10_000, 2
SECONDS, PEAK_MEGABYTES = 20, 500


def measure(bench, name, kind):
    count = bench.amount(TABLES)
    database = many_tables(kind, count, ROWS)

    def plan(room):
        migration = Migration(room, database, "files", [])
        migration.document["migration"]["tables"] = {"matching": {"include": ["*.m_*"]}}
        migration.write()
        words = ["plan", str(migration.path), "--data", str(migration.data), "--json"]
        outcome = Process(words, room).wait(LONGEST_SECONDS).expect(0)
        made = outcome.report["plan"]
        planned, refused = len(made["pipelines"]), len(made["refused"])
        ensure((planned, refused) == (count, 0), f"{planned} of {count} tables were planned, {refused} refused")
        return Run.of(outcome, more={"tables": planned})

    ours = Side("**godwit plan**, `files`", plan)
    bench.alternate(name, [ours])
    return Measured(f"Plan of {count:,} tables, {database.title}", [ours], [wall(ours, SECONDS), peak(ours, PEAK_MEGABYTES)])
