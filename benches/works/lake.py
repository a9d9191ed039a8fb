"""The same database into the lake, beside the folder of files: what the catalog and its metadata cost."""

from prove import tpch

from works.measuring import Measured, wall_ratio
from works.sides import godwit
from works.sources import counts, tpch_at

FILES_SHARE = 1.1


def measure(bench, name, kind):
    database = tpch_at(bench, kind)
    expected = counts(database, tpch.TABLES)
    lake, files = (godwit(database, destination, expected) for destination in ("lake", "files"))
    bench.alternate(name, [lake, files])
    goals = [wall_ratio(lake, files, "`files`", FILES_SHARE)]
    return Measured(f"Lake: {database.title} to `lake` beside `files`", [lake, files], goals)
