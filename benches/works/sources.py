"""The databases that are measured. They are made once and stay: at the servers, and in the cache for SQLite."""

import os
import shutil
import subprocess
from pathlib import Path

from prove import tpch
from prove.databases import Sqlite

from works.measuring import say

LOADED = "bench_loaded"


def kept(kind, name, fill):
    """The server's database of this name; `fill` makes its tables where it is not there whole."""
    database = kind.kept(name)
    if not is_loaded(database):
        say(f"loads {name} into {database.title}")
        database.drop()
        database.create()
        fill(database)
        if database.kind == "postgresql":
            database.execute("VACUUM (FREEZE, ANALYZE);")
        database.execute(f"CREATE TABLE {LOADED} (complete int);")
    return database


def is_loaded(database):
    try:
        database.query(f"SELECT * FROM {LOADED}")
    except RuntimeError:
        return False
    return True


def tpch_at(bench, kind, scale=None):
    """TPC-H at the bench's scale factor, or at another one, whose SQLite file is not kept."""
    scale = scale or bench.scale

    def fill(database):
        folder = bench.folder / "load"
        folder.mkdir()
        try:
            shop = shop_at(bench) if scale == bench.scale else make_shop(folder, scale)
            tpch.load(database, shop, folder)
        finally:
            shutil.rmtree(folder)

    return kept(kind, f"bench_tpch_{scale:g}".replace(".", "_"), fill)


def shop_at(bench):
    """The demo's SQLite database, which holds a few small tables beside those of TPC-H."""
    cache = Path(os.environ.get("GODWIT_CACHE") or Path.home() / ".cache" / "godwit") / "bench"
    path = cache / f"tpch_{bench.scale:g}.db"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        folder = bench.folder / "shop"
        folder.mkdir()
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        sqlite(make_shop(folder, bench.scale), f"VACUUM INTO '{unfinished}'")
        unfinished.rename(path)
        shutil.rmtree(folder)
    return path


def make_shop(folder, scale):
    """Without the lake that the demo makes beside it."""
    say(f"makes TPC-H SF{scale:g}")
    shop = tpch.make_shop(folder / "demo", f"{scale:g}")
    shutil.rmtree(folder / "demo" / "lake")
    return shop


def sqlite_shop(bench):
    return Sqlite(shop_at(bench))


def many_tables(kind, tables, rows):
    """Small tables m_00000, m_00001 and so on, with a primary key each."""
    values = ", ".join(f"({number}, 'row {number}')" for number in range(rows))

    def fill(database):
        names = [f"m_{number:05}" for number in range(tables)]
        database.execute("\n".join(
            f"CREATE TABLE {name} (id int NOT NULL PRIMARY KEY, v varchar(20)); INSERT INTO {name} VALUES {values};"
            for name in names))

    return kept(kind, f"bench_many_{tables}_{rows}", fill)


def wide_table(kind, rows):
    """As many small numbers as a row of the server holds, beside a key: MariaDB ends at 1,017 columns."""
    count, small = (1500, "smallint") if kind.kind == "postgresql" else (1000, "tinyint")
    columns = ", ".join(f"c{number} {small}" for number in range(1, count + 1))
    values = ", ".join(f"(n + {number}) % 100" for number in range(1, count + 1))

    def fill(database):
        database.execute(f"CREATE TABLE wide (id int NOT NULL PRIMARY KEY, {columns});"
                         f"INSERT INTO wide SELECT n, {values} FROM {database.numbers(rows)};")

    return kept(kind, f"bench_wide_{rows}", fill)


def large_values(bench, kind, size, rows):
    """Bytes by chance, which no codec makes smaller, neither at the server nor in the files."""

    def fill(database):
        path = bench.folder / "values.csv"
        with open(path, "w", encoding="ascii") as file:
            for number in range(rows):
                file.write(f"{number},\\x{os.urandom(size).hex()}\n")
        if database.kind == "postgresql":
            database.execute("CREATE TABLE blobs (id int NOT NULL PRIMARY KEY, payload bytea NOT NULL);"
                             f"\n\\copy blobs FROM '{path}' (FORMAT csv)\n")
        else:
            database.execute("CREATE TABLE blobs (id int NOT NULL PRIMARY KEY, payload longblob NOT NULL);"
                             f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE blobs FIELDS TERMINATED BY ',' ESCAPED BY '' "
                             "(id, @payload) SET payload = UNHEX(SUBSTRING(@payload, 3));")
        path.unlink()

    return kept(kind, f"bench_values_{size}_{rows}", fill)


def counts(database, tables):
    """How many rows have to arrive, by the source's own client."""
    asked = [f"SELECT count(*) FROM {name};" for name in tables]
    if database.kind == "sqlite":
        told = sqlite(database.path, *asked)
    else:
        told = database.execute("\n".join(asked))
    return dict(zip(tables, map(int, told.split()), strict=True))


def sqlite(path, *statements):
    return subprocess.run(["sqlite3", "-init", "/dev/null", "-batch", str(path), *statements], check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout


def version(database):
    return database.query("SHOW server_version" if database.kind == "postgresql" else "SELECT VERSION()")[0][0]
