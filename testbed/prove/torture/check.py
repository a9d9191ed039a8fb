"""Judges: what the plan refuses, what stands at a destination, which rows were kept aside."""

from collections import Counter
from dataclasses import dataclass, field

from prove.claim import Refuted, ensure, one_line
from prove.torture import canon
from prove.torture.servers import SERVERS, spelled

SHOWN = 4
LONGEST_KEY = 200
OUTCOMES = ("exact", "text", "map", "rejected", "refused", "left out")


@dataclass
class Tally:
    """Cells by outcome."""
    cells: Counter = field(default_factory=Counter)
    added: int = 0

    def total(self):
        return sum(self.cells.values())

    def shown(self):
        words = ", ".join(f"{self.cells[word]:,} {word}" for word in OUTCOMES if self.cells[word])
        return f"{self.total():,} cells: {words}"


def findings_of(plan, schemas):
    """{(schema key, table, column or ""): {code}} of blockers, and the same of warnings; column "" is the table."""
    names = {name: key for key, name in schemas.items()}
    places = {}
    document = plan["plan"]
    for pipeline in document["pipelines"]:
        table = pipeline["scan"]["table"]
        for column in pipeline["columns"]:
            places[at(table, column["source"])] = (names[table["schema"]], table["table"], column["source"])
        places[at(table)] = (names[table["schema"]], table["table"], "")
    blockers, warnings = {}, {}
    for refused in document["refused"]:
        table = refused["source"]
        for finding in refused["findings"]:
            column = finding["at"].removeprefix(at(table)).removeprefix(".")
            place = (names[table["schema"]], table["table"], column)
            note(finding, place, blockers, warnings)
    for pipeline in document["pipelines"]:
        for finding in pipeline["findings"]:
            place = places.get(finding["at"], ("", finding["at"], "?"))
            note(finding, place, blockers, warnings)
    return blockers, warnings


def note(finding, place, blockers, warnings):
    kinds = {"blocker": blockers, "warning": warnings}
    if finding["severity"] in kinds:
        kinds[finding["severity"]].setdefault(place, {})[finding["code"]] = finding.get("hint") or ""


def at(table, column=None):
    """Where a finding points, as the product writes names on one line."""
    words = f"{table['schema']}.{table['table']}" + ("" if column is None else f".{column}")
    return "".join(f"\\u{{{ord(c):x}}}" if ord(c) < 32 else c for c in words)


def check_plan(found, tables, severity):
    """Exactly the expected findings, each with what is proposed first."""
    wanted = {}
    for table in tables:
        for column, line in getattr(table, severity).items():
            code, _, proposal = line.partition(" ")
            wanted[(table.schema, table.table, at_column(column))] = (code, proposal)
    missing = [f"{place}: {code}" for place, (code, _) in wanted.items() if code not in found.get(place, {})]
    ensure(not missing, f"{severity}: {len(missing)} are missing: {one_line(missing[:SHOWN])}")
    for place, codes in found.items():
        code, proposal = wanted.get(place, ("nothing", ""))
        ensure(set(codes) == {code}, f"{severity}: {place} is {sorted(codes)}, expected {code}")
        first = codes[code].split("; or ")[0].replace('"', "")
        ensure(f"as: {proposal}" in first or not proposal,
               f"{place}: {proposal} is not proposed first: {codes[code]}")
    return len(wanted)


def at_column(column):
    return "".join(f"\\u{{{ord(c):x}}}" if ord(c) < 32 else c for c in column)


@dataclass
class Evidence:
    """What one table left: what the client says, the destination's table, its lines of report and rejected rows."""
    table: object
    kind: str
    columns: list           # (source column, native type) of the catalogue
    truth: list             # rows of {column: bytes or None}, added columns included
    arrived: object         # pyarrow.Table or None
    report: dict
    rejected: list
    shape: tuple = ()       # at a server: (columns that may not be null, primary key), there and at the source


