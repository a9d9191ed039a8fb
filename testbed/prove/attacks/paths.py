"""Attacks on files: what lies outside the folders that data sources may be in, the service's own, and what is written beside."""

import shutil
import sqlite3

from prove.attacks.attack import Attack, shown
from prove.every_noun import ROWS

DENIED = ("NOT_VALID",)
SAYS = r"options\.[\w.]+: .*(may not be used|is no folder|is empty|cannot be opened by other tools)"
MARK = "payroll-of-everybody"


class Outside:
    """A folder beside the root, with a database that nobody may read, and ways into it from the root."""

    def __init__(self, house, folder):
        self.room, self.folder = house.room, folder
        folder.mkdir()
        self.database = folder / "secret.db"
        with sqlite3.connect(self.database) as connection:
            connection.execute("CREATE TABLE payroll (who TEXT, what TEXT)")
            connection.execute("INSERT INTO payroll VALUES (?, ?)", (MARK, MARK))
        neighbour = house.room.with_name(house.room.name + "-other")
        neighbour.mkdir()
        shutil.copy(self.database, neighbour / "secret.db")
        self.neighbour = neighbour
        for name, target in (("link", folder), ("linked.db", self.database), ("chain", house.room / "link"),
                             ("loop", house.room / "loop"),
                             ("dangling", folder / "not-there"), ("to-data", house.room / "data"), ("to-root", "/"),
                             ("relative", "../" + folder.name)):
            (house.room / name).symlink_to(target)
        self.before = self.listing()

    def listing(self):
        return sorted(str(path.relative_to(self.folder.parent)) for folder in (self.folder,
                                                                               self.neighbour) for path in folder.rglob("*"))

    def touched(self):
        found = self.listing()
        return None if found == self.before else f"it wrote outside: {sorted(set(found) ^ set(self.before))}"


def ways_out(house, outside):
    """Paths that lead out of the root, or to what the service keeps for itself."""
    room, secret = house.room, outside.database
    return {
        "an absolute one": secret, "a folder above": f"{room}/../{secret.parent.name}/secret.db",
        "a folder above what is not there": f"{room}/none/../../{secret.parent.name}/secret.db",
        "many folders above": f"{room}/../../../../../../../..{secret}",
        "a dot and a folder above": f"{room}/./../{secret.parent.name}/secret.db",
        "slashes in a row": f"{room}//..//{secret.parent.name}//secret.db", "a linked folder": f"{room}/link/secret.db",
        "a linked file": f"{room}/linked.db", "a chain of links": f"{room}/chain/secret.db",
        "a loop of links": f"{room}/loop/secret.db",
        "a link to what is not there": f"{room}/dangling", "below a link to what is not there": f"{room}/dangling/x.db",
        "a relative link": f"{room}/relative/secret.db", "a link to all": f"{room}/to-root{secret}",
        "a neighbour whose name begins alike": outside.neighbour / "secret.db", "a relative one": "shop.db",
        "one with a dot": "./shop.db",
        "one above the data": "../shop.db", "somebody's home": "~/shop.db", "a URI": f"file://{secret}",
        "a URI with a mode": f"file:{secret}?mode=rwc",
        "a URI of the root": f"file:{room}/shop.db", "a scheme": f"sqlite://{secret}", "memory": ":memory:", "nothing": "",
        "a blank": " ",
        "a NUL at its end": f"{room}/shop.db\0", "a NUL and the root": f"{secret}\0{room}/shop.db",
        "the root and a NUL": f"{room}\0/../{secret}",
        "backslashes": f"{room}\\..\\outside", "the root of all": "/", "passwords of the machine": "/etc/passwd",
        "the process's environment": "/proc/self/environ",
        "the process's folder": f"/proc/self/cwd/../{secret.parent.name}/secret.db",
        "the process's root": f"/proc/self/root{secret}", "a file that the process has open": "/proc/self/fd/3",
        "a device": "/dev/zero",
        "its own store": room / "data" / "godwit.db", "its own keys": room / "data" / "godwit.key",
        "its own folder": room / "data",
        "a link to its own folder": f"{room}/to-data/godwit.db", "beside its own store": room / "data" / "new.db",
        "its own store's journal": room / "data" / "godwit.db-wal", "its own folder, around": f"{room}/lake/../data/godwit.db",
    }


def roots(house, outside):
    """Every way out, by every option that is a path."""
    sources = f"/projects/{house.mine.id}/data-sources"
    server = {"host": "192.0.2.1", "database": "x", "user": "x", "password": "x"}

    def by_option(path):
        return {"sqlite": {"path": path}, "lake": {"path": path}, "files": {"path": path},
                "postgresql": {**server, "tls": {"mode": "verify-full", "ca": path}}, "mysql": {**server, "socket": path}}
    for payload, path in ways_out(house, outside).items():
        for kind, options in by_option(str(path)).items():
            body = {"name": f"out-{next(house.numbers)}", "type": kind, "options": options}
            yield Attack("path", f"{kind}: {payload}", lambda: house.mallory.ask("POST", sources, body), (422,), DENIED,
                         outside.touched, SAYS)
    for payload, path in (("the folder that holds its own", house.room), ("the folder above it", house.room.parent)):
        for kind in ("lake", "files"):
            body = {"name": f"around-{next(house.numbers)}", "type": kind, "options": {"path": str(path)}}
            yield Attack("path", f"{kind}: {payload}", lambda: house.mallory.ask("POST", sources, body), (422,), DENIED,
                         outside.touched, SAYS)
    for payload, path in (("escaped dots", f"{house.room}/%2e%2e/{outside.folder.name}/secret.db"),
                          ("escaped dots and slashes", f"{house.room}/%2e%2e%2f{outside.folder.name}%2fsecret.db"),
                          ("dots of another alphabet", f"{house.room}/．．/{outside.folder.name}/secret.db"),
                          ("a mode behind a question mark", f"{house.room}/shop.db?mode=rwc"),
                          ("a folder", str(house.room / "lake"))):
        body = {"data-source": {"type": "sqlite", "options": {"path": path}}}
        yield Attack("path", f"a test of {payload}", lambda: house.mallory.ask("POST", f"{sources}/test", body), (200,), (),
                     outside.touched, tells=reveals)
    yield from exchanged(house, outside, sources)


