#!/usr/bin/env python3
"""Proves what Godwit promises, from outside: one line per claim, with its figures.

    prove.py [--list] [--keep] [--record] [--hours HOURS] [--at-once CLAIMS] [CLAIM …]

    PROVEN     the claim holds
    REFUTED    it does not, or a saboteur got past its checker
    MISSING    it could not be tried, or did not run
    SABOTAGE   damaged evidence was shown to the checker of a claim, which saw it

The binary is $GODWIT_BINARY, else debug/godwit in $CARGO_TARGET_DIR. Real PostgreSQL and MariaDB servers are named by
the variables that `testbed/servers.py env` prints. FULL=1 takes full amounts; the default is about a tenth of them. What full
amounts give is kept in docs/proofs.md, each claim's line with its commit. With --hours, claims are tried again and again,
each round with other seeds, until so much time has passed or one is not proven. With --record, the lines of
docs/reliability.md become those of this run, too. Some claims are tried at once, each with databases, folders and ports of its own;
with full amounts, and where a claim tells how quickly something is done, one is tried alone.
Exit code: 0 if all that was asked for is proven, else 1.
"""

import argparse
import contextlib
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from dataclasses import dataclass, replace

from prove.claim import Missing, Refuted, Unnoticed, Work, one_line
from prove.claims import ALONE, CLAIMS, SOAK
from prove.godwit import binary
from prove.record import PROOFS, RELIABILITY, record

# Claims at once: more than there are cores, for most of them wait much of their time.
AT_ONCE = 3


def main():
    parser = argparse.ArgumentParser(description="prove what Godwit promises")
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help="only these")
    parser.add_argument("--list", action="store_true", help="name all claims and end")
    parser.add_argument("--keep", action="store_true", help="keep the folders that claims work in")
    parser.add_argument("--record", action="store_true", help="write the figures into docs/reliability.md")
    parser.add_argument("--at-once", type=int, metavar="CLAIMS", help="so many claims; 3 by default, 1 with full amounts")
    parser.add_argument("--hours", type=float, default=0.0, help="go on with other seeds for so long")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.claims) - set(CLAIMS))
    if unknown:
        parser.error(f"unknown claim {unknown[0]}; known are {', '.join(CLAIMS)}")
    if arguments.list:
        print("\n".join(CLAIMS))
        return 0
    wanted = list(dict.fromkeys(arguments.claims)) or (SOAK if arguments.hours else list(CLAIMS))
    full = os.environ.get("FULL", "") not in ("", "0")
    folder = tempfile.mkdtemp(prefix="godwit-prove-", dir="/var/tmp")
    try:
        at_once = arguments.at_once or (1 if full else AT_ONCE)
        results, code = rounds(wanted, Round(folder, full, arguments.keep, at_once), arguments.hours)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if arguments.keep:
        print(f"kept: {folder}")
    if full and not arguments.hours:
        record(results, CLAIMS, full, PROOFS)
    if arguments.record:
        record(results, CLAIMS, full, RELIABILITY)
    return code


@dataclass
class Round:
    """How claims are tried."""
    folder: str
    full: bool
    keep: bool
    at_once: int
    number: int = 0

    def judged(self, wanted):
        """The result of each claim, in the order of those that are wanted."""
        beside = [name for name in wanted if name not in ALONE] if self.at_once > 1 else []
        results = {}
        if len(beside) > 1:
            with ProcessPoolExecutor(self.at_once, multiprocessing.get_context("spawn")) as others:
                begun = {name: others.submit(judge, name, self) for name in beside}
                try:
                    results = {name: ended(name, result) for name, result in begun.items()}
                except BaseException:
                    others.shutdown(wait=False, cancel_futures=True)
                    raise
        return {name: results.get(name) or judge(name, self) for name in wanted}


def ended(name, result):
    """What came of a claim that was tried beside others; one whose process ended was not tried."""
    try:
        return result.result()
    except BrokenExecutor:
        print(f"MISSING   {name:<24} the process that tried it, or one beside it, was killed", flush=True)
        return Result("MISSING", "its process was killed", 0, 0.0)


def rounds(wanted, tried, hours):
    """One round, or as many as there is time for; the results of the last one."""
    deadline = time.monotonic() + hours * 3600
    while True:
        if hours:
            print(f"round {tried.number + 1}", flush=True)
        results = tried.judged(wanted)
        code = summary({name: result.verdict for name, result in results.items()}, wanted)
        tried = replace(tried, number=tried.number + 1)
        if code or time.monotonic() >= deadline:
            return results, code


@dataclass
class Result:
    """What came of one claim."""
    verdict: str
    said: str
    sabotages: int
    seconds: float


def judge(name, tried):
    """Tries one claim and prints its line."""
    started = time.monotonic()
    work = Work(name, tried.folder, tried.full, tried.keep, tried.number)
    try:
        binary()
        figures = CLAIMS[name](work)
        verdict = "PROVEN" if work.sabotages else "MISSING"
        said = figures if work.sabotages else f"no saboteur tried the checker; {figures}"
    except Refuted as refuted:
        verdict, said = "REFUTED", refuted
    except Unnoticed as unnoticed:
        verdict, said = "REFUTED", f"the checker is blind: it did not see {unnoticed}"
        print(f"SABOTAGE  {name:<24} {unnoticed}: PASSED UNNOTICED", flush=True)
    except Missing as missing:
        verdict, said = "MISSING", missing
    except Exception as error:  # a claim that breaks is a claim that was not tried
        verdict, said = "MISSING", f"it broke: {type(error).__name__}: {error}"
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            work.end()
    result = Result(verdict, one_line(said, 3000), work.sabotages, time.monotonic() - started)
    print(f"{verdict:<9} {name:<24} {result.said}  ({result.seconds:.1f} s)", flush=True)
    return result


def summary(results, wanted):
    counts = {verdict: [name for name in wanted if results.get(name, "MISSING") == verdict]
              for verdict in ("PROVEN", "REFUTED", "MISSING")}
    print(f"{len(wanted)} claims: " + ", ".join(f"{len(names)} {verdict.lower()}" for verdict, names in counts.items()))
    for verdict in ("REFUTED", "MISSING"):
        for name in counts[verdict]:
            print(f"  {verdict.lower()}: {name}")
    return 0 if len(counts["PROVEN"]) == len(wanted) else 1


if __name__ == "__main__":
    sys.exit(main())