def check_table(evidence, tally):
    """Every cell of one table; counts it by its outcome."""
    table = evidence.table
    names = [column for column, _ in evidence.columns if not table.skips(column)] + list(table.added)
    unsaid = [name for name in names if table.spec(name) is None]
    ensure(not unsaid, f"{table.label}: nothing is expected of {unsaid[:SHOWN]}")
    ensure(evidence.arrived is not None, f"{table.label}: nothing stands at {evidence.kind}")
    check_types(evidence, names)
    kept_aside = check_rejected(evidence)
    check_noticed(evidence)
    expected = [canonical(evidence, names, row) for row in evidence.truth if key_text(table, row) not in kept_aside]
    check_shape(evidence)
    cells = {name: cells_of(evidence, name) for name in names}
    arrived = [dict(zip(cells, row)) for row in zip(*cells.values())]
    compare_rows(evidence, names, expected, arrived)
    check_values(table, expected, arrived)
    count(evidence, kept_aside, tally)


def cells_of(evidence, name):
    column = evidence.arrived.column(evidence.table.name(name))
    if evidence.kind not in SERVERS:
        return canon.of_arrow(column)
    becomes = evidence.table.spec(name)[1]
    try:
        return [None if raw is None else canon.of_client(raw, becomes) for raw in column.to_pylist()]
    except (ValueError, AttributeError, ArithmeticError) as error:
        raise Refuted(f"{evidence.table.label}.{name} at {evidence.kind}: what arrived is no {becomes}: {error}") from None


def check_shape(evidence):
    """At a server: what may not be null, and the primary key, are those of the source."""
    if evidence.kind not in SERVERS:
        return
    table, (there, source) = evidence.table, evidence.shape
    key = [table.name(name) for name in source[1]]
    required = {table.name(name) for name in source[0] if not table.skips(name)} | set(key)
    for what, found, wanted in (("what may not be null", sorted(there[0]), sorted(required)),
                                ("the primary key", there[1], key)):
        ensure(found == wanted, f"{table.label} at {evidence.kind}: {what} is {found}, expected {wanted}")


def check_types(evidence, names):
    if evidence.kind in SERVERS:
        return check_native_types(evidence, names)
    table = evidence.table
    arrived = {field.name: canon.arrow_type(field.type) for field in evidence.arrived.schema}
    wanted = {table.name(name): canon.type_at(evidence.kind, table.spec(name)[1]) for name in names}
    ensure(list(arrived) == list(wanted) or set(arrived) != set(wanted) or table.added,
           f"{table.label}: the columns are in another order: {list(arrived)[:SHOWN]}")
    wrong = [f"{name} is {arrived.get(name)}, expected {wanted.get(name)}"
             for name in {**wanted, **arrived} if arrived.get(name) != wanted.get(name)]
    ensure(not wrong, f"{table.label} at {evidence.kind}: {one_line(wrong[:SHOWN])}")


def check_native_types(evidence, names):
    """At a server: every column in the source's order, of the expected type in the server's words."""
    table, added = evidence.table, {evidence.table.name(name) for name in evidence.table.added}
    arrived = {field.name: field.metadata[b"type"].decode() for field in evidence.arrived.schema}
    wanted = {table.name(name): table.native(name) or spelled(evidence.kind, table.spec(name)[1]) for name in names}
    ensure([name for name in arrived if name not in added] == [name for name in wanted if name not in added],
           f"{table.label} at {evidence.kind}: the columns are {list(arrived)[:SHOWN]}, expected {list(wanted)[:SHOWN]}")
    wrong = [f"{name} is {arrived.get(name)}, expected {wanted.get(name)}"
             for name in {**wanted, **arrived} if arrived.get(name) != wanted.get(name)]
    ensure(not wrong, f"{table.label} at {evidence.kind}: {one_line(wrong)}")


def check_rejected(evidence):
    """The rows kept aside, by key: exactly those expected, with column, code and (where said) bytes."""
    table, report = evidence.table, evidence.report
    wanted = {}
    for key, line in table.rejected.items():
        column, code, *shown = line.rsplit(" ", 2) if line.count(" ") > 1 else line.split(" ")
        wanted[key] = (column, code, shown[0] if shown else None)
    found, places = {}, set()
    for row in evidence.rejected:
        key = key_of(table, row, wanted, found)
        ensure((row["split"], row["locator"]) not in places and key not in found,
               f"{table.label}: row {key} was kept aside twice")
        places.add((row["split"], row["locator"]))
        found[key] = (row["column"], row["code"], row["bytes_hex"])
    for key in {**wanted, **found}:
        expected, seen = wanted.get(key), found.get(key)
        same = expected and seen and expected[:2] == seen[:2] and expected[2] in (None, seen[2])
        ensure(same, f"{table.label}: row {key} is rejected as {seen}, expected {expected}")
    read, written, aside = (report[f"rows_{word}"] for word in ("read", "written", "rejected"))
    ensure(aside == len(wanted), f"{table.label}: the report says {aside} rejected, expected {len(wanted)}")
    ensure(read == written + aside + report["rows_filtered"] and read == len(evidence.truth),
           f"{table.label}: {len(evidence.truth)} rows at the source, {read} read, {written} written, {aside} rejected")
    return set(wanted)


