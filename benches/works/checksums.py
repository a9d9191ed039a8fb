"""`verify: checksums` beside `counts`, which is the default."""

from prove import tpch

from works.measuring import Measured, wall_ratio
from works.sides import godwit
from works.sources import counts, tpch_at

COUNTS_SHARE = 1.25


def measure(bench, name, kind):
    database = tpch_at(bench, kind)
    expected = counts(database, tpch.TABLES)
    ours, plain = (godwit(database, "files", expected, f"`files`, `verify: {verify}`", verify=verify)
                   for verify in ("checksums", "counts"))
    bench.alternate(name, [ours, plain])
    return Measured(f"Checksums: {database.title} to `files`", [ours, plain],
                    [wall_ratio(ours, plain, "`verify: counts`", COUNTS_SHARE)])
