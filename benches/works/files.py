"""A whole database into Parquet files, beside ConnectorX and PyArrow and beside the server's own client."""

from prove import tpch

from works.measuring import Goal, Measured, cpu, peak, wall_ratio
from works.sides import PEER_TITLE, drain, godwit, peer
from works.sources import counts, tpch_at, version

PEER_SHARE, PEAK_MEGABYTES, SIZE_SHARE = 0.63, 350, 1.1
CORE_SECONDS = {"postgresql": 8, "mysql": 7.5}
FLOOR_SHARE = 1.2


def measure(bench, name, kind):
    database = tpch_at(bench, kind)
    expected = counts(database, tpch.TABLES)
    ours, other, floor = (godwit(database, "files", expected), peer(database, expected), drain(database))
    bench.alternate(name, [ours, other, floor])
    table, goal = largest_file(ours, other)
    goals = [wall_ratio(ours, other, f"{PEER_TITLE}'s", PEER_SHARE), cpu(ours, CORE_SECONDS[database.kind]),
             peak(ours, PEAK_MEGABYTES), goal]
    if database.kind == "postgresql":
        goals.append(wall_ratio(ours, floor, "one `COPY` of everything to nowhere", FLOOR_SHARE, stretch=True))
    notes = [f"Median wall time: {ours.median('seconds') / other.median('seconds'):.2f} of the peer's, "
             f"{ours.median('seconds') / floor.median('seconds'):.2f} of the floor's. Largest ratio of file size: {table}."]
    return Measured(f"{database.title} {version(database)} to `files`", [ours, other, floor], goals, notes)


def largest_file(ours, other):
    """The table whose files are largest beside the peer's; small files would be easy without statistics."""
    mine, its = ours.runs[-1].table_bytes, other.runs[-1].table_bytes
    ratios = {table: mine[table] / its[table] for table in its}
    table = max(ratios, key=ratios.get)
    each = [run.table_bytes[table] / peer_run.table_bytes[table] for run, peer_run in zip(ours.runs, other.runs)]
    return table, Goal("file size, of PyArrow's, worst table", SIZE_SHARE, each, ours, by_maximum=True)
