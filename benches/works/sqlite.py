"""A SQLite file into Parquet files: how much of it a core reads in a second."""

from prove import tpch

from works.measuring import Goal, Measured
from works.sides import godwit
from works.sources import counts, sqlite_shop

MEGABYTES_PER_CORE_SECOND = 100


def measure(bench, name):
    database = sqlite_shop(bench)
    ours = godwit(database, "files", counts(database, tpch.TABLES))
    bench.alternate(name, [ours])
    size = database.path.stat().st_size
    pace = Goal("source read by a core in a second", MEGABYTES_PER_CORE_SECOND,
                [size / 1e6 / seconds for seconds in ours.each("cpu_seconds")], ours, unit="MB", at_least=True)
    return Measured("SQLite to `files`", [ours], [pace], [f"The file has {size / 1e6:,.0f} MB."])
