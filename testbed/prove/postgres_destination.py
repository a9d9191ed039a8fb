"""PostgreSQL as a destination: every cell through psql against the source's own client; nothing doubled by a kill
between publishing and the journal; updates by key; what the server cannot hold rejected by name."""

import sqlite3

from prove import tpch
from prove.claim import ensure
from prove.compare_cells import all_equal, set_passwords
from prove.databases import MariaDb, PostgreSql, Sqlite
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.moments import Numbered
from prove.overwrite import TRIES, holds_times, kill_after_publishing

NASTY = ["nasty", "bag"]
NUL = "nul"

NASTY_SQLITE = """
CREATE TABLE nasty (id INTEGER NOT NULL PRIMARY KEY, t TEXT, v VARCHAR(40), i BIGINT, d DECIMAL(15,4), r DOUBLE,
                    f BOOLEAN, b BLOB, day DATE, at DATETIME);
INSERT INTO nasty VALUES
 (1, '', '', -9223372036854775808, -99999999999.9999, -1.7976931348623157e308, 0, x'', '0001-01-01', '0001-01-01 00:00:00'),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
 (3, 'NULL', '\\N', 9223372036854775807, 0.0001, 5e-324, 1, x'00ff5c0a0d2709', '9999-12-31', '9999-12-31 23:59:59.999999'),
 (4, 'tab' || char(9) || 'line' || char(10) || 'cr' || char(13) || '"''\\', '日本語', 0, 0, -0.0, 1, x'efbfbd', '1582-10-10',
  '1969-12-31 23:59:59.999999'),
 (5, '😀列表é' || char(101, 769), char(57344), 1, 12345.6789, 0.1, 0, x'00', '2024-02-29', '2024-11-03 01:30:00');
CREATE TABLE bag (a INTEGER, b TEXT);
INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, NULL), (2, ''), (NULL, 'y'), (NULL, NULL);
CREATE TABLE nul (id INTEGER NOT NULL PRIMARY KEY, t TEXT);
INSERT INTO nul VALUES (1, 'fine'), (2, 'a' || char(0) || 'b'), (3, '');
"""

NASTY_MARIADB = """
CREATE TABLE nasty (id int PRIMARY KEY, ti tinyint, tu tinyint unsigned, su smallint unsigned, iu int unsigned,
                    b bigint, bu bigint unsigned, d decimal(38,10), z decimal(5,0), f float, r double, f1 bit(1), b64 bit(64),
                    v varchar(40), t longtext, vb varbinary(20), lb longblob, day date, dt datetime(6), d0 datetime,
                    ts timestamp(3) NULL, tm time(6), e enum('a','b c',''), s set('x','y'), y year)
  CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci COMMENT 'it''s nasty';
INSERT INTO nasty VALUES
 (1, -128, 0, 0, 0, -9223372036854775808, 0, -9999999999999999999999999999.9999999999, -99999, -3.4028234e38,
  -1.7976931348623157e308, 0, 0, '', '', '', '', '0001-01-01', '0001-01-01', '0001-01-01', '1970-01-01 00:00:01', '-838:59:59',
  'a', '', 1901),
 (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  NULL, NULL, NULL, NULL),
 (3, 127, 255, 65535, 4294967295, 9223372036854775807, 18446744073709551615, 9999999999999999999999999999.9999999999, 99999,
  1.1754944e-38, 4.9e-324, 1, x'ffffffffffffffff', 'NULL', 'tab\\tline\\ncr\\r"\\\\ ''', x'00ff5c0a', x'efbfbd00', '9999-12-31',
  '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59', '2038-01-19 03:14:07.999', '838:59:59', 'b c', 'x,y', 2155),
 (4, 1, 1, 1, 1, 1, 9223372036854775808, 0.0000000001, 1, 16777216, 0.1, 1, 1, '日本語 ', '😀', x'20', x'00', '2024-02-29',
  '1969-12-31 23:59:59.999999', '2024-11-03 01:30:00', '2024-11-03 05:30:00', '00:00:00.000001', 'a', 'y', 2000);
CREATE TABLE bag (a int, b varchar(9));
INSERT INTO bag VALUES (1, 'x'), (1, 'x'), (1, 'x'), (2, NULL), (2, ''), (NULL, 'y'), (NULL, NULL);
CREATE TABLE nul (id int PRIMARY KEY, t varchar(9));
INSERT INTO nul VALUES (1, 'fine'), (2, 'a\\0b'), (3, '');
"""


def postgres_destination(work):
    scale = work.amount("0.01", "0.1")
    target = PostgreSql(work, "_to")
    shop, maria = tpch.make_shop(work.folder / "demo", scale), MariaDb(work)
    tpch.load(maria, shop, work.room("csv"))
    maria.execute(NASTY_MARIADB)
    connection = sqlite3.connect(shop)
    connection.executescript(NASTY_SQLITE)
    connection.close()
    cells = 0
    for source in (Sqlite(shop), maria):
        set_passwords(source)
        set_passwords(target)
        cells += copied(work, source, target)
    killed = killed_not_doubled(work, maria, target)
    updated = updated_by_key(work, maria, target)
    return (f"TPC-H SF{scale} and two nasty tables: 2 sources, {cells:,} cells through psql, 0 differing, twice; U+0000 rejected "
            f"by name; {killed}; {updated}")


