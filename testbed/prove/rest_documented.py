"""The service answers as its OpenAPI document says: schemathesis reads the document, makes requests of it that fit and that do
not, with the ids of real things among them, and judges each answer."""

import collections
import http.server
import json
import re
import subprocess
import sys
import threading
import types
from pathlib import Path

from prove.attacks.operations import example, resolved
from prove.caller import Caller
from prove.claim import ensure, one_line
from prove.every_noun import DAY, TABLES, EveryNoun, document_of
from prove.project import PASSWORD

SEED = 20240229
LONGEST_SECONDS = 900
# 409: another has it; 412, 428: another edition; 422: it fits the document and nothing else; 429: too many wrong passwords.
REFUSED = ["400", "401", "403", "404", "409", "412", "415", "422", "428", "429"]
# What an API token may never do, and is asked for by a person.
BY_PEOPLE = ["GET /sessions", "DELETE /sessions/{session}", "GET /tokens", "POST /tokens", "DELETE /tokens/{token}",
             "PUT /users/{user}/password"]
# Names that must be these; others are called after what makes them.
NAMES = {"sessions_log_in": "ann", "data_sources_edit": "source"}
# The first administrator is there already; in a project of the mode basic all that is submitted is live.
DONE = {"POST /set-up", "POST /projects/{project}/publish"}


def rest_as_documented(work):
    figures = []
    for who in ("administrator", "nobody"):
        house = EveryNoun(work, work.room(who), webhook=f"http://127.0.0.1:{listening(work, Listener)}/alert")
        report, examples = Report(), work.amount(2, 40)
        by_token = {"Authorization": f"Bearer {house.token}"} if who == "administrator" else {}
        document = narrowed(house)
        report.read(asked(house, document, by_token, examples, **{"exclude-method": "DELETE"}))
        if by_token:
            by_session = {"Cookie": house.door.cookie, "X-CSRF-Token": house.door.csrf}
            report.read(asked(house, of_operations(narrowed(house), BY_PEOPLE), by_session, examples))
        report.read(asked(house, narrowed(house), by_token, examples, **{"include-method": "DELETE"}))  # with its editions by now
        report.conforms()
        ensure(house.service.process.alive(), "the service is gone")
        house.service.process.kill()
        if by_token:
            report.reaches(DONE)
        else:
            report.is_closed(public(document))
        figures.append(f"{who}: {report.told()}")
    wrong_answers_are_seen(work)
    return "; ".join(figures)


def listening(work, handler):
    """The port of a server of this claim's own."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    work.at_the_end(server.shutdown)
    return server.server_port


def public(document):
    return {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method, operation in methods.items()
            if operation["security"] == []}


def of_operations(document, names):
    """The document of these operations alone, which does not say how to log in."""
    kept = {path: {method: {**told, "security": []} for method, told in methods.items() if f"{method.upper()} {path}" in names}
            for path, methods in document["paths"].items()}
    return {**document, "paths": {path: methods for path, methods in kept.items() if methods}}


def narrowed(house):
    """The service's document, in which parameters say what there is, and bodies have an example that is right."""
    caller, spare = Caller(house.service.port), house.spare
    caller.bearer = house.token
    document = caller.ask("GET", "/api/openapi.json", prefix="").json
    there = {**house.ids, "If-Match": ['"1"', '"2"', '"3"'], "schema": ["main"], "table": TABLES, "old": [1], "new": [1]}
    optional = {"object": house.ids["migration"][0], "bizdate": DAY, "attempt": 1, "environment": "production"}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            of_path = re.findall(r"{(\w+)}", path)
            removed = {of_path[-1]: [spare[of_path[-1]]]} if method == "delete" and of_path and of_path[-1] in spare else {}
            known = {**there, **removed}
            if any(one["name"] == "If-Match" for one in operation["parameters"]):
                shown = caller.ask("GET", re.sub(r"{(\w+)}", lambda found, known=known: str(known[found[1]][0]), path))
                known["If-Match"] = [shown.one("etag") or '"1"', *there["If-Match"]]
            for parameter in operation["parameters"]:
                name = parameter["name"]
                if parameter["required"]:
                    ensure(name in known, f"there is no {name} to ask for")
                    parameter["schema"] = {"enum": known[name]}
                    parameter["example"] = known[name][0]
                elif name in optional:
                    parameter["example"] = optional[name]
            body = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if body:
                name = NAMES.get(operation["operationId"], operation["operationId"])
                body["example"] = right(document, body["schema"], fields_of(house, name))
    return document


