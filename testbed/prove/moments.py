"""Tables whose copies name their moment: every transaction at the source writes its number into every table.

A table holds `base` rows from before the first transaction; three of them (first, middle, last) are clocks that each
transaction sets to its number, and each transaction adds one row. So a copy is of one moment if, and only if, it has
all rows up to its largest number, none beyond, and all clocks show that number.
"""

import hashlib
import threading
import time

import pyarrow as pa
import pyarrow.compute as pc

from prove.claim import Refuted, ensure

ROW_TIMES = 8  # the payload is the md5 of the id, so many times


class Numbered:
    """The tables t0, t1, … of one database, and the writer that goes on writing into them.

    With `cut`, the first one takes so much room that it is read in several splits."""

    def __init__(self, database, base, tables=4, cut=False):
        self.database, self.base = database, base
        self.names = [f"t{n}" for n in range(tables)]
        self.last = 0
        self.padded = {"each": [{"table": database.table("t0"), "columns": {"padding": {"skip": True}}}]} if (
            cut and database.kind == "mysql") else {}
        self._stop, self._thread = threading.Event(), None
        text = "text" if database.kind == "postgresql" else "varchar(400)"
        for name in self.names:
            database.execute(
                f"CREATE TABLE {name} (id bigint NOT NULL PRIMARY KEY, tx bigint NOT NULL, payload {text} NOT NULL);"
                + (database.spacious(name) if cut and name == "t0" else "") +
                f"INSERT INTO {name} (id, tx, payload) SELECT n, 0, {payload_sql('n')} FROM {database.numbers(base)};"
                + database.analyze(name))

    def clocks(self):
        return sorted({1, self.base // 2, self.base})

    def transaction(self, number):
        clocks = ", ".join(map(str, self.clocks()))
        row = f"{self.base + number}, {number}, {payload_sql(self.base + number)}"
        steps = [f"INSERT INTO {name} (id, tx, payload) VALUES ({row});"
                 f"UPDATE {name} SET tx = {number} WHERE id IN ({clocks});" for name in self.names]
        return "BEGIN; " + " ".join(steps) + " COMMIT;"

    def write(self, count):
        """So many transactions, one after the other, now."""
        session = self.database.session()
        for _ in range(count):
            session.execute(self.transaction(self.last + 1))
            self.last += 1
        session.close()

    def __enter__(self):
        self._stop.clear()
        self._thread = threading.Thread(target=self._go_on_writing, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def _go_on_writing(self):
        session = self.database.session()
        while not self._stop.is_set():
            if not session.execute(self.transaction(self.last + 1), seconds=120):
                break
            self.last += 1
            time.sleep(0.005)
        session.close()


def payload_sql(number):
    return f"repeat(md5(CAST({number} AS char(20))), {ROW_TIMES})" if isinstance(number, str) else \
        f"repeat(md5('{number}'), {ROW_TIMES})"


def payload(number):
    return hashlib.md5(str(number).encode()).hexdigest() * ROW_TIMES


def moment_of(table, base):
    """The number of the last transaction in a copy; a copy that is of no moment refutes."""
    ensure(table is not None, "there is no table")
    ensure(set(table.column_names) == {"id", "tx", "payload"}, f"columns are {table.column_names}")
    table = table.select(["id", "tx", "payload"]).sort_by("id")
    ids, numbers = table["id"].to_pylist(), table["tx"].to_pylist()
    latest = max(numbers, default=0)
    ensure(ids == list(range(1, base + latest + 1)),
           f"{len(ids)} rows ({len(set(ids))} ids) where transaction {latest} had left {base + latest}")
    clocks = {1, base // 2, base}
    for identity, number in zip(ids, numbers):
        expected = identity - base if identity > base else latest if identity in clocks else 0
        if number != expected:
            raise Refuted(f"id {identity} shows transaction {number} in a copy of transaction {latest}")
    wrong = sum(text != payload(identity) for identity, text in zip(ids, table["payload"].to_pylist()))
    ensure(not wrong, f"{wrong} payloads were changed")
    return latest


def fingerprint(table):
    """A text that tells two states of a numbered table apart; `absent` where there is none."""
    if table is None:
        return "absent"
    if not table.num_rows:
        return "empty"
    table = table.select(["id", "tx", "payload"]).sort_by([("id", "ascending"), ("tx", "ascending")]).combine_chunks()
    digest = hashlib.sha256()
    for name in ("id", "tx"):
        column = pa.concat_arrays(table[name].cast(pa.int64()).chunks)
        digest.update(memoryview(column.buffers()[1])[column.offset * 8:(column.offset + len(column)) * 8])
    letters = pc.sum(pc.binary_length(table["payload"])).as_py()
    return f"{table.num_rows} rows, {letters} letters, {digest.hexdigest()[:16]}"
