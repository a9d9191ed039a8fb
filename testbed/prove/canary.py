"""A password is nowhere: in no output, journal, plan, store, error or process list."""

import base64
import contextlib
import os
import threading
import time
import urllib.parse
from pathlib import Path

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import on_disk
from prove.godwit import Migration, Process
from prove.moments import Numbered

CANARY = "Kanarie/7#b3&q%Z9'w x"  # characters that are escaped differently in URLs, SQL and JSON
VARIABLE = "GODWIT_PROVE_CANARY"


def canary_nowhere(work):
    forms, places, watched = written_forms(), 0, 0
    for database, kind in zip(servers(work), ("lake", "files")):
        numbered = Numbered(database, 2_000, tables=1)
        secret = with_user(work, database)
        migration = Migration(work.room(database.kind), secret, kind, numbered.names)
        with ProcessList(forms) as processes:
            outputs = every_command(migration)
        watched += processes.looks
        nowhere(processes.seen, "the process list")
        for words, text in outputs:
            nowhere(found_in(text.encode(), forms), words)
        files = on_disk(work.room(database.kind))
        for path in files:
            nowhere(found_in(path.read_bytes(), forms), path.relative_to(work.folder))
        places += len(outputs) + len(files)
    damage(work, forms)
    return (f"{len(forms)} ways to write it, in 0 of {places} outputs and files (store, journal, plan, logs at trace, "
            f"data) and none of {watched} looks at all command lines")


def written_forms():
    """How a secret may show: as it is, and as URLs, SQL, JSON, base64 and hex write it."""
    raw = CANARY.encode()
    texts = {CANARY, urllib.parse.quote(CANARY, safe=""), urllib.parse.quote(CANARY), urllib.parse.quote_plus(CANARY),
             CANARY.replace("'", "''"), CANARY.replace("'", "\\'"), base64.b64encode(raw).decode(), raw.hex(),
             raw.hex().upper(), str(list(raw))}
    return sorted(text.encode() for text in texts)


def found_in(content, forms):
    return [form for form in forms if form in content]


def nowhere(found, where):
    ensure(not found, f"the password stands in {where}")


class Secretive:
    """A database as a user sees it whose password is the canary."""

    def __init__(self, database, user):
        self.database, self.user, self.kind = database, user, database.kind
        self.options, self.table = database.options, database.table

    def connection(self):
        return {**self.database.connection(), "user": self.user, "password": f"${{env:{VARIABLE}}}"}


def with_user(work, database):
    user, quoted = "prove_canary", CANARY.replace("'", "''")
    drop = f"DROP USER IF EXISTS {user};" if database.kind == "mysql" else f"DROP ROLE IF EXISTS {user};"
    admin = "mysql" if database.kind == "mysql" else "postgres"
    database.execute(drop, admin)
    if database.kind == "mysql":
        database.execute(f"CREATE USER {user} IDENTIFIED BY '{quoted}'; GRANT ALL ON {database.database}.* TO {user};"
                         f"GRANT RELOAD, PROCESS ON *.* TO {user};")
    else:
        database.execute(f"CREATE ROLE {user} LOGIN PASSWORD '{quoted}'; GRANT USAGE ON SCHEMA public TO {user};"
                         f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user};")
        work.at_the_end(lambda: database.execute(f"DROP OWNED BY {user}; DROP ROLE {user};"))
    if database.kind == "mysql":
        work.at_the_end(lambda: database.execute(drop, admin))
    return Secretive(database, user)


def every_command(migration):
    """[(words, everything printed)] of all that can be asked, well and badly."""
    file, data, room = str(migration.path), ["--data", str(migration.data)], migration.room
    loud = {VARIABLE: CANARY, "RUST_LOG": "trace"}
    outputs = []

    def ask(*words, environment=loud, expect=None, said=""):
        outcome = Process(words, room, environment).wait(60)
        outputs.append((f"what {outcome.shown()} printed{said}", outcome.out + outcome.err))
        if expect is not None:
            outcome.expect(expect)
        return outcome

    for more in ([], ["--json"]):
        ask("check", file, *more, expect=0)
        ask("plan", file, *more, expect=0)
        ask("source", "test", file, "source", *more, expect=0)
        ask("source", "tables", file, "source", *more, expect=0)
        ask("run", file, *data, *more, expect=0)
        ask("runs", "list", *data, *more, expect=0)
    ask("plan", file, "--out", str(room / "plan.json"))
    ask("run", file, *data, "--json", environment={**loud, "RUST_BACKTRACE": "1"}, expect=0)
    run = ask("run", file, *data, "--json").report["run"]
    ask("runs", "show", run, *data)
    ask("runs", "rejected", run, *data)
    # wrong in different ways; the password is the canary all the same
    original = dict(migration.document["data-sources"]["source"])
    for wrong in ({"user": "nobody_of_that_name"}, {"port": 1}, {"database": "no_such_database"}, {"password": CANARY},
                  {"password": f"${{env:{VARIABLE}}}x"}, {"host": f"user:{CANARY}@127.0.0.1"}):
        migration.document["data-sources"]["source"] = {**original, **wrong}
        migration.write()
        text = migration.path.read_text()
        for more in ([], ["--json"]):
            refused = ask("run", file, *data, *more, said=f" for {migration.kind}, {', '.join(wrong)} being wrong")
            ensure(refused.code != 0, f"a run with {sorted(wrong)} wrong went through")
        if CANARY in text:  # the person's own file; it must not be quoted anywhere else
            migration.path.unlink()
    migration.document["data-sources"]["source"] = original
    migration.write()
    return outputs


class ProcessList:
    """Looks at every command line of the machine while something runs."""

    def __init__(self, forms):
        self.forms, self.seen, self.looks = forms, [], 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def _look(self):
        while not self._stop.is_set():
            for entry in os.listdir("/proc"):
                if entry.isdigit():
                    with contextlib.suppress(OSError):
                        line = Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ")
                        self.seen += found_in(line, self.forms)
            self.looks += 1
            time.sleep(0.02)


def damage(work, forms):
    path = work.folder / "leak"
    path.write_bytes(b"{\"password\":\"" + CANARY.encode() + b"\"}")
    work.sabotage("the password in a file", lambda: nowhere(found_in(path.read_bytes(), forms), path.name))
    url = f"postgresql://prove:{urllib.parse.quote(CANARY, safe='')}@127.0.0.1/x"
    work.sabotage("the password in a URL", lambda: nowhere(found_in(url.encode(), forms), "an output"))
    with ProcessList(forms) as processes:
        Process(["3", CANARY], work.folder, program=["/bin/sh", "-c", "sleep 0.3", "-"]).wait()
    work.sabotage("the password on a command line", lambda: nowhere(processes.seen, "the process list"))
