"""Loading twice: overwrite leaves the same content and no file that nothing names; append doubles, and a load that
was published just before its process was killed is not published again by the resume."""

import shutil

from prove.claim import ensure
from prove.compare_cells import all_equal, set_passwords
from prove.databases import MariaDb, PostgreSql
from prove.destinations import destination_of, on_disk
from prove.godwit import Migration
from prove.journal import nobody_writes, saw, wait_for, watched
from prove.moments import Numbered, moment_of
from prove.processes import until

KEPT = 2


def overwrite_twice_equal(work):
    database = PostgreSql(work)
    set_passwords(database)
    numbered = Numbered(database, work.amount(5_000, 50_000))
    figures = []
    for kind, options in (("lake", {"keep-snapshots": KEPT}), ("files", {"grace-minutes": 0})):
        migration = Migration(work.room(kind), database, kind, numbered.names, destination=options)
        destination = destination_of(migration)
        cells = 0
        for _ in range(KEPT + 2):
            migration.run()
            cells = all_equal(database, destination, numbered.names)
        disk = only_named_files(destination, numbered.names)
        figures.append(f"{kind}: {len(numbered.names)} tables overwritten {KEPT + 1} times, {cells:,} cells, "
                       f"0 differing, {disk} files = {disk} named")
        damage_files(work, kind, destination, numbered.names)
    return "; ".join(figures)


def only_named_files(destination, names):
    """The files below the destination are exactly those that kept snapshots and manifests name; returns how many."""
    named = destination.named(names)
    disk = {path for path in on_disk(destination.folder) if not destination.not_a_table(path)}
    stray, lost = disk - named, named - disk
    for paths, fault in ((stray, "on disk that nothing names"), (lost, "named that are not on disk")):
        some = ", ".join(sorted(str(path.relative_to(destination.folder)) for path in paths)[:3])
        ensure(not paths, f"{destination.kind}: {len(paths)} files {fault}: {some}")
    return len(disk)


def damage_files(work, kind, destination, names):
    data = destination.live_files(names[0])[0]
    stray = data.with_name("stray-" + data.name)
    shutil.copy(data, stray)
    work.sabotage(f"one stray file added to {kind}", only_named_files, destination, names)
    stray.unlink()
    aside = work.folder / "aside"
    shutil.move(data, aside)
    work.sabotage(f"one data file of {kind} deleted", only_named_files, destination, names)
    shutil.move(aside, data)
    only_named_files(destination, names)


def append_twice_doubled(work):
    database = MariaDb(work)
    numbered = Numbered(database, work.amount(2_000, 50_000))
    figures = []
    for kind in ("lake", "files"):
        migration = Migration(work.room(kind), database, kind, numbered.names, destination={"loading-policy": "append"})
        destination = destination_of(migration)
        for times in (1, 2):
            migration.run()
            holds_times(destination, numbered, times)
        work.sabotage(f"{kind}: twice taken for once", holds_times, destination, numbered, 1)
        figures.append(f"{kind}: {numbered.base} rows a table became {2 * numbered.base}")
    return "; ".join(figures)


def holds_times(destination, numbered, times):
    """Every table holds its content so many times: as many rows of each id, each of them right."""
    for name in numbered.names:
        table = destination.read(name)
        ensure(table is not None, f"{destination.kind}: {name} is absent")
        ids = sorted(table["id"].to_pylist())
        expected = sorted(list(range(1, numbered.base + 1)) * times)
        ensure(ids == expected, f"{destination.kind}: {name} has {len(ids)} rows of {len(set(ids))} ids instead of "
                                f"{times} times {numbered.base}")
        if times == 1:
            ensure(moment_of(table, numbered.base) == 0, f"{name} is not what the source holds")


def append_killed_not_doubled(work):
    """The store is held from the moment of intent, so that `committed` cannot be journalled; the load is published
    all the same; then the process is killed."""
    database = PostgreSql(work)
    numbered = Numbered(database, work.amount(2_000, 20_000), tables=2)
    figures = []
    for kind in ("lake", "files"):
        tries = work.amount(1, 3)
        for attempt in range(tries):
            migration = Migration(work.room(f"{kind}-{attempt}"), database, kind, numbered.names,
                                  destination={"loading-policy": "append"})
            destination = destination_of(migration)
            migration.run()
            table = kill_after_publishing(migration, destination, numbered)
            outcome = migration.run("--resume")
            holds_times(destination, numbered, 2)
            ensure(set(outcome.states().values()) == {"succeeded"}, f"after the resume: {outcome.states()}")
            ensure(outcome.table(table)["resumed"] is True, f"{table} was published before the kill, not `resumed`")
        figures.append(f"{kind}: killed {tries}x between publishing and `committed`, resumed, rows doubled once")
        again = Migration(migration.room, database, kind, numbered.names, destination={"loading-policy": "append"})
        again.run()
        work.sabotage(f"{kind}: published once more", holds_times, destination, numbered, 2)
    return "; ".join(figures)


def kill_after_publishing(migration, destination, numbered):
    """Returns the table that stands published without a `committed` line."""
    process, journal = watched(migration)
    ensure(wait_for(process, journal, saw("committing"), "`committing` line"), "the run ended without `committing`")
    with nobody_writes(migration.data):
        # what the lock came too late for stays as it is: only tables without a `committed` line count
        def published():
            done = committed(journal)
            return next((name for name in numbered.names
                         if name not in done and destination.rows(name) == 2 * numbered.base), None)

        table = until(published, 7)
        process.kill()
    ensure(table, "with the store held, no load was published without its `committed` line within 7 s")
    ensure(table not in committed(journal), f"{table} is journalled as committed all the same")
    journal.close()
    return table


def committed(journal):
    return {line["report"]["source"].split(".")[-1] for kind, line in journal.lines() if kind == "committed"}
