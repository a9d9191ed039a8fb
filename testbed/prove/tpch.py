"""The TPC-H tables of the demo's shop database, in SQLite, PostgreSQL and MariaDB."""

import sqlite3
import subprocess
from pathlib import Path

from prove.claim import Refuted, one_line
from prove.databases import MariaDb, PostgreSql, Sqlite
from prove.godwit import Process

TABLES = ["region", "nation", "part", "supplier", "partsupp", "customer", "orders", "lineitem"]
SCHEMA = Path(__file__).resolve().parents[2] / "benches" / "tpch.sql"
LONGEST_SECONDS = 3600  # scale factor 10 takes minutes


def make_shop(folder, scale):
    """The SQLite database that the demo makes at this scale."""
    outcome = Process(["demo", "--dir", str(folder), "--scale", str(scale)], folder.parent).wait(LONGEST_SECONDS)
    if outcome.code:
        raise Refuted(f"the demo ended with {outcome.code}: {one_line(outcome.err[-400:])}")
    for path in sorted(folder.rglob("*")):
        if path.is_file() and is_shop(path):
            return path
    raise Refuted(f"the demo left no SQLite database with the TPC-H tables in {folder}")


def is_shop(path):
    with open(path, "rb") as file:
        if file.read(15) != b"SQLite format 3":
            return False
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        names = {name for name, in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    finally:
        connection.close()
    return set(TABLES) <= names


def load(database, shop, folder):
    """Copies the shop's TPC-H tables by CSV and the clients of both sides."""
    database.execute(SCHEMA.read_text())
    for table in TABLES:
        path = folder / f"{table}.csv"
        if not path.exists():
            with open(path, "wb") as file:
                subprocess.run(["sqlite3", "-init", "/dev/null", "-batch", "-readonly", "-csv", "-newline", "\n",
                                str(shop), f"SELECT * FROM {table}"], stdout=file, stdin=subprocess.DEVNULL, check=True)
        path.chmod(0o644)
        database.load_csv(table, path)
    analyze = "ANALYZE;" if database.kind == "postgresql" else f"ANALYZE TABLE {', '.join(TABLES)};"
    database.execute(analyze)


def sources(work, scale):
    """SQLite, PostgreSQL, MariaDB, all with the same eight tables."""
    shop = make_shop(work.folder / "demo", scale)
    csv = work.room("csv")
    loaded = [PostgreSql(work), MariaDb(work)]
    for database in loaded:
        load(database, shop, csv)
    return [Sqlite(shop), *loaded]
