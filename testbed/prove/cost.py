"""What a load costs in instructions: the same for the same program and rows, whatever else the machine does. What a run costs
that moves no row is told apart from what each row adds to it."""

import json
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

from prove.claim import Missing, ensure
from prove.databases import Sqlite, servers
from prove.destinations import destination_of
from prove.godwit import Migration, Process, binary

COMMITTED = Path(__file__).with_name("cost.json")
MOST = 1.10
ROWS = 4_000


def cost_guarded(work):
    """Instructions of one load from each source, beside the figures that were committed."""
    counter = Counter(work)
    committed = json.loads(COMMITTED.read_text()) if COMMITTED.exists() else {}
    measured = {}
    for database in [*servers(work), Sqlite(work.folder / "cost.db")]:
        make_table(database)
        measured[database.kind] = counter.measure(work, database)
    figures = within(measured, committed)
    checked = counter.measure(work, database, verify="checksums")
    work.sabotage("a run that hashes every value, too", within, {**measured, database.kind: checked}, committed)
    work.sabotage("a source that was not measured", within, {}, committed)
    return figures


def within(measured, committed):
    """No source costs a tenth more than when its figures were committed."""
    ensure(set(measured) == set(committed), f"measured: {measured}; {COMMITTED.name} has {sorted(committed)}")
    for kind, figures in measured.items():
        for what, count in figures.items():
            ensure(count <= committed[kind][what] * MOST,
                   f"{kind}: {count:,} instructions {what} instead of {committed[kind][what]:,}: find out why, or commit the "
                   f"new figure in {COMMITTED.name} with its reason; measured: {json.dumps(measured)}")
    told = (f"{kind} {figures['a row']:,} ({figures['a row'] / committed[kind]['a row']:.2f} of the committed figure), "
            f"{figures['a run'] / 1e6:.0f} million a run ({figures['a run'] / committed[kind]['a run']:.2f})"
            for kind, figures in measured.items())
    return f"{ROWS:,} rows of 8 columns into Parquet files, debug build, instructions a row: " + ", ".join(told)


class Counter:
    """Counts what the binary does, by valgrind; without its lines and names, which valgrind would read first."""

    def __init__(self, work):
        if not shutil.which("valgrind"):
            raise Missing("valgrind is missing: sudo apt-get install -y valgrind")
        self.binary = work.folder / "godwit"
        subprocess.run(["strip", "-o", str(self.binary), binary()], check=True)

    def measure(self, work, database, **more):
        """Instructions that a row adds, and those of a run without rows."""
        empty = self.load(work, database, "empty", 0, **more)
        return {"a row": (self.load(work, database, "cost", ROWS, **more) - empty) // ROWS, "a run": empty}

    def load(self, work, database, table, rows, **more):
        """Instructions of one load."""
        room = work.room("-".join([database.kind, table, *more.values()]))
        migration = Migration(room, database, "files", [table], run={"parallelism": 1, "reruns": 0}, **more)
        log = room / "valgrind.log"
        counted = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--log-file={log}",
                   str(self.binary)]
        words = ["run", str(migration.path), "--data", str(migration.data), "--json"]
        Process(words, room, program=counted).wait().expect(0)
        found = destination_of(migration).rows(table)
        ensure(found == rows, f"{database.title}: {found} rows arrived instead of {rows}")
        return int(re.search(r"Collected : (\d+)", log.read_text())[1])


def make_table(database):
    """Numbers, decimals, dates, moments, few and many texts, and nulls."""
    text, stamp = ("text", "timestamp") if database.kind == "postgresql" else ("varchar(100)", "datetime")
    rows = []
    for n in range(ROWS):
        day = f"20{n % 30:02}-{n % 12 + 1:02}-{n % 28 + 1:02}"
        comment = "NULL" if n % 10 == 0 else f"'the {n * 7919 % 1000003}th comment on row {n}'"
        rows.append(f"({n}, {n * 31 % 977}, {n * 17}.{n % 100:02}, '{day}', '{day} {n % 24:02}:{n % 60:02}:07', "
                    f"'{'MAIL SHIP RAIL AIR'.split()[n % 4]}', {comment}, {n / 7:.9g})")
    columns = (f"(id bigint NOT NULL PRIMARY KEY, part int NOT NULL, price decimal(15,2) NOT NULL, day date NOT NULL, "
               f"at {stamp} NOT NULL, mode {text} NOT NULL, comment {text}, share double precision)")
    statements = (
        f"CREATE TABLE empty {columns}; CREATE TABLE cost {columns};"
        + "".join(f"INSERT INTO cost VALUES {', '.join(rows[at:at + 1000])};" for at in range(0, ROWS, 1000)))
    if database.kind == "sqlite":
        connection = sqlite3.connect(database.path)
        connection.executescript(statements)
        connection.close()
    else:
        database.execute(statements)
