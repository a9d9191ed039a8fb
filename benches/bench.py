#!/usr/bin/env python3
"""Measures what README.md names, each against its goal. Writes RESULTS.md and results/<date>-<commit>.json.

usage: bench.py [WORK …]      works by name, by how it begins ("service") or pattern ("*-lake"), else those in $BENCH, else all

The binary is $GODWIT_BINARY, else release/godwit in $CARGO_TARGET_DIR. SCALE is the TPC-H scale factor (default 1),
ROUNDS how often each side runs (default 5),
BENCH_RESULTS where the results go (default: beside this file).
"""

import fnmatch
import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "testbed"))

from prove.claim import Missing, Refuted, one_line  # noqa: E402
from works import WORKS  # noqa: E402
from works.measuring import Bench, say  # noqa: E402
from works.report import Report  # noqa: E402


def main(words):
    target = Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
    os.environ.setdefault("GODWIT_BINARY", str(target / "release" / "godwit"))
    folder = Path(tempfile.mkdtemp(prefix="godwit-bench-", dir="/var/tmp"))
    try:
        bench = Bench(folder)
        report = Report(bench, chosen(words or os.environ.get("BENCH", "").split()), list(WORKS))
        for name in report.chosen:
            measure(bench, name, report)
    except (Missing, ValueError, RuntimeError) as failure:
        print(f"bench.py: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.keep()
    print(report.text())
    return 1 if report.failed else 0


def chosen(patterns):
    """Names in the order in which they are measured; a word that means none of them is a mistake."""
    meant = {pattern: {*fnmatch.filter(WORKS, pattern), *fnmatch.filter(WORKS, f"{pattern}-*")} for pattern in patterns}
    for pattern, names in meant.items():
        if not names:
            raise Missing(f"there is no work {pattern}; there are {', '.join(WORKS)}")
    return [name for name in WORKS if not patterns or any(name in names for names in meant.values())]


def measure(bench, name, report):
    """A work that fails has no figures, and does not keep the others from being measured."""
    try:
        report.measured[name] = WORKS[name](bench, name)
    except Exception as failure:  # whatever it is, an hour of other figures is not lost
        if not isinstance(failure, (Missing, Refuted, RuntimeError, OSError)):
            traceback.print_exc()
        report.failed[name] = one_line(f"{type(failure).__name__}: {failure}", 500).replace("|", "/")
        say(f"{name} FAILED: {report.failed[name]}")
    report.keep_raw()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
