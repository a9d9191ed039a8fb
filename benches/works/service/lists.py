"""Pages of lists over three million instances, asked for over HTTP."""

import time

from works.measuring import Goal, Measured, Run, Side
from works.service.installation import copied, kept
from works.service.watching import percentile

SECONDS = 0.3
LOOKS = 20
COUNTS = "counts of all"
DASHBOARD = "the dashboard of 15 days"


def measure(bench, name, kind):
    installation = kept(bench, kind)

    def ask(_room):
        with copied(installation):
            places = pages(installation.store)
            installation.serve()
            installation.log_in()
            first_look = seconds(installation.project, "/dashboard")
            took = {title: [seconds(installation.project, path) for _ in range(LOOKS)] for title, path in places.items()}
            outcome = installation.service.stop()
        return Run.of(outcome, more={"p95": {title: percentile(values, 95) for title, values in took.items()},
                                     "first_look": first_look})

    side = Side(f"**godwit serve**, {installation.store.title}", ask)
    bench.alternate(name, [side])
    of_pages = {title: [run.more["p95"][title] for run in side.runs] for title in side.runs[0].more["p95"]}
    slowest = [max(values) for values in zip(*(values for title, values in of_pages.items() if title not in (COUNTS, DASHBOARD)))]
    first_look = [run.more["first_look"] for run in side.runs]
    goals = [Goal("page of a list, p95 of the slowest one", SECONDS, slowest, side, unit="s"),
             Goal("instances counted by their states, p95", SECONDS, of_pages[COUNTS], side, unit="s", stretch=True),
             Goal("dashboard of 15 days, first look", 1, first_look, side, unit="s", stretch=True)]
    notes = ["| page | p95 of its slowest round, ms |", "| --- | --- |"]
    notes += [f"| {title} | {max(values) * 1000:.0f} |" for title, values in of_pages.items()]
    return Measured(f"Service: lists, {installation.store.title}", [side], goals, notes)


def seconds(project, path):
    begun = time.monotonic()
    project.ask("GET", path)
    return time.monotonic() - begun


def pages(store):
    """Each filter and some together, at the begin, in the middle and at the end; and the lists beside that of instances."""
    last = int(store.query("SELECT MAX(id) FROM instances")[0][0])
    task, bizdate = store.query(f"SELECT task, bizdate FROM instances WHERE id = {last // 2}")[0]
    origin = store.query(f"SELECT origin FROM instances WHERE id > {last // 2} AND kind = 'backfill' ORDER BY id LIMIT 1")[0][0]
    filters = ["", f"task={task}", "state=failed", "state=succeeded", "state=running", f"bizdate={bizdate}", "kind=recurring",
               "kind=backfill", "kind=manual", f"origin={origin}", f"state=failed&bizdate={bizdate}", f"task={task}&state=failed",
               f"task={task}&bizdate={bizdate}", "kind=manual&state=failed", f"kind=manual&bizdate={bizdate}",
               f"state=running&bizdate={bizdate}", "kind=manual&state=running", "environment=production&limit=500"]
    places = {"from the newest": "", "in the middle": f"&after={last // 2}", "at the end": f"&after={last // 100}"}
    found = {f"instances {anonymous(words, task, bizdate, origin)} {place}": f"/instances?{words}{after}"
             for words in filters for place, after in places.items()}
    others = {"an instance": f"/instances/{last // 2}", "tasks": "/tasks", "tasks of a name": "/tasks?containing=m_09",
              "pipelines": "/pipelines", "backfills": "/backfills", "operations": "/operations", COUNTS: "/instance-counts", DASHBOARD: "/dashboard",
              "counts of a date": f"/instance-counts?bizdate={bizdate}"}
    return found | others


def anonymous(words, *values):
    """Which filter, without the value that chance has given it."""
    for value in values:
        words = words.replace(f"={value}", "")
    return words or "all"
