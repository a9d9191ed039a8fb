"""What is wrong is said before any row moves: its place in the file, the reason, and the way out."""

import re
from dataclasses import dataclass

from prove.claim import Refuted, ensure, one_line
from prove.databases import servers
from prove.destinations import on_disk
from prove.godwit import Process

FILE = """version: 1
data-sources:
  shop:
    type: @type@
    host: 127.0.0.1
    port: @port@
    database: @database@
    user: @user@
    password: "${env:GODWIT_PROVE_PASSWORD}"
  lake: { type: lake, path: ./lake }
migration:
  name: bad_input
  source: { data-source: shop, time-zone: UTC }
  destination: { data-source: lake, namespace: shop }
  tables:
    listed: [good]
  run: { parallelism: 2, reruns: 0 }
"""


@dataclass(frozen=True)
class Case:
    """Replaces a text of the file; what is said then has to match `reason` and, as a way out, `way_out`.

    `place` is the text in the changed file at whose line the message has to point; empty where any line may do."""
    title: str
    old: str
    new: str
    reason: str
    way_out: str
    place: str


TABLES = "listed: [good]"
FILTER = '\n  filter: { one-time: "FILTER" }\n  run:'
CASES = [
    Case("unknown key", "tables:", "tabels:", r"unknown key.*tabels", r"tables", "tabels:"),
    Case("unknown key of a connector", "    user:", "    usr:", r"unknown key.*usr", r"user", "usr:"),
    Case("wrong type", "port: @port@", "port: many", r"port|number|u16|integer", r".", "port:"),
    Case("wrong value", "time-zone: UTC", "time-zone: Mars/Olympus", r"Mars/Olympus", r"GMT|IANA", "time-zone:"),
    Case("illegal name", TABLES, 'listed: ["bad name"]', r"bad name", r"rule|convert|replace", "listed:"),
    Case("colliding names", TABLES, "listed: [same_x, same_y]\n  names: { table-rules: [{ replace: _x, with: '' }, "
         "{ replace: _y, with: '' }] }", r"same", r"rule|rename|prefix|name", "listed:"),
    Case("unmappable type", TABLES, "listed: [unmappable]", r"odd", r"as|skip|text", "listed:"),
    Case("missing right", TABLES, "listed: [forbidden]", r"forbidden", r"grant|right|select", "listed:"),
    Case("unreachable host", "port: @port@", "port: 1", r"127\.0\.0\.1:1\b|refused|reach", r".", "shop:"),
    Case("wrong password", "GODWIT_PROVE_PASSWORD", "GODWIT_PROVE_WRONG", r"password|denied|auth",
         r"password|user|check", "shop:"),
    Case("secret that is not set", "GODWIT_PROVE_PASSWORD", "GODWIT_PROVE_UNSET", r"GODWIT_PROVE_UNSET", r"set",
         "password:"),
    Case("secret in clear", '"${env:GODWIT_PROVE_PASSWORD}"', "opensesame", r"clear", r"environment|file",
         "password:"),
    Case("filter that does not parse", "\n  run:", FILTER.replace("FILTER", "id >>> = 3"), r"good|filter|syntax",
         r".", "one-time:"),
    Case("filter on no such column", "\n  run:", FILTER.replace("FILTER", "no_such = 3"), r"no_such",
         r"none|filter|column", "one-time:"),
    Case("unknown parameter", "\n  run:", FILTER.replace("FILTER", "id = ${regoin}"), r"regoin",
         r"parameters|known", "one-time:"),
    Case("empty selection", TABLES, 'matching: { include: ["*.nothing_*"] }', r"nothing_|no table", r".", "include:"),
    Case("no such table", TABLES, "listed: [goood]", r"goood", r".", "listed:"),
    Case("no such data source", "data-source: shop", "data-source: shp", r"shp", r"shop", "data-source: shp"),
    Case("no YAML", "migration:", "migration: [", r"YAML", r".", ""),
]


def bad_input_is_answered(work):
    told, slowest, faults = 0, 0.0, []
    for database in servers(work):
        user = make_tables(work, database)
        template = FILE.replace("@type@", database.kind).replace("@database@", database.database)
        template = template.replace("@user@", user)
        for case in CASES:
            room = work.room(f"{database.kind}-{case.title.replace(' ', '-')}")
            text = template.replace(case.old, case.new, 1)
            ensure(text != template, f"the case {case.title!r} changes nothing")
            text = text.replace("@port@", database.port)
            (room / "migration.yaml").write_text(text)
            told += 1
            try:
                slowest = max(slowest, try_case(database, case, room, text))
            except Refuted as fault:
                faults.append(str(fault))
        work.sabotage(f"{database.title}: a file with nothing wrong", try_case, database, CASES[0],
                      sound_room(work, database, template), template)
    ensure(not faults, f"{len(faults)} of {told} are not answered well: " + "; ".join(faults))
    for what, spoilt in (("another line", lambda said: re.sub(r"line \d+", "line 99", said)),
                         ("no reason", lambda said: re.sub("tabels", "…", said))):
        said = Said.of(work.folder / f"{database.kind}-unknown-key")
        work.sabotage(f"a message with {what}", check_said, CASES[0], spoilt(said.text), said.lines)
    return (f"{told} bad inputs, each refused (exit 1) with line and column, reason and way out; nothing moved; "
            f"slowest {slowest:.1f} s")


