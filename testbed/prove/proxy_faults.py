"""A proxy between the binary and the server resets connections, half-closes them, stalls, hands on single bytes. Every
run ends in time: with the right content, after trying again or not, or failed with a reason and the destination as it
was. An early end of a stream is never taken for the end of the data."""

import collections

from prove.claim import Refuted, ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.ground import FaultProxy
from prove.journal import Journal
from prove.moments import Numbered, fingerprint, moment_of
from prove.processes import nothing_at_work

TIMEOUT_SECONDS = 36  # of runs that are stalled: a hundredth of an hour, the shortest there is
PATIENCE_SECONDS = 144  # of the others: a limit that nobody should meet
GRACE_SECONDS = 10
FREE_SECONDS = 15

# (trouble, of what the client sends, on each connection), and how often by turns
TROUBLES = [("reset", False, False), ("half-close", False, False), ("stall", False, False), ("dribble", False, False),
            ("reset", False, True), ("half-close", False, True), ("reset", True, False), ("half-close", True, False),
            ("stall", True, False), ("stall", False, True)]
DEFAULT = [("reset", False, False), ("half-close", False, False), ("stall", False, False)]


def proxy_faults(work):
    """60 runs in full, 6 by default; before PostgreSQL and MariaDB by turns, into lake and files by turns."""
    figures = []
    for place, database in enumerate(servers(work)):
        numbered = Numbered(database, work.amount(6_000, 20_000), tables=2)
        pair = [Migration(work.room(f"{database.kind}-{kind}"), database, kind, numbered.names)
                for kind in ("lake", "files")]
        clean = [fly(database, migration, {}).passed for migration in pair]
        chance = work.chance(place)
        count, outcomes, missed = work.amount(3, 30), collections.Counter(), 0
        longest = 0.0
        for number in range(count):
            kinds = TROUBLES if work.full else DEFAULT
            trouble, upwards, each = kinds[number % len(kinds)]
            migration, usual = pair[number % 2], clean[number % 2]
            after = position(chance, usual, upwards, each, number)
            numbered.write(1)
            trial = fly(database, migration, {"trouble": trouble, "after": after, "upwards": upwards, "each": each})
            trial.numbered = numbered
            try:
                outcomes[trial.judge()] += 1
                nothing_at_work(database, FREE_SECONDS)
            except Refuted as refuted:
                where = f"{trouble} after {after} bytes {'up' if upwards else 'down'}{' of each' if each else ''}"
                raise Refuted(f"{database.title} to {migration.kind}, {where}: {refuted}") from None
            missed += not trial.passed["troubles"]
            longest = max(longest, trial.outcome.seconds - trial.timeout)
        ensure(missed <= count / 3, f"{missed} of {count} runs met no trouble: nothing was tested")
        ensure(not work.full or all(outcomes[outcome] for outcome in ("ok", "retried, then ok", "failed clean")),
               f"{database.title}: not every outcome came up: {dict(outcomes)}")
        spread = ", ".join(f"{outcomes[outcome]} {outcome}" for outcome in ("ok", "retried, then ok", "partly", "failed clean")
                           if outcomes[outcome])
        figures.append(f"{database.title}: {count} runs: {spread}; none hung, none wrong")
        damage(work, trial)
    return "; ".join(figures)


def position(chance, usual, upwards, each, number):
    """Half of them while metadata is read and sessions are opened, half anywhere."""
    bytes_ = usual["up" if upwards else "down"]
    if each:
        bytes_ = bytes_ // usual["connections"]
    return chance.randrange(1, max(min(bytes_, 40_000) if number % 4 == 3 else bytes_, 2))


class Trial:
    """One run through a proxy, and what it left."""

    def __init__(self, database, migration, timeout):
        self.database, self.migration, self.timeout, self.numbered = database, migration, timeout, None
        self.destination = destination_of(migration)
        self.old = self.states()

    def states(self):
        return {name: fingerprint(self.destination.read(name)) for name in self.migration.tables}

    def judge(self):
        tables = {name: self.destination.read(name) for name in self.migration.tables}
        check_ended(self.outcome, self.timeout)
        result = check_outcome(self.outcome.code, self.outcome.report, self.old, tables, self.numbered.base,
                               self.numbered.last)
        return "retried, then ok" if result == "ok" and self.was_tried_again() else result

    def was_tried_again(self):
        """By the journal: a split's second attempt, a table's second load, or a second moment."""
        journal = Journal(self.migration.data)
        lines = journal.lines(self.outcome.report["run"])
        journal.close()
        counts = collections.Counter(kind for kind, _ in lines)
        attempts = [line["manifest"]["attempt"] for kind, line in lines if kind == "split-done"]
        return max(attempts, default=1) > 1 or counts["snapshot"] > 1 or counts["prepared"] > len(self.migration.tables)


