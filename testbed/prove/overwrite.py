"""Loading twice: overwrite leaves the same content and no file that nothing names; append doubles, and a load that
was published just before its process was killed is not published again by the resume."""

import shutil
import sqlite3

from prove.claim import ensure
from prove.compare_cells import all_equal, set_passwords
from prove.databases import MariaDb, PostgreSql
from prove.destinations import destination_of, on_disk
from prove.godwit import Migration
from prove.journal import nobody_writes, wait_for, watched
from prove.moments import Numbered, moment_of
from prove.processes import until

KEPT = 2
TRIES = 8


def overwrite_twice_equal(work):
    database = PostgreSql(work)
    set_passwords(database)
    numbered = Numbered(database, work.amount(5_000, 50_000))
    figures = []
    for kind, options in (("lake", {"keep-snapshots": KEPT}), ("files", {"grace-minutes": 0})):
        migration = Migration(work.room(kind), database, kind, numbered.names, write=options)
        destination = destination_of(migration)
        cells = 0
        for times in range(KEPT + 2):
            migration.run()
            if times != 1:
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
        migration = Migration(work.room(kind), database, kind, numbered.names, write={"loading-policy": "append"})
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
    numbered = Numbered(database, work.amount(2_000, 20_000))
    figures = []
    for kind in ("lake", "files"):
        hits, runs = work.amount(1, 3), 0
        for hit in range(hits):
            table = None
            while table is None:
                runs += 1
                ensure(runs <= hits * TRIES, f"{kind}: in {runs} runs the moment between both was not met")
                migration = Migration(work.room(f"{kind}-{runs}"), database, kind, numbered.names,
                                      write={"loading-policy": "append"})
                migration.run()
                table = kill_after_publishing(migration, numbered)
            outcome = migration.run("--resume")
            holds_times(destination_of(migration), numbered, 2)
            ensure(set(outcome.states().values()) == {"succeeded"}, f"after the resume: {outcome.states()}")
            ensure(outcome.table(table)["resumed"] is True, f"{table} was published before the kill, not `resumed`")
        figures.append(f"{kind}: killed {hits}x between publishing and `committed`, resumed, rows doubled once")
        migration.run()
        work.sabotage(f"{kind}: published once more", holds_times, destination_of(migration), numbered, 2)
    return "; ".join(figures)


def kill_after_publishing(migration, numbered, destination=None):
    """Returns the table that stands published without a `committed` line; None if the run was not met there."""
    destination = destination or destination_of(migration)
    process, journal = watched(migration)

    def published():
        return next((name for name in numbered.names if name in intended(journal)
                     and destination.rows(name) == 2 * numbered.base), None)

    while wait_for(process, journal, lambda _: intended(journal), "`committing` line"):
        process.stop()
        try:
            with nobody_writes(migration.data, 0.05):
                held = intended(journal)
                process.go_on()
                if held:
                    table = until(published, 7)
                    process.kill()
                    ensure(table, f"with the store held, {held} was not published within 7 s")
                    journal.close()
                    return table
        except sqlite3.OperationalError:  # it was stopped in the middle of a line
            process.go_on()
    process.wait().expect(0)
    journal.close()
    return None


def intended(journal):
    """Tables with a `committing` line and no `committed` one."""
    reports = [(kind, line["report"]["source"].split(".")[-1]) for kind, line in journal.lines()
               if kind in ("committing", "committed")]
    return {name for kind, name in reports if kind == "committing"} - {name for kind, name in reports if
                                                                       kind == "committed"}
