"""Many small tables: what a table costs that has hardly any rows."""

from works.measuring import Measured, wall
from works.sides import godwit
from works.sources import counts, many_tables

TABLES, ROWS = 1000, 10
SECONDS = {"files": 10, "lake": 25}


def measure(bench, name, kind):
    database = many_tables(kind, bench.amount(TABLES), ROWS)
    expected = counts(database, [f"m_{number:05}" for number in range(bench.amount(TABLES))])
    sides = {destination: godwit(database, destination, expected) for destination in SECONDS}
    bench.alternate(name, list(sides.values()))
    goals = [wall(sides[destination], limit, f"wall, `{destination}`") for destination, limit in SECONDS.items()]
    return Measured(f"{len(expected):,} tables of {ROWS} rows, {database.title}", list(sides.values()), goals)
