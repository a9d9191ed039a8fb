"""Stopping: a cancel that frees the server, and a second process that is refused."""

import signal
import time

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.journal import saw, wait_for, watched
from prove.moments import Numbered, fingerprint, moment_of

CANCEL_SECONDS = 10
AT_ONCE_SECONDS = 3


def until(condition, seconds):
    """What the condition says as soon as it says something true, or what it said last."""
    deadline = time.monotonic() + seconds
    while True:
        found = condition()
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


def endless_view(database, limit):
    """A view that streams `limit` rows, and takes no time before the first one."""
    return (f"CREATE OR REPLACE VIEW endless AS SELECT a.id * 1000000 + b.id AS id, a.payload AS payload "
            f"FROM t0 a CROSS JOIN t0 b{f' WHERE a.id = 1 AND b.id <= {limit}' if limit else ''};")


def cancel_frees_the_server(work):
    figures = []
    for database, kind in zip(servers(work), ("lake", "files")):
        numbered = Numbered(database, 10_000, tables=1)
        database.execute(endless_view(database, 10))
        migration = Migration(work.room(database.kind), database, kind, ["t0", "endless"])
        migration.run()
        destination = destination_of(migration)
        before = destination.read("endless").sort_by("id").to_pylist()
        t0 = fingerprint(destination.read("t0"))
        database.execute(endless_view(database, None))
        process, journal = watched(migration)
        ensure(wait_for(process, journal, saw("prepared"), "`prepared` line"), "the run ended by itself")
        busy = until(lambda: [row for row in database.sessions() if "endless" in row[-1]], 20)
        ensure(busy, "the server never showed our query on the endless view")
        time.sleep(1.5)
        work.sabotage(f"{database.title} asked while the query still runs", nothing_at_work, database, 1)
        asked = time.monotonic()
        process.signal(signal.SIGINT)
        outcome = process.wait(CANCEL_SECONDS + 60)
        ended = time.monotonic() - asked
        nothing_at_work(database, max(0.1, CANCEL_SECONDS - ended))
        freed = time.monotonic() - asked
        ensure(freed <= CANCEL_SECONDS, f"{database.title} was free only after {freed:.1f} s")
        outcome.expect(130)
        ensure(outcome.report["state"] == "cancelled", f"the report says {outcome.report['state']}")
        ensure(outcome.table("endless")["state"] == "cancelled", f"endless is {outcome.table('endless')['state']}")
        as_before(destination, before)
        ensure(fingerprint(destination.read("t0")) == t0, "t0 is not as it was")
        work.sabotage(f"{kind}: a row more than before", as_before, destination, before[:-1])
        journal.close()
        figures.append(f"{database.title}: exit 130, server free after {freed:.1f} s, {kind} as before")
    return "; ".join(figures)


def nothing_at_work(database, seconds):
    left = until(lambda: not database.sessions(), seconds)
    ensure(left, f"{database.title} still shows {database.sessions()}")


def as_before(destination, rows):
    ensure(destination.read("endless").sort_by("id").to_pylist() == rows, "the destination is not as it was")


def second_process_refused(work):
    database = servers(work)[0]
    numbered = Numbered(database, work.amount(20_000, 100_000), tables=2)
    migration = Migration(work.room("one"), database, "lake", numbered.names)
    process, journal = watched(migration)
    ensure(wait_for(process, journal, saw("snapshot", "prepared"), "`snapshot` line"), "the run ended too early")
    process.stop()
    second = migration.start().wait(30)
    said = refused_at_once(second)
    elsewhere = Migration(work.room("other"), database, "lake", numbered.names)
    work.sabotage("another data folder, where nothing stands in the way", refused_at_once, elsewhere.start().wait())
    process.go_on()
    outcome = process.wait().expect(0)
    for name in numbered.names:
        moment_of(destination_of(migration).read(name), numbered.base)
    journal.close()
    return f"exit 1 after {second.seconds:.1f} s: {said}; the first went on to {outcome.report['rows']:,} rows, exit 0"


def refused_at_once(outcome):
    """Returns what it said."""
    outcome.expect(1)
    ensure(outcome.seconds <= AT_ONCE_SECONDS, f"it took {outcome.seconds:.1f} s to be refused")
    said = outcome.complaint()
    ensure("RUN_IN_PROGRESS" in outcome.out + outcome.err, f"the reason is not named: {said}")
    return said
