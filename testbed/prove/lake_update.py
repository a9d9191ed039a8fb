"""A lake updated by key, by copy-on-write: read by PyIceberg and compared value by value with what stood there and what
the source holds; files that PyIceberg wrote are written anew, too. Killed, failing and slow at its effects on the disk."""

import datetime
import shutil

import pyarrow as pa

from prove.claim import ensure
from prove.databases import PostgreSql
from prove.destinations import destination_of
from prove.disk_effects import CALLS, LEAST_EFFECTS, WAYS, File, Trial, strace_or_missing
from prove.godwit import Migration
from prove.overwrite import only_named_files

KEY = ("shop", "sku")
SHAPE = """sku text, shop int, n bigint, price numeric(20,4), wide numeric(38,10), ratio double precision, flag boolean,
           raw bytea, day date, at timestamp, instant timestamptz, tags int[], doc jsonb, note text"""
VALUES = """'sku' || n, n % 7, n, n / 100.0, -n / 10000000000.0,
            CASE n % 11 WHEN 0 THEN float8 'NaN' WHEN 1 THEN float8 '-0' ELSE n * float8 '0.1' END, n % 3 = 0,
            decode(md5(n::text), 'hex'), date '0001-01-01' + n::int,
            timestamp '1969-12-31 23:59:59.999999' + n * interval '1s',
            timestamptz '2024-02-29 00:00:00.000001Z' - n * interval '1h', ARRAY[n::int, NULL], jsonb_build_object('n', n),
            CASE WHEN n % 5 > 0 THEN 'note ' || n END"""
WINDOW = 300


def lake_update(work):
    database = PostgreSql(work)
    count = work.amount(4_000, 400_000)
    told = updated_by_key(work, database, count)
    return f"{told}; {key_twice(work, database)}; {at_every_effect(work)}"


def rows(table):
    """By key; the rest as text, for NaN equals nothing."""
    found = {}
    for row in table.to_pylist():
        key = tuple(row[name] for name in KEY)
        ensure(key not in found, f"{key} stands there twice")
        found[key] = {name: repr(value) for name, value in row.items()}
    return found


def updated_by_key(work, database, count):
    database.execute(f"CREATE TABLE stock ({SHAPE}, PRIMARY KEY (shop, sku));"
                     f"INSERT INTO stock SELECT {VALUES} FROM {database.numbers(count)};")
    room = work.room("update")
    migration = Migration(room, database, "lake", ["stock"], verify="checksums",
                          write={"loading-policy": "update", "keep-snapshots": 3})
    plain = Migration(work.room("plain"), database, "lake", ["stock"])
    migration.run()
    destination, fresh = destination_of(migration), destination_of(plain)
    seen_by_pyiceberg(destination)
    stood, replaced = rows(destination.read("stock")), 0
    for share in (10, 3):
        database.execute(f"UPDATE stock SET note = 'changed {share}', price = -price, tags = NULL WHERE n % {share} = 0;"
                         f"DELETE FROM stock WHERE n % 17 = 0;"
                         f"DELETE FROM stock WHERE n % {share} > 0;"
                         f"INSERT INTO stock SELECT {VALUES} FROM generate_series({count} + 1, {count} + 40) n "
                         f"ON CONFLICT DO NOTHING;")
        plain.run()
        comes = rows(fresh.read("stock"))
        wanted = merged(stood, comes)
        for _ in range(2):
            migration.run()
            holds(destination, wanted)
        earlier(destination, wanted)
        ensure(only_named_files(destination, ["stock"]), "no file is named")
        replaced += len(stood.keys() & comes.keys())
        stood = wanted
        database.execute(f"INSERT INTO stock SELECT {VALUES} FROM {database.numbers(count)} ON CONFLICT DO NOTHING;")
    ensure(replaced, "no row was replaced")
    damage(work, destination, stood)
    return (f"{count:,} rows of 14 types, {replaced:,} replaced by a key of two columns, {len(stood) - count:,} added, those "
            f"gone from the source kept, a column of PyIceberg's own kept, 0 cells differing, the snapshot before unchanged")


def seen_by_pyiceberg(destination):
    """A column that nothing comes for, filled in files that PyIceberg wrote."""
    from pyiceberg.types import DateType

    table = destination.table("stock")
    with table.update_schema() as change:
        change.add_column("seen", DateType())
    table = destination.table("stock")
    data = table.scan().to_arrow().drop(["seen"])
    dates = [datetime.date(2024, 1, 1) + datetime.timedelta(days=n % 300) for n in data["n"].to_pylist()]
    table.overwrite(data.append_column("seen", pa.array(dates, pa.date32())))


def merged(stood, comes):
    """What has to be there: rows of the load for those with their key, and what nothing comes for as it was."""
    return {**stood, **{key: {**row, "seen": stood.get(key, {}).get("seen", "None")} for key, row in comes.items()}}


def holds(destination, wanted):
    compare(rows(destination.read("stock")), wanted)


def compare(found, wanted):
    ensure(found.keys() == wanted.keys(), f"{len(wanted.keys() - found.keys())} rows are lost, "
           f"{len(found.keys() - wanted.keys())} too many")
    for key, row in wanted.items():
        ensure(found[key] == row, f"{key} is {found[key]} instead of {row}")


def earlier(destination, wanted):
    """The same load twice: the snapshot before shows the same rows, in files that the second one took out."""
    table = destination.table("stock")
    newest = table.current_snapshot()
    ensure(newest.summary.operation.value == "overwrite", f"the operation is {newest.summary.operation}")
    compare(rows(table.scan(snapshot_id=newest.parent_snapshot_id).to_arrow()), wanted)


