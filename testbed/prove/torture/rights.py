"""Rights: what a user may not read is refused by name before the run, and never looks like nothing."""

import json

from prove.claim import Refuted, ensure, one_line
from prove.destinations import open_destination
from prove.godwit import Process, call
from prove.torture import canon, check

VARIABLE = "GODWIT_PROVE_READER"


class Reader:
    """A user of few rights, with a migration file for each thing that it tries."""

    def __init__(self, work, connection, password, title="reader"):
        self.work, self.connection, self.secret, self.title = work, connection, {VARIABLE: password}, title

    def file(self, title, tables, read=None, each=(), **run):
        room = self.work.room(f"{self.title}-{title}")
        document = {
            "version": 1,
            "data-sources": {"source": self.connection, "target": {"type": "files", "path": "./files"}},
            "migration": {
                "name": "reader",
                "source": {"data-source": "source", **(read or {})},
                "destination": {"data-source": "target", "namespace": "torture"},
                "tables": tables,
                "each": list(each),
                "run": {"reruns": 0, **run},
            },
        }
        (room / "migration.yaml").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return room

    def plan(self, title, tables, **how):
        room = self.file(title, tables, **how)
        outcome = call("plan", "migration.yaml", "--json", room=room, environment=self.secret)
        plan = outcome.report["plan"]
        partly = 3 if plan["refused"] else 0
        return outcome.expect(1 if outcome.report["blocked"] else partly).report

    def run(self, expect, title, tables, **how):
        room = self.file(title, tables, **how)
        words = ["run", "migration.yaml", "--data", "data", "--json"]
        outcome = Process(words, room, self.secret).wait().expect(expect)
        return outcome.report, open_destination("files", room / "files")


def mariadb(work, schema):
    """Grants by table and by column, and three connections at most."""
    database = schema.source.database
    connection = {**schema.source.connection(), "user": f"{database}_reader", "password": f"${{env:{VARIABLE}}}"}
    reader = Reader(work, {**connection, "connections": 10}, "Torture_reader_1")
    seen = listed(reader.plan("all", {"all": True}))
    ensure(seen == {f"{database}.{name}" for name in ("t_int", "bank", "p_columns")}, f"the reader sees {sorted(seen)}")
    names = ["bank", "p_columns", "p_none", "t_int"]
    report, destination = reader.run(3, "named", {"listed": names}, parallelism=10, splits=8)
    # the server shows the reader neither the third column nor the other table
    check_refused(report, f"{database}.p_columns", "NO_RIGHT", ["id, pub"])
    check_refused(report, f"{database}.p_none", "TABLE_NOT_FOUND", ["p_none", "may not see"])
    bank = [(row["id"].decode(), row["balance"].decode()) for row in schema.truth["bank"]]
    check_rows(destination.read("bank"), ["id", "balance"], bank)
    ensure(destination.read("p_none") is None and destination.read("p_columns") is None, "a refused table is there")
    _, destination = reader.run(0, "columns", {"listed": ["p_columns"]}, read={"hidden-columns": "skip"})
    check_rows(destination.read("p_columns"), ["id", "pub"], [("1", "public")])
    work.sabotage("a table without a right that is said to be empty", check_refused,
                  {"tables": [dict(line, state="succeeded", code=None) for line in report["tables"]]},
                  f"{database}.p_none", "TABLE_NOT_FOUND", [])
    work.sabotage("a column that may not be read", check_rows, destination.read("p_columns"), ["id", "pub", "secret"],
                  [])
    return "a reader of few rights: 2 tables refused by name, 1 unseen, 3 connections are enough"


