"""Both kinds of store, beside the service: made, kept, copied, and asked in its own language."""

import contextlib
import sqlite3

from prove.databases import PostgreSql


class SqliteStore:
    """The store as it is where nothing is said: a file in the data folder, which is copied as a whole."""

    title, settings = "SQLite", {}

    def __init__(self, room, _name):
        self.path = room / "data" / "godwit.db"

    def execute(self, text):
        script(self.path, text)

    def query(self, text):
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(text).fetchall()

    def begin(self):
        """The file is made by whoever opens it first."""

    def end(self):
        """The file goes with its folder."""

    def indexes(self):
        """Those of instances, each with what makes it."""
        return self.query("SELECT name, sql FROM sqlite_master "
                          "WHERE type = 'index' AND tbl_name = 'instances' AND sql IS NOT NULL")

    def keep(self):
        self.execute("PRAGMA wal_checkpoint(TRUNCATE);")

    def is_kept(self):
        return True

    copy = begin


class PostgresStore:
    """A database that several servers could share; its copy is made from the one that is kept."""

    title, settings = "PostgreSQL", {"store": {"url": "${file:address}"}}

    def __init__(self, room, name):
        self.kept, self.used, self.room = PostgreSql.kept(name), PostgreSql.kept(f"{name}_used"), room
        self.execute, self.query = self.used.execute, self.used.query

    def begin(self):
        used = self.used
        self.end()
        used.create()
        self.tell()

    def tell(self):
        """Where a server finds it."""
        used = self.used
        address = f"postgresql://{used.user}:{used.password}@{used.host}:{used.port}/{used.database}"
        (self.room / "address").write_text(address, encoding="utf-8")

    def end(self):
        self.used.drop()

    def indexes(self):
        return self.query("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'instances' "
                          "AND indexname NOT IN (SELECT conname FROM pg_constraint)")

    def keep(self):
        self.used.execute("VACUUM (FREEZE, ANALYZE);")
        self.kept.drop()
        self.used.execute(f"ALTER DATABASE {self.used.database} RENAME TO {self.kept.database}", "postgres")

    def is_kept(self):
        return self.used.execute(f"SELECT 1 FROM pg_database WHERE datname = '{self.kept.database}'", "postgres") != ""

    def copy(self):
        self.end()
        self.used.execute(f"CREATE DATABASE {self.used.database} TEMPLATE {self.kept.database} STRATEGY FILE_COPY", "postgres")
        self.tell()


def script(path, text):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(text)


STORES = {"sqlite": SqliteStore, "postgres": PostgresStore}
