"""The binary as a black box: migration files, processes, what they print."""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from prove.claim import Missing, Refuted, one_line

LONGEST_RUN_SECONDS = 300
PRIVATE = ("PGPASSWORD", "MYSQL_PWD")


def binary():
    target = os.environ.get("CARGO_TARGET_DIR") or Path(__file__).resolve().parents[2] / "target"
    path = Path(os.environ.get("GODWIT_BINARY") or Path(target) / "debug" / "godwit")
    if not path.is_file():
        raise Missing(f"there is no {path}; build it first: make prove")
    return str(path.absolute())


def yaml(value, depth=0):
    """A mapping as YAML: one key a line, lists and scalars as JSON, which YAML contains."""
    lines = []
    for key, inner in value.items():
        if isinstance(inner, dict) and inner and depth < 3:
            lines += [f"{'  ' * depth}{key}:", yaml(inner, depth + 1)]
        else:
            lines.append(f"{'  ' * depth}{key}: {json.dumps(inner, ensure_ascii=False)}")
    return "\n".join(lines)


class Migration:
    """A migration file in a folder of its own, its data folder and its destination beside it."""

    def __init__(self, room, database, kind, tables, read=None, write=None, target=None, **more):
        """`kind` is `lake` or `files`, or that of the database `target`; `read` and `write` are options of source and
        destination; what is in `more` is part of `migration`, underscores for hyphens."""
        self.room, self.kind, self.tables, self.target = Path(room), kind, list(tables), target
        self.path, self.data = self.room / "migration.yaml", self.room / "data"
        self.folder = self.room / kind
        more = {key.replace("_", "-"): value for key, value in more.items()}
        self.document = {
            "version": 1,
            "data-sources": {"source": database.connection(),
                             "target": target.connection() if target else {"type": kind, "path": f"./{kind}"}},
            "migration": {
                "name": "proof",
                "source": {"data-source": "source", **database.options(), **(read or {})},
                "destination": {"data-source": "target", "namespace": "shop", **(write or {})},
                "tables": {"listed": [database.table(name) for name in self.tables]},
                "run": {"parallelism": 2, "reruns": 0},
                **more,
            },
        }
        self.write()

    def write(self):
        self.path.write_text(yaml(self.document) + "\n", encoding="utf-8")

    def start(self, *words, **how):
        return Process(["run", str(self.path), "--data", str(self.data), "--json", *words], self.room, **how)

    def run(self, *words, expect=0, **how):
        """Runs to the end; another exit code than the expected one refutes."""
        return self.start(*words, **how).wait().expect(expect)


@dataclass
class Outcome:
    """What a process left."""
    words: list
    code: int
    out: str
    err: str
    seconds: float
    peak_bytes: int
    cpu_seconds: float

    @property
    def report(self):
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            said = one_line(self.out + self.err)
            raise Refuted(f"{self.shown()} printed no JSON document: {error}: {said}") from None

    def shown(self):
        return "godwit " + " ".join(word if "/" not in word else Path(word).name for word in self.words)

    def expect(self, code):
        if self.code != code:
            raise Refuted(f"{self.shown()} ended with {self.code} instead of {code}: {self.complaint()}")
        return self

    def complaint(self):
        """What it said was wrong, as short as it can be told."""
        with contextlib.suppress(Refuted, AttributeError):
            report = self.report
            said = [f"{table['source']}: {table.get('code')}: {table.get('message')}" for table in
                    report.get("tables", []) if table.get("state") not in ("succeeded", "skipped")]
            said += [f"{finding['code']}: {finding['message']}" for finding in report.get("findings", [])
                     if finding.get("severity") == "blocker"]
            if "error" in report:
                said.append(f"{report['error']['code']}: {report['error']['message']}")
            if said:
                return one_line("; ".join(said), 500)
        return one_line(self.err[-800:] or self.out[-800:], 500)

    def table(self, name):
        """The report of one table, by its bare source name."""
        for table in self.report["tables"]:
            if table["source"].split(".")[-1] == name:
                return table
        raise Refuted(f"the report has no table {name}")

    def states(self):
        return {table["source"].split(".")[-1]: table["state"] for table in self.report["tables"]}


class Process:
    """A running godwit whose output goes to files."""

    def __init__(self, words, room, environment=None, program=None):
        self.words, self.room = list(words), Path(room)
        self.started = time.monotonic()
        self.files = [self.room / f"{kind}-{time.time_ns()}" for kind in ("out", "err")]
        inherited = {name: value for name, value in os.environ.items() if name not in PRIVATE}
        with open(self.files[0], "wb") as out, open(self.files[1], "wb") as err:
            self.popen = subprocess.Popen([*(program or [binary()]), *self.words], cwd=self.room,
                                          env={**inherited, **(environment or {})},
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        self.pid, self.outcome, self.peak_bytes = self.popen.pid, None, 0

    def alive(self):
        if self.outcome is not None:
            return False
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None

    def signal(self, number):
        if self.outcome is None:
            os.kill(self.pid, number)

    def stop(self):
        """Holds it where it is, all threads."""
        self.signal(signal.SIGSTOP)
        deadline = time.monotonic() + 5
        while self.alive() and self.state() != "T" and time.monotonic() < deadline:
            time.sleep(0.0005)

    def state(self):
        with contextlib.suppress(OSError):
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return "?"

    def look_at_memory(self):
        """The most that it held so far. What wait4 tells would count the process that started it, too."""
        with contextlib.suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
            if found:
                self.peak_bytes = int(found[1]) * 1024

    def go_on(self):
        self.signal(signal.SIGCONT)

    def kill(self):
        self.signal(signal.SIGKILL)
        return self.wait(math.inf)

    def wait(self, seconds=LONGEST_RUN_SECONDS):
        if self.outcome is not None:
            return self.outcome
        deadline = self.started + seconds
        while self.alive():
            self.look_at_memory()
            if time.monotonic() > deadline:
                self.signal(signal.SIGKILL)
                os.waitpid(self.pid, 0)
                self.popen.returncode = -9
                raise Refuted(f"godwit {self.words[0]} did not end within {seconds} s")
            time.sleep(0.004)
        _, status, usage = os.wait4(self.pid, 0)
        code = os.waitstatus_to_exitcode(status)
        self.popen.returncode = code
        out, err = (path.read_text(encoding="utf-8", errors="replace") for path in self.files)
        self.outcome = Outcome(self.words, code, out, err, time.monotonic() - self.started, self.peak_bytes,
                               usage.ru_utime + usage.ru_stime)
        return self.outcome


def call(*words, room, environment=None):
    """Any other command, to its end."""
    return Process(words, room, environment).wait()
