"""DDL at the source during a run: it waits, or it makes that table fail by name."""

import pyarrow as pa

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.journal import saw, wait_for, watched
from prove.moments import Numbered, moment_of, payload

SWAP = {
    "postgresql": "BEGIN; ALTER TABLE {t} RENAME TO {t}_old; ALTER TABLE {t}_new RENAME TO {t}; COMMIT;",
    "mysql": "RENAME TABLE {t} TO {t}_old, {t}_new TO {t};",
}
CHANGES = {
    "postgresql": {"VACUUM FULL": "VACUUM FULL {t};", "TRUNCATE": "TRUNCATE {t};",
                   "ALTER": "ALTER TABLE {t} ALTER COLUMN tx TYPE numeric, ADD COLUMN more int DEFAULT 7;",
                   "rename swap": SWAP["postgresql"]},
    "mysql": {"TRUNCATE": "TRUNCATE {t};",
              "ALTER": "ALTER TABLE {t} MODIFY tx decimal(20,0) NOT NULL, ADD COLUMN more int DEFAULT 7;",
              "rename swap": SWAP["mysql"]},
}
MOMENTS = {"after the snapshot": ("snapshot",), "between splits": ("split-done",)}


def ddl_waits_or_fails(work):
    figures = []
    for suffix, moment in zip("ab", MOMENTS):
        for place, database in enumerate(servers(Suffixed(work, suffix))):
            if not work.full and place != list(MOMENTS).index(moment):
                continue  # by default each server at another moment
            changes = CHANGES[database.kind]
            numbered = Numbered(database, work.amount(8_000, 60_000), tables=len(changes))
            database.execute(replacements(numbered.names))
            waited, failed, went_through = fly(work, database, numbered, changes, moment)
            figures.append(f"{database.title} {moment}: {len(waited)} waited, {len(failed)} failed by name"
                           + (f", {len(went_through)} went through unharmed" if went_through else ""))
    return "; ".join(figures)


class Suffixed:
    """The same work with another name, for databases of their own."""

    def __init__(self, work, suffix):
        self.name, self.at_the_end = f"{work.name}-{suffix}", work.at_the_end


def replacements(names):
    """What a rename swap puts in the place of a table: other rows."""
    return "".join(f"CREATE TABLE {name}_new AS SELECT id + 7 AS id, 1 AS tx, payload FROM {name} WHERE id <= 100;"
                   for name in names)


def fly(work, database, numbered, changes, moment):
    """Holds the run at the moment, sends the statements, lets both go on."""
    migration = Migration(work.room(f"{database.kind}-{moment.replace(' ', '-')}"), database, "files", numbered.names)
    process, journal = watched(migration)
    ensure(wait_for(process, journal, saw(*MOMENTS[moment]), moment), f"{database.title}: the run ended too early: "
           f"{process.outcome and process.outcome.complaint()}")
    process.stop()
    running = any(kind != "committed" for kind, _ in journal.lines())
    sessions = {}
    for name, (title, statement) in zip(numbered.names, changes.items()):
        sessions[title] = (name, database.session())
        sessions[title][1].begin(statement.replace("{t}", name))
    at_once = {title for title, (_, session) in sessions.items() if session.finished(0.3)}
    process.go_on()
    outcome = process.wait()
    waited, failed, through = set(), set(), set()
    for title, (name, session) in sessions.items():
        ensure(title in at_once or session.finished(60), f"{title} on {name} still waits although the run has ended")
        session.close()
        result = check_table(database, title, outcome.report, name, destination_of(migration).read(name), numbered.base)
        (failed if result == "failed" else through if title in at_once else waited).add(title)
    ensure(running, "no table was under way")
    ensure(outcome.code == (0 if not failed else 3 if len(failed) < len(sessions) else 1), f"exit code {outcome.code}")
    damage(work, database, outcome.report, migration, numbered)
    journal.close()
    return waited, failed, through


def check_table(database, title, report, name, table, base):
    """A table that succeeded holds what the source held at the snapshot; one that failed says so and is not there."""
    line = next(line for line in report["tables"] if line["source"].endswith(name))
    if line["state"] == "succeeded":
        ensure(table is not None, f"{database.title}, {title}: {name} succeeded, and nothing is there")
        ensure(moment_of(table, base) == 0, f"{database.title}, {title}: {name} is of another moment")
        return "succeeded"
    ensure(line["state"] == "failed" and line["code"] and line["message"],
           f"{database.title}, {title}: {name} is {line['state']} without a reason")
    ensure(name in line["message"] or line["source"] in line["message"], f"{title}: the message does not name {name}: "
                                                                         f"{line['message']}")
    ensure(table is None, f"{database.title}, {title}: {name} failed, and the destination has it")
    return "failed"


def damage(work, database, report, migration, numbered):
    """A report that calls the first table succeeded, beside what it may hold when the DDL was not kept off."""
    name = numbered.names[0]
    lied = {"tables": [dict(line, state="succeeded") for line in report["tables"]]}
    whole = [{"id": number, "tx": 0, "payload": payload(number)} for number in range(1, numbered.base + 1)]
    sound = pa.Table.from_pylist(whole)
    check_table(database, "saboteur", lied, name, sound, numbered.base)
    for what, table in (("a table read after TRUNCATE", sound.slice(0, 0)),
                        ("half a table read after VACUUM FULL", sound.slice(0, numbered.base // 2)),
                        ("a table that is said to be there and is not", None)):
        work.sabotage(f"{database.title}: {what}", check_table, database, "saboteur", lied, name, table, numbered.base)
    work.sabotage(f"{database.title}: a table that failed, and is there", check_table, database, "saboteur",
                  {"tables": [dict(line, state="failed", code="X", message=name) for line in report["tables"]]}, name,
                  sound, numbered.base)
