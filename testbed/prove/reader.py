"""A reader who looks at a destination all the while, as a process of its own. Prints each new state that it sees.

    reader.py KIND FOLDER NAMESPACE TABLE…          ends when its standard input does
"""

import json
import os
import select
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from prove.claim import Refuted, one_line  # noqa: E402
from prove.destinations import open_destination  # noqa: E402
from prove.moments import fingerprint  # noqa: E402


PAUSE_SECONDS = 0.003


def look_on(kind, folder, namespace, tables):
    destination = open_destination(kind, folder, namespace)
    seen, looks = {}, 0
    if kind == "lake":
        import pyiceberg.catalog.sql  # noqa: F401  slow to load: before the first look
    while not select.select([sys.stdin], [], [], PAUSE_SECONDS)[0]:
        for table in tables:
            try:
                state = fingerprint(destination.read(table))
            except Exception as error:  # whatever a reader stumbles over is a state that it should not have seen
                state = f"broken: {type(error).__name__}: {one_line(error, 160)}"
            looks += 1
            if seen.get(table) != state:
                seen[table] = state
                print(json.dumps([table, state]), flush=True)
    print(json.dumps(["looks", looks]), flush=True)


class Reader:
    """The process, and what it has seen of each table, in order."""

    def __init__(self, migration, namespace="shop"):
        self.tables = migration.tables
        self.path = migration.room / "seen.jsonl"
        self.errors = migration.room / "reader-errors"
        with open(self.path, "wb") as out, open(self.errors, "wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), migration.kind, str(migration.folder), namespace,
                 *self.tables],
                stdin=subprocess.PIPE, stdout=out, stderr=err)

    def ready(self):
        """Waits until every table was looked at once."""
        while len({table for table, _ in self.lines()} & set(self.tables)) < len(self.tables):
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"the reader ended: {self.errors.read_text()[-500:]}")

    def lines(self):
        return [json.loads(line) for line in self.path.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def end(self):
        """{table: states in order}, and how often it looked."""
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(60)
        states, looks = {table: [] for table in self.tables}, 0
        for table, state in self.lines():
            if table == "looks":
                looks = state
            else:
                states[table].append(state)
        return states, looks


def check_seen(states, old, new):
    """Every state seen is the old one or the new one, and never the old one again after the new one."""
    for table, seen in states.items():
        arrived = False
        for state in seen:
            if state not in (old[table], new[table]):
                raise Refuted(f"a reader of {table} saw neither the old nor the new state: {state}")
            if arrived and state != new[table]:
                raise Refuted(f"a reader of {table} saw the old state after the new one")
            arrived = arrived or state == new[table]


if __name__ == "__main__":
    look_on(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
