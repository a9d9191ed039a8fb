"""An installation with ten thousand tasks and three million instances behind it: made once and kept, copied for each run."""

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from prove.databases import Sqlite
from prove.project import PASSWORD, Project
from prove.serving import Door, Service

from works.measuring import say
from works.service.past import past
from works.service.stores import STORES, script

TASKS, DAYS, SLOTS = 10_000, 30, 10
OF_A_DATABASE = 100
ROOM = 64_000  # thousandths of a core, a thousand each: slots are always free
SCHEMA = Path(__file__).resolve().parents[3] / "crates" / "store" / "schema"


class Installation:
    """One service over one store, in a folder that stays where it is: its data sources are named by their paths."""

    def __init__(self, kind, name, tables, databases=1):
        cache = Path(os.environ.get("GODWIT_CACHE") or Path.home() / ".cache" / "godwit") / "bench"
        self.folder, self.tables, self.databases = cache / f"{name}_{kind}", tables, databases
        self.room, self.kept = self.folder / "run", self.folder / "kept"
        self.store = STORES[kind](self.room, f"bench_{name}")

    def begin(self):
        """Everything anew: databases of small tables, a service, and in it a project with a migration of each of them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.room.mkdir(parents=True)
        self.store.begin()
        self.serve()
        self.door.enter("/set-up", {"token": self.service.set_up_token(), "name": "ann", "password": PASSWORD})
        self.project = Project.made(self.door, "shop", cpu_millis=ROOM, memory_mb=ROOM)
        self.project.data_source("files", "files", path=str(self.room / "files"))
        self.migrations = [self.migration(f"shop_{number:03}", range(number, self.tables, self.databases))
                           for number in range(self.databases)]

    def migration(self, name, numbers):
        """A database of tables of two rows, and a migration of all of them; its id."""
        path = self.folder / f"{name}.db"
        made = "".join(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO {table} VALUES (1, 'a'), (2, 'b');"
                       for table in (f"m_{number:05}" for number in numbers))
        script(path, f"BEGIN; {made} COMMIT;")
        self.project.collect(self.project.database(name, Sqlite(path)))
        return self.project.migration(name, {
            "source": {"data-source": name}, "destination": {"data-source": "files", "namespace": name},
            "tables": {"all": True}, "run": {"reruns": 0}})

    def serve(self):
        """Starts the service, and stands at its door."""
        self.service = Service(self.room, roots=[str(self.folder)], **self.store.settings)
        self.door = Door(self.service.port)

    def log_in(self):
        self.door.enter("/session", {"name": "ann", "password": PASSWORD})
        self.project = Project(self.door, self.door.ask("GET", "/projects")["items"][0]["id"])

    @contextlib.contextmanager
    def running(self):
        """Whatever is begun within ends with it."""
        try:
            yield self
        finally:
            if hasattr(self, "service"):
                self.service.process.kill()
            self.store.end()
            shutil.rmtree(self.room, ignore_errors=True)


def kept(bench, kind):
    """The one with a month behind it; made where it is not there whole, or was made by another schema."""
    tasks, digest = bench.amount(TASKS), hashlib.sha256(b"".join(path.read_bytes() for path in sorted(SCHEMA.iterdir())))
    installation = Installation(kind, "service", tasks, -(-tasks // OF_A_DATABASE))
    mark = installation.kept / f"whole-{tasks}-{digest.hexdigest()[:12]}"
    if not (mark.exists() and installation.store.is_kept()):
        say(f"makes a service over {installation.store.title}: {tasks:,} tasks, {tasks * DAYS * SLOTS:,} instances")
        with installation.running():
            installation.begin()
            for migration in installation.migrations:
                installation.project.generate(migration)
            installation.project.submit()
            installation.service.stop()
            indexes = installation.store.indexes()  # made again when all rows are there: that takes a fraction of the time
            installation.store.execute("".join(f"DROP INDEX {name};" for name, _ in indexes))
            installation.store.execute(past(tasks, DAYS, SLOTS) + "".join(f"{definition};" for _, definition in indexes))
            installation.store.keep()
            installation.room.rename(installation.kept)
        mark.touch()
    return installation


@contextlib.contextmanager
def copied(installation):
    """Ready to be served, in a place of its own."""
    with installation.running():
        shutil.rmtree(installation.room, ignore_errors=True)
        shutil.copytree(installation.kept, installation.room)
        installation.store.copy()
        yield installation