@dataclass
class Said:
    """What was said about a file."""
    text: str
    lines: list

    @classmethod
    def of(cls, room):
        return cls((room / "said").read_text(), (room / "migration.yaml").read_text().splitlines())


def sound_room(work, database, template):
    room = work.room(f"{database.kind}-sound")
    text = template.replace("@port@", database.port)
    (room / "migration.yaml").write_text(text)
    return room


def try_case(database, case, room, text):
    secrets = {"GODWIT_PROVE_PASSWORD": "prove-reader", "GODWIT_PROVE_WRONG": "prove-wrong"}
    words = ["run", str(room / "migration.yaml"), "--data", str(room / "data")]
    where = f"{database.title}, {case.title}"
    plain = Process(words, room, {**secrets, "NO_COLOR": "1"}).wait(60)
    ensure(plain.code == 1, f"{where}: exit code {plain.code}: {one_line(plain.err or plain.out)}")
    said = plain.out + plain.err
    (room / "said").write_text(said)
    try:
        check_said(case, said, text.splitlines())
    except Refuted as refuted:
        raise Refuted(f"{where}: {refuted}") from None
    document = Process([*words, "--json"], room, secrets).wait(60).expect(1)
    blockers = [finding for finding in document.report.get("findings", []) if finding["severity"] == "blocker"]
    ensure(blockers, f"{where}: the JSON document has no blocker: {one_line(document.out)}")
    ensure(any(re.search(case.reason, f"{finding['message']} {finding['at']}", re.I) for finding in blockers),
           f"{where}: no blocker tells the reason: {one_line(blockers)}")
    ensure(all(finding["hint"] for finding in blockers), f"{where}: no way out: {one_line(blockers)}")
    ensure(all(finding.get("position") for finding in blockers), f"{where}: no position: {one_line(blockers)}")
    moved = [path for path in on_disk(room) if path.name.endswith((".parquet", ".avro", ".metadata.json"))]
    ensure(not moved, f"{where}: something moved: {moved[:2]}")
    return max(plain.seconds, document.seconds)


def check_said(case, said, lines):
    """Line and column, reason, way out."""
    shown = one_line(said, 400)
    places = {number for number, line in enumerate(lines, 1) if case.place in line}
    told = {int(line) for line in re.findall(r"line (\d+), column \d+", said)}
    ensure(told, f"no line and column is named: {shown}")
    ensure(places & told, f"points to line {sorted(told)} instead of {sorted(places)}: {shown}")
    ensure(re.search(case.reason, said, re.I | re.S), f"the reason is not told: {shown}")
    ensure(re.search(case.way_out, said, re.I | re.S), f"no way out is shown: {shown}")


def make_tables(work, database):
    """Tables that are bad in their ways, and a user who may read all but one of them."""
    user = "prove_reader"
    quote = '"{}"' if database.kind == "postgresql" else "`{}`"
    names = ["good", "bad name", "same_x", "same_y", "forbidden"]
    tables = "".join(f"CREATE TABLE {quote.format(name)} (id int NOT NULL PRIMARY KEY);"
                     f"INSERT INTO {quote.format(name)} VALUES (1), (2), (3);" for name in names)
    odd = "numeric(60,30)" if database.kind == "postgresql" else "decimal(60,30)"
    # decimals of more than 38 digits are refused until somebody says what they shall become
    tables += f"CREATE TABLE unmappable (id int NOT NULL PRIMARY KEY, odd {odd});"
    if database.kind == "postgresql":
        database.execute(f"DROP ROLE IF EXISTS {user};", "postgres")
        database.execute(f"{tables} CREATE ROLE {user} LOGIN PASSWORD 'prove-reader'; "
                         f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}; "
                         f"REVOKE SELECT ON forbidden FROM {user};")
        work.at_the_end(lambda: database.execute(f"DROP OWNED BY {user}; DROP ROLE {user};"))
    else:
        database.execute(f"DROP USER IF EXISTS {user};", "mysql")
        grants = "".join(f"GRANT SELECT ON {quote.format(name)} TO {user};" for name in [*names, "unmappable"]
                         if name != "forbidden")
        database.execute(f"{tables} CREATE USER {user} IDENTIFIED BY 'prove-reader'; {grants}"
                         f"GRANT RELOAD, PROCESS ON *.* TO {user};")
        work.at_the_end(lambda: database.execute(f"DROP USER IF EXISTS {user};", "mysql"))
    return user