def key_of(table, row, wanted, found):
    """The key by which a rejected row is expected. One whose own key is null, or too long to be written down, is the next
    that is expected for that reason."""
    locator = row["locator"]
    if " is null" in locator or len(locator) > LONGEST_KEY:
        reason = row["column"], row["code"]
        return next((key for key, line in wanted.items() if line[:2] == reason and key not in found), locator)
    return ", ".join(part.split("=", 1)[1] for part in locator.split(", ")) if table.key else locator


def check_noticed(evidence):
    """What is told of values that arrived: exactly what is expected, and in how many rows."""
    table = evidence.table
    found = {line["column"]: f"{line['code']} {line['rows']}" for line in evidence.report.get("notices", [])}
    ensure(found == table.noticed, f"{table.label}: the report tells {found}, expected {table.noticed}")


def key_text(table, row):
    return ", ".join(row[name].decode() for name in table.key if row[name] is not None)


def canonical(evidence, names, row):
    cells = {}
    for name in names:
        raw = row[name]
        wanted = canon.type_at(evidence.kind, evidence.table.spec(name)[1])
        try:
            cells[name] = None if raw is None else canon.of_client(raw, wanted)
        except (ValueError, AttributeError, ArithmeticError) as error:
            raise Refuted(f"{evidence.table.label}.{name}: the source's {raw[:60]!r} is no {wanted} ({error}), and the "
                          "row is not expected to be rejected") from None
    return cells


def compare_rows(evidence, names, expected, arrived):
    label, key = f"{evidence.table.label} at {evidence.kind}", evidence.table.key
    ensure(len(expected) == len(arrived), f"{label}: {len(arrived)} rows arrived, expected {len(expected)}")
    if not key:
        left, right = (Counter(tuple(row[name] for name in names) for row in rows) for rows in (expected, arrived))
        ensure(left == right, f"{label}: rows differ: {one_line(list((left - right).items())[:SHOWN])} expected, "
                              f"{one_line(list((right - left).items())[:SHOWN])} arrived")
        return
    by_key = {tuple(row[name] for name in key): row for row in arrived}
    ensure(len(by_key) == len(arrived), f"{label}: {len(arrived) - len(by_key)} rows came twice")
    for row in expected:
        place = tuple(row[name] for name in key)
        other = by_key.get(place)
        ensure(other is not None, f"{label}: row {place} did not arrive")
        if other != row:
            name = next(name for name in names if other[name] != row[name])
            raise Refuted(f"{label}: {name} of row {place} is {one_line(repr(other[name]), 80)} instead of "
                          f"{one_line(repr(row[name]), 80)}")


def check_values(table, expected, arrived):
    """Cells whose form was told beforehand: the client and the destination have to agree with it."""
    rows = {"".join(str(row[name]) for name in table.key): row for row in arrived}
    truth = {"".join(str(row[name]) for name in table.key): row for row in expected}
    for column, cells in table.values.items():
        for key, value in cells.items():
            for side, found in (("the client", truth), ("the destination", rows)):
                ensure(key in found, f"{table.label}: {side} has no row {key}")
                seen = found[key][column]
                ensure(seen == value, f"{table.label}.{column} of row {key}: {side} has {one_line(repr(seen), 80)}, "
                                      f"expected {one_line(repr(value), 80)}")


def count(evidence, kept_aside, tally):
    table, rows = evidence.table, len(evidence.truth)
    for column, _ in evidence.columns:
        outcome = "left out" if table.skips(column) else table.spec(column)[0]
        tally.cells[outcome] += rows - len(kept_aside)
        tally.cells["rejected"] += len(kept_aside)
    tally.added += len(table.added) * (rows - len(kept_aside))
