"""Memory is bounded: the most that a run holds, over wide rows, many rows and large values."""

import sys

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration, Process

LIMIT_BYTES = 500 * 1000 * 1000
WIDE = 400


def memory_bounded(work):
    rows, wide, large = work.amount(60_000, 1_500_000), work.amount(4_000, 40_000), work.amount(150, 400)
    figures = []
    for database, kind in zip(servers(work), ("lake", "files")):
        make_tables(database, rows, wide, large)
        migration = Migration(work.room(database.kind), database, kind, ["many_rows", "wide_rows", "large_values"])
        outcome = migration.run()
        below_limit(f"{database.title} to {kind}", outcome)
        for name, expected in (("many_rows", rows), ("wide_rows", wide), ("large_values", large)):
            found = destination_of(migration).rows(name)
            ensure(found == expected, f"{name} has {found} rows instead of {expected}")
        figures.append(f"{database.title} to {kind}: peak {outcome.peak_bytes / 1e6:.0f} MB over {rows:,} rows of "
                       f"1 kB, {wide:,} rows of {WIDE} columns, {large} values of 4 MB ({outcome.seconds:.1f} s)")
    greedy = Process(["-c", "x = b'x' * (600 << 20)"], work.folder, program=[sys.executable]).wait()
    work.sabotage("a process that holds 600 MB, measured the same way", below_limit, "Python", greedy)
    return "; ".join(figures)


def below_limit(title, outcome):
    ensure(0 < outcome.peak_bytes < LIMIT_BYTES, f"{title}: the peak is {outcome.peak_bytes / 1e6:.0f} MB")


def make_tables(database, rows, wide, large):
    """Many rows stand in a table, so that they are cut; the others are views, which cost the server no room."""
    text = "text" if database.kind == "postgresql" else "varchar(2000)"
    values = ", ".join(f"n + {n} AS c{n}" for n in range(WIDE))
    hashes = ", ".join(f"md5(concat(n, '-{part}'))" for part in range(32))
    value = "repeat(md5(CAST(n AS char(20))), 131072)"
    large_value = f"convert_to({value}, 'UTF8')" if database.kind == "postgresql" else f"CAST({value} AS binary)"
    database.execute(
        f"CREATE TABLE many_rows (id bigint NOT NULL PRIMARY KEY, payload {text} NOT NULL);"
        f"INSERT INTO many_rows SELECT n, concat({hashes}) FROM {database.numbers(rows)};"
        f"CREATE VIEW wide_rows AS SELECT n, {values} FROM {database.numbers(wide)};"
        f"CREATE VIEW large_values AS SELECT n, {large_value} AS payload FROM {database.numbers(large)};")
