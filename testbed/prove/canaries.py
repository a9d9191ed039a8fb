"""Secrets of a service are nowhere: canaries given where they belong, and typed where they do not, in requests that fail and that
succeed, with all logs on. No answer, log, row, file, figure or command line has one of them."""

import base64
import contextlib
import json
import re
import secrets
import socketserver
import sqlite3
import threading
import time
import urllib.parse
from dataclasses import dataclass

from prove.canary import ProcessList
from prove.caller import Answer, Caller
from prove.claim import ensure
from prove.databases import PostgreSql, servers
from prove.destinations import on_disk
from prove.every_noun import DAY, LONGEST_SECONDS, TABLES, EveryNoun
from prove.project import PASSWORD, Project
from prove.rest_documented import Listener, listening
from prove.serving import Door

LOUD = {"GODWIT_LOG": "trace", "RUST_BACKTRACE": "1"}
OURS = {"serve.yaml", "figures", "address", "mail", "lineage"}  # written by this claim
SHOWN_ONCE = ("csrf", "token")  # where an answer shows a new session or token


def canaries_nowhere(work):
    figures = []
    for title in ("SQLite", "PostgreSQL"):
        cage = Cage(work, title)
        with ProcessList([form for canary in cage.canaries.values() for form in canary.forms()]) as processes:
            cage.give_all()
        nowhere(cage.canaries, cage.places())
        ensure(not processes.seen, "a canary stands on a command line")
        figures.append(f"kept in {title}: {len(cage.canaries)} canaries in none of {len(cage.answers):,} answers, "
                       f"{cage.files} files, {cage.rows:,} rows and {processes.looks} looks at all command lines")
        cage.house.service.process.kill()
        damage(work, cage)
    return "; ".join(figures)


