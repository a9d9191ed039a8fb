"""The claims: a torture schema planned, refused, accepted, moved and compared cell by cell."""

import copy
import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq

from prove.claim import ensure
from prove.destinations import on_disk, open_destination
from prove.godwit import Process, call
from prove.torture import check, expected, names, rights
from prove.torture.mariadb import MariaDbTorture
from prove.torture.postgres import PostgresAscii, PostgresTorture
from prove.torture.relations import relations
from prove.torture.servers import SERVERS, AtServer, Targets
from prove.torture.sqlite import SqliteTorture, SqliteUtf16

KINDS = ("lake", "files")
EVERYWHERE = KINDS + SERVERS
ELSEWHERE = {"TZ": "America/Sao_Paulo", "LC_ALL": "tr_TR.UTF-8"}


def torture_mariadb(work):
    schema = Schema.loaded(MariaDbTorture(work), Targets(work))
    return f"{torture(work, schema)}; {chosen(work, schema)}; {rights.mariadb(work, schema)}"


def torture_postgres(work):
    source = PostgresTorture(work)
    targets = Targets(work)
    schema = Schema.loaded(source, targets)
    figures = [torture(work, schema), chosen(work, schema), rights.postgres(work, schema), relations(work, schema)]
    for name in ("postgres_ascii", "postgres_gbk"):
        other = Schema.loaded(PostgresAscii(source, name), targets)
        figures.append(f"{name}: {cells_moved(work, other)}")
    return "; ".join(figures)


def torture_sqlite(work):
    targets = Targets(work)
    schema = Schema.loaded(SqliteTorture(work.folder), targets)
    other = Schema.loaded(SqliteUtf16(work.folder), targets)
    return f"{torture(work, schema)}; {chosen(work, schema)}; in UTF-16: {cells_moved(work, other)}"


@dataclass
class Schema:
    """A loaded schema: what is expected of it, and what its client says of it."""
    source: object
    targets: object  # the servers that are written to
    tables: dict     # label: Table
    columns: dict    # label: [(column, native type)]
    counts: dict     # label: rows
    truth: dict      # label: rows of {column: bytes or None}
    shapes: dict     # (schema key, table): (columns that may not be null, primary key, comments of columns)
    name_of: str     # of the file with what is expected
    others: dict = field(default_factory=dict)

    @classmethod
    def loaded(cls, source, targets):
        source.load()
        tables, catalogue = expected.load(source.name), source.catalogue()
        by_place = {(table.schema, table.table): label for label, table in tables.items()}
        moved = {place: label for place, label in by_place.items() if tables[label].moves()}
        others = {place for place in set(catalogue) ^ set(by_place) if place in moved or place not in by_place}
        ensure(not others, f"the catalogue and what is expected name other tables: {sorted(others)[:4]}")
        columns = {by_place[place]: columns for place, columns in catalogue.items()}
        counts = {by_place[place]: rows for place, rows in source.count(catalogue).items()}
        truth = truth_of(source, [tables[label] for label in moved.values()], columns)
        return cls(source, targets, tables, columns, counts, truth, source.shapes(), source.name)

    def at(self, kind):
        """The same with what is expected at that destination; another truth only where it is said."""
        if kind not in SERVERS:
            return self
        if kind not in self.others:
            tables = expected.load(self.name_of, kind)
            anew = [table for label, table in tables.items() if table.moves() and table.truth != self.tables[label].truth]
            truth = {**self.truth, **truth_of(self.source, anew, self.columns)}
            self.others[kind] = dataclasses.replace(self, tables=tables, truth=truth)
        return self.others[kind]

    def chosen(self):
        """The same tables, some of their columns read as something else."""
        name = f"{self.source.name}_choices"
        tables = expected.load(name)
        by_place = {self.place(label): label for label in self.tables}
        default = {label: by_place[table.schema, table.table] for label, table in tables.items()}
        columns = {label: self.columns[name] for label, name in default.items()}
        counts = {label: self.counts[name] for label, name in default.items()}
        truth = truth_of(self.source, tables.values(), columns)
        return dataclasses.replace(self, tables=tables, columns=columns, counts=counts, truth=truth, name_of=name, others={})

    def cells(self):
        """How many there are, by the catalogue alone."""
        return sum(len(self.columns[label]) * rows for label, rows in self.counts.items())

    def of(self, migration):
        return [table for table in self.tables.values() if table.migration == migration]

    def place(self, label):
        return self.tables[label].schema, self.tables[label].table

    def name(self, table):
        return {"schema": self.source.schemas()[table.schema], "table": table.table}


