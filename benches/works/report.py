"""The results as people read them (RESULTS.md, the newest first) and as they were taken (JSON, one file a run)."""

import json
import os
import re
import statistics
from dataclasses import asdict
from importlib.metadata import version as package_version
from pathlib import Path

from prove.circumstances import circumstances, machine
from prove.databases import MariaDb, PostgreSql
from prove.godwit import binary

from works.sources import version

FOLDER = Path(os.environ.get("BENCH_RESULTS") or Path(__file__).resolve().parents[1])
RESULTS = FOLDER / "RESULTS.md"
HEAD = ("# Results\n\nMeasured by `make bench`, the newest first. What is fixed, and why, is in [README.md](README.md); "
        "every single run\nis in [results](results).\n\n")
PACKAGES = ["connectorx", "pyarrow", "pyiceberg"]
SETTINGS = {
    PostgreSql: ["shared_buffers", "max_wal_size", "synchronous_commit"],
    MariaDb: ["innodb_buffer_pool_size", "innodb_flush_log_at_trx_commit"],
}


class Report:
    """One run of `make bench`: what was chosen of all works, what was measured, and what failed."""

    def __init__(self, bench, chosen, known):
        self.bench, self.chosen, self.known = bench, chosen, known
        self.circumstances, self.profile = circumstances(), Path(binary()).parent.name
        self.servers = {kind.title: about(kind) for kind in SETTINGS}
        self.measured, self.failed = {}, {}

    @property
    def raw_path(self):
        date, commit = re.match(r"(\S+ \S+) UTC, commit (.*)", self.circumstances).groups()
        changed = "-changed" if " " in commit else ""
        return FOLDER / "results" / f"{re.sub('[: ]', '-', date)}-{commit.split()[0]}{changed}.json"

    def keep(self):
        """The newest measurement first, the older ones below."""
        old = RESULTS.read_text().partition("\n## ")[2] if RESULTS.exists() else ""
        RESULTS.write_text(HEAD + self.text() + (f"\n## {old}" if old else ""))

    def keep_raw(self):
        """After each work, so that a bench that is broken off has not measured for nothing."""
        self.raw_path.parent.mkdir(parents=True, exist_ok=True)
        self.raw_path.write_text(json.dumps(self.raw(), indent=1, ensure_ascii=False) + "\n")

    def text(self):
        lines = [f"## {self.circumstances}", "", self.extent(), "", *self.summary(), ""]
        for measured in self.measured.values():
            lines += [f"### {measured.heading}", "", *details(measured), ""]
        return "\n".join(lines)

    def extent(self):
        left_out = [name for name in self.known if name not in self.chosen]
        works = f"**Only {len(self.chosen)} of {len(self.known)} works.**" if left_out else "All works."
        amounts = "" if self.bench.full else " Goals are for SF1: at other amounts nothing is judged."
        versions = ", ".join(f"{title} {facts['version']}" for title, facts in self.servers.items())
        return (f"{works} TPC-H SF{self.bench.scale:g}, {self.bench.rounds} rounds with the sides in turns, {self.profile} "
                f"build, on {machine()}.\n{versions}. Every run: [{self.raw_path.name}](results/{self.raw_path.name})."
                f"{amounts}")

    def summary(self):
        lines = ["| work | figure | goal | min | median | max | CPU s, median | peak MB, max | verdict |",
                 "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
        for name in self.chosen:
            if name in self.failed:
                lines.append(f"| `{name}` | **failed**: {self.failed[name]} | | | | | | | no figure |")
            elif name in self.measured:
                lines += [self.line(name, goal) for goal in self.measured[name].goals]
        return lines

    def line(self, name, goal):
        sign = "at least" if goal.at_least else "at most"
        stretch = " (stretch)" if goal.stretch else ""
        return (f"| `{name}` | {goal.figure} | {sign} {amount(goal.limit, goal.unit)}{stretch} | "
                + " | ".join(number(value, goal.unit) for value in spread(goal.values))
                + f" | {goal.of.median('cpu_seconds'):.1f} | {max(goal.of.each('peak_bytes')) / 1e6:.0f} | "
                f"{self.verdict(goal)} |")

    def verdict(self, goal):
        if not self.bench.full:
            return "not judged"
        return "met" if goal.met else "**missed**"

    def raw(self):
        """Every run with all its figures, and under which circumstances they were taken."""
        return {
            "circumstances": self.circumstances, "machine": machine(), "profile": self.profile, "servers": self.servers,
            "packages": {name: package_version(name) for name in PACKAGES}, "scale": self.bench.scale,
            "rounds": self.bench.rounds, "chosen": self.chosen, "all_works": len(self.chosen) == len(self.known),
            "works": {name: raw_work(measured, self.verdict) for name, measured in self.measured.items()},
            "failed": self.failed,
        }


def about(kind):
    """Which server this is, and how it is set."""
    server = kind.kept("postgres" if kind is PostgreSql else "mysql")
    ask = "SHOW {}" if kind is PostgreSql else "SELECT @@{}"
    return {"version": version(server), **{name: server.query(ask.format(name))[0][0] for name in SETTINGS[kind]}}


def details(measured):
    """What each side took; the cells of one number each are what the README's figures are looked up in."""
    lines = ["| | wall s, min | median | max | CPU s (user+system), median | peak MB | files MB |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for side in measured.sides:
        files = sum(side.runs[-1].table_bytes.values())
        walls = " | ".join(number(value, "s") for value in spread(side.each("seconds")))
        lines.append(f"| {side.title} | {walls} | {side.median('cpu_seconds'):.1f} | "
                     f"{max(side.each('peak_bytes')) / 1e6:.0f} | {f'{files / 1e6:.0f}' if files else ''} |")
    return lines + ([""] if measured.notes else []) + measured.notes


def raw_work(measured, verdict):
    goals = [{"figure": goal.figure, "limit": goal.limit, "unit": goal.unit, "at_least": goal.at_least,
              "stretch": goal.stretch, "judged_by": "maximum" if goal.by_maximum else "median", "values": goal.values,
              "verdict": verdict(goal).strip("*")} for goal in measured.goals]
    return {"heading": measured.heading, "goals": goals, "notes": measured.notes,
            "sides": {side.title: [asdict(run) for run in side.runs] for side in measured.sides}}


def spread(values):
    return min(values), statistics.median(values), max(values)


def number(value, unit):
    """Ratios with two places, seconds with one or two, the rest whole."""
    if unit == "MB":
        return f"{value:.0f}"
    return f"{value:.1f}" if unit == "s" and value >= 5 else f"{value:.2f}"


def amount(value, unit):
    return f"{value:g} {unit}".strip()
