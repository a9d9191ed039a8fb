"""Attacks by bodies that are too long, too deep, of other types, or small and costly."""

import json
import re
import time
from pathlib import Path

from prove.attacks.attack import Attack
from prove.caller import head

MIB = 1 << 20
SECONDS = 5  # so long a request may take that is refused; and others wait at most so long meanwhile
RESIDENT_BYTES = 900 * MIB


class Costs:
    """What the service spends on one request."""

    def __init__(self, house):
        self.house, self.seconds = house, 0.0

    def of(self, send):
        """The same sending, measured."""
        def measured():
            started = time.monotonic()
            answer = send()
            self.seconds = time.monotonic() - started
            return answer
        return measured

    def bounded(self):
        """The service is there, took no longer than it may, and did not grow beyond measure."""
        process = self.house.service.process
        if not process.alive():
            return f"the service is gone: {self.house.service.printed()[-300:]}"
        if self.seconds > SECONDS:
            return f"it took {self.seconds:.1f} s"
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
        return f"it grew to {peak // MIB} MiB" if peak > RESIDENT_BYTES else None


def sizes_and_types(house):
    """Bodies that are no JSON of the expected size."""
    costs, folders = Costs(house), f"/projects/{house.mine.id}/folders"
    long_name = json.dumps({"name": "x" * MIB}).encode()

    def attack(payload, body, answered, codes, headers=None, path=folders, method="POST"):
        return Attack("body", payload, costs.of(lambda: house.mallory.ask(method, path, body, headers)), answered, codes,
                      costs.bounded)
    yield attack("a MiB and more", long_name, (413,), ("BODY_TOO_LARGE",))
    yield attack("a hundred MiB", b" " * (100 * MIB), (0, 413), ("BODY_TOO_LARGE", None))
    yield attack("blanks and a body", b" " * MIB + b'{"name": "x"}', (413,), ("BODY_TOO_LARGE",))
    for path, limit in (("/session", 8 << 10), ("/set-up", 8 << 10)):
        yield attack(f"more than {path} takes", b" " * (limit + 1), (413,), ("BODY_TOO_LARGE",), path=path)
    for payload, content in (("in pieces without end", b"400\r\n" + b" " * 1024 + b"\r\n"),):
        lines = {"Content-Length": None, "Transfer-Encoding": "chunked", "Content-Type": "application/json"}
        yield attack(payload, content * 2048 + b"0\r\n\r\n", (413,), ("BODY_TOO_LARGE",), lines)
    for depth in (200, 10_000, 500_000):
        yield attack(f"lists {depth} deep", b"[" * depth, (400, 422), ("BAD_JSON", "BAD_BODY"))
        yield attack(f"objects {depth} deep", b'{"name":' * depth, (400, 413, 422), ("BAD_JSON", "BODY_TOO_LARGE", "BAD_BODY"))
        yield attack(f"a document {depth} deep", b'{"name":"x","document":' + b"[" * depth + b"]" * depth + b"}", (400,),
                     ("BAD_JSON",), path=f"/projects/{house.mine.id}/migrations")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
                 "text/json", "text/xml",
                 "application/json; charset=utf-16", "application/json; charset=latin1", "application/json, text/plain",
                 "application/jsonx",
                 "application/vnd.api+json", "application/yaml", "application/octet-stream", "json", "*/*", "application/json/x",
                 ";", "image/svg+xml"):
        yield attack(f"the type {kind}", {"name": "x"}, (415,), ("NOT_SENT_AS_JSON",), {"Content-Type": kind})
    for payload, body in (("nothing", b""), ("blanks", b"   "), ("a number", b"1"), ("a text", b'"x"'), ("null", b"null"),
                          ("a list", b"[]"),
                          ("a list of its fields", b'["x", "y"]'), ("two", b'{"name":"x"}{"name":"y"}'),
                          ("half of one", b'{"name":"x"'),
                          ("a comma too many", b'{"name":"x",}'), ("a comment", b'{"name":"x"/*x*/}'), ("NaN", b'{"name":NaN}'),
                          ("UTF-16", '{"name":"x"}'.encode("utf-16")), ("a byte order mark", b'\xef\xbb\xbf{"name":"x"}'),
                          ("no UTF-8", b'{"name":"\xff"}'),
                          ("a byte too long for a character", b'{"name":"\xc0\xaf"}'), ("a NUL", b'{"name":"x"}\0'),
                          ("gzip", b"\x1f\x8b\x08\0\0\0\0\0"),
                          ("a name twice", b'{"name":"x","name":"y"}'), ("a name that is a number", b'{"name":1}'),
                          ("no name", b"{}"),
                          ("one field more", b'{"name":"x","project":"y"}'), ("a prototype", b'{"__proto__":{"name":"x"}}'),
                          ("a number beyond all", b'{"name":1e999}'), ("single quotes", b"{'name':'x'}"),
                          ("XML", b"<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>")):
        yield attack(payload, body, (400, 415, 422), ("BAD_JSON", "BAD_BODY", "NOT_SENT_AS_JSON"),
                     {"Content-Type": "application/json"})
    for number in ("0", "501", "-1", "4294967296", "1e3", "0x10", "", " 1", "NaN", "99999999999999999999", "1,1"):
        yield attack(f"a page of {number!r}", None, (400,), ("BAD_ADDRESS",),
                     path=f"{folders}?limit={number.replace(' ', '%20')}", method="GET")
    for query in ("limit=1&limit=2", "unknown=1", "LIMIT=1", "limit[]=1", "%FF=1", "after=%FF", "limit=1&amp;x=1", "a" * 30_000,
                  "&".join(["limit=1"] * 2000)):
        yield attack(f"the query {query}", None, (400,), ("BAD_ADDRESS",), path=f"{folders}?{query}", method="GET")
    for instance in ("0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1.0", "x", "%00", "1%00",
                     "../1", "..%2f1"):
        yield attack(f"the instance {instance}", None, (400, 404), (), path=f"/projects/{house.mine.id}/instances/{instance}",
                     method="GET")
    for edition in ('"0"', '"-1"', '"9223372036854775807"', '"9223372036854775808"', "*", "1", 'W/"1"', '"1", "2"', '""', '"x"',
                    "' OR 1=1"):
        folder = house.ids["folder"][0]
        yield Attack("body", f"the edition {edition}",
                     lambda: house.ann.ask("DELETE", house.at(f"/folders/{folder}?unpublish=true"), None, {"If-Match": edition}),
                     (400, 412), ("BAD_HEADER", "EDITED_MEANWHILE"), lambda: house.missing(house.at(f"/folders/{folder}")))