def damage(work, destination, wanted):
    """Done to the table itself by PyIceberg, each time from the same state of the catalog."""
    catalog = destination.folder / "catalog.db"
    saved = catalog.read_bytes()
    table = destination.table("stock")
    data = table.scan().to_arrow()
    one = data.slice(0, 1)

    def replaced_one(name, value):
        column = data.schema.field(name)
        values = [value, *data[name].to_pylist()[1:]]
        return data.set_column(data.column_names.index(name), column, pa.array(values, column.type))

    for what, act in (("a replaced row left beside the new one", lambda table: table.append(one)),
                      ("a row lost when its file was written anew", lambda table: table.overwrite(data.slice(1))),
                      ("a value changed in a row that stayed", lambda table: table.overwrite(replaced_one("n", -1))),
                      ("a column that nothing comes for lost its value", lambda table: table.overwrite(
                          data.drop(["seen"]).append_column("seen", pa.nulls(data.num_rows, pa.date32()))))):
        act(destination.table("stock"))
        work.sabotage(what, holds, destination, wanted)
        catalog.write_bytes(saved)
    holds(destination, wanted)


def key_twice(work, database):
    """A key that comes twice in one load, and one that stands there twice: refused, and nothing changed."""
    database.execute("CREATE TABLE twice (id int NOT NULL, note text); INSERT INTO twice VALUES (1, 'a'), (2, 'b'), (3, 'b')")
    by = {"each": [{"table": database.table("twice"), "update-by": ["note"]}]}
    migration = Migration(work.room("twice"), database, "lake", ["twice"], write={"loading-policy": "update"}, **by)
    outcome = migration.run(expect=1)
    ensure(outcome.table("twice")["code"] == "UPDATE_KEY_TWICE", f"a key that comes twice: {outcome.complaint()}")
    destination = destination_of(migration)
    ensure(destination.read("twice") is None, "a table was made of a load that was refused")
    migration.document["migration"]["destination"]["loading-policy"] = "append"
    del migration.document["migration"]["each"]
    migration.write()
    migration.run("--anew")
    database.execute("DELETE FROM twice WHERE id = 3; UPDATE twice SET id = id + 10")
    migration.document["migration"].update(by)
    migration.document["migration"]["destination"]["loading-policy"] = "update"
    migration.write()
    outcome = migration.run(expect=1)
    ensure(outcome.table("twice")["code"] == "UPDATE_KEY_TWICE", f"a key that stands there twice: {outcome.complaint()}")
    found = sorted(row["id"] for row in destination.read("twice").to_pylist())
    ensure(found == [1, 2, 3], f"the table holds {found}")
    return "keys that come or stand there twice refused, nothing changed"


class Windows(File):
    """A source that holds two thirds of all rows, others after each change: a load by key leaves a third as it was."""

    def __init__(self, path):
        super().__init__(path)
        self.old = self.new = dict.fromkeys(range(1, WINDOW + 1), 0)

    def change(self):
        self.number += 1
        ours = f"(n + {self.number}) % 3 > 0"
        self.execute("DELETE FROM t")
        self.execute(f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {WINDOW}) "
                     f"INSERT INTO t SELECT n, {self.number}, hex(randomblob(20)) FROM numbers WHERE {ours}")
        self.old = self.new
        self.new = {n: self.number if (n + self.number) % 3 else before for n, before in self.old.items()}


class Updated(Trial):
    """The same effects, of a load that writes files of the table anew."""

    source_of = Windows

    def judged(self, code):
        return judge(code, self.read(), self.source.old, self.source.new)

    def arrived(self):
        judge(0, self.read(), self.source.old, self.source.new)

    def damage(self):
        table = self.read()
        self.work.sabotage("a third of the rows gone after a kill", judge, -9, table.slice(WINDOW // 3), self.source.old,
                           self.source.new)
        self.work.sabotage("exit code 0 with the old rows", judge, 0, table, self.source.new,
                           {**self.source.new, 1: self.source.number + 1})
        stray = destination_of(self.migration).live_files("t")[0]
        copy = stray.with_name("rewritten-" + stray.name)
        shutil.copy(stray, copy)
        self.work.sabotage("a file written anew and left over", only_named_files, destination_of(self.migration), ["t"])
        copy.unlink()


def judge(code, table, old, new):
    ensure(table is not None, "there is no table")
    ids, numbers = table["id"].to_pylist(), table["number"].to_pylist()
    found = dict(zip(ids, numbers))
    ensure(len(found) == len(ids), f"{len(ids) - len(found)} rows are doubled")
    ensure(found in (old, new), f"{len(found)} rows, neither the old nor the new ones")
    ensure(code != 0 or found == new, "it ended well, and the old rows stand")
    if code == 0:
        return "gone over"
    return "killed" if code < 0 else "failed clean" if found == old else "published, and complained"


def at_every_effect(work):
    strace_or_missing(work)
    trial = Updated(work, "lake", {"loading-policy": "update", "keep-snapshots": 2})
    for call in CALLS:
        for way in WAYS:
            trial.walk(call, way)
    ensure(not work.full or len(trial.met) >= LEAST_EFFECTS, f"only {len(trial.met)} effects")
    ensure(trial.cases, "nothing went wrong")
    trial.damage()
    files = {path.name.split("-")[0] for path in destination_of(trial.migration).live_files("t")}
    ensure("rewritten" in files, "no file was written anew")
    spread = ", ".join(f"{count} {outcome}" for outcome, count in sorted(trial.outcomes.items()))
    return (f"{len(trial.met)} effects on the disk, {trial.cases} cases: {spread}; the old or the new rows each time, taken up, "
            f"no file left that nothing names ({trial.late} times by the next load)")
