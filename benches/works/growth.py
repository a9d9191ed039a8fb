"""Memory does not grow with the data: ten times the rows, the same peak."""

from prove import tpch

from works.measuring import Goal, Measured
from works.sides import godwit
from works.sources import counts, tpch_at

SMALLER_SHARE = 1.1


def measure(bench, name, kind):
    """SF10 takes half an hour to load and 30 GB of disk: only where BENCH_SF10 asks for it, else SF1 beside SF0.1."""
    scales = (bench.scale, bench.scale * 10) if bench.large else (bench.scale / 10, bench.scale)
    small, large = (side(tpch_at(bench, kind, scale), scale) for scale in scales)
    bench.alternate(name, [small, large])
    ratios = [more / less for less, more in zip(small.each("peak_bytes"), large.each("peak_bytes"))]
    goal = Goal(f"peak memory at SF{scales[1]:g}, of SF{scales[0]:g}", SMALLER_SHARE, ratios, large)
    return Measured(f"Growth: {kind.title} to `files`", [small, large], [goal])


def side(database, scale):
    return godwit(database, "files", counts(database, tpch.TABLES), f"**godwit run**, `files`, SF{scale:g}")
