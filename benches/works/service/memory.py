"""What a service holds that has nothing to do: ten thousand tasks and three million instances are behind it."""

import time

from works.measuring import Goal, Measured, Run, Side
from works.service.installation import copied, kept
from works.service.watching import resident_bytes

MEGABYTES, IDLE_SECONDS = 150, 60


def measure(bench, name, kind):
    installation = kept(bench, kind)

    def idle(_room):
        with copied(installation):
            installation.serve()
            time.sleep(IDLE_SECONDS)
            held = resident_bytes(installation.service.process)
            outcome = installation.service.stop()
        return Run.of(outcome, more={"held": held})

    side = Side(f"**godwit serve**, {installation.store.title}", idle)
    bench.alternate(name, [side])
    goal = Goal("memory after a minute with nothing to do", MEGABYTES, [run.more["held"] / 1e6 for run in side.runs], side,
                unit="MB", by_maximum=True)
    return Measured(f"Service: memory, {installation.store.title}", [side], [goal])
