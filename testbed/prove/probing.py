"""`plan --probe` finds what types do not say: its figures are those that were planted, and the run rejects as many."""

import json
import random
import re
from collections import Counter
from copy import deepcopy

from prove.claim import ensure
from prove.databases import Sqlite, client, servers
from prove.godwit import Migration, call

# Column, its type, a sound value by the row's number, and what is planted: values by the code that rejects them.
PLANTED = {
    "postgresql": [
        ("day", "date", "DATE '2024-01-01' + {n}", {"DATE_INFINITY": "'infinity'",
                                                   "DATE_OUT_OF_RANGE": "'0044-03-15 BC'"}),
        ("moment", "timestamptz", "TIMESTAMPTZ '2024-01-01 00:00Z' + {n} * INTERVAL '1 s'",
         {"TIMESTAMP_INFINITY": "'-infinity'", "TIMESTAMP_OUT_OF_RANGE": "'10000-01-01 00:00:00Z'"}),
        ("amount", "numeric(12,2)", "{n} / 100.0", {"NUMERIC_NAN": "'NaN'"}),
    ],
    "mysql": [
        ("day", "date", "DATE '2024-01-01' + INTERVAL {n} DAY", {"ZERO_DATE": "'0000-00-00'",
                                                                "PARTIAL_DATE": "'2024-05-00'",
                                                                "INVALID_DATE": "'2023-02-30'"}),
        ("words", "varchar(20) CHARACTER SET gbk", "'你好'", {"UNMAPPABLE_CHAR": "unhex('8140FEFE5C')"}),
        ("moment", "datetime(6)", "TIMESTAMP '2024-01-01 00:00:00' + INTERVAL {n} SECOND",
         {"ZERO_DATE": "'0000-00-00 00:00:00'"}),
    ],
    "sqlite": [
        ("day", "DATE", "date('2024-01-01', '+{n} days')", {"INVALID_DATE": "'2023-02-30'", "STORAGE_CLASS": "17"}),
        ("words", "TEXT", "'w{n}'", {"INVALID_UTF8": "CAST(x'ff' AS TEXT)", "STORAGE_CLASS": "x'00'"}),
        ("flag", "BOOLEAN", "{n} % 2", {"NOT_A_BOOLEAN": "2"}),
    ],
}
# What no type reads yet, the value of a row, and the choice that should come first.
OPEN = {
    "postgresql": ("open", "numeric", "{n} * 1000000000000 + 0.1234", (17, 4), "decimal(38,4)"),
    "mysql": ("open", "decimal(60,20)", "{n} * 1000000000000 + 0.1234", (17, 4), "decimal(38,4)"),
    "sqlite": ("open", "NUMERIC", "{n} / 8.0", (4, 3), "decimal(38,3)"),
}
LONGEST = 3_000


class SqliteFile(Sqlite):
    def execute(self, sql):
        return client(["sqlite3", str(self.path)], sql, {})