def fields_of(house, name):
    """What is right in fields of bodies, by their names."""
    migration = document_of(house.database)
    text = json.dumps({"migration": {"name": name, **migration}})
    return {"name": name, "password": PASSWORD, "new": PASSWORD + " anew", "old": PASSWORD, "folder": house.ids["folder"][0],
            "task": house.ids["task"][0], "first": DAY, "last": DAY, "default-group": house.ids["group"][0], "time-zone": "UTC",
            "type": "sqlite", "options": {"path": str(house.database.path)}, "document": migration, "text": text, "script": text,
            "pipelines": house.ids["pipeline"][1:], "webhook": house.webhook, "on": ["failed"], "scopes": ["view-project"],
            "token": house.set_up_token, "keywords": ["visits"], "operation": "rerun", "cpu-millis": 1000, "memory-mb": 1000,
            "priority": "high"}


def right(document, schema, fields):
    """A body with what it needs, and what is known to be right of the rest."""
    if "$ref" in schema:
        return right(document, resolved(document, schema["$ref"]), fields)
    if "anyOf" in schema:
        return right(document, schema["anyOf"][0], fields)
    properties = schema.get("properties", {})
    if not properties:
        return example(document, schema)
    either = {"script", "text"} if "document" in properties else {"text"} if "script" in properties else set()
    wanted = [name for name in properties if name in fields and name not in either or name in schema.get("required", [])]
    return {name: fields[name] if name in fields else right(document, properties[name], fields) for name in wanted}


def asked(house, document, credentials, examples, **only):
    """The report of schemathesis on the service of this house."""
    room, port = house.room, house.service.port
    known, configuration, report = room / "openapi.json", room / "schemathesis.toml", room / "report.ndjson"
    known.write_text(json.dumps(document), encoding="utf-8")
    settings = ["request-timeout = 20", "max-stream-events = 1", "[headers]",
                *(f"{name} = {json.dumps(value)}" for name, value in credentials.items())]
    for check, more in (("positive_data_acceptance", ["2xx"]), ("missing_required_header", [])):
        settings += [f"[checks.{check}]", f"expected-statuses = {json.dumps(REFUSED + more)}"]
    if credentials:
        settings += ["[checks.ignored_auth]", "enabled = false"]  # they are sent with every request
    settings += ["[[operations]]", 'include-path = "/projects/{project}/events"', "request-timeout = 1",
                 # What is wrong with a draft is what it answers.
                 "[[operations]]", 'include-path = "/projects/{project}/data-sources/test"',
                 "[operations.checks.negative_data_rejection]", "enabled = false"]
    configuration.write_text("\n".join(settings) + "\n", encoding="utf-8")
    words = [Path(sys.executable).parent / "schemathesis", "--config-file", configuration, "run", known,
             "--url", f"http://127.0.0.1:{port}/api/v1", "--phases", "examples,coverage,fuzzing", "--max-examples", examples,
             "--seed", SEED, "--continue-on-failure", "--generation-database", "none", "--no-shrink", "--no-color",
             "--report", "ndjson", "--report-ndjson-path", report, "--output-sanitize", "false",
             *(word for name, value in only.items() for word in (f"--{name}", value))]
    report.unlink(missing_ok=True)
    ran = subprocess.run([str(word) for word in words], cwd=room, capture_output=True, text=True, check=False,
                         timeout=LONGEST_SECONDS)
    said = one_line(ran.stdout[-600:] + ran.stderr[-600:], 600)
    ensure(report.is_file() and '{"EngineFinished":' in report.read_text(encoding="utf-8"),
           f"schemathesis ended with {ran.returncode} before its end: {said}")
    return report


