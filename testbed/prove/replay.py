"""Rejected rows are all kept, and once their cause is mended read again once, whatever dies in between."""

import sqlite3
import time
from collections import Counter
from contextlib import suppress

import pyarrow.parquet

from prove.claim import Refuted, ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration, call
from prove.journal import nobody_writes, saw, wait_for, watched

BAD = {"postgresql": ("numeric(12,2)", "'NaN'", "NUMERIC_NAN"), "mysql": ("date", "'0000-00-00'", "ZERO_DATE")}
GOOD = {"postgresql": ("{n} / 4.0", "7.25"), "mysql": ("DATE '2024-01-01' + INTERVAL MOD({n}, 300) DAY", "'2024-02-29'")}
# tables by their keys: one column, several, none
KEYS = {"one": "PRIMARY KEY (id)", "several": "PRIMARY KEY (part, id)", "none": "CHECK (id > 0)"}
TRIES = 8


def rejected_replayed_once(work):
    rows, figures = work.amount(3_000, 30_000), []
    for number, database in enumerate(servers(work)):
        kind = ("lake", "files")[number]
        migration = Migration(work.room(f"{database.kind}-{kind}"), database, kind, list(KEYS),
                              rejected_rows={"limit": rows})
        for killed in ("between commit and mark", "before the commit"):
            for _ in range(TRIES):
                bad = plant(database, rows)
                first = migration.run().report
                kept = kept_rows(migration, first["run"])
                check_kept(kept, bad, BAD[database.kind][2])
                mend(database)
                # One that was not met has read the rows: the next try begins anew.
                died = killed_replay(migration, first["run"], killed)
                if died:
                    break
            else:
                raise Refuted(f"{TRIES} replays were not met {killed}")
            last = migration.start("--replay", first["run"]).wait()
            ensure(last.code in (1, 3), f"the last replay ended with {last.code}: {last.complaint()}")
            last = last.report
            told = rejected(migration, first["run"])
            copies = {name: destination_of(migration).read(name) for name in KEYS}
            truth = {name: source_rows(database, name) for name in KEYS}
            check(copies, truth, bad, told, last)
            if number == 0 and killed == "before the commit":
                damage(work, kept, bad, BAD[database.kind][2], (copies, truth, told, last))
            figures.append(f"{database.title} to {kind}: {len(bad)} of {rows:,} rows in each of {len(KEYS)} tables kept, "
                           f"a replay killed {killed}, {died}")
    return "; ".join(figures) + "; afterwards every row of the tables with keys stands once, and the one without a key is refused"


def plant(database, rows):
    """Fresh tables; every twentieth row is bad."""
    kind, bad, _ = BAD[database.kind]
    good = GOOD[database.kind][0].format(n="n")
    strict = "SET sql_mode = 'ALLOW_INVALID_DATES';" if database.kind == "mysql" else ""
    for name, key in KEYS.items():
        database.execute(f"{strict} DROP TABLE IF EXISTS {name}; CREATE TABLE {name} (part varchar(20) NOT NULL, "
                         f"id bigint NOT NULL, v {kind}, {key});"
                         f"INSERT INTO {name} SELECT CASE WHEN MOD(n, 3) = 0 THEN 'it''s \\\\ 你' ELSE 'b' END, n, "
                         f"CASE WHEN MOD(n, 20) = 0 THEN {bad} ELSE {good} END FROM {database.numbers(rows)};")
    return {n for n in range(1, rows + 1) if n % 20 == 0}


def mend(database):
    value = GOOD[database.kind][1]
    for name in KEYS:
        database.execute(f"UPDATE {name} SET v = {value} WHERE MOD(id, 20) = 0;")


def source_rows(database, name):
    return Counter((int(number), str(value)) for number, value in database.query(f"SELECT id, v FROM {name}"))


def kept_rows(migration, run):
    """What stands in the exported Parquet file, read by other eyes."""
    path = migration.room / f"rejected-{time.time_ns()}.parquet"
    call("runs", "rejected", run, "--data", str(migration.data), "--out", str(path), "--json",
         room=migration.room).expect(0)
    return pyarrow.parquet.read_table(path).to_pylist()


