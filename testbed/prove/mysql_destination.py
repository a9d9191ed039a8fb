"""MariaDB as a destination: every cell of PostgreSQL and SQLite compared client with client, values that no column
holds rejected by name, and a load that was published just before its process was killed not published again."""

import sqlite3
from types import SimpleNamespace

from prove import tpch
from prove.claim import ensure
from prove.compare_cells import all_equal, set_passwords
from prove.databases import MariaDb, PostgreSql, Sqlite
from prove.godwit import Migration, call
from prove.overwrite import TRIES, kill_after_publishing

NASTY = r"""
CREATE TABLE nasty (id bigint PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, n numeric(38,10),
  n2 numeric(9,2), f4 real, f8 double precision, t text, v varchar(40), raw bytea, d date, ti time(6), ts timestamp(6),
  tz timestamptz(6), u uuid, j json, jb jsonb);
COMMENT ON TABLE nasty IS 'it''s "all"';
INSERT INTO nasty VALUES
  (1, true, -32768, -2147483648, -9223372036854775808, -9999999999999999999999999999.9999999999, -9999999.99,
   1e-45, 5e-324, E'a\tb\nc\rd\\e''f"g', '  both ends  ', '\x00ff0a0d5c27221a', '0001-01-01', '00:00:00',
   '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', '00000000-0000-0000-0000-000000000000',
   '{"b":1.0, "a" : 1, "b": 2}', '{"b": 1.0}'),
  (2, false, 32767, 2147483647, 9223372036854775807, 9999999999999999999999999999.9999999999, 9999999.99,
   3.4028235e38, 1.7976931348623157e308, repeat(E'\U0001F600\u4F60e\u0301', 40000), repeat(E'\U0001F600', 40),
   decode(repeat('deadbeef', 50000), 'hex'), '9999-12-31', '23:59:59.999999', '9999-12-31 23:59:59.999999',
   '9999-12-31 23:59:59.999999+00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '[]', '[]'),
  (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (4, true, 0, 0, 0, 0, 0.10, '0', '0', '', '', '', '1970-01-01', '12:00:00.000001', '1969-12-31 23:59:59.999999',
   '1970-01-01 00:00:00+00', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '""', '{}'),
  (5, true, 1, 1, 1, 0.0000000001, -0.01, 16777217, 0.1::float8 + 0.2::float8, 'NULL', '\N', 'x', '1582-10-10',
   '23:59:59.5', '2038-01-19 03:14:08', '2038-01-19 03:14:08+00', NULL, 'null', 'null');
CREATE TABLE keyed (k text, n int, v text, PRIMARY KEY (k, n));
INSERT INTO keyed VALUES ('a', 1, 'x'), ('A', 1, 'y'), (E'\u00e4', 1, NULL), ('', 1, ''), (repeat('k', 384), 1, 'z');
"""

SQLITE_NASTY = r"""
CREATE TABLE nasty (id INTEGER PRIMARY KEY, n DECIMAL(15,2), f REAL, t TEXT, raw BLOB, d DATE, ts DATETIME, b BOOLEAN);
INSERT INTO nasty VALUES
  (-9223372036854775808, -9999999999999.99, 5e-324, CAST(x'6100620a09225c27' AS TEXT), x'00ff5c271a', '0001-01-01',
   '0001-01-01 00:00:00', 1),
  (9223372036854775807, 0.1, 1.7976931348623157e308, '', x'', '9999-12-31', '9999-12-31 23:59:59.999999', 0),
  (0, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (1, 1, 1e100, '  \N  ', x'0d0a', '2024-02-29', '2024-02-29 12:00:00.5', 1);
"""

UNFIT = """
CREATE TABLE unfit (id int PRIMARY KEY, f double precision, ts timestamp);
INSERT INTO unfit VALUES (1, 'NaN', NULL), (2, 'Infinity', NULL), (3, '-Infinity', NULL), (4, 1.5, 'infinity'),
  (5, 2.5, NULL), (6, '-0', NULL);
"""


def mysql_destination(work):
    postgres, shop = PostgreSql(work), tpch.make_shop(work.folder / "demo", work.amount("0.005", "0.1"))
    set_passwords(postgres)
    tpch.load(postgres, shop, work.room("csv"))
    postgres.execute(NASTY + UNFIT)
    with sqlite3.connect(shop) as connection:
        connection.executescript(SQLITE_NASTY)
    connection.close()
    cells, seconds = 0, 0.0
    for source, tables in ((postgres, [*tpch.TABLES, "nasty", "keyed"]), (Sqlite(shop), [*tpch.TABLES, "nasty"])):
        target = Target(work, source.kind)
        migration = ToServer(work.room(source.kind), source, target, tables, indexes="all")
        for _ in range(2):  # a first load makes the tables, a second one exchanges them
            seconds += migration.run().seconds
            counted = all_equal(source, target, tables)
            ensure(counted, "no cells were compared")
            cells += counted
            target.holds_nothing_else(tables)
        damage(work, source, target)
    rejected = unfit_rejected(work, postgres)
    hits = killed(work, postgres)
    return (f"PostgreSQL and SQLite into MariaDB: {cells:,} cells compared client with client, 0 differing, "
            f"{seconds:.1f} s of runs; {rejected} rows that no column holds rejected by name; killed {hits}x between "
            "publishing and `committed`, resumed, rows doubled once")