def reveals(answer):
    """What the answer to a test tells of what it must not open."""
    return f"reached: {shown(answer)}" if (answer.json or {}).get("reachable") is not False or MARK in answer.text else None


def exchanged(house, outside, sources):
    """What was right when it was made, and is a link afterwards."""
    folder = house.room / "exchanged"
    folder.mkdir()
    shutil.copy(house.database.path, folder / "secret.db")
    body = {"name": "exchanged", "type": "sqlite", "options": {"path": str(folder / "secret.db")}}
    made = house.mallory.ask("POST", sources, body).json["id"]
    shutil.rmtree(folder)
    folder.symlink_to(outside.folder)
    yield Attack("path", "a folder exchanged for a link", lambda: house.mallory.ask("POST", f"{sources}/{made}/test"), (200,), (),
                 outside.touched, tells=reveals)
    yield Attack("path", "collecting through it", lambda: house.worked(f"{sources}/{made}/metadata"), (200,), (), outside.touched,
                 tells=lambda answer: "it was read" if "payroll" in answer.text or answer.json["state"] != "failed" else None)
    yield Attack("path", "looking at a table through it",
                 lambda: house.mallory.ask("GET", f"{sources}/{made}/table?schema=main&table=payroll"), (404, 422), (),
                 outside.touched)


def written_names(house, outside):
    """Names from which folders are made where tables are written."""
    evil = {"a folder above": "../evil", "an absolute path": str(outside.folder / "evil"), "folders above within": "a/../../evil",
            "a backslash": "..\\evil", "a NUL": "evil\0", "a line's end": "evil\nx", "two dots": "..", "a dot": ".",
            "the catalog": "catalog.db",
            "a question mark": "evil?x", "an escape": "%2e%2e%2fevil"}
    safe_in_values = {"two dots", "a dot", "the catalog", "a question mark", "an escape"}
    for kind in ("lake", "files"):
        for payload, name in evil.items():
            documents = {
                "namespace": {"destination": {"data-source": f"to-{kind}", "namespace": name}},
                "prefix": {"names": {"table-prefix": name}}, "suffix": {"names": {"table-suffix": name}},
                "replacement": {"names": {"table-rules": [{"replace": "visits", "with": name}]}},
                "column": {"names": {"field-rules": [{"replace": "note", "with": name}]}},
                "partition's column": {"method": {"kind": "one-time", "partition": {"one-time": f"{name}=1"}}},
                "partition": {"method": {"kind": "one-time", "partition": {"one-time": f"ds={name}"}}},
                "parameter": {"method": {"kind": "one-time", "partition": {"one-time": "ds=${p}"}}, "parameters": {"p": name}},
            }
            for place, more in list(documents.items())[("lake", "files").index(kind)::2]:
                if place not in ("partition", "parameter") or payload not in safe_in_values:
                    yield Attack("written name", f"{kind}: {payload} as {place}", lambda: house.planned(kind, more), (200,), (),
                                 outside.touched, tells=unblocked)


def unblocked(answer):
    """That a plan would run."""
    return None if ((answer.json or {}).get("result") or {}).get("blocked") else f"it would be written: {shown(answer)}"


def parameters_by_hand(house, outside):
    """What who may run a task gives it: names of folders, and texts that end a literal."""
    project = f"/projects/{house.mine.id}"
    document = {"source": {"data-source": "from"}, "destination": {"data-source": "to-files", "namespace": "shop"},
                "tables": {"listed": ["visits"]}, "method": {"kind": "daily", "partition": {"daily": "ds=${p}"}},
                "filter": {"daily": "note <> '${q}'"}, "parameters": {"p": "p", "q": "q"}, "run": {"reruns": 0}}
    house.mine.generate(house.mine.migration("by_hand", document))
    pipelines = [one["id"] for one in house.mine.every("/pipelines") if one["name"].startswith("by_hand")]
    house.mine.done(house.mine.ask("POST", "/submit", {"pipelines": pipelines}))
    (task,) = pipelines
    folders = ["../evil", "..", ".", "../../../evil", str(outside.folder / "evil"), "a/b", "a\\b", "evil\0", "%2e%2e", ".godwit",
               "_godwit.json", ""]
    texts = ["' OR '1'='1", "'; DROP TABLE visits; --", "\\", "\\'", "--", "/*", "*/", ";", "#", "\"", "`", "\n", "\0",
             "' UNION SELECT 1 --",
             "') OR (1=1", "${p}", "${q}", "$[yyyy]"]
    for payload, given in [(f"the folder {one!r}", {"p": one}) for one in folders] + [(f"the text {one!r}",
        {"q": one}) for one in texts]:
        yield Attack("by hand", payload, lambda: house.ran(f"{project}/tasks/{task}/instances", {"parameters": given}),
                     (200, 400, 422), (), lambda: strays(house) or outside.touched(), tells=read_more)


def strays(house):
    found = list(house.room.rglob("*evil*"))
    return f"it wrote {found}" if found else None


def read_more(answer):
    """That an instance read other rows than it was meant for."""
    last = answer.json or {}
    rows = [run["report"].get("rows_read") for run in last.get("runs", []) if run.get("report")]
    return f"it read {rows} rows" if last.get("state") == "succeeded" and rows != [ROWS] else None
