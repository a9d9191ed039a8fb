"""What changes between two runs: columns that the source got, and tables that are made anew. Read by PyIceberg and
PyArrow before, while and after it changes, and compared value by value with what was put into the source."""

import datetime
import threading
from decimal import Decimal

from prove.claim import ensure
from prove.databases import PostgreSql
from prove.destinations import destination_of
from prove.godwit import Migration, call
from prove.overwrite import only_named_files

TABLE = "changing"
FIRST = [("id", "bigint"), ("note", "text"), ("amount", "decimal")]
WIDER = [*FIRST, ("more", "bigint")]
ANEW = [("id", "text"), ("more", "bigint"), ("happened", "date")]


def drift_and_existing(work):
    database = PostgreSql(work)
    count = work.amount(3_000, 300_000)
    figures = []
    for kind in ("lake", "files"):
        database.execute(f"DROP TABLE IF EXISTS {TABLE};"
                         f"CREATE TABLE {TABLE} (id bigint PRIMARY KEY, note text, amount numeric(10,2));"
                         f"INSERT INTO {TABLE} SELECT n, 'n' || n, n / 100.0 FROM {database.numbers(count)};")
        migration = Migration(work.room(kind), database, kind, [TABLE], write={
            "loading-policy": "append", **({"grace-minutes": 0} if kind == "files" else {})})
        migration.run()
        first = [{"id": n, "note": f"n{n}", "amount": Decimal(n) / 100} for n in range(1, count + 1)]
        looks = columns_added(work, database, migration, first)
        looks += made_anew(work, database, migration, first)
        figures.append(f"{kind}: {count:,} rows, one column added ({count:,} nulls in old rows, {count:,} values in new "
                       f"ones), made anew with other types; {looks} looks meanwhile, each the old or the new table")
    return "; ".join(figures) + "; what differs is named, nothing is dropped unconfirmed, earlier snapshots read as they were"


def columns_added(work, database, migration, first):
    destination = destination_of(migration)
    holds(destination, FIRST, first)
    database.execute(f"ALTER TABLE {TABLE} ADD COLUMN more bigint; UPDATE {TABLE} SET more = id * 7;")
    outcome = call("plan", str(migration.path), "--data", str(migration.data), "--json", room=migration.room).expect(1)
    names_what_differs(outcome.report["findings"])
    names_what_differs(migration.run(expect=1).report["findings"])
    holds(destination, FIRST, first)
    migration.document["migration"]["drift"] = "add-columns"
    migration.write()
    both = [{**row, "more": None} for row in first] + [{**row, "more": row["id"] * 7} for row in first]
    with Looking(destination, len(first)) as looking:
        migration.run()
    looking.saw([state(FIRST, first), state(WIDER, both)])
    holds(destination, WIDER, both)
    if destination.kind == "lake":
        earlier(destination, FIRST, first)
    only_named_files(destination, [TABLE])
    kind = destination.kind
    work.sabotage(f"{kind}: null taken for 0 in an old row", holds, destination, WIDER, [{**both[0], "more": 0}, *both[1:]])
    work.sabotage(f"{kind}: a value of the new column of another row", holds, destination, WIDER,
                  [*both[:-1], {**both[-1], "more": both[-2]["more"]}])
    work.sabotage(f"{kind}: a drift that does not name its column", names_what_differs,
                  [{"code": "DRIFT", "severity": "blocker", "message": "the table is not as it was"}])
    work.sabotage(f"{kind}: half of the rows seen on the way", looking.saw, [state(FIRST, first[1:]), state(WIDER, both)])
    return looking.count