def fly(database, migration, toxic):
    timeout = TIMEOUT_SECONDS if toxic.get("trouble") == "stall" else PATIENCE_SECONDS
    trial = Trial(database, migration, timeout)
    with FaultProxy(database, **toxic) as proxy:
        migration.document["data-sources"]["source"].update({"host": "127.0.0.1", "port": proxy.port,
                                                             "connect-timeout-seconds": 3})
        migration.document["migration"]["run"]["timeout-hours"] = timeout / 3600
        migration.write()
        trial.outcome = migration.start().wait(timeout + GRACE_SECONDS + 20)
    trial.passed = proxy.passed
    if not toxic:
        trial.outcome.expect(0)
    return trial


def check_ended(outcome, timeout):
    """A second for the process to start and to end."""
    limit = timeout + GRACE_SECONDS + 1
    ensure(outcome.seconds <= limit, f"it ended after {outcome.seconds:.1f} s, {limit} s were allowed")


def check_outcome(code, report, old, tables, base, last):
    """`ok`, `partly` or `failed clean`; anything else refutes."""
    lines = {line["source"].split(".")[-1]: line for line in report.get("tables", [])}
    arrived = set()
    for name, table in tables.items():
        line = lines.get(name)
        if line is not None and line["state"] == "succeeded":
            ensure(table is not None and moment_of(table, base) == last,
                   f"{name} succeeded, and is not of transaction {last}")
            ensure(line["rows_written"] == table.num_rows, f"{name}: the report counts {line['rows_written']} rows")
            arrived.add(name)
            continue
        ensure(fingerprint(table) == old[name], f"{name} did not succeed, and is not as it was")
        reason = line or report.get("error") or first_blocker(report)
        ensure(reason and reason.get("code") and reason.get("message"), f"{name} failed without a reason")
        ensure(reason["code"] not in ("INTERNAL", "ACCOUNT"), f"{name}: {reason['code']}: {reason['message']}")
    expected = 0 if len(arrived) == len(tables) else 3 if arrived else 1
    ensure(code == expected, f"exit code {code} instead of {expected}")
    return {0: "ok", 3: "partly", 1: "failed clean"}[code]


def first_blocker(report):
    return next((finding for finding in report.get("findings", []) if finding["severity"] == "blocker"), None)


def damage(work, trial):
    """What a run would have left that took an early end for the end, or gave up without a word."""
    name = trial.migration.tables[0]
    trial.migration.document["data-sources"]["source"].update(trial.database.connection())
    trial.migration.document["migration"]["run"].pop("timeout-hours")
    trial.migration.write()
    outcome = trial.migration.run()
    tables = {table: trial.destination.read(table) for table in trial.migration.tables}
    evidence = [outcome.code, outcome.report, trial.old, tables, trial.numbered.base, trial.numbered.last]
    check_outcome(*evidence)
    title = trial.database.title

    def with_report(**changes):
        lines = [dict(line, **changes) if line["source"].endswith(name) else line for line in outcome.report["tables"]]
        return {**outcome.report, "tables": lines}

    early = {**tables, name: tables[name].slice(0, tables[name].num_rows - 500)}
    shown = with_report(rows_written=early[name].num_rows)
    work.sabotage(f"{title}: an early end taken for the end of the data", check_outcome, 0, shown, trial.old, early,
                  *evidence[4:])
    work.sabotage(f"{title}: a table that failed, and was changed", check_outcome, 3,
                  with_report(state="failed", code="CONNECTION_LOST", message="lost"), {**trial.old, name: "another"},
                  *evidence[3:])
    unchanged = {**trial.old, name: fingerprint(tables[name])}
    work.sabotage(f"{title}: a failure without a reason", check_outcome, 3, with_report(state="failed", code=None),
                  unchanged, *evidence[3:])
    outcome.seconds += PATIENCE_SECONDS + GRACE_SECONDS + 1
    work.sabotage(f"{title}: a run that ends too late", check_ended, outcome, PATIENCE_SECONDS)
