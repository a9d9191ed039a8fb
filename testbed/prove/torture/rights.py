"""Rights: what a user may not read is refused by name before the run, and never looks like nothing."""

from prove.claim import Refuted, ensure, one_line
from prove.torture import canon, check


def check_refused(report, source, code, words):
    """A table of the report is refused with that code and names what is missing."""
    lines = [line for line in report["tables"] if line["source"] == source]
    ensure(len(lines) == 1, f"{source}: {len(lines)} lines in the report")
    line = lines[0]
    ensure((line["state"], line["code"]) == ("refused", code), f"{source} is {line['state']} as {line['code']}, expected "
                                                               f"{code}")
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
