"""From server to server, beside the destination's own bulk load of the same rows from a file.

The file is written by the destination's server from what Godwit moved, and read by it: no client, no network. The
tables are defined as those that Godwit made. PostgreSQL copies the binary form, which it takes faster than text or CSV,
into a new table and adds the primary key behind the rows, in one transaction: its fastest way. MariaDB loads in the
order of the primary key, into a table that has it.
"""

import shutil

from prove import tpch
from prove.databases import PostgreSql
from prove.godwit import Migration

from works.measuring import Measured, Run, Side, wall_ratio
from works.sides import all_arrived, client, run_whole
from works.sources import counts, tpch_at

BULK_SHARE = 1.3
OURS, BULK = "bench_ours", "bench_bulk"


def measure(bench, name, source, target):
    database = tpch_at(bench, source)
    destination = (CopyIn if target is PostgreSql else LoadData)(bench, target.kept("bench_target"))
    expected = counts(database, tpch.TABLES)
    ours, bulk = moved(database, destination, expected), loaded(destination, expected)
    destination.begin()
    try:
        bench.alternate(name, [ours, bulk])
    finally:
        destination.end()
    return Measured(f"Servers: {database.title} to {target.title}", [ours, bulk],
                    [wall_ratio(ours, bulk, f"{destination.command} alone", BULK_SHARE)])


def moved(database, destination, expected):
    def run(room):
        destination.clear(OURS)
        migration = Migration(room, database, destination.server.kind, list(expected), target=destination.server,
                              write={"namespace": OURS})
        outcome = run_whole(migration, expected)
        all_arrived(destination.counts(OURS), expected)
        destination.export_once()
        destination.settle(OURS)
        return Run.of(outcome, rows=sum(expected.values()))

    return Side("**godwit run**", run)


def loaded(destination, expected):
    """The client's own CPU and memory tell nothing here: the server does the work."""
    def run(room):
        destination.clear(BULK)
        outcome = client(destination.server, destination.bulk_load(), room)
        all_arrived(destination.counts(BULK), expected)
        destination.settle(BULK)
        return Run.of(outcome, rows=sum(expected.values()))

    return Side(f"{destination.command}, one table after another", run)


class Destination:
    """A database at the destination, one schema for Godwit and one for the bulk load, and the files."""

    command = drop = ""

    def __init__(self, bench, server):
        self.server, self.folder = server, bench.folder / "bulk"

    def begin(self):
        self.server.drop()
        self.server.create()
        self.folder.mkdir()
        self.folder.parent.chmod(0o755)
        self.folder.chmod(0o777)  # for the server's user

    def end(self):
        for schema in (OURS, BULK):
            self.server.execute(self.drop.format(schema))
        self.server.drop()
        shutil.rmtree(self.folder)

    def clear(self, schema):
        self.server.execute(f"{self.drop.format(schema)} CREATE SCHEMA {schema};")

    def file(self, table):
        return self.folder / table

    def counts(self, schema):
        found = counts(self.server, [f"{schema}.{table}" for table in tpch.TABLES])
        return {name.partition(".")[2]: rows for name, rows in found.items()}

    def export_once(self):
        for table in tpch.TABLES:
            if not self.file(table).exists():
                self.export(table)


class CopyIn(Destination):
    command = "`COPY … FROM` a binary file"
    drop = "DROP SCHEMA IF EXISTS {} CASCADE;"

    def export(self, table):
        self.server.execute(f"COPY {OURS}.{table} TO '{self.file(table)}' (FORMAT binary);")

    def settle(self, _):
        """Nobody pays for what the other has left to be written."""
        self.server.execute("CHECKPOINT;")

    def bulk_load(self):
        return [word for table in tpch.TABLES for word in ("-c", "; ".join([
            f"CREATE TABLE {BULK}.{table} (LIKE {OURS}.{table} INCLUDING DEFAULTS)",
            f"COPY {BULK}.{table} FROM '{self.file(table)}' (FORMAT binary)",
            f"ALTER TABLE {BULK}.{table} ADD {self.primary_key(table)}"]))]

    def primary_key(self, table):
        return self.server.query("SELECT pg_get_constraintdef(oid) FROM pg_constraint "
                                 f"WHERE conrelid = '{OURS}.{table}'::regclass AND contype = 'p'")[0][0]


class LoadData(Destination):
    command = "`LOAD DATA INFILE`"
    drop = "DROP SCHEMA IF EXISTS {};"

    def export(self, table):
        self.server.execute(f"SELECT * FROM {OURS}.{table} INTO OUTFILE '{self.file(table)}' CHARACTER SET utf8mb4;")

    def settle(self, schema):
        tables = ", ".join(f"{schema}.{table}" for table in tpch.TABLES)
        self.server.execute(f"FLUSH TABLES {tables} FOR EXPORT; UNLOCK TABLES;")

    def bulk_load(self):
        return ["--execute", "; ".join(
            f"CREATE TABLE {BULK}.{table} LIKE {OURS}.{table}; "
            f"LOAD DATA INFILE '{self.file(table)}' INTO TABLE {BULK}.{table} CHARACTER SET utf8mb4"
            for table in tpch.TABLES)]