def check_kept(kept, bad, code):
    by_table = {}
    for row in kept:
        ensure((row["column"], row["code"]) == ("v", code), f"a row is kept for {row['column']}: {row['code']}")
        by_table.setdefault(row["table"].split(".")[-1], []).append(row)
    for name in KEYS:
        found = by_table.get(name, [])
        ensure(len(found) == len(bad), f"{len(found)} rows of {name} are kept, {len(bad)} were rejected")
        if name != "none":
            ids = Counter(int(row["key"][-1]) for row in found)
            ensure(ids == Counter(bad), f"{name}: kept are others than the bad ones: {sorted(ids - Counter(bad))[:5]}")


def rejected(migration, run):
    return call("runs", "rejected", run, "--data", str(migration.data), "--json", room=migration.room).expect(0).report


def killed_replay(migration, run, when):
    """A replay that dies; says where it was met, nothing where it was not."""
    before = seen(migration)
    process, journal = watched(migration, "--replay", run)
    try:
        if when == "before the commit":
            if wait_for(process, journal, saw("split-done"), "written split"):
                process.stop()
                if not saw("committing")(journal.lines()):
                    process.kill()
                    return "met with its rows written and unseen"
        elif wait_for(process, journal, saw("committing"), "commit"):
            with suppress(sqlite3.OperationalError), nobody_writes(migration.data):
                if published(migration, process, journal, before):
                    process.kill()
                    return "met with its rows published and not yet journalled"
    finally:
        process.kill()
        journal.close()
    return None


def seen(migration):
    destination = destination_of(migration)
    return {name: destination.read(name).num_rows for name in KEYS}


def published(migration, process, journal, before):
    """True once more tables have other rows than commits are journalled; the journal cannot be written meanwhile."""
    deadline = time.monotonic() + 4
    while process.alive() and time.monotonic() < deadline:
        now = seen(migration)
        changed = sum(now[name] != before[name] for name in KEYS)
        if changed > sum(kind == "committed" for kind, _ in journal.lines()):
            return True
        time.sleep(0.01)
    return False


def check(copies, truth, bad, told, last):
    for name, key in KEYS.items():
        found = Counter((row["id"], str(row["v"])) for row in copies[name].to_pylist())
        wanted = truth[name]
        if name == "none":
            wanted = Counter({row: count for row, count in wanted.items() if row[0] not in bad})
        ensure(found == wanted, f"{name} ({key}): {sum((found - wanted).values())} rows too many, "
               f"{sum((wanted - found).values())} too few")
    marks = {table["source"].split(".")[-1]: table["replayed_by"] for table in told["tables"]}
    ensure(marks["one"] and marks["several"], f"not marked as read again: {marks}")
    ensure(not marks["none"], "a table that was not read again is marked")
    codes = {table["source"].split(".")[-1]: table["code"] for table in last["tables"]}
    ensure(codes.get("none") == "REPLAY_NO_KEY", f"the table without a key is answered with {codes.get('none')}")


def damage(work, kept, bad, code, evidence):
    copies, truth, told, last = evidence
    one = copies["one"]
    kept_of_one = next(row for row in kept if row["table"].split(".")[-1] == "one")
    doubled = type(one).from_pylist(one.to_pylist() + one.slice(0, 1).to_pylist(), schema=one.schema)
    work.sabotage("a rejected row that was not kept", check_kept, kept[1:], bad, code)
    other = [dict(row, key=["7"]) if row["key"] == kept_of_one["key"] and row["table"] == kept_of_one["table"] else row
             for row in kept]
    work.sabotage("a kept row with another key", check_kept, other, bad, code)
    work.sabotage("a row that stands twice", check, {**copies, "one": doubled}, truth, bad, told, last)
    work.sabotage("a row that was not read again", check, {**copies, "one": one.slice(1)}, truth, bad, told, last)
    unmarked = {**told, "tables": [dict(table, replayed_by=None) for table in told["tables"]]}
    work.sabotage("a mark that is missing", check, copies, truth, bad, unmarked, last)