def truth_of(source, tables, columns):
    """{label: rows}, as the source's client prints them."""
    wanted = []
    for table in tables:
        cells = [(name, source.printed(table.truth[name], table.spec(name)[1]) if name in table.truth
                  else source.truth(name, native)) for name, native in columns[table.label]]
        cells += [(name, source.printed(sql, spec.split()[1])) for name, (spec, sql) in table.added.items()]
        wanted.append(((table.schema, table.table), cells))
    return dict(zip([table.label for table in tables], source.rows(wanted), strict=True))


@dataclass(frozen=True)
class Variant:
    """How a run is made different without meaning another result."""
    kind: str
    splits: int = 0          # 0: as many as the product thinks fit
    elsewhere: bool = False  # another time zone, another locale
    again: bool = False      # over what a first run left

    def title(self):
        return f"{self.kind}-{self.splits or 'default'}{'-elsewhere' * self.elsewhere}{'-again' * self.again}"

    def environment(self):
        return ELSEWHERE if self.elsewhere else {"TZ": "UTC", "LC_ALL": "C.UTF-8"}


def variants(work):
    """How the schema is moved. What is loaded again is looked at after each of both loads."""
    if work.full:
        return [Variant(kind, splits, elsewhere) for elsewhere in (False, True) for splits in (0, 1, 2, 16)
                for kind in EVERYWHERE] + [Variant(kind, 2, again=True) for kind in EVERYWHERE]
    return [Variant("lake", 2, again=True), Variant("files", 16, True), Variant("postgresql", again=True),
            Variant("mysql", again=True)]


def torture(work, schema):
    """Everything that is true of any source; returns the figures."""
    refused, failed = Counter(), Counter()
    never, told, tallies, damaged = {}, 0, {}, set()
    for kind in EVERYWHERE:
        refused[planned_by_default(work, schema.at(kind), kind)] += 1
    for kind in ("files", *SERVERS):
        failed[run_by_default(work, schema.at(kind), kind)] += 1
        never[kind] = named_and_refused(work, schema.at(kind), kind)
    for kind in KINDS:
        partitions_refused(work, schema, kind)
    for variant in variants(work):
        here = schema.at(variant.kind)
        tally, evidence = moved(work, here, variant)
        tally.cells["refused"] += never.get(variant.kind, never["files"])
        all_judged(here, variant, tally)
        figures = tally.shown() + (f" (and {tally.added} cells of columns added)" if tally.added else "")
        tallies.setdefault(variant.kind, []).append(figures)
        told += check_all_names(work, here, variant)
        if variant.kind not in damaged:
            damaged.add(variant.kind)
            damage(work, here, variant, evidence)
    ensure(schema.source.count(schema.source.catalogue()) == {schema.place(label): rows for label, rows in
                                                              schema.counts.items()}, "the source was changed")
    titles = ", ".join(variant.title() for variant in variants(work))
    return (f"{figures_by_kind(tallies)}, 0 unexplained, in each of {len(variants(work))} runs ({titles}); "
            f"{told} names and comments told; by default {alternatives(refused)} refusals by name, {alternatives(failed)} "
            "tables fail before their commit, nothing written")


def alternatives(counter):
    return " or ".join(map(str, sorted(counter)))


def figures_by_kind(tallies):
    """One figure for each destination, those together that have the same."""
    kinds = {}
    for kind, figures in tallies.items():
        ensure(len(set(figures)) == 1, f"runs into {kind} differ: {sorted(set(figures))}")
        kinds.setdefault(figures[0], []).append(kind)
    return "; ".join(f"{' and '.join(names)}: {figures}" for figures, names in kinds.items())