def probe_finds(work):
    rows = work.amount(4_000, 40_000)
    figures = []
    for number, database in enumerate([*servers(work), SqliteFile(work.folder / "shop.db")]):
        truth = plant(database, rows, random.Random(7))
        migration = Migration(work.room(database.kind), database, "lake", ["odd"],
                              rejected_rows={"limit": rows})
        probed = plan(migration)
        check(probed, truth, rows)
        sampled = plan(migration, "--probe-rows", str(rows // 10))
        check_sample(sampled, rows // 10)
        if number == 0:
            damage(work, probed, sampled, truth, rows)
        accept_first_proposals(migration, probed)
        run = migration.run().report
        check_run(run, rejected(migration, run), truth, rows)
        lost = deepcopy(truth)
        lost["rejected"][next(iter(lost["rejected"]))] += 1
        work.sabotage(f"{database.title}: one planted value more than was rejected", check_run, run,
                      rejected(migration, run), lost, rows)
        planted = sum(truth["rejected"].values())
        figures.append(f"{database.title}: {planted} planted values of {len(truth['rejected'])} kinds in {rows:,} rows "
                       f"found, and as many rejected by the run; digits {truth['digits'][0]}.{truth['digits'][1]}, "
                       f"{truth['first']} proposed and accepted")
    return "; ".join(figures)


def plant(database, rows, chance):
    """Makes the table; each planted value stands in a row of its own, so that each is one rejected row."""
    columns = PLANTED[database.kind]
    name, kind, value, digits, first = OPEN[database.kind]
    declared = ", ".join(f"{column} {typed}" for column, typed, _, _ in columns)
    places = chance.sample(range(1, rows + 1), rows // 20)
    kinds = [(column, code, planted) for column, _, _, planted_by in columns for code, planted in planted_by.items()]
    rejected = Counter()
    lines = []
    for n in range(1, rows + 1):
        values = {column: sound.format(n=n) for column, _, sound, _ in columns}
        if n in places:
            column, code, planted = chance.choice(kinds)
            values[column] = planted
            rejected[column, code] += 1
        note = f"'{'x' * LONGEST}'" if n == rows // 2 else f"'note {n}'"
        # one number has as many digits as there are, the others have fewer
        number = value.format(n=n if database.kind == "sqlite" else n % 9_999 if n > 1 else 99_999)
        if database.kind == "sqlite" and n == 1:
            number = "9999.125"
        lines.append(f"({n}, {', '.join(values.values())}, {number}, {note})")
    strict = "SET sql_mode = 'ALLOW_INVALID_DATES';" if database.kind == "mysql" else ""
    inserts = "".join(f"INSERT INTO odd VALUES {', '.join(lines[at:at + 1000])};\n" for at in range(0, rows, 1000))
    database.execute(f"{strict} CREATE TABLE odd (id int PRIMARY KEY, {declared}, {name} {kind}, note text);\n{inserts}")
    return {"rejected": rejected, "digits": digits, "first": first}


def plan(migration, *words):
    outcome = call("plan", str(migration.path), "--probe", "--json", *words, room=migration.room)
    ensure(outcome.code in (0, 1), f"plan --probe ended with {outcome.code}: {outcome.complaint()}")
    return outcome.report


def check(report, truth, rows):
    probe = report["probes"][0]
    ensure((probe["extent"], probe["rows"]) == ("exact", rows),
           f"{probe['rows']} rows are said to be {probe['extent']}; there are {rows}")
    found = Counter({(column["column"], code): count for column in probe["columns"]
                     for code, count in column["rejected"].items()})
    ensure(found == truth["rejected"], f"found {dict(found - truth['rejected'])} too many, "
           f"{dict(truth['rejected'] - found)} too few")
    columns = {column["column"]: column for column in probe["columns"]}
    digits = (columns["open"]["integer_digits"], columns["open"]["scale"])
    ensure(digits == truth["digits"], f"digits are said to be {digits}, and are {truth['digits']}")
    ensure(columns["note"]["longest_bytes"] == LONGEST, f"the longest is said to be {columns['note']['longest_bytes']}")
    told = Counter((finding["at"].split(".")[-1], finding["code"]) for finding in report["findings"])
    untold = [key for key in truth["rejected"] if not told[key]]
    ensure(not untold, f"no finding tells of {untold}")
    proposal = first_proposal(report)
    ensure(truth["first"] in proposal, f"{truth['first']} is not proposed first: {proposal}")


def check_sample(report, rows):
    probe = report["probes"][0]
    ensure(probe["extent"] == "sampled", f"a look at {rows} rows of more is said to be {probe['extent']}")
    ensure(0 < probe["rows"] <= rows + 1, f"{probe['rows']} rows were looked at, {rows} were allowed")
    ensure(any(finding["code"] == "PROBE_SAMPLED" for finding in report["findings"]), "nobody says that it is a sample")


def first_proposal(report):
    refused = [finding for finding in report["findings"]
               if finding["code"] == "DECIMAL_PRECISION" and finding["at"].endswith(".open")]
    ensure(refused, "the numbers without bounds are not refused")
    return refused[0]["hint"].removeprefix("accept one: ").split("; or ")[0]


def accept_first_proposals(migration, report):
    """Takes the piece of YAML as it stands in the hint into the file."""
    piece = first_proposal(report)
    ensure(re.fullmatch(r"each: \[\{.*\}\]", piece), f"what is to be pasted is {piece}")
    text = migration.path.read_text(encoding="utf-8")
    migration.path.write_text(text.rstrip("\n") + f"\n  {piece}\n", encoding="utf-8")


def rejected(migration, run):
    outcome = call("runs", "rejected", run["run"], "--data", str(migration.data), "--limit", "1000000", "--json",
                   room=migration.room)
    return Counter((row["column"], row["code"]) for row in outcome.expect(0).report["rows"])


def check_run(report, found, truth, rows):
    table = report["tables"][0]
    planted = sum(truth["rejected"].values())
    ensure((table["rows_read"], table["rows_rejected"]) == (rows, planted),
           f"{table['rows_rejected']} of {table['rows_read']} rows were rejected, {planted} of {rows} were found before")
    ensure(found == truth["rejected"], f"the run rejected {dict(found)}, found were {dict(truth['rejected'])}")


def damage(work, probed, sampled, truth, rows):
    column = next(column for column in probed["probes"][0]["columns"] if column["rejected"])
    code = next(iter(column["rejected"]))

    def damaged(report, change):
        copy = json.loads(json.dumps(report))
        change(next(each for each in copy["probes"][0]["columns"] if each["column"] == column["column"]), copy)
        return copy

    work.sabotage("a figure that is missing", check, damaged(probed, lambda c, _: c["rejected"].pop(code)), truth, rows)
    work.sabotage("a figure of one too few", check,
                  damaged(probed, lambda c, _: c["rejected"].update({code: c["rejected"][code] - 1})), truth, rows)
    work.sabotage("a figure that no finding tells", check,
                  damaged(probed, lambda c, r: r.update(findings=[f for f in r["findings"] if f["code"] != code])),
                  truth, rows)
    work.sabotage("digits that are too few", check, damaged(probed, lambda _, r: r["probes"][0]["columns"].__setitem__(
        slice(None), [dict(c, scale=1) if c["column"] == "open" else c for c in r["probes"][0]["columns"]])), truth, rows)
    work.sabotage("a sample that is called exact", check_sample,
                  {**sampled, "probes": [dict(sampled["probes"][0], extent="exact")]}, rows // 10)
    work.sabotage("a sample that nobody calls one", check_sample, {**sampled, "findings": []}, rows // 10)
