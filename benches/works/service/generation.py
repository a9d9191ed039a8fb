"""Ten thousand tables become pipelines; and again, where the server was killed half-way."""

import time

from prove.claim import ensure

from works.measuring import Goal, Measured, Run, Side
from works.service.installation import TASKS, Installation

SECONDS = 120


def measure(bench, name, kind):
    count = bench.amount(TASKS)
    installation = Installation(kind, "service_generation", count)

    def generate(_room):
        with installation.running():
            installation.begin()
            killed = kill_half_way(installation, count)
            begun = time.monotonic()
            ensure(states(installation, count) == {"new", "unchanged"}, "what was made before the kill is not there")
            resumed = time.monotonic() - begun
            outcome = installation.service.stop()
        with installation.running():
            installation.begin()
            begun = time.monotonic()
            ensure(states(installation, count) == {"new"}, "pipelines were there before")
            took = time.monotonic() - begun
            installation.service.stop()
        return Run.of(outcome, more={"whole": took, "resumed": resumed, "killed_after": killed})

    side = Side(f"**godwit serve**, {installation.store.title}", generate)
    bench.alternate(name, [side])
    figures = {"whole": "all pipelines", "resumed": "those left, and a look at all, after a kill half-way"}
    goals = [Goal(title, SECONDS, [run.more[figure] for run in side.runs], side, unit="s") for figure, title in figures.items()]
    return Measured(f"Service: {count:,} pipelines generated, {installation.store.title}", [side], goals)


def states(installation, count):
    """Generates; in which states the rows are then. Each table has one pipeline."""
    result = installation.project.generate(installation.migrations[0])
    pipelines = {one["table"]["table"] for one in installation.project.every("/pipelines")}
    ensure(len(pipelines) == len(result["rows"]) == count, f"{len(pipelines)} pipelines, {len(result['rows'])} of {count} rows")
    return {row["state"] for row in result["rows"]}


def kill_half_way(installation, count):
    """Kills it while pipelines are made, starts it again, and tells how many there were."""
    project = installation.project
    operation = project.ask("POST", f"/migrations/{installation.migrations[0]}/generate", {})
    while project.ask("GET", f"/operations/{operation['id']}")["done"] < count // 3:
        time.sleep(0.02)
    installation.service.process.kill()
    installation.serve()
    installation.log_in()
    there = len(installation.project.every("/pipelines"))
    ensure(0 < there < count, f"the kill came too late: {there} of {count} pipelines are there")
    return there