def small_and_costly(house):
    """Requests of whoever may see a project, each small beside what it could cost."""
    vera, costs = house.beside("vera"), Costs(house)
    base = {"name": "x", "source": {"data-source": "source"}, "destination": {"data-source": "target", "namespace": "shop"},
            "tables": {"all": True}}
    visits = [{"schema": "main", "table": "v"}]

    def attack(payload, path, body):
        caller = house.mallory if path.startswith("/projects") else vera
        path = path if path.startswith("/projects") else house.at(path)
        return Attack("costly", payload, costs.of(lambda: caller.ask("POST", path, body)), (200, 400, 413, 422), (),
                      costs.bounded)
    for payload, text in TEXTS.items():
        yield attack(f"a text of {payload}", "/migrations/check", {"text": text})
        if len(text) < 400_000:
            yield attack(f"a script of {payload}", "/pipelines/check", {"script": text})
    for payload, more, tables in (
            ("rules that double a name", {"names": {"table-rules": [{"replace": "v", "with": "vv"}] * 60}}, visits),
            ("rules that double a name's parts", {"names": {"table-rules": [{"replace": "v", "with": "w" * 5000},
                                                                            {"replace": "w", "with": "v" * 5000}] * 9}}, visits),
            ("thousands of rules", {"names": {"table-rules": [{"replace": f"v{number}",
                                                               "with": "w"} for number in range(20_000)]}}, visits * 1000),
            ("a long prefix", {"names": {"table-prefix": "${source_schema}" * 50_000}},
             [{"schema": "s" * 50_000, "table": "v"}] * 10),
            ("parameters that multiply", {"filter": {"one-time": "${a}" * 200_000}, "parameters": {"a": "x" * 100_000}}, []),
            ("unknown parameters", {"filter": {"one-time": "${unknown}" * 100_000},
                                    "parameters": {f"a{number}": "x" for number in range(5000)}}, []),
            ("parameters without an end", {"filter": {"one-time": "${" * 200_000}}, []),
            ("task names without an end", {"task-names": "${source_table_name}" * 100_000}, visits * 10),
            ("tables of one name", {}, visits * 40_000), ("tables of long names", {},
                                                          [{"schema": "s" * 100_000, "table": "t" * 100_000}] * 20),
            ("exceptions of one table", {"each": [{"table": "main.v", "filter": {"one-time": "${yyyyMMdd}"}}] * 20_000}, visits)):
        yield attack(payload, "/migrations/preview", {"document": {**base, **more}, "tables": tables})
    for payload, more in (
            ("globs in globs", {"tables": {"matching": {"include": ["{" * 5000 + "a" + "}" * 5000]}}}),
            ("globs of many ways", {"tables": {"matching": {"include": ["{a,b}" * 2000]}}}),
            ("globs of many stars", {"tables": {"matching": {"include": ["*a" * 50_000]}}}),
            ("many globs", {"tables": {"matching": {"include": ["*.x*" + str(number) for number in range(20_000)]}}}),
            ("classes in globs", {"tables": {"matching": {"include": ["[a-z]" * 100_000]}}}),
            ("unknown keys", {f"unknown{number}": 1 for number in range(50_000)}),
            ("wrong exceptions", {"each": [{"table": 1}] * 50_000}),
            ("a long filter", {"filter": {"one-time": "1=1 OR " * 200_000 + "1=1"}}),
            ("a deep filter", {"filter": {"one-time": "(" * 200_000 + "1=1" + ")" * 200_000}}),
            ("a zone", {"source": {"data-source": "source", "time-zone": "../../etc/passwd"}}),
            ("a long zone", {"source": {"data-source": "source", "time-zone": "a/" * 100_000}})):
        yield attack(payload, "/migrations/check", {"document": {**base, **more}})
    source = f"/projects/{house.mine.id}/data-sources/{house.mine.database('searched', house.database)}/metadata/search"
    yield attack("a search for many names", source, {"names": [f"main.t{number}" for number in range(100_000)]})
    yield attack("a search for many words", source, {"keywords": ["a"] * 100_000, "any-case": True})


