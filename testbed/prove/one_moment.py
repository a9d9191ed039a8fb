"""Whole databases at one moment: copies made while money moves between accounts and orders come in with their items.

No transfer changes the sum of all balances, and an order is never without its items, so a copy in which either is
otherwise is of no moment. The control, which gives each table its own moment, has to show that.
"""

import collections
import threading

import pyarrow.compute as pc

from prove.claim import Refuted, ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration

ACCOUNTS, BALANCE = 9_000, 1_000
TABLES = ["bank", "orders", "order_items"]
NO_SNAPSHOT = {"e_myisam": "MyISAM", "e_memory": "MEMORY"}
MOST_CONTROLS = 30

SCHEMA = """
CREATE TABLE bank (id int NOT NULL PRIMARY KEY, balance bigint NOT NULL, padding {text} NOT NULL) {spacious};
INSERT INTO bank SELECT n, {balance}, repeat('x', {padding}) FROM {numbers};
CREATE TABLE orders (id int NOT NULL PRIMARY KEY, n_items int NOT NULL);
CREATE TABLE order_items (order_id int NOT NULL, line int NOT NULL, PRIMARY KEY (order_id, line),
                          FOREIGN KEY (order_id) REFERENCES orders (id));
INSERT INTO orders SELECT n, 3 FROM {hundred};
INSERT INTO order_items SELECT o.id, l.n FROM orders o, (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3) l;
{analyze}
"""
# an account takes a page, or half of one, so that the table is read in two splits
ROOM = {"postgresql": {"text": "text", "padding": 600, "spacious": "WITH (fillfactor = 10)"},
        "mysql": {"text": "varchar(7000)", "padding": 6_900, "spacious": "CHARACTER SET latin1"}}
CHURN = {
    "postgresql": """
CREATE PROCEDURE bank_churn(n int) LANGUAGE plpgsql AS $$
DECLARE a int; b int; m int; BEGIN FOR i IN 1..n LOOP
  a := 1 + floor(random() * {accounts}); b := 1 + floor(random() * {accounts}); m := floor(random() * 50);
  UPDATE bank SET balance = balance - m WHERE id = a; UPDATE bank SET balance = balance + m WHERE id = b; COMMIT;
END LOOP; END $$;
CREATE PROCEDURE order_churn(n int) LANGUAGE plpgsql AS $$
DECLARE k int; BEGIN FOR i IN 1..n LOOP
  SELECT coalesce(max(id), 0) + 1 INTO k FROM orders;
  INSERT INTO orders VALUES (k, 2); INSERT INTO order_items VALUES (k, 1), (k, 2); COMMIT;
END LOOP; END $$;""",
    "mysql": """
DELIMITER $$
CREATE PROCEDURE bank_churn(n int)
BEGIN DECLARE i int DEFAULT 0; DECLARE a int; DECLARE b int; DECLARE m int;
  WHILE i < n DO
    SET a = 1 + FLOOR(RAND() * {accounts}), b = 1 + FLOOR(RAND() * {accounts}), m = FLOOR(RAND() * 50);
    START TRANSACTION; UPDATE bank SET balance = balance - m WHERE id = a;
    UPDATE bank SET balance = balance + m WHERE id = b; COMMIT; SET i = i + 1;
  END WHILE;
END$$
CREATE PROCEDURE order_churn(n int)
BEGIN DECLARE i int DEFAULT 0; DECLARE k int;
  WHILE i < n DO
    START TRANSACTION; SELECT COALESCE(MAX(id), 0) + 1 INTO k FROM orders FOR UPDATE;
    INSERT INTO orders VALUES (k, 2); INSERT INTO order_items VALUES (k, 1), (k, 2); COMMIT; SET i = i + 1;
  END WHILE;
END$$
DELIMITER ;
CREATE TABLE e_myisam (id int NOT NULL PRIMARY KEY, v varchar(10)) ENGINE=MyISAM;
CREATE TABLE e_memory (id int NOT NULL PRIMARY KEY, v varchar(10)) ENGINE=MEMORY;
INSERT INTO e_myisam VALUES (1, 'a'), (2, 'b'); INSERT INTO e_memory VALUES (1, 'a');""",
}


