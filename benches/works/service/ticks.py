"""A hundred thousand instances a day: how long a round of the scheduler takes, and how long after its time each begins."""

import time

from prove.claim import ensure

from works.measuring import Goal, Measured, Run, Side
from works.service.installation import copied, kept
from works.service.past import due
from works.service.watching import figures, percentile, within

A_DAY, MILLIS = 100_000, 864  # one each 864 milliseconds
TICK_SECONDS, DELAY_SECONDS = 1, 5
WATCHED_SECONDS, LANDING_SECONDS = 120, 20


def measure(bench, name, kind):
    installation = kept(bench, kind)

    def watch(_room):
        with copied(installation):
            store, first = installation.store, round(time.time() * 1000) + 5_000
            past = int(store.query("SELECT MAX(id) FROM instances")[0][0])
            store.execute(due(bench.amount(A_DAY), installation.tables, first, MILLIS))
            installation.serve()
            time.sleep(WATCHED_SECONDS)
            told = figures(installation.service)
            now = round(time.time() * 1000)
            began = store.query(f"SELECT started_at - not_before, state FROM attempts JOIN instances ON instances.id = instance "
                                f"WHERE instance > {past} AND not_before < {now} - {LANDING_SECONDS} * 1000")
            outcome = installation.service.stop()
        due_by_then = (now - LANDING_SECONDS * 1000 - first) // MILLIS
        states = {state for _, state in began}
        ensure(len(began) >= due_by_then and states == {"succeeded"}, f"{len(began)} of {due_by_then} began, and are {states}")
        return Run.of(outcome, more={"tick": within(told, "godwit_scheduler_tick_seconds", 0.99),
                                     "delay": percentile([int(millis) / 1000 for millis, _ in began], 99),
                                     "picked_up": within(told, "godwit_pick_up_seconds", 0.99), "began": len(began)})

    side = Side(f"**godwit serve**, {installation.store.title}", watch)
    bench.alternate(name, [side])
    goals = [Goal("round of the scheduler, p99 (upper end of its bucket)", TICK_SECONDS, each(side, "tick"), side, unit="s"),
             Goal("start after its time, p99", DELAY_SECONDS, each(side, "delay"), side, unit="s"),
             Goal("begun after it was given to a server, p99 (upper end of its bucket)", DELAY_SECONDS, each(side, "picked_up"),
                  side, unit="s")]
    return Measured(f"Service: {bench.amount(A_DAY):,} instances a day, {installation.store.title}", [side], goals)


def each(side, figure):
    return [run.more[figure] for run in side.runs]
