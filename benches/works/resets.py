"""Throughput where connections break: one of them is reset, somewhere in what it reads, and the run goes on.

A run opens a few connections only, so that a reset in every run is far more than one of a hundred. Both are told: the
pace of such a run, and the pace of so many runs that one of all their connections in a hundred was reset. Both sides run
through the same proxy, so that its own cost is not taken for the resets'.
"""

import random
import statistics

from prove import tpch
from prove.claim import ensure
from prove.godwit import Migration
from prove.ground import FaultProxy

from works.measuring import Goal, Measured, Side
from works.sides import run_to_folder
from works.sources import counts, tpch_at

CALM_SHARE = 0.7
ONE_IN = 100


def measure(bench, name, kind):
    database = tpch_at(bench, kind)
    expected = counts(database, tpch.TABLES)
    chance = random.Random(name)

    def undisturbed(room):
        return through_proxy(database, expected, room, {})

    def disturbed(room):
        usual = calm.runs[-1].more["down"]
        run = through_proxy(database, expected, room,
                            {"trouble": "reset", "after": chance.randrange(usual // 20, usual * 19 // 20)})
        ensure(run.more["troubles"] == 1, f"{run.more['troubles']} connections were reset instead of one")
        return run

    calm, broken = Side("`files`, undisturbed", undisturbed), Side("`files`, one connection reset", disturbed)
    bench.alternate(name, [calm, broken])
    connections = statistics.mean(run.more["connections"] for run in calm.runs)
    pairs = list(zip(calm.each("seconds"), broken.each("seconds")))
    goals = [Goal(f"pace with one of {ONE_IN} connections reset", CALM_SHARE,
                  [pace(*pair, max(1.0, ONE_IN / connections)) for pair in pairs], broken, at_least=True),
             Goal("pace with one connection reset in every run", CALM_SHARE, [pace(*pair, 1) for pair in pairs], broken,
                  at_least=True, stretch=True)]
    notes = [f"A run opens {connections:.1f} connections when undisturbed."]
    return Measured(f"Resets: {database.title} to `files` through a proxy", [calm, broken], goals, notes)


def pace(calm_seconds, broken_seconds, runs):
    """Of so many runs, one of them disturbed, beside as many undisturbed ones."""
    return calm_seconds * runs / (calm_seconds * (runs - 1) + broken_seconds)


def through_proxy(database, expected, room, toxic):
    migration = Migration(room, database, "files", list(expected))
    with FaultProxy(database, **toxic) as proxy:
        migration.document["data-sources"]["source"].update({"host": "127.0.0.1", "port": proxy.port})
        migration.write()
        run = run_to_folder(migration, expected)
    run.more = proxy.passed
    return run