def all_judged(schema, variant, tally):
    ensure(tally.total() == schema.cells(), f"{variant.title()}: {tally.total():,} cells were judged, and the catalogue "
                                            f"counts {schema.cells():,}")


def cells_moved(work, schema):
    """A smaller schema, every cell judged at every destination; returns the figures."""
    tallies, used = {}, variants(work)
    for variant in used:
        here = schema.at(variant.kind)
        tally, evidence = moved(work, here, variant)
        all_judged(here, variant, tally)
        tallies.setdefault(variant.kind, []).append(tally.shown())
        less = [copy.copy(one) for one in evidence if one.rejected][0]
        less.rejected = less.rejected[1:]
        work.sabotage(f"{schema.source.name}, {variant.kind}: a rejected row that is not told", check.check_table, less,
                      check.Tally())
    return f"{figures_by_kind(tallies)} in each of {len(used)} runs"


class File:
    """A migration file in a room of its own, and where it writes to."""

    def __init__(self, room, schema, kind, document):
        self.room, self.kind, self.path, self.data = room, kind, room / "migration.yaml", room / "data"
        self.targets, self.namespace = schema.targets, "torture"
        self.connection = {"type": kind, "path": f"./{kind}"}
        if kind in SERVERS:
            server = self.targets.at(kind, room)
            self.connection, self.namespace = server.connection(), server.namespace
        self.path.write_text(document(self), encoding="utf-8")

    def plan(self):
        return call("plan", str(self.path), "--json", room=self.room)

    def run(self, variant):
        words = ["run", str(self.path), "--data", str(self.data), "--json"]
        return Process(words, self.room, variant.environment()).wait()

    def rejected(self, run):
        words = ["runs", "rejected", run, "--json", "--limit", "1000000", "--data", str(self.data)]
        return call(*words, room=self.room).expect(0).report["rows"]

    def destination(self):
        if self.kind in SERVERS:
            return AtServer(self.targets.at(self.kind, self.room))
        return open_destination(self.kind, self.room / self.kind, self.namespace)

    def nothing_written(self):
        kept = self.data / "rejected"
        written = [path.name for path in on_disk(self.room)
                   if path.suffix in (".parquet", ".avro") and not path.is_relative_to(kept)]
        if self.kind in SERVERS:
            written += self.destination().strangers([])
        ensure(not written, f"these were written: {written[:3]}")


def default_file(work, schema, title, kind, tables, read=None, **more):
    def document(file):
        schemas = list(schema.source.schemas().values())
        return json.dumps({
            "version": 1,
            "data-sources": {"source": schema.source.connection(), "target": file.connection},
            "migration": {
                "name": "torture",
                "source": {"data-source": "source", "schemas": schemas, **(read or {})},
                "destination": {"data-source": "target", "namespace": file.namespace},
                "tables": tables,
                "run": {"reruns": 0},
                **more,
            },
        }, ensure_ascii=False)

    return File(work.room(f"{title}-{kind}"), schema, kind, document)


def accepted_file(work, schema, migration, variant, tables, schemas=("",)):
    databases = schema.source.schemas()
    run = {"parallelism": 2, "reruns": 0, **({"splits": variant.splits} if variant.splits else {})}
    each = [{"table": schema.name(table), "columns": table.choices} for table in schema.of(migration) if table.choices]
    limit = max(len(table.rejected) for table in schema.tables.values())

    def document(file):
        words = {"source": schema.source.connection(), "target": file.connection, "namespace": file.namespace,
                 "schemas": [databases[key] for key in schemas], "tables": tables, "each": each, "limit": limit, "run": run}
        return expected.migration(schema.source.name, {word: json.dumps(value, ensure_ascii=False)
                                                       for word, value in words.items()})

    return File(work.room(f"{schema.source.name}-{migration}-{variant.title()}"), schema, variant.kind, document)