TEXTS = {
    "lists in lists": "[" * 100_000, "lists in lists, closed": "[" * 50_000 + "]" * 50_000, "maps in maps": "{a: " * 50_000,
    "lists below lists": "- " * 100_000 + "x",
    "lists below lists, few": "- " * 3000 + "x", "maps below maps": "".join(" " * depth + "a:\n" for depth in range(700)),
    "keys that are keys": "? " * 50_000,
    "lists and maps by turns": "- a:\n" + "".join("  " * depth + "- a:\n" for depth in range(1, 500)), "tags": "!a " * 50_000,
    "anchors": "&a [*a]",
    "names for all": "a0: &a0 x\n" + "".join(f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 10)}]\n"
                                             for number in range(1, 12)),
    "one name for all": "a: &a x\nb: [" + ", ".join(["*a"] * 100_000) + "]", "documents": "---\na: 1\n" * 20_000,
    "numbers as keys": "{" + ", ".join(f"{number}: 1" for number in range(50_000)) + "}",
    "parameters": "migration:\n  parameters:\n" + "".join(f"    p{number}: {number}\n" for number in range(50_000)),
    "one key": "a: 1\n" * 50_000, "quotes": "'" * 500_000,
    "comments": "#\n" * 300_000, "directives": "%YAML 1.2\n" * 20_000, "merges": "<<: " * 50_000, "blanks": " " * 900_000,
    "tabulators": "\t" * 900_000, "dashes": "-" * 900_000,
    "lines folded": "a: >\n" + " x\n" * 200_000, "a long number": "a: " + "9" * 500_000, "a long float": "a: 1e" + "9" * 200_000,
    "escapes": 'a: "' + "\\x41" * 100_000 + '"',
}