def made_anew(work, database, migration, first):
    destination = destination_of(migration)
    before = destination.read(TABLE).num_rows
    database.execute(f"DROP TABLE {TABLE}; CREATE TABLE {TABLE} (id text, more bigint, happened date);"
                     f"INSERT INTO {TABLE} SELECT 'k' || n, -n, date '2024-02-29' FROM {database.numbers(len(first))};")
    wanted = migration.document["migration"]
    wanted.update({"drift": "ignore", "existing-tables": "recreate"})
    migration.write()
    unconfirmed = migration.run(expect=1)
    line = f"recreate: [shop.{TABLE}]"
    ensure(any(finding["code"] == "RECREATE_UNCONFIRMED" and line in finding["hint"]
               for finding in unconfirmed.report["findings"]), "it is not said how a recreate is confirmed")
    ensure(destination.read(TABLE).num_rows == before, "a table was changed without confirmation")
    wanted["recreate"] = [f"shop.{TABLE}"]
    migration.write()
    leap = datetime.date(2024, 2, 29)
    anew = [{"id": f"k{row['id']}", "more": -row["id"], "happened": leap} for row in first]
    old = [{**row, "more": None} for row in first] + [{**row, "more": row["id"] * 7} for row in first]
    with Looking(destination, len(first)) as looking:
        migration.run()
    looking.saw([state(WIDER, old), state(ANEW, anew)])
    holds(destination, ANEW, anew)
    if destination.kind == "lake":
        earlier(destination, WIDER, old)
        work.sabotage("lake: an earlier snapshot without its last row", earlier, destination, WIDER, old[:-1])
    only_named_files(destination, [TABLE])
    kind = destination.kind
    work.sabotage(f"{kind}: an old row left in the table made anew", holds, destination, ANEW,
                  [*anew, {"id": "1", "more": None, "happened": None}])
    work.sabotage(f"{kind}: the old type of a column", holds, destination, [("id", "bigint"), *ANEW[1:]], anew)
    return looking.count


def names_what_differs(findings):
    drift = [finding for finding in findings if finding["code"] == "DRIFT" and finding["severity"] == "blocker"]
    ensure(len(drift) == 1, f"{len(drift)} findings of drift instead of one")
    told = "column more is new: bigint"
    ensure(told in drift[0]["message"], f"the drift is not named as {told!r}: {drift[0]['message']}")


def shape(table):
    """Names and kinds of the columns, in order."""
    kinds = {"int64": "bigint", "string": "text", "large_string": "text", "date32[day]": "date"}
    return [(field.name, kinds.get(str(field.type), "decimal" if "decimal" in str(field.type) else str(field.type)))
            for field in table.schema]


def compare(table, columns, rows, what):
    ensure(shape(table) == columns, f"{what}: columns are {shape(table)} instead of {columns}")
    found = sorted(table.to_pylist(), key=order)
    wanted = sorted(rows, key=order)
    ensure(len(found) == len(wanted), f"{what}: {len(found)} rows instead of {len(wanted)}")
    for one, other in zip(found, wanted, strict=True):
        ensure(one == other, f"{what}: a row is {one} instead of {other}")


def order(row):
    return [(value is None, str(value)) for value in row.values()]


def holds(destination, columns, rows):
    compare(destination.read(TABLE), columns, rows, destination.kind)


def earlier(destination, columns, rows):
    """The snapshot before the newest, read with the columns that it had."""
    table = destination.table(TABLE)
    snapshot = table.current_snapshot().parent_snapshot_id
    compare(table.scan(snapshot_id=snapshot).to_arrow(), columns, rows, "the snapshot before")


def state(columns, rows):
    return tuple(name for name, _ in columns), len(rows)


class Looking:
    """A reader who looks at the table all the while."""

    def __init__(self, destination, least):
        self.destination, self.least = destination, least
        self.states, self.count, self.broken = set(), 0, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def _look(self):
        while not self._stop.wait(0.01):
            try:
                table = self.destination.read(TABLE)
            except Exception as error:  # whatever a reader stumbles over is a state that it should not have seen
                self.broken.append(f"{type(error).__name__}: {error}")
                return
            self.states.add((tuple(table.column_names), table.num_rows))
            self.count += 1

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def saw(self, allowed):
        ensure(not self.broken, f"a reader was disturbed: {self.broken}")
        ensure(self.count > 0, "nobody looked")
        other = self.states - set(allowed)
        ensure(not other, f"a reader saw neither the old nor the new table: {sorted(other)} instead of {allowed}")
