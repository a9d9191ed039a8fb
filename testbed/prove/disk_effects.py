"""Every effect on a disk, as the kernel sees it: the process is killed at the n-th call, or the call fails, or it takes
long, for each kind of call and for n = 1, 2, … until a run passes untouched. By strace, over the binary as it is: store,
catalog, data files and folders alike."""

import collections
import shutil
import sqlite3
import subprocess

from prove.claim import Missing, Refuted, ensure
from prove.destinations import destination_of
from prove.godwit import Migration, Process, binary
from prove.overwrite import only_named_files

CALLS = ["mkdir", "write", "pwrite64", "fsync", "fdatasync", "rename", "renameat2", "linkat", "unlink", "unlinkat",
         "ftruncate"]
WAYS = {"killed": "signal=KILL", "full": "error=ENOSPC", "broken": "error=EIO", "slow": "delay_enter=300000"}
ROWS = 300
LONGEST_SECONDS = 60
LEAST_EFFECTS = 40
MOST_OF_A_KIND = 400


def disk_effects(work):
    """All of them in full; by default a few of each kind of call, killed and failing by turns."""
    strace_or_missing(work)
    figures = []
    for kind, options in (("lake", {"keep-snapshots": 2}), ("files", {"grace-minutes": 0})):
        trial = Trial(work, kind, options)
        for call in CALLS:
            for way in WAYS:
                trial.walk(call, way)
        ensure(not work.full or len(trial.met) >= LEAST_EFFECTS, f"{kind}: only {len(trial.met)} effects")
        went_wrong = [trial.outcomes[outcome] for outcome in ("killed", "failed clean")]
        ensure(all(went_wrong) if work.full else any(went_wrong), f"{kind}: nothing went wrong: {dict(trial.outcomes)}")
        spread = ", ".join(f"{count} {outcome}" for outcome, count in sorted(trial.outcomes.items()))
        figures.append(f"{kind}: {len(trial.met)} effects of {len({call for call, _ in trial.met})} kinds of calls, "
                       f"{trial.cases} cases: {spread}; "
                       f"old or new each time, taken up, no file left that nothing names ({trial.late} times by the next load)")
        trial.damage()
    return "; ".join(figures)


def strace_or_missing(work):
    """It has to be there and to be allowed to look on."""
    words = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", "trace=mkdir", "true"]
    if shutil.which("strace") is None or subprocess.run(words, capture_output=True, check=False).returncode:
        raise Missing("strace is not there or may not trace: sudo apt-get install -y strace")


class File:
    """A SQLite source whose rows all show the number of its last change."""

    kind, title = "sqlite", "SQLite"

    def __init__(self, path):
        self.path, self.number = path, 0
        self.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, payload TEXT NOT NULL)")
        self.execute(f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS}) "
                     "INSERT INTO t SELECT n, 0, hex(randomblob(20)) FROM numbers")

    def execute(self, sql):
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute(sql)
        connection.close()

    def change(self):
        self.number += 1
        self.execute(f"UPDATE t SET number = {self.number}")

    def connection(self):
        return {"type": "sqlite", "path": str(self.path)}

    def options(self):
        return {}

    def table(self, name):
        return name


