"""Memory over a very wide table and over very large values."""

from works.measuring import Measured, peak
from works.sides import godwit
from works.sources import counts, large_values, wide_table

PEAK_MEGABYTES = 350
WIDE_ROWS = 100_000
MEBIBYTE = 1 << 20
VALUES = [(64 * MEBIBYTE, 8), (MEBIBYTE, 512)]
DESTINATIONS = ("files", "lake")


def measure_wide(bench, name, kind):
    database = wide_table(kind, bench.amount(WIDE_ROWS))
    expected = counts(database, ["wide"])
    sides = [godwit(database, destination, expected) for destination in DESTINATIONS]
    bench.alternate(name, sides)
    goals = [peak(side, PEAK_MEGABYTES, f"peak memory, `{destination}`")
             for side, destination in zip(sides, DESTINATIONS)]
    return Measured(f"Wide table of {expected['wide']:,} rows, {database.title}", sides, goals)


def measure_values(bench, name, kind):
    sides = {}
    for full, rows in VALUES:
        size = bench.amount(full)
        database = large_values(bench, kind, size, rows)
        expected = counts(database, ["blobs"])
        for destination in DESTINATIONS:
            title = f"`{destination}`, {rows} values of {size / MEBIBYTE:.3g} MiB"
            sides[title] = godwit(database, destination, expected, f"**godwit run**, {title}")
    bench.alternate(name, list(sides.values()))
    goals = [peak(side, PEAK_MEGABYTES, f"peak memory, {title}") for title, side in sides.items()]
    return Measured(f"Large values, {kind.title}", list(sides.values()), goals)