def one_moment(work):
    """40 copies from each server in full, 4 by default; destinations take turns."""
    figures = []
    for database in servers(work):
        make(database)
        with Churn(database) as churn:
            cut = copies(work, database, work.amount(4, 40))
            rights = without_rights(work, database) if database.kind == "mysql" else ""
            violated, tried = control(work, database)
        figures.append(f"{database.title}: {work.amount(4, 40)} copies under {churn.transfers:,} transfers and "
                       f"{churn.orders:,} orders, bank read in {cut} splits: 0 violations; the control violated "
                       f"{violated} of {tried}{rights}")
    return "; ".join(figures)


def make(database):
    room = ROOM[database.kind]
    database.execute(SCHEMA.format(balance=BALANCE, numbers=database.numbers(ACCOUNTS), hundred=database.numbers(100),
                                   analyze=database.analyze("bank"), **room))
    database.execute(CHURN[database.kind].replace("{accounts}", str(ACCOUNTS)))


class Churn:
    """Two sessions that never stop: one moves money, one takes orders."""

    def __init__(self, database):
        self.database, self.transfers, self.orders = database, 0, 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._go_on, args=what, daemon=True)
                         for what in (("bank_churn", 200, "transfers"), ("order_churn", 20, "orders"))]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        ensure(self.transfers and self.orders, f"{self.database.title}: nothing was written meanwhile")

    def _go_on(self, procedure, count, counter):
        session = self.database.session()
        while not self._stop.is_set():
            if not session.execute(f"CALL {procedure}({count});", seconds=120):
                break
            setattr(self, counter, getattr(self, counter) + count)
            self._stop.wait(0.02)
        session.close()


def migration_of(room, database, kind, tables=None, **more):
    skipped = [{"table": database.table("bank"), "columns": {"padding": {"skip": True}}}]
    return Migration(room, database, kind, tables or TABLES, each=skipped, **more)


def copies(work, database, count):
    """Makes so many; returns in how many splits the accounts were read."""
    migrations = [migration_of(work.room(f"{database.kind}-{kind}"), database, kind) for kind in ("lake", "files")]
    for number in range(count):
        migration = migrations[number % 2]
        outcome = migration.run()
        tables = read(migration)
        check_copy(tables)
        check_moment(outcome.report, 1)
    damage(work, database, tables, outcome.report)
    return splits_of_bank(migration)


def read(migration):
    destination = destination_of(migration)
    return {name: destination.read(name) for name in TABLES}


def check_copy(tables):
    """Every invariant of the source, by PyArrow alone."""
    for name, table in tables.items():
        ensure(table is not None, f"{name} is not there")
    bank, orders, items = (tables[name] for name in TABLES)
    ensure(bank.num_rows == len(set(bank["id"].to_pylist())) == ACCOUNTS, f"{bank.num_rows} accounts")
    total = pc.sum(bank["balance"]).as_py()
    ensure(total == ACCOUNTS * BALANCE, f"the balances add up to {total} instead of {ACCOUNTS * BALANCE}")
    held = collections.Counter(items["order_id"].to_pylist())
    said = dict(zip(orders["id"].to_pylist(), orders["n_items"].to_pylist()))
    ensure(len(said) == orders.num_rows, f"{orders.num_rows - len(said)} orders are there twice")
    wrong = [order for order in said.keys() | held.keys() if said.get(order) != held.get(order)]
    ensure(not wrong, f"{len(wrong)} orders do not have the items that they say")


def check_moment(report, moments):
    """The report names the snapshot of each table, and how many there were."""
    named = {line["snapshot"] for line in report["tables"]}
    ensure(None not in named and "" not in named, "a table names no snapshot")
    ensure(report["moments"] == len(named) == moments,
           f"the report counts {report['moments']} moments, its tables name {len(named)}, expected {moments}")