def planned_by_default(work, schema, kind):
    """The plan refuses exactly what it should, says why and what to do; nothing is written."""
    offered = [table for table in schema.tables.values() if table.moves() or table.refused]
    file = default_file(work, schema, "default", kind, {"all": True})
    plan = file.plan().expect(3).report
    blockers, warnings = check.findings_of(plan, schema.source.schemas())
    refused = check.check_plan(blockers, offered, "refused")
    check.check_plan(warnings, [table for table in offered if table.migration == "main"], "warned")
    file.nothing_written()
    fewer = dict(list(blockers.items())[1:])
    work.sabotage(f"{kind}: a plan without one of its refusals", check.check_plan, fewer, offered, "refused")
    more = {**blockers, ("", "orders", "id"): {"UNKNOWN_TYPE": ""}}
    work.sabotage(f"{kind}: a plan that refuses one more", check.check_plan, more, offered, "refused")
    return refused


def run_by_default(work, schema, kind):
    """By default no row may be rejected: tables with such rows fail before their commit."""
    tables = [table for table in schema.of("main") if table.rejected and not table.refused]
    file = default_file(work, schema, "strict", kind, {"listed": [schema.name(table) for table in tables]})
    outcome = file.run(Variant(kind)).expect(1)
    destination = file.destination()
    for table in tables:
        line = report_line(schema, outcome.report, table)
        ensure(line["state"] == "failed" and line["code"] == "TOO_MANY_REJECTED",
               f"{table.label} is {line['state']} ({line['code']}) although rows of it were rejected")
        ensure(destination.read(table.destination) is None, f"{table.label} is at the destination")
    file.nothing_written()
    return len(tables)


def named_and_refused(work, schema, kind):
    """What holds no rows, or cannot be read, is refused by name where it is listed, or fails when it is read, and nothing
    else does. Returns how many cells the catalogue counts of it."""
    never = schema.of("none")
    good = schema.of("second")[:1]
    file = default_file(work, schema, "named", kind, {"listed": [schema.name(table) for table in never + good]})
    outcome = file.run(Variant(kind)).expect(3)
    destination = file.destination()
    for table in never:
        wanted = ("failed", table.fails) if table.fails else ("refused", table.named)
        ends_as(schema, outcome.report, destination, table, wanted)
    for table in good:
        state = report_line(schema, outcome.report, table)["state"]
        ensure(state == "succeeded", f"{table.label} is {state} beside tables that are refused")
    return sum(cells_in(schema, table) for table in never)


def ends_as(schema, report, destination, table, wanted):
    """A table that does not move: its state and code, and nothing of it at the destination."""
    line = report_line(schema, report, table)
    ensure((line["state"], line["code"]) == wanted, f"{table.label} is {line['state']} as {line['code']}, expected "
                                                    f"{' as '.join(wanted)}: {line['message']}")
    ensure(destination.read(table.destination) is None, f"{table.label} is at the destination")


def cells_in(schema, table):
    return len(schema.columns.get(table.label, ())) * schema.counts.get(table.label, 0)


def chosen(work, schema):
    """Columns read as what a person asks for; rows that do not fit are rejected. Returns the figures."""
    chosen, tallies, untried = schema.chosen(), {}, set(EVERYWHERE)
    for kind in EVERYWHERE:
        tally, schema = check.Tally(), chosen.at(kind)
        for number, tables in enumerate(parts_of(schema.tables.values())):
            each = [{"table": schema.name(table), "columns": table.choices} for table in tables]
            limit = {"limit": max(len(table.rejected) for table in tables)}
            listed = {"listed": [schema.name(table) for table in tables]}
            file = default_file(work, schema, f"chosen-{number}", kind, listed, tables[0].read, each=each,
                                **{"rejected-rows": limit})
            refused = [table for table in tables if table.migration == "refused"]
            outcome = file.run(Variant(kind)).expect(3 if refused else 0)
            rejected, destination = file.rejected(outcome.report["run"]), file.destination()
            for table in refused:
                ends_as(schema, outcome.report, destination, table, ("refused", table.named))
                tally.cells["refused"] += cells_in(schema, table)
            for table in tables:
                if table in refused:
                    continue
                one = evidence_of(schema, kind, table, outcome.report, rejected, destination)
                check.check_table(one, tally)
                if table.rejected and kind in untried:
                    untried.remove(kind)
                    one.table = dataclasses.replace(table, rejected={})
                    work.sabotage(f"{kind}: rejected rows of {table.label} where none are expected", check.check_table,
                                  one, check.Tally())
        ensure(tally.total() == schema.cells(), f"{tally.total()} cells of choices were judged, and there are "
                                                f"{schema.cells()}")
        tallies[kind] = [tally.shown()]
    return f"with {sum(len(table.choices) for table in chosen.tables.values())} choices {figures_by_kind(tallies)}"


