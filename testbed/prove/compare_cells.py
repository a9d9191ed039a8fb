"""Every cell of TPC-H, from three sources into two destinations, compared by ../compare.py."""

import contextlib
import io
import os
import re

import compare
from prove import tpch
from prove.claim import Refuted, ensure
from prove.destinations import change_one_cell, destination_of
from prove.godwit import Migration


def compare_cells(work):
    scale = work.amount("0.01", "0.1")
    counted, seconds = 0, 0.0
    for source in tpch.sources(work, scale):
        set_passwords(source)
        for kind in ("lake", "files"):
            migration = Migration(work.room(f"{source.kind}-{kind}"), source, kind, tpch.TABLES)
            outcome = migration.run()
            seconds += outcome.seconds
            destination = destination_of(migration)
            cells = all_equal(source, destination, tpch.TABLES)
            ensure(cells, "no cells were compared")
            counted += cells
            if source.kind == "sqlite":
                damage(work, source, destination, kind)
    return (f"TPC-H SF{scale}: 3 sources x 2 destinations, {counted:,} cells compared, 0 differing; "
            f"{seconds:.1f} s of runs")


def damage(work, source, destination, kind):
    """One cell changed by hand has to be found, and one row too many."""
    path = destination.live_files("nation")[0]
    restore = change_one_cell(path)
    work.sabotage(f"one cell of nation changed by hand in {kind}", all_equal, source, destination, ["nation"])
    restore()
    all_equal(source, destination, ["nation"])


def all_equal(source, destination, tables):
    """Every cell; returns how many. What differs refutes."""
    names = [f"{name_at(source, table)}={table}" for table in tables]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        code = compare.main([source.url(), destination.address(), *(f"--table={name}" for name in names)])
    found = re.search(r"(\d+) tables, (\d+) cells, (\d+) differing", printed.getvalue())
    if found is None:
        raise RuntimeError(f"compare.py could not compare: {printed.getvalue()[-500:]}")
    if code or found[3] != "0":
        first = next((line for line in printed.getvalue().splitlines() if line.startswith("    ")), "")
        raise Refuted(f"{source.title} to {destination.kind}: {found[3]} cells differ, such as {first.strip()}")
    return int(found[2])


def name_at(source, table):
    return source.table(table)


def set_passwords(source):
    if source.kind == "postgresql":
        os.environ["PGPASSWORD"] = source.password
    elif source.kind == "mysql":
        os.environ["MYSQL_PWD"] = source.password
