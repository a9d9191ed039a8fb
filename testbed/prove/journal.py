"""The journal of a run, watched from another process while the run goes on."""

import collections
import contextlib
import json
import sqlite3
import time

from prove.claim import Refuted

PHASES = ("prepare", "move", "verify", "commit")


class Journal:
    """The store under a data folder, opened for reading."""

    def __init__(self, data):
        self.path = data / "godwit.db"
        self.connection = None
        self.before = self.last_run()

    def ask(self, sql, values=()):
        """Rows, or none as long as there is no store yet."""
        try:
            if self.connection is None:
                if not self.path.exists():
                    return []
                self.connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=0.2,
                                                  isolation_level=None)
            return self.connection.execute(sql, values).fetchall()
        except sqlite3.OperationalError:
            return []

    def last_run(self):
        rows = self.ask("SELECT max(id) FROM runs")
        return rows[0][0] if rows else None

    def new_run(self):
        """The run that began after this watch did, as soon as there is one."""
        run = self.last_run()
        return run if run != self.before else None

    def lines(self, run=None):
        """[(kind, document)] of the run that began after this watch, or of the one given."""
        run = run or self.new_run()
        if run is None:
            return []
        rows = self.ask("SELECT kind, json FROM journal WHERE run = ? ORDER BY sequence", (run,))
        return [(kind, unwrapped(kind, json.loads(text))) for kind, text in rows]

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


def watched(migration, *words):
    """A run that was begun under the eyes of a journal: (process, journal)."""
    journal = Journal(migration.data)
    return migration.start(*words), journal


def unwrapped(kind, document):
    return document[kind] if isinstance(document, dict) and set(document) == {kind} else document


def tables_in_phase(lines):
    """{table: phase} by the journal's lines alone; a table that is done, or not begun, is not in it."""
    phases, splits, done = {}, {}, collections.Counter()
    for kind, line in lines:
        table = line.get("pipeline") if isinstance(line, dict) else None
        if table is None:
            continue
        if kind == "splits":
            splits[table] = len(line["splits"])
        elif kind == "prepared":
            phases[table], done[table] = "prepare", 0
        elif kind == "split-done":
            done[table] += 1
            phases[table] = "move" if done[table] < splits.get(table, 0) else "verify"
        elif kind == "verified":
            phases[table] = "verify"
        elif kind == "committing":
            phases[table] = "commit"
        elif kind in ("committed", "aborted"):
            phases.pop(table, None)
    return phases


def wait_for(process, journal, condition, what, seconds=60):
    """Polls as fast as possible until `condition(lines)` says something true; None if the process ended before."""
    deadline = time.monotonic() + seconds
    while process.alive():
        found = condition(journal.lines())
        if found:
            return found
        if time.monotonic() > deadline:
            raise Refuted(f"after {seconds} s there was no {what}")
    return None


def saw(*kinds):
    """A condition: a line of one of these kinds."""
    return lambda lines: any(kind in kinds for kind, _ in lines)


@contextlib.contextmanager
def nobody_writes(data, seconds=9):
    """Holds the store's write lock, as a slow disk would: what the run wants to journal has to wait."""
    connection = sqlite3.connect(data / "godwit.db", timeout=seconds, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        with contextlib.suppress(sqlite3.Error):  # where the lock was not had there is nothing to roll back
            connection.execute("ROLLBACK")
        connection.close()