def parts_of(tables):
    """The tables in lists of which each names a source table once and reads all of them in one way."""
    parts = []
    for table in tables:
        place, read = (table.schema, table.table), table.read
        part = next((part for way, part in parts if way == read and place not in part), None)
        if part is None:
            parts.append((read, part := {}))
        part[place] = table
    return [list(part.values()) for _, part in parts]


def partitions_refused(work, schema, kind):
    """A column of the partition's name is refused, and no other."""
    partition = {"method": {"partition": {"one-time": "ds=20240101"}}, "names": {"illegal": "convert"}}
    file = default_file(work, schema, "partition", kind, {"all": True}, **partition)
    blockers, _ = check.findings_of(file.plan().expect(3).report, schema.source.schemas())
    clashes = {place: {"PARTITION_COLUMN_CLASH": ""} for place, codes in blockers.items()
               if "PARTITION_COLUMN_CLASH" in codes}
    check.check_plan(clashes, schema.tables.values(), "partitioned")


def check_all_names(work, schema, variant):
    """Comments, original names, statements on their lines, and nothing outside of the destination."""
    file = accepted_file(work, schema, "main", variant, schema.source.everything())
    comments, destination = schema.source.comments(), file.destination()
    looked = names.check_names(schema, schema.of("main"), destination, comments)
    names.check_one_line(file.plan().expect(3 if schema.of("refused") else 0).report)
    names.check_inside(file.room, variant.kind)
    other = {schema.place(table.label): "another" for table in schema.of("main")}
    work.sabotage(f"{variant.title()}: other comments", names.check_names, schema, schema.of("main"), destination, other)
    return looked


def moved(work, schema, variant):
    """Everything accepted and moved; every cell judged."""
    tally, evidence = check.Tally(), []
    listed = [schema.name(table) for table in schema.of("second")]
    files = [("main", schema.source.everything(), ("",))]
    files += [("second", {"listed": listed}, list(schema.source.schemas()))] if listed else []
    for migration, tables, schemas in files:
        file, refused = accepted_file(work, schema, migration, variant, tables, schemas), []
        if migration == "main":
            refused = schema.of("refused")
        for load in range(1 + variant.again):
            outcome = file.run(variant).expect(3 if refused else 0)
            others = len(outcome.report["tables"]) - len(schema.of(migration)) - len(refused)
            ensure(not others, f"{migration}: {others} tables are in the report that are not expected")
            rejected, destination = file.rejected(outcome.report["run"]), file.destination()
            found = [evidence_of(schema, variant.kind, table, outcome.report, rejected, destination)
                     for table in schema.of(migration)]
            seen = tally if load == variant.again else check.Tally()
            for one in found:
                check.check_table(one, seen)
            for table in refused:
                ends_as(schema, outcome.report, destination, table, ("refused", table.named))
                seen.cells["refused"] += cells_in(schema, table)
            if variant.kind in SERVERS:
                strangers = destination.strangers(table.destination for table in schema.of(migration))
                ensure(not strangers, f"{variant.title()}: nobody expects {strangers[:3]}")
        evidence += found
    return tally, evidence


def evidence_of(schema, kind, table, report, rejected, destination):
    source, shape = at_source(schema, table), ()
    if kind in SERVERS and table.destination in destination.tables:
        shape = destination.shape(table.destination), schema.shapes.get((table.schema, table.table), (set(), [], {}))[:2]
    return check.Evidence(
        table=table, kind=kind, columns=schema.columns[table.label], truth=schema.truth[table.label],
        arrived=with_absent_lists(destination, table.destination), report=report_line(schema, report, table),
        rejected=[row for row in rejected if row["table"] == source], shape=shape)