def copied(work, source, target):
    """New tables, then the same ones overwritten; returns how many cells were compared."""
    names = [*tpch.TABLES, *NASTY]
    migration = Migration(work.room(source.kind), source, "postgresql", [*names, NUL], target=target,
                          write={"namespace": f"from_{source.kind}", "indexes": "all"}, rejected_rows={"limit": 1})
    destination = destination_of(migration)
    cells = 0
    for _ in ("new", "overwritten"):
        outcome = migration.run()
        cells += all_equal(source, destination, names)
        only_nul_rejected(outcome.report, destination)
        ensure(not destination.staged(), f"left behind: {destination.staged()}")
    keys = target.query("SELECT count(*) FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace "
                        f"WHERE n.nspname = '{destination.namespace}' AND contype = 'p'")[0][0]
    ensure(int(keys) >= len(tpch.TABLES), f"{keys} tables have a primary key")
    schema = destination.namespace
    sabotage(work, source, destination, f"one cell changed by psql, from {source.title}", "nation",
             f"UPDATE {schema}.nation SET n_regionkey = n_regionkey + 1 WHERE n_nationkey = 3",
             f"UPDATE {schema}.nation SET n_regionkey = n_regionkey - 1 WHERE n_nationkey = 3")
    sabotage(work, source, destination, f"NULL becomes empty, from {source.title}", "nasty",
             f"UPDATE {schema}.nasty SET t = '' WHERE id = 2", f"UPDATE {schema}.nasty SET t = NULL WHERE id = 2")
    sabotage(work, source, destination, f"a row of a table without key doubled, from {source.title}", "bag",
             f"INSERT INTO {schema}.bag VALUES (1, 'x')",
             f"DELETE FROM {schema}.bag WHERE ctid = (SELECT max(ctid) FROM {schema}.bag)")
    target.execute(f"INSERT INTO {schema}.nul VALUES (2, 'ab')")
    work.sabotage("U+0000 silently left out of a text", only_nul_rejected, outcome.report, destination)
    target.execute(f"DELETE FROM {schema}.nul WHERE id = 2")
    return cells


def sabotage(work, source, destination, what, table, damage, repair):
    destination.database.execute(damage)
    work.sabotage(what, all_equal, source, destination, [table])
    destination.database.execute(repair)
    all_equal(source, destination, [table])


def only_nul_rejected(report, destination):
    """Of the table with a text that PostgreSQL does not store, that row is rejected, and no other."""
    for line in report["tables"]:
        rejected = int(line["source"].split(".")[-1] == NUL)
        ensure(line["rows_rejected"] == rejected, f"{line['source']}: {line['rows_rejected']} rows rejected")
    rows = destination.database.query(f"SELECT id, t FROM {destination.namespace}.{NUL} ORDER BY 1")
    ensure(rows == [["1", "fine"], ["3", ""]], f"{NUL} holds {rows}")


def killed_not_doubled(work, source, target):
    """The process dies after the server has published and before it could journal that."""
    numbered = Numbered(source, work.amount(2_000, 20_000))
    for run in range(TRIES):
        namespace = f"append_{run}"
        migration = Migration(work.room(f"append-{run}"), source, "postgresql", numbered.names, target=target,
                              write={"namespace": namespace, "loading-policy": "append"})
        migration.run()
        for name in numbered.names:
            target.execute(f"ALTER TABLE {namespace}.{name} DROP CONSTRAINT {name}_pkey")
        table = kill_after_publishing(migration, numbered)
        if table:
            break
    ensure(table, f"in {TRIES} runs the moment between publishing and the journal was not met")
    outcome = migration.run("--resume")
    destination = destination_of(migration)
    holds_times(destination, numbered, 2)
    ensure(outcome.table(table)["resumed"] is True, f"{table} was published before the kill, not `resumed`")
    ensure(not destination.staged(), f"left behind: {destination.staged()}")
    target.execute(f"INSERT INTO {namespace}.t0 SELECT * FROM {namespace}.t0 LIMIT 1")
    work.sabotage("one row published twice", holds_times, destination, numbered, 2)
    return "killed between publishing and `committed`, resumed, doubled nothing"


def updated_by_key(work, source, target):
    """Rows changed and added at the source arrive by key; those that went from it stay."""
    source.execute("CREATE TABLE stock (sku varchar(20) PRIMARY KEY, n int NOT NULL, note text);"
                   "INSERT INTO stock SELECT CONCAT('sku', n), n, NULL FROM " + source.numbers(1000))
    migration = Migration(work.room("update"), source, "postgresql", ["stock"], target=target,
                          write={"namespace": "updated", "loading-policy": "update"})
    migration.run()
    target.execute("ALTER TABLE updated.stock ADD COLUMN seen date; UPDATE updated.stock SET seen = '2024-01-01'")
    source.execute("UPDATE stock SET n = -n, note = 'changed' WHERE n <= 100; DELETE FROM stock WHERE n = 500;"
                   "INSERT INTO stock VALUES ('new', 1, 'new')")
    for _ in range(2):
        migration.run()
        as_updated(target)
    target.execute("UPDATE updated.stock SET seen = NULL WHERE sku = 'sku7'")
    work.sabotage("a column that nothing comes for lost its value", as_updated, target)
    return "100 rows updated and 1 added by key, twice, 1 that is gone at the source kept, other columns kept"


def as_updated(target):
    counted = target.query("SELECT count(*), count(*) FILTER (WHERE n < 0 AND note = 'changed'), count(seen), "
                           "count(*) FILTER (WHERE sku IN ('new', 'sku500')) FROM updated.stock")[0]
    ensure(counted == ["1001", "100", "1000", "2"], f"updated.stock counts {counted}")