class Trial:
    source_of = File

    def __init__(self, work, kind, options):
        self.work, self.kind = work, kind
        room = work.room(kind)
        self.source = self.source_of(room / "source.db")
        self.migration = Migration(room, self.source, kind, ["t"], write=options)
        self.cases = self.late = 0
        self.met, self.outcomes = set(), collections.Counter()
        self.usual = self.calls_of_a_run()

    def calls_of_a_run(self):
        """How many calls of each kind one thread makes at most; the first run makes the table, the second replaces it."""
        self.migration.run()
        self.source.change()
        outcome, log = self.traced([])
        outcome.expect(0)
        counts = collections.Counter()
        for line in log.splitlines():
            thread, _, rest = line.partition(" ")
            counts[thread, rest.strip().split("(")[0]] += 1
        return {call: max([count for (_, name), count in counts.items() if name == call], default=0) for call in CALLS}

    def traced(self, inject):
        log = self.migration.room / "calls"
        trace = ["-e", f"trace={','.join(CALLS)}"]
        words = ["run", str(self.migration.path), "--data", str(self.migration.data), "--json"]
        program = ["strace", "-f", "-y", "--seccomp-bpf", "-qq", "-o", str(log), *trace, *inject, binary()]
        outcome = Process(words, self.migration.room, program=program).wait(LONGEST_SECONDS)
        return outcome, log.read_text(errors="replace")

    def met_no_disk(self):
        """The call that failed was one between threads, such as no disk makes fail: they wait for each other then."""
        lines = (self.migration.room / "calls").read_text(errors="replace").splitlines()
        failed = [line for line in lines if "INJECTED" in line]
        return bool(failed) and all("<anon_inode:" in line or "<socket:" in line for line in failed)

    def walk(self, call, way):
        """n = 1, 2, … until a run passes untouched; by default only some of them."""
        if self.work.full:
            numbers = range(1, MOST_OF_A_KIND)
        else:
            # two ways for each kind of call, at a place that chance chooses
            chance = self.work.chance(f"{self.kind} {call} {way}")
            wanted = {"killed": True, "full": CALLS.index(call) % 2, "broken": CALLS.index(call) % 2 == 0, "slow": False}
            numbers = [chance.randint(1, (self.usual[call] + 1) // 2)] if self.usual[call] and wanted[way] else []
        for number in numbers:
            if not self.case(call, way, number):
                break

    def case(self, call, way, number):
        """False where the call did not come up so often."""
        self.source.change()
        try:
            outcome, log = self.traced(["-e", f"inject={call}:{WAYS[way]}:when={number}"])
        except Refuted as refuted:
            # strace was killed; what it looked on goes on without it.
            subprocess.run(["pkill", "-KILL", "-f", str(self.migration.data)], check=False)
            if self.met_no_disk():
                self.take_up()
                return True
            raise Refuted(f"{self.kind}, {call} {number} {way}: {refuted}") from None
        hit = "INJECTED" in log or "DELAYED" in log or (way == "killed" and outcome.code < 0)
        try:
            result = self.judged(outcome.code)
            if outcome.code:
                self.take_up()
            self.arrived()
            self.check_files()
        except Refuted as refuted:
            raise Refuted(f"{self.kind}, {call} {number} {way}: {refuted}") from None
        if hit:
            self.cases += 1
            self.met.add((call, number))
            self.outcomes[result] += 1
        return hit

    def judged(self, code):
        return judge(code, self.read(), self.source.number - 1, self.source.number)

    def arrived(self):
        ensure(version(self.read()) == self.source.number, "it could not be taken up")

    def check_files(self):
        """What could not be removed is removed by the next load at the latest."""
        try:
            only_named_files(destination_of(self.migration), ["t"])
        except Refuted:
            self.late += 1
            self.source.change()
            self.migration.run()
            only_named_files(destination_of(self.migration), ["t"])

    def take_up(self):
        """What was begun is taken up; what was not, is begun."""
        if self.migration.start("--resume").wait().code:
            self.migration.run()

    def read(self):
        return destination_of(self.migration).read("t")

    def damage(self):
        table = self.read()
        self.work.sabotage(f"{self.kind}: half a table after a kill", judge, -9, table.slice(ROWS // 2), 0,
                           self.source.number)
        self.work.sabotage(f"{self.kind}: exit code 0 with the old rows", judge, 0, table, self.source.number,
                           self.source.number + 1)
        stray = destination_of(self.migration).live_files("t")[0]
        copy = stray.with_name("stray-" + stray.name)
        shutil.copy(stray, copy)
        self.work.sabotage(f"{self.kind}: a file left over", only_named_files, destination_of(self.migration), ["t"])
        copy.unlink()


def version(table):
    """The number that all rows show."""
    ensure(table is not None, "there is no table")
    numbers = set(table["number"].to_pylist())
    ensure(table.num_rows == ROWS and len(set(table["id"].to_pylist())) == ROWS, f"{table.num_rows} rows")
    ensure(len(numbers) == 1, f"the rows are of several versions: {sorted(numbers)}")
    return numbers.pop()


def judge(code, table, old, new):
    found = version(table)
    ensure(found in (old, new), f"the rows are of version {found}, neither {old} nor {new}")
    ensure(code != 0 or found == new, "it ended well, and the old rows stand")
    if code == 0:
        return "gone over"
    return "killed" if code < 0 else "failed clean" if found == old else "published, and complained"