def with_absent_lists(destination, name):
    """The table as its reader gives it. PyIceberg takes a list of structures that is null for an empty one (it makes such
    columns anew from their offsets alone): these columns are read by PyArrow from the files that PyIceberg names."""
    arrived = destination.read(name)
    if destination.kind != "lake" or arrived is None:
        return arrived
    lost = [field.name for field in arrived.schema if (pa.types.is_list(field.type) or pa.types.is_large_list(field.type))
            and pa.types.is_struct(field.type.value_type)]
    if not lost:
        return arrived
    files = pa.concat_tables(pq.read_table(file, partitioning=None) for file in destination.live_files(name))
    first = arrived.column_names[0]
    ensure(files.column(first).to_pylist() == arrived.column(first).to_pylist(), f"{name}: the files hold other rows")
    for column in lost:
        place = arrived.column_names.index(column)
        arrived = arrived.set_column(place, column, files.column(column))
    return arrived


def at_source(schema, table):
    return f"{schema.source.schemas()[table.schema]}.{table.table}"


def report_line(schema, report, table):
    source = check.at(schema.name(table))
    lines = [line for line in report["tables"] if line["source"] == source]
    ensure(len(lines) == 1, f"{table.label}: {len(lines)} lines in the report")
    return lines[0]


def damage(work, schema, variant, evidence):
    """Evidence with one thing changed has to be seen."""
    found = {one.table.label: one for one in evidence}
    changed = copy.copy(next(one for label, one in found.items() if one.table.rejected and one.arrived.num_rows > 1))
    hidden = copy.copy(changed)
    hidden.rejected = hidden.rejected[1:]
    work.sabotage(f"{variant.kind}: a rejected row that is not told", check.check_table, hidden, check.Tally())
    lied = copy.copy(changed)
    lied.rejected = [dict(row, code="OTHER") for row in lied.rejected]
    work.sabotage(f"{variant.kind}: a row rejected for another reason", check.check_table, lied, check.Tally())
    column = changed.arrived.column_names[1]
    changed.arrived = with_other_cell(changed.arrived, column)
    work.sabotage(f"{variant.kind}: {column} of {changed.table.label} exchanged in two rows", check.check_table,
                  changed, check.Tally())
    silent = copy.copy(next((one for one in evidence if one.table.noticed), changed))
    silent.report = {**silent.report, "notices": []}
    work.sabotage(f"{variant.kind}: a value that should be told of, and is not", check.check_table, silent,
                  check.Tally())
    if variant.kind in SERVERS:
        damage_shape(work, variant.kind, found["order_items"])
    shifted = copy.copy(found["orders"] if "orders" in found else changed)
    first, second, *others = shifted.arrived.column_names
    shifted.arrived = shifted.arrived.rename_columns([second, first, *others])
    work.sabotage(f"{variant.kind}: two columns exchanged", check.check_table, shifted, check.Tally())


def damage_shape(work, kind, evidence):
    """The same of a table with a key of two columns: what may not be null, the key, a type."""
    (required, key), source = evidence.shape
    for what, shape in (("a column that may be null", (required - {key[1]}, key)),
                        ("a key of one column", (required, key[:1])), ("a key in another order", (required, key[::-1]))):
        other = copy.copy(evidence)
        other.shape = shape, source
        work.sabotage(f"{kind}: {what}", check.check_table, other, check.Tally())
    other, field = copy.copy(evidence), evidence.arrived.schema.field(1)
    other.arrived = evidence.arrived.set_column(1, field.with_metadata({"type": "text"}), evidence.arrived.column(1))
    work.sabotage(f"{kind}: a column of another type", check.check_table, other, check.Tally())


def with_other_cell(table, column):
    """The table with the first two different cells of a column exchanged."""
    values = table.column(column).to_pylist()
    other = next(place for place, value in enumerate(values) if value != values[0])
    values[0], values[other] = values[other], values[0]
    place = table.column_names.index(column)
    return table.set_column(place, table.schema.field(place), pa.array(values, table.schema.field(place).type))
