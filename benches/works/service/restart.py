"""A service with ten thousand open instances, ended or killed and started again: how long until the next instance starts."""

import time

from prove.claim import ensure

from works.measuring import Goal, Measured, Run, Side
from works.service.installation import copied, kept
from works.service.past import due

OPEN, MILLIS = 10_000, 500  # one comes due each half second
SECONDS, LONGEST_SECONDS = 10, 120


def measure(bench, name, kind):
    installation = kept(bench, kind)
    sides = [Side(f"**godwit serve**, {installation.store.title}, {how}", lambda _room, end=end: again(bench, installation, end))
             for how, end in (("ended", lambda service: service.stop()), ("killed", lambda service: service.process.kill()))]
    bench.alternate(name, sides)
    goals = [Goal(f"until the next instance starts, {side.title.rpartition(' ')[2]}", SECONDS,
                  [run.more["starts"] for run in side.runs], side, unit="s") for side in sides]
    return Measured(f"Service: restart with {bench.amount(OPEN):,} open instances, {installation.store.title}", sides, goals)


def again(bench, installation, end):
    with copied(installation):
        store = installation.store
        past = int(store.query("SELECT MAX(id) FROM instances")[0][0])
        store.execute(due(bench.amount(OPEN), installation.tables, round(time.time() * 1000), MILLIS))
        installation.serve()
        until_started(store, past, time.time())
        time.sleep(2)
        end(installation.service)
        begun = time.time()
        installation.serve()
        served = time.time() - begun
        until_started(store, past, begun)
        took = time.time() - begun
        outcome = installation.service.stop()
    return Run.of(outcome, more={"serves": served, "starts": took})


def until_started(store, past, since):
    asked = f"SELECT COUNT(*) FROM attempts WHERE instance > {past} AND started_at > {round(since * 1000)}"
    while not int(store.query(asked)[0][0]):
        ensure(time.time() - since < LONGEST_SECONDS, f"nothing started within {LONGEST_SECONDS} s")
        time.sleep(0.05)