class Report:
    """What was asked of each operation, what was answered, and what was wrong with that."""

    def __init__(self):
        self.statuses, self.failures, self.errors = {}, [], []

    def read(self, path):
        with open(path, encoding="utf-8") as lines:
            for line in lines:
                (kind, event), = json.loads(line).items()
                if kind == "ScenarioFinished":
                    self.take(event["recorder"])
                elif kind in ("NonFatalError", "FatalError"):
                    self.errors.append(one_line(event))

    def take(self, recorder):
        operation = recorder["label"]
        statuses = self.statuses.setdefault(operation, collections.Counter())
        for case, interaction in recorder.get("interactions", {}).items():
            answer = interaction.get("response")
            statuses[answer["status_code"] if answer else "none"] += 1
            for check in recorder.get("checks", {}).get(case, []):
                if check["status"] == "failure":
                    self.failures.append((operation, check["name"], said(check, interaction)))

    def conforms(self, operation=None, check=None):
        """No answer differs from the document."""
        ensure(not self.errors, f"{len(self.errors)} errors, such as {self.errors[:1]}")
        found = [failure for failure in self.failures if operation in (None, failure[0]) and check in (None, failure[1])]
        kinds = {(place, kind): what for place, kind, what in reversed(found)}
        shown = "; ".join(f"{place} {kind}: {what}" for (place, kind), what in kinds.items())
        ensure(not found, f"{len(found)} answers are not as documented: {shown}")

    def succeeded(self):
        return {name for name, counter in self.statuses.items() if any(str(status).startswith("2") for status in counter)}

    def reaches(self, but=frozenset()):
        """Each operation did what it is for, at least once."""
        never = set(self.statuses) - self.succeeded() - but
        ensure(not never, f"never succeeded: {', '.join(sorted(never))}")

    def is_closed(self, public=frozenset()):
        """What is not public does nothing."""
        opened = self.succeeded() - public
        ensure(not opened, f"open to anybody: {', '.join(sorted(opened))}")

    def told(self):
        counts = collections.Counter(f"{str(status)[0]}xx" for counter in self.statuses.values() for status in counter.elements())
        return (f"{counts.total():,} requests to {len(self.statuses)} operations, all as documented ("
                + ", ".join(f"{number:,} {kind}" for kind, number in sorted(counts.items())) + ")")


def said(check, interaction):
    request = interaction["request"]
    failure = check.get("failure_info", {}).get("failure", {})
    return one_line(f"{request['method']} {request['uri']}: {failure.get('title')}: {failure.get('message')}", 400)


class Listener(http.server.BaseHTTPRequestHandler):
    """Takes what alerts post."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


# What a wrong server does to what it serves at each of these paths, whose document is the same.
WRONG = {
    "fails": ("not_a_server_error", "an answer with 500"),
    "status": ("status_code_conformance", "a status that is not documented"),
    "type": ("content_type_conformance", "a content type that is not documented"),
    "shape": ("response_schema_conformance", "a body of another schema"),
    "method": ("unsupported_method", "a method that is not documented, taken"),
    "careless": ("negative_data_rejection", "a parameter out of its range, taken"),
    "open": ("missing_required_header", "a request without a token, taken"),
}
SHAPE = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"], "additionalProperties": False}


def wrong_answers_are_seen(work):
    report = Report()
    house = types.SimpleNamespace(room=work.room("wrong"), service=types.SimpleNamespace(port=listening(work, WrongServer)))
    report.read(asked(house, document_of_wrong(), {"Authorization": "Bearer a token"}, 2))
    report.conforms("GET /right")
    for path, (check, what) in WRONG.items():
        work.sabotage(what, report.conforms, f"GET /{path}", check)
    work.sabotage("an operation that anybody may ask", report.is_closed)
    work.sabotage("an operation that never succeeds", report.reaches)


class WrongServer(http.server.BaseHTTPRequestHandler):
    """Serves a document, and answers otherwise in one way at each path but the right one."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        path = self.path.partition("?")[0].rpartition("/")[2]
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        problem = (405, {"code": "WRONG_METHOD"}, "application/problem+json")
        right = (200, {"ok": True}, "application/json")
        answers = {
            "fails": (500, {"code": "INTERNAL"}, "application/problem+json"),
            "status": (203, {"ok": True}, "application/json"),
            "type": (200, {"ok": True}, "text/plain"),
            "shape": (200, {"ok": "yes"}, "application/json"),
        }
        authorized = self.headers["Authorization"] == "Bearer a token" or path == "open"
        refused = problem if authorized else (401, {"code": "UNAUTHENTICATED"}, "application/problem+json")
        self.send(*(answers.get(path, right) if authorized and self.command == "GET" or path == "method" else refused))

    def send(self, status, body, content_type):
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", content_type), ("Content-Length", str(len(content))), ("Allow", "GET")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_QUERY = answer

    def log_message(self, *_):
        pass


def document_of_wrong():
    """The document of the wrong server, which says that all its paths are right."""
    def responses(path):
        right = {"200": {"description": "right", "content": {"application/json": {"schema": SHAPE}}}}
        problem = {"description": "wrong", "content": {"application/problem+json": {"schema": {"required": ["code"]}}}}
        return right | ({"401": problem} if path == "status" else {"default": problem})
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 5}}
    operations = {path: {"operationId": path, "security": [{"bearer": []}], "responses": responses(path),
                         "parameters": [limit] if path == "careless" else []} for path in ["right", *WRONG]}
    return {"openapi": "3.1.0", "info": {"title": "Wrong", "version": "1"},
            "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
            "paths": {f"/{path}": {"get": operation} for path, operation in operations.items()}}