def postgres(work, schema):
    """Grants by table and by column, policies, and three connections at most."""
    database = schema.source.database
    connection = {**schema.source.connection(), "user": f"{database}_reader", "password": f"${{env:{VARIABLE}}}",
                  "search-path": [database]}
    reader = Reader(work, {**connection, "connections": 10}, "Torture_reader_1")
    names = ["bank", "p_columns", "p_none", "p_rls", "t_int"]
    plan = reader.plan("names", {"listed": names})
    refused = {check.at(one["source"]): {finding["code"]: finding["at"] for finding in one["findings"]
                                         if finding["severity"] == "blocker"} for one in plan["plan"]["refused"]}
    wanted = {f"{database}.p_columns": {"NO_RIGHT": f"{database}.p_columns.secret"},
              f"{database}.p_none": {"NO_RIGHT": f"{database}.p_none"},
              f"{database}.p_rls": {"ROW_SECURITY": f"{database}.p_rls"}}
    ensure(refused == wanted, f"refused are {one_line(refused)}, expected {one_line(wanted)}")
    report, destination = reader.run(3, "named", {"listed": names}, parallelism=10, splits=8)
    for table, code, words in (("p_columns", "NO_RIGHT", ["secret"]), ("p_none", "NO_RIGHT", ["no right"]),
                               ("p_rls", "ROW_SECURITY", ["hide rows"])):
        check_refused(report, f"{database}.{table}", code, words)
        ensure(destination.read(table) is None, f"{table} is refused, and there")
    bank = [(row["id"].decode(), row["balance"].decode()) for row in schema.truth["bank"]]
    check_rows(destination.read("bank"), ["id", "balance"], bank)
    accepted = {"read": {"row-security": "accept-filtered-rows"},
                "each": [{"table": "p_columns", "columns": {"secret": {"skip": True}}}]}
    warned = reader.plan("warned", {"listed": ["p_rls", "bank"]}, **accepted)["plan"]["pipelines"]
    codes = {one["scan"]["table"]["table"]: [finding["code"] for finding in one["findings"]
                                             if finding["severity"] == "warning"] for one in warned}
    ensure(codes == {"p_rls": ["ROW_SECURITY_FILTERED"], "bank": []}, f"warned is {codes}")
    done, destination = reader.run(0, "accepted", {"listed": ["p_columns", "p_rls"]}, splits=8, **accepted)
    told = [finding["at"] for finding in done["findings"] if finding["code"] == "ROW_SECURITY_FILTERED"]
    ensure(told == [f"{database}.p_rls"], f"the report tells of filtered rows of {told}")
    check_rows(destination.read("p_columns"), ["id", "pub"], [("1", "public")])
    check_rows(destination.read("p_rls"), ["id", "owner_name"], [("1", f"{database}_reader")])
    work.sabotage("a table without a right that is said to be empty", check_refused,
                  {"tables": [dict(line, state="succeeded", code=None) for line in report["tables"]]},
                  f"{database}.p_none", "NO_RIGHT", [])
    work.sabotage("rows that a policy hides", check_rows, destination.read("p_rls"), ["id", "owner_name"],
                  [("1", f"{database}_reader"), ("2", "someone")])
    return "a reader of few rights: 3 tables refused by name, 2 accepted in part, 3 connections are enough"


def check_refused(report, source, code, words):
    """A table of the report is refused with that code and names what is missing."""
    lines = [line for line in report["tables"] if line["source"] == source]
    ensure(len(lines) == 1, f"{source}: {len(lines)} lines in the report")
    line = lines[0]
    ensure((line["state"], line["code"]) == ("refused", code), f"{source} is {line['state']} as {line['code']}, "
                                                               f"expected {code}")
    ensure(all(word in line["message"] for word in words), f"{source}: the message does not name {words}: "
                                                           f"{one_line(line['message'])}")
    ensure(line["rows_read"] == line["rows_written"] == 0 and line["hint"], f"{source}: {one_line(line)}")


def check_rows(arrived, names, expected):
    """Exactly these columns, and these rows of texts in the canonical form."""
    ensure(arrived is not None, "the table did not arrive")
    if arrived.column_names != names:
        raise Refuted(f"the columns are {arrived.column_names}, expected {names}")
    rows = sorted(zip(*(canon.of_arrow(arrived.column(name)) for name in names)))
    ensure(rows == sorted(expected), f"the rows are {one_line(rows)}, expected {one_line(expected)}")


def listed(report):
    """Tables that a plan with `all: true` speaks of."""
    document = report["plan"]
    names = [pipeline["scan"]["table"] for pipeline in document["pipelines"]]
    return {check.at(name) for name in names + [refused["source"] for refused in document["refused"]]}