class Target:
    """A database of the claim's own at the server."""

    kind = "mysql"

    def __init__(self, work, suffix):
        self.server = MariaDb(work, "_" + suffix)
        set_passwords(self.server)

    def address(self):
        return self.server.url()

    def rows(self, name):
        return int(self.server.execute(f"SELECT count(*) FROM {name}")) if name in self.tables() else None

    def tables(self):
        return [row[0] for row in self.server.query("SHOW TABLES")]

    def holds_nothing_else(self, names):
        stray = set(self.tables()) - set(names) - {"godwit_loads"}
        ensure(not stray, f"left over at the server: {sorted(stray)}")


class ToServer(Migration):
    """A migration into a database of a server."""

    def __init__(self, room, source, target, tables, **write):
        super().__init__(room, source, target.kind, tables, write={"namespace": target.server.database, **write})
        self.document["data-sources"]["target"] = target.server.connection()
        self.write()


def damage(work, source, target):
    """What is changed by hand has to be found; after each the table is as it was."""
    text, number = ("v", "f8") if source.kind == "postgresql" else ("t", "f")
    last = "ORDER BY id DESC LIMIT 1"
    for what, statement in (
            ("a blank at the end cut", f"UPDATE nasty SET {text} = RTRIM({text})"),
            ("NULL becomes empty", f"UPDATE nasty SET {text} = '' WHERE {text} IS NULL"),
            ("one microsecond off",
             f"UPDATE nasty SET ts = ts + INTERVAL 1 MICROSECOND WHERE ts < '9999-01-01' {last}"),
            ("a float's last bit",
             f"UPDATE nasty SET {number} = {number} / 1.0000000000000002e0 WHERE {number} > 1e300"),
            ("a row too many", "INSERT INTO nasty (id) VALUES (77)"),
            ("a row lost", f"DELETE FROM nasty {last}")):
        target.server.execute(f"CREATE TABLE kept AS SELECT * FROM nasty; {statement};")
        work.sabotage(f"{source.kind}: {what}", all_equal, source, target, ["nasty"])
        target.server.execute("DELETE FROM nasty; INSERT INTO nasty SELECT * FROM kept; DROP TABLE kept;")
    all_equal(source, target, ["nasty"])


def unfit_rejected(work, postgres):
    """Values that MySQL does not have: the rows are kept aside with their reasons, the others arrive."""
    target = Target(work, "unfit")
    migration = ToServer(work.room("unfit"), postgres, target, ["unfit"])
    migration.document["migration"]["rejected-rows"] = {"limit": 10}
    migration.write()
    report = migration.run().report
    line = report["tables"][0]
    ensure((line["rows_read"], line["rows_written"], line["rows_rejected"]) == (6, 1, 5), f"the report says {line}")
    told = call("runs", "rejected", report["run"], "--data", str(migration.data), "--json", room=migration.room).report
    codes = sorted(row["code"] for row in told["rows"])
    expected = ["NEGATIVE_ZERO", "NUMERIC_INFINITY", "NUMERIC_INFINITY", "NUMERIC_NAN", "TIMESTAMP_INFINITY"]
    ensure(codes == expected, f"rejected for {codes} instead of {expected}")
    left = target.server.execute("SELECT id FROM unfit").split()
    ensure(left == ["5"], f"rows {left} arrived")
    return len(codes)


def killed(work, postgres):
    """Tables without a key, to which rows are added: what is published twice would be there twice."""
    names, base = ["k0", "k1"], work.amount(2_000, 20_000)
    postgres.execute("".join(f"CREATE TABLE {name} (n bigint NOT NULL, payload text NOT NULL); INSERT INTO {name} "
                             f"SELECT n, md5(n::text) FROM {postgres.numbers(base)};" for name in names))
    added, hits = SimpleNamespace(names=names, base=base), work.amount(1, 3)
    for hit in range(hits):
        for attempt in range(TRIES):
            target = Target(work, f"killed{hit}{attempt}")
            migration = ToServer(work.room(f"killed-{hit}-{attempt}"), postgres, target, names,
                                 **{"loading-policy": "append"})
            migration.run()
            table = kill_after_publishing(migration, added, target)
            if table:
                break
        ensure(table, f"in {TRIES} runs the moment between publishing and `committed` was not met")
        outcome = migration.run("--resume")
        twice(target, names, base)
        ensure(set(outcome.states().values()) == {"succeeded"}, f"after the resume: {outcome.states()}")
        ensure(outcome.table(table)["resumed"] is True, f"{table} was published before the kill, not `resumed`")
        target.holds_nothing_else(names)
    target.server.execute("INSERT INTO k0 SELECT * FROM k0 LIMIT 1")
    work.sabotage("one row added once more", twice, target, names, base)
    target.server.execute("CREATE TABLE godwit_stage_stray (n int)")
    work.sabotage("a staging table left over", target.holds_nothing_else, names)
    return hits


def twice(target, names, base):
    """Every row of every table is there two times, as it was."""
    for name in names:
        found = target.server.query(f"SELECT count(*), count(DISTINCT n), min(c), max(c), sum(payload = md5(n)) FROM "
                                    f"(SELECT n, payload, count(*) OVER (PARTITION BY n) AS c FROM {name}) q")
        expected = [[str(2 * base), str(base), "2", "2", str(2 * base)]]
        ensure(found == expected, f"{name} has {found[0]} instead of {expected[0]}")