@dataclass
class Canary:
    """A secret, and where it may stand."""
    name: str
    text: str
    may: tuple = ()

    def forms(self):
        """How it may show: as it is, and as URLs, JSON, base64 at each place, and hexadecimal digits write it."""
        raw = self.text.encode()
        forms = {raw, raw.hex().encode(), raw.hex().upper().encode(), json.dumps(self.text)[1:-1].encode(),
                 urllib.parse.quote(self.text, safe="").encode(), urllib.parse.quote_plus(self.text).encode()}
        for shift in range(3):
            whole = base64.b64encode(b"\0" * shift + raw)[(shift * 8 + 5) // 6:]
            forms.add(whole[:(len(raw) - 2) * 8 // 6])
        return forms


def nowhere(canaries, places):
    """None of the canaries stands in one of the places."""
    for place, content in places:
        for canary in canaries.values():
            if not place.startswith(canary.may or "\0"):
                found = [form for form in canary.forms() if form in content]
                ensure(not found, f"the canary {canary.name!r} stands in {place}")


class Cage:
    """A service with all its logs on, the canaries that it gets, and what it shows, writes and keeps."""

    def __init__(self, work, title):
        self.title, self.canaries, self.answers, self.files, self.rows = title, {}, [], 0, 0
        room, settings = work.room(title), {"metrics_token": "${file:figures}"}
        (room / "figures").write_text(self.new("figures"), encoding="utf-8")
        if title == "PostgreSQL":
            self.store = PostgreSql(work, "_store")
            password = owner(work, self.store, "prove_cage_store", self.new("store"))
            place = f"{self.store.host}:{self.store.port}/{self.store.database}"
            (room / "address").write_text(f"postgresql://prove_cage_store:{password}@{place}", encoding="utf-8")
            settings["store"] = {"url": "${file:address}"}
        hooks = f"http://127.0.0.1:{listening(work, Listener)}"
        (room / "mail").write_text(f"smtp://ann:{self.new('mail')}@127.0.0.1:{mail_server(work)}", encoding="utf-8")
        (room / "lineage").write_text(self.new("lineage"), encoding="utf-8")
        settings["mail"] = {"url": "${file:mail}", "from": "godwit@example.org"}
        settings["lineage"] = {"url": f"{hooks}/lineage", "token": "${file:lineage}"}
        house = EveryNoun(work, room, webhook=f"{hooks}/{self.new('webhook')}", environment=LOUD, **settings)
        self.work, self.room, self.house, self.hooks, self.ids = work, room, house, hooks, house.ids
        self.ann = Caller(house.service.port, self.answers)
        self.ann.cookie, self.ann.csrf = house.door.cookie, house.door.csrf
        self.keep("administrator's password", PASSWORD)
        self.keep("API token", house.token)
        self.keep("set-up token", house.set_up_token, ("greeting",))
        self.keep("session", house.door.cookie.partition("=")[2])
        self.keep("token against forged requests", house.door.csrf, ("row sessions", "file data/godwit.db"))
        (key,) = re.findall(r"\S{40,}", (room / "data" / "godwit.key").read_text(encoding="utf-8"))
        self.keep("key", key, ("file data/godwit.key",))

    def new(self, name, may=()):
        return self.keep(name, f"kanarie-{len(self.canaries)}-{secrets.token_hex(8)}", may)

    def keep(self, name, text, may=()):
        self.canaries[name] = Canary(name, text, may)
        return text

    def give_all(self):
        self.given_where_they_belong()
        self.given_to_people()
        self.typed_elsewhere()
        self.read_all()

    def given_where_they_belong(self):
        """A project with both environments, whose data sources are opened, read and run with the canaries."""
        group = {"default-group": self.ids["group"][0], "development-group": self.ids["group"][0]}
        made = self.ann.ask("POST", "/projects", {"name": "caged", "mode": "dev-prod", "time-zone": "UTC", **group})
        project = Project(CallersDoor(self.ann), made.json["id"])
        project.ask("POST", "/data-sources", {"name": "lake", "type": "lake", "options": {"path": str(self.room / "caged")},
                                              "development": {}})
        for database in servers(self.work):
            kind = database.kind
            if self.title == database.title:
                continue  # where the store stands, no data source may lead to
            database.execute("".join(f"CREATE TABLE {table} (id int PRIMARY KEY, day varchar(10) NOT NULL);"
                                     f"INSERT INTO {table} VALUES (1, '2024-02-29');" for table in TABLES))
            options = {**database.connection(), "user": f"prove_cage_{kind}"}
            options["password"] = owner(self.work, database, options["user"], self.new(f"password at {kind}"))
            development = {"user": f"prove_cage_{kind}_d"}
            development["password"] = owner(self.work, database, development["user"], self.new(f"development's at {kind}"))
            body = {"name": kind, "type": options.pop("type"), "options": options, "development": development}
            self.opened(project, project.ask("POST", "/data-sources", body)["id"], body)
            self.run(project, kind, database)

    def opened(self, project, source, body):
        """Everything that is done with a data source, with right and wrong passwords."""
        one, options = f"/data-sources/{source}", body["options"]
        for environment in ("production", "development"):
            tested = project.ask("POST", f"{one}/test?environment={environment}")
            ensure(tested["reachable"], f"{body['name']} cannot be reached: {tested}")
            project.done(project.ask("POST", f"{one}/metadata", {"environment": environment}))
        wrong = {**body, "options": {**options, "password": self.new(f"wrong at {body['name']}")}}
        project.ask("POST", "/data-sources/test", {"data-source": {key: wrong[key] for key in ("type", "options")}})
        for changed in (wrong, body):
            edition = self.ann.ask("GET", f"/projects/{project.id}{one}").one("etag")
            project.ask("PUT", one, changed, **{"If-Match": edition})
            tested = project.ask("POST", f"{one}/test")
            ensure(tested["reachable"] == (changed is body), f"{body['name']} with another password: {tested}")
        project.ask("POST", f"{one}/clone", {"name": f"clone_of_{body['name']}"})
        refused = {**body, "options": {**options, "password": self.new(f"of a refused edit at {body['name']}")}}
        project.ask("PUT", one, refused, expect=(412,), **{"If-Match": '"1"'})
        for path in ("", "/uses", "/schemas"):
            project.ask("GET", one + path)

    def run(self, project, name, database):
        """Plans, publishes and runs a migration in both environments."""
        document = {"source": {"data-source": name, **database.options()},
                    "destination": {"data-source": "lake", "namespace": name},
                    "tables": {"listed": [database.table(table) for table in TABLES]}, "run": {"reruns": 0},
                    "method": {"kind": "daily", "partition": {}}, "filter": {"daily": "day <= '${yyyy-MM-dd}'"}}
        migration = project.migration(f"from_{name}", document)
        for environment in ("development", "production"):
            project.done(project.ask("POST", f"/migrations/{migration}/plan", {"environment": environment, "bizdate": DAY}))
        project.generate(migration)
        pipelines = [one["id"] for one in project.every("/pipelines") if one.get("migration") == migration]
        ensure(len(pipelines) == len(TABLES), f"{len(pipelines)} pipelines were generated")
        for verb in ("submit", "publish"):
            project.done(project.ask("POST", f"/{verb}", {"pipelines": pipelines}))
        for environment in ("development", "production"):
            begun = [project.ask("POST", f"/tasks/{one}/instances?environment={environment}", {"bizdate": DAY})["instance"]
                     for one in pipelines]
            for instance in begun:
                self.until_ended(project, instance)
        for path in ("results", "export", "export?format=json", "check"):
            project.ask("GET", f"/migrations/{migration}/{path}")

    def until_ended(self, project, instance):
        deadline = time.monotonic() + LONGEST_SECONDS
        while (state := project.ask("GET", f"/instances/{instance}")["state"]) not in ("succeeded", "failed"):
            ensure(time.monotonic() < deadline, f"an instance is {state}")
            time.sleep(0.1)
        ensure(state == "succeeded", f"an instance {state}: {project.ask('GET', f'/instances/{instance}')['runs']}")
        for what in ("log", "graph"):
            project.ask("GET", f"/instances/{instance}/{what}")

    def given_to_people(self):
        """Users who are made, log in, log in wrongly, change their passwords, make tokens and go."""
        ask, nobody = self.ann.ask, Caller(self.house.service.port, self.answers)
        password, following = self.new("user's password"), self.new("user's next password")
        user = ask("POST", "/users", {"name": "dan", "password": password}).json["id"]
        nobody.enter("/session", {"name": "dan", "password": password})
        self.keep("user's session", nobody.cookie.partition("=")[2])
        nobody.ask("PUT", f"/users/{user}/password", {"old": self.new("wrong old password"), "new": following})
        nobody.ask("PUT", f"/users/{user}/password", {"old": password, "new": following})
        nobody.ask("PUT", f"/users/{user}/password", {"old": following, "new": self.new("name in a password") + "dan"})
        nobody.ask("PUT", f"/users/{user}/password", {"old": following, "new": self.keep("short", secrets.token_hex(5))})
        self.keep("user's token", nobody.ask("POST", "/tokens", {"name": "of dan", "scopes": ["view-project"]}).json["token"])
        outside = Caller(self.house.service.port, self.answers)
        for body in ({"name": "dan", "password": self.new("wrong password")},
                     {"name": self.new("password as a name"), "password": "x"},
                     {"name": "nobody", "password": self.new("password of nobody")}):
            outside.ask("POST", "/session", body)
        outside.ask("POST", "/set-up", {"token": self.new("wrong set-up token"), "name": "eve",
                                        "password": self.new("password of eve")})
        ask("POST", "/users", {"name": "dan", "password": self.new("password of a name that is taken")})
        ask("PUT", f"/users/{user}/password", {"new": self.new("password by an administrator")})

    def typed_elsewhere(self):
        """Secrets in places where none belong, all refused or not looked at. What is no value is told to who sent it."""
        nobody, at = Caller(self.house.service.port, self.answers), f"/projects/{self.house.project.id}"
        for caller, slips in ((self.ann, OF_ANN), (nobody, OF_NOBODY)):
            for name, (method, path, *rest) in slips.items():
                text = self.new(name, ("answer",) if name in REPEATED else ())
                body, headers, how = [*rest, *(None, {}, {})[len(rest):]]
                caller.ask(method, fill(path, text).replace("/here", at), fill(body, text), fill(headers, text), **how)
        for kind in ("check", "import"):
            for name, written in TEXTS.items():
                self.ann.ask("POST", f"{at}/migrations/{kind}", {"text": fill(written, self.new(f"{name} to {kind}"))})
        for name, head in HEADS.items():
            nobody.send(fill(head, self.new(name)).encode(), 3)
        self.tried(self.new("a webhook that fails"))

    def tried(self, text):
        """Alerts that arrive, and that do not."""
        alerts = f"/projects/{self.house.project.id}/alerts"
        for place in ({"webhook": f"http://127.0.0.1:1/{text}"}, {"webhook": f"{self.hooks}/{text}?key={text}"},
                      {"e-mail": ["somebody@example.org"]}):
            made = self.ann.ask("POST", alerts, {"name": f"slip {len(self.answers)}", "on": ["failed"], **place})
            self.ann.ask("POST", f"{alerts}/{made.json['id']}/try")

    def read_all(self):
        """What shows what is kept."""
        figures = {"Authorization": f"Bearer {self.canaries['figures'].text}"}
        at = f"/projects/{self.house.project.id}"
        for path in ("/me", "/sessions", "/tokens", "/users", "/people", "/audit?limit=500", "/audit/verified", "/projects",
                     "/resource-groups",
                     f"{at}/data-sources?limit=500", f"{at}/alerts?limit=500", f"{at}/operations?limit=500",
                     f"{at}/migrations?limit=500",
                     f"{at}/audit?limit=500", f"{at}/instances?limit=500"):
            self.ann.ask("GET", path)
        for path in ("/api/openapi.json", "/healthz", "/readyz"):
            self.ann.ask("GET", path, prefix="")
        Caller(self.house.service.port, self.answers).ask("GET", "/metrics", None, figures, prefix="")
        self.events = self.ann.watch(f"{at}/events")()

    def places(self):
        """Everything that it showed, wrote and keeps, each with its name."""
        self.files = self.rows = 0
        for number, answer in enumerate(self.answers):
            yield f"answer {number} to {answer.request.partition('?')[0]}: {answer.status}", unshown(answer)
        for text in self.house.door.said:
            yield "an answer", unshown(Answer("", 200, [], text.encode()))
        yield "the events", self.events
        (out, log), = (process.files for process in self.house.service.processes)
        yield "greeting", out.read_bytes()
        ensure(b" TRACE " in log.read_bytes(), "the log is not as loud as it was to be")
        yield "the log", log.read_bytes()
        for path in sorted(on_disk(self.room)):
            if path.name not in OURS and path not in (out, log):
                self.files += 1
                yield f"file {path.relative_to(self.room)}", path.read_bytes()
        for table, rows in self.tables():
            self.rows += len(rows)
            yield f"row {table}", "\n".join(rows).encode()

    def plant(self, text):
        if self.title == "PostgreSQL":
            self.store.execute(text)
            return
        with contextlib.closing(sqlite3.connect(self.room / "data" / "godwit.db", timeout=20)) as store:
            store.executescript(text)

    def tables(self):
        if self.title == "PostgreSQL":
            for (table,) in self.store.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"):
                yield table, self.store.execute(f'SELECT t::text FROM "{table}" t').splitlines()
            return
        with contextlib.closing(sqlite3.connect(self.room / "data" / "godwit.db")) as store:
            for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                yield table, [str(row) for row in store.execute(f'SELECT * FROM "{table}"')]


SLIP = "THE-SLIP"


def data_source(options=None, **more):
    return "POST", "/here/data-sources", {"name": "slip", "type": "postgresql", **more,
                                          "options": {"host": "db", "database": "x", "user": "x", **(options or {})}}


def draft(host):
    options = {"host": host, "port": 1, "database": "x", "user": "x", "password": SLIP}
    return "POST", "/here/data-sources/test", {"data-source": {"type": "mysql", "options": options}}


def alert(**more):
    return "POST", "/here/alerts", {"name": "slip", "on": ["failed"], **more}


def log_in(body, **headers):
    return "POST", "/session", body, headers


def authorized(value):
    return "GET", "/me", None, {"Authorization": value}


# Where somebody who is logged in may type a secret that does not belong there.
OF_ANN = {
    "broken JSON": ("POST", "/here/data-sources", f'{{"name": "slip", "options": {{"password": "{SLIP}"'.encode()),
    "JSON with a comma too many": ("POST", "/here/data-sources", f'{{"password": "{SLIP}",}}'.encode()),
    "a JSON text": ("POST", "/here/data-sources", f'"{SLIP}"'.encode()), "a list": ("POST", "/here/data-sources", [SLIP]),
    "an unknown field": data_source(pasword=SLIP), "a field's name": data_source(**{SLIP: 1}),
    "an unknown option": data_source({"pasword": SLIP}), "an option's name": data_source({SLIP: 1}),
    "a number's place": data_source({"port": SLIP}), "a word's place": data_source({"tls": {"mode": SLIP}}),
    "a file's place": data_source({"tls": {"ca": f"/{SLIP}"}}), "a list of passwords": data_source({"password": [SLIP]}),
    "a password in a map": data_source({"password": {"text": SLIP}}),
    "an environment's variable": data_source({"password": f"${{env:{SLIP}}}"}),
    "a file of the service": data_source({"password": f"${{file:{SLIP}}}"}),
    "a sealed one's place": data_source({"password": f"${{sealed:{SLIP}}}"}),
    "a host that is a URL": data_source({"host": f"postgresql://x:{SLIP}@db/x"}),
    "a host with a user": data_source({"host": f"x:{SLIP}@db"}), "a host with a path": data_source({"host": f"db/{SLIP}"}),
    "a project of one environment": data_source(development={"password": SLIP}), "a type": data_source(type=SLIP),
    "an unknown type's options": data_source({"password": SLIP}, type="oracle"),
    "a draft": draft("127.0.0.1"), "a draft of what is denied": draft("169.254.169.254"),
    "a webhook to nowhere": alert(webhook=f"http://x:{SLIP}@169.254.169.254/"),
    "a webhook of another kind": alert(webhook=f"ftp://x:{SLIP}@db/"), "a webhook that is none": alert(webhook=SLIP),
    "a webhook in a map": alert(webhook={"url": SLIP}), "a mail's place": alert(**{"e-mail": [SLIP]}),
    "a query": ("GET", f"/here/data-sources?password={SLIP}"), "a query's name": ("GET", f"/here/data-sources?{SLIP}=1"),
    "a limit": ("GET", f"/here/data-sources?limit={SLIP}"), "a number in a path": ("GET", f"/here/instances/{SLIP}"),
    "an edition": ("DELETE", "/here/data-sources/x", None, {"If-Match": SLIP}),
    "a wrong token against forged requests": ("POST", "/here/data-sources", {}, {"X-CSRF-Token": SLIP}),
    "a header that nobody knows": ("GET", "/me", None, {"X-Api-Key": SLIP}),
}
# And somebody who is not.
OF_NOBODY = {
    "a query of who logs in": ("POST", f"/session?password={SLIP}", {"name": "ann", "password": "x"}),
    "a path of the API": ("GET", f"/reset/{SLIP}"), "a path of the page": ("GET", f"/reset/{SLIP}", None, {}, {"prefix": ""}),
    "a header of a password": authorized(f"Basic {SLIP}"), "a header without a scheme": authorized(SLIP),
    "a header with blanks": authorized(f"Bearer {SLIP} and more"),
    "a header with two": authorized([f"Bearer {SLIP}", "Bearer x"]),
    "a header of another scheme": authorized(f"Digest username=ann, response={SLIP}"),
    "a header with a wrong token": authorized(f"Bearer gw_{SLIP}"),
    "a cookie": ("GET", "/me", None, {"Cookie": f"godwit={SLIP}"}),
    "a cookie beside others": ("GET", "/me", None, {"Cookie": f"x={SLIP}; godwit=a; godwit=b"}),
    "a wrong token for figures": ("GET", "/metrics", None, {"Authorization": f"Bearer {SLIP}"}, {"prefix": ""}),
    "a form": log_in(f"name=ann&password={SLIP}".encode(), **{"Content-Type": "application/x-www-form-urlencoded"}),
    "a plain text": log_in(SLIP.encode(), **{"Content-Type": "text/plain"}),
    "a body that is too long": log_in({"name": "ann", "password": SLIP * 1000}),
    "a body of two": log_in(f'{{"name":"ann","password":"x"}}{{"password":"{SLIP}"}}'.encode()),
    "a field too many": log_in({"name": "ann", "password": "x", "otp": SLIP}),
    "a password that is a list": log_in({"name": "ann", "password": [SLIP]}),
}
TEXTS = {
    "a text's data source": f"data-sources: {{source: {{type: postgresql, password: {SLIP}}}}}\nmigration: {{name: slip}}\n",
    "a text that is broken": f"version: 1\ndata-sources: {{source: {{password: {SLIP}\n",
    "a key that is there twice": f"data-sources:\n  password: {SLIP}\n  password: {SLIP}\nmigration: {{}}\n",
    "a text of another kind": f"<password>{SLIP}</password>",
    "a text's unknown key": f"pasword: {SLIP}\nmigration: {{name: slip2}}\n",
}
HEADS = {
    "a method": f"{SLIP} /api/v1/me HTTP/1.1\r\nHost: x\r\n\r\n", "a version": f"GET /api/v1/me {SLIP}\r\nHost: x\r\n\r\n",
    "a head that is none": f"GET /api/v1/me HTTP/1.1\r\nHost: x\r\n{SLIP}\r\n\r\n",
}
# Names and words that a refusal repeats to who sent them, so that the slip is found; they are nowhere else.
REPEATED = {"a field's name", "an option's name", "a query's name", "a word's place", "a file's place", "a host with a path",
            "a type",
            "a mail's place"}


def fill(value, text):
    """The value with the canary where the slip is."""
    if isinstance(value, bytes):
        return value.replace(SLIP.encode(), text.encode())
    return json.loads(json.dumps(value).replace(SLIP, text))


def unshown(answer):
    """An answer without the new session or token that it is there to show, and its own."""
    body = answer.json
    if isinstance(body, dict) and set(SHOWN_ONCE) & set(body):
        shown = {key: value for key, value in body.items() if key not in SHOWN_ONCE}
        kept = [(name, value) for name, value in answer.headers if name.lower() != "set-cookie"]
        answer = Answer(answer.request, answer.status, kept, json.dumps(shown).encode())
    return answer.raw()


class CallersDoor(Door):
    """The door as a project asks it, through a caller who keeps the answers."""

    def __init__(self, caller):
        super().__init__(caller.port)
        self.caller = caller

    def ask(self, method, path, body=None, expect=(200, 201, 202, 204), **headers):
        answer = self.caller.ask(method, path, body, headers)
        ensure(answer.status in expect, f"{method} {path}: {answer.status} {answer.text[:600]}")
        return answer.json


def mail_server(work):
    """The port of a mail server that lets nobody in."""
    class Mail(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            for line in self.rfile:
                word = line[:4].upper()
                self.wfile.write({b"EHLO": b"250-here\r\n250 AUTH PLAIN LOGIN\r\n", b"QUIT": b"221 bye\r\n"}.get(word,
                    b"535 no\r\n"))

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    work.at_the_end(server.shutdown)
    return server.server_address[1]


def owner(work, database, user, password):
    """A user of the database that may do all in it, and logs in with this password, which is given back."""
    if database.kind == "mysql":
        drop, admin = f"DROP USER IF EXISTS {user};", "mysql"
        make = (f"CREATE USER {user} IDENTIFIED BY '{password}'; GRANT ALL ON {database.database}.* TO {user};"
                f"GRANT RELOAD, PROCESS ON *.* TO {user};")
    else:
        drop, admin = f"DROP ROLE IF EXISTS {user};", "postgres"
        make = f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{password}';"
    database.execute(drop, admin)
    database.execute(make, admin)
    work.at_the_end(lambda: database.execute(drop, admin))
    return password


def damage(work, cage):
    """A canary in each kind of place is seen, however it is written."""
    def planted(what, plant):
        canary = Canary(what, f"kanarie-{secrets.token_hex(8)}")
        given = plant(canary.text)
        work.sabotage(f"kept in {cage.title}: {what}", nowhere, {what: canary}, cage.places() if given is None else given)

    def in_file(path):
        def plant(text):
            with open(path, "ab") as file:
                file.write(b"x" + text.encode() + b"y")
        return plant

    def in_head(text):
        return [("an answer", unshown(Answer("", 200, [("Location", f"/x/{text}")], b"{}")))]

    def beside_a_token(text):
        return [("an answer", unshown(Answer("", 201, [], json.dumps({"token": text, "name": text}).encode())))]

    def in_row(text):
        cage.plant(f"CREATE TABLE planted (x TEXT); INSERT INTO planted VALUES ('a row with {text} in it')")
    for number in range(len(Canary("", "kanarie-form").forms())):
        planted(f"the {number + 1}. way to write it, in a text",
                lambda text, number=number: [("a text", b"x" + sorted(Canary("", text).forms())[number] + b"y")])
    planted("in an answer's head", in_head)
    planted("in an answer that shows a token, beside it", beside_a_token)
    planted("in a row of the store", in_row)
    planted("in a file beside the store", in_file(cage.room / "data" / "planted"))
    planted("in the keys' file", in_file(cage.room / "data" / "godwit.key"))
    planted("at the log's end", in_file(cage.house.service.process.files[1]))
    planted("at the greeting's end", in_file(cage.house.service.process.files[0]))