def splits_of_bank(migration):
    """By the journal of the last run."""
    from prove.journal import Journal

    journal = Journal(migration.data)
    counts = [len(line["splits"]) for kind, line in journal.lines(journal.last_run()) if kind == "splits"]
    journal.close()
    ensure(max(counts) > 1, "no table was read in parallel: several readers were not tried")
    return max(counts)


def damage(work, database, tables, report):
    name = database.title
    cells = tables["bank"]["balance"].to_pylist()
    cells[0] += 7
    torn = tables["bank"].set_column(tables["bank"].column_names.index("balance"), "balance", [cells])
    work.sabotage(f"{name}: one account from a transfer later", check_copy, {**tables, "bank": torn})
    work.sabotage(f"{name}: an order whose items are not there yet", check_copy,
                  {**tables, "order_items": tables["order_items"].slice(0, tables["order_items"].num_rows - 2)})
    lines = [dict(line, snapshot=f"{line['snapshot']}-{place}") for place, line in enumerate(report["tables"])]
    work.sabotage(f"{name}: a report of one moment whose tables name three", check_moment, {**report, "tables": lines}, 1)


def control(work, database):
    """Each table at a moment of its own, until a violation is seen; the same checker has to see it."""
    migration = migration_of(work.room(f"{database.kind}-control"), database, "files", consistency="table")
    violated, tried, least = 0, 0, work.amount(2, 20)
    while tried < least or (not violated and tried < MOST_CONTROLS):
        outcome = migration.run()
        check_moment(outcome.report, len(TABLES))
        ensure("NOT_CONSISTENT" in {finding["code"] for finding in outcome.report["findings"]},
               "nobody is told that the tables are of several moments")
        tables = read(migration)
        tried += 1
        try:
            check_copy(tables)
        except Refuted:
            violated += 1
            if violated == 1:
                work.sabotage(f"{database.title}: a copy of the control, which holds no common moment", check_copy, tables)
    ensure(violated, f"{database.title}: {tried} copies without a common moment, and none shows it: nothing is tested")
    return violated, tried


def without_rights(work, database):
    """Tables of engines without snapshots are named; so is the grant that the user lacks, who still sees one moment."""
    reader = f"{database.database}_reader"
    database.execute(f"CREATE OR REPLACE USER {reader} IDENTIFIED BY '{database.password}';"
                     f"GRANT SELECT ON {database.database}.* TO {reader};")
    work.at_the_end(lambda: database.execute(f"DROP USER IF EXISTS {reader};", "mysql"))
    migration = migration_of(work.room("reader"), database, "files", [*TABLES, *NO_SNAPSHOT])
    migration.document["data-sources"]["source"]["user"] = reader
    migration.write()
    report = migration.run().report
    check_copy(read(migration))
    check_moment(report, 1)
    check_warned(report)
    for code in ("NO_SNAPSHOT_ENGINE", "NO_LOCK_RIGHT"):
        kept = [finding for finding in report["findings"] if finding["code"] != code]
        work.sabotage(f"a report without {code}", check_warned, {**report, "findings": kept})
    return f"; {' and '.join(NO_SNAPSHOT.values())} warned by table, the missing grant named, one moment without it"


def check_warned(report):
    found = [finding for finding in report["findings"] if finding["code"] == "NO_SNAPSHOT_ENGINE"]
    for table, engine in NO_SNAPSHOT.items():
        ensure(any(table in finding["message"] and engine.lower() in finding["message"].lower() for finding in found),
               f"nobody is told that {table} has no snapshot")
    ensure(len(found) == len(NO_SNAPSHOT), f"{len(found)} tables are warned of instead of {len(NO_SNAPSHOT)}")
    rights = [finding for finding in report["findings"] if finding["code"] == "NO_LOCK_RIGHT"]
    ensure(rights and all("RELOAD" in finding["hint"] and "LOCK TABLES" in finding["hint"] for finding in rights),
           "the missing grant is not named")
