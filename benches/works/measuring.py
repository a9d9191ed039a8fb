"""Runs in turns, what each of them took, and the goals that they are held against."""

import os
import shutil
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


class Bench:
    """How much is measured, how often, and where there is room for it."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.scale = float(os.environ.get("SCALE") or "1")
        self.rounds = int(os.environ.get("ROUNDS") or "5")
        self.large = os.environ.get("BENCH_SF10") == "1"

    @property
    def full(self):
        """Goals are meant for scale factor 1: with other amounts nothing is judged."""
        return self.scale == 1

    def amount(self, full):
        """The amounts that are none of TPC-H shrink with its scale, and never grow."""
        return max(1, round(full * min(1.0, self.scale)))

    def alternate(self, name, sides):
        """Runs the sides in turns, so that what else the machine does meets all of them alike."""
        for number in range(1, self.rounds + 1):
            for side in sides:
                room = self.folder / "run"
                room.mkdir()
                try:
                    run = side.measure(room)
                finally:
                    shutil.rmtree(room, ignore_errors=True)
                side.runs.append(run)
                say(f"{name} {number}/{self.rounds} {side.title}: {run.seconds:.2f} s, "
                    f"{run.cpu_seconds:.2f} core-seconds, {run.peak_bytes / 1e6:.0f} MB")


@dataclass
class Run:
    """What one run took, and what it moved."""
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    rows: int | None = None
    table_bytes: dict = field(default_factory=dict)
    more: dict = field(default_factory=dict)

    @classmethod
    def of(cls, outcome, **moved):
        return cls(outcome.seconds, outcome.cpu_seconds, outcome.peak_bytes, **moved)


@dataclass
class Side:
    """One program with one way to use it: `measure` is handed an empty folder and returns a Run."""
    title: str
    measure: Callable
    runs: list = field(default_factory=list)

    def each(self, figure):
        return [getattr(run, figure) for run in self.runs]

    def median(self, figure):
        return statistics.median(self.each(figure))


@dataclass
class Goal:
    """A figure, its values round by round, and what it has to be. `of` is the side whose CPU and memory stand beside."""
    figure: str
    limit: float
    values: list
    of: Side
    unit: str = ""
    at_least: bool = False
    by_maximum: bool = False
    stretch: bool = False

    @property
    def judged(self):
        return max(self.values) if self.by_maximum else statistics.median(self.values)

    @property
    def met(self):
        return self.judged >= self.limit if self.at_least else self.judged <= self.limit


@dataclass
class Measured:
    """What a work found: a heading for its details, its sides, its goals, and what else there is to say."""
    heading: str
    sides: list
    goals: list
    notes: list = field(default_factory=list)


def wall_ratio(ours, other, title, limit, **how):
    """Each run's wall time by that of the run beside it: what slows both of them down cancels out."""
    ratios = [mine / its for mine, its in zip(ours.each("seconds"), other.each("seconds"))]
    return Goal(f"wall, of {title}", limit, ratios, ours, **how)


def wall(ours, limit, title="wall"):
    return Goal(title, limit, ours.each("seconds"), ours, unit="s")


def cpu(ours, limit):
    return Goal("CPU, core-seconds", limit, ours.each("cpu_seconds"), ours, unit="s")


def peak(ours, megabytes, title="peak memory"):
    """Held by every run, not by most of them."""
    return Goal(title, megabytes, [peak / 1e6 for peak in ours.each("peak_bytes")], ours, unit="MB", by_maximum=True)


def say(text):
    print(text, file=sys.stderr, flush=True)
