"""Names: nothing of them is lost, expanded or carried out, and nothing is written outside of the destination."""

import json

from prove.claim import ensure, one_line
from prove.destinations import on_disk
from prove.torture import check
from prove.torture.servers import SERVERS

CONVERTED = ("ILLEGAL_NAME", "NAME_TOO_LONG")


def check_names(schema, tables, destination, comments):
    """Each comment arrives as text, and what was renamed says what it was. Returns how many were looked at."""
    looked = 0
    for table in tables:
        wanted = comments.get((table.schema, table.table))
        about, columns = told(destination, table)
        own = schema.shapes.get((table.schema, table.table), ((), (), {}))[2]
        if table.destination != table.table and table.refused.get("") in CONVERTED:
            wanted = with_original(wanted, table.table)
        wanted = storable(destination.kind, wanted)
        ensure(about == wanted, f"{table.label}: its comment is {one_line(repr(about), 120)}, expected "
                                f"{one_line(repr(wanted), 120)}")
        for column in {**table.names, **own}:
            name, expected = table.name(column), own.get(column)
            # a person's own rule needs no telling
            if column != name and table.refused.get(column) != "NAME_COLLISION":
                expected = with_original(expected, column)
            expected = storable(destination.kind, expected)
            ensure(columns.get(name) == expected, f"{table.label}: the comment of {name} is {columns.get(name)!r}, "
                                                  f"expected {expected!r}")
            looked += 1
        looked += 1
    return looked


def told(destination, table):
    """The table's comment, and those of its columns."""
    if destination.kind in SERVERS:
        return destination.told(table.destination)
    if destination.kind == "lake":
        found = destination.table(table.destination)
        return found.properties.get("comment"), {field.name: field.doc for field in found.schema().fields}
    manifest = json.loads((destination.folder / table.destination / "_godwit.json").read_text(encoding="utf-8"))
    described = manifest.get("table", manifest)
    return described.get("comment"), {column["name"]: column.get("comment") for column in described["columns"]}


def with_original(comment, name):
    return f"{comment} (source name: {escaped(name)})" if comment else f"source name: {escaped(name)}"


def storable(kind, comment):
    """What MySQL keeps of a comment, which has no characters above U+FFFF."""
    if kind != "mysql" or comment is None:
        return comment
    return "".join(f"\\u{{{ord(c):x}}}" if ord(c) > 0xFFFF else c for c in comment)


def escaped(name):
    return check.at_column(name)


def check_inside(room, kind):
    """Every file of the room is the destination's, the data folder's, or the claim's own."""
    own = {room / name for name in ("migration.yaml",)}
    for path in on_disk(room):
        inside = path.is_relative_to(room / kind) or path.is_relative_to(room / "data") or path in own
        ensure(inside or path.name.startswith(("out-", "err-")), f"{path.relative_to(room)} was written")


def check_one_line(plan):
    """The statements shown hold no line break that comes of a name or comment."""
    for pipeline in plan["plan"]["pipelines"]:
        for statement in pipeline["write"]["ddl"]:
            lines = statement.split("\n")
            columns = len(pipeline["write"]["table"]["columns"])
            ensure(len(lines) <= columns + 3, f"{pipeline['scan']['table']['table']}: a name or comment breaks the "
                                              f"statement: {one_line(statement, 200)}")
