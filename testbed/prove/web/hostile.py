"""Names and values that are made to break pages: HTML, scripts, quotes, other directions, signs, thousands of letters. They are
shown as what they are, on every page, under the security policy that browsers get."""

import json
import sqlite3
import time

from prove.claim import ensure
from prove.project import Project
from prove.web.stage import House, play

DO = "window.owned=1"
TABLES = [
    f"<img src=x data-owned onerror={DO}>",
    f"\"><script data-owned>{DO}</script>",
    f"'; DROP TABLE owned; --{{{{7*7}}}}${{{DO}}}",
    "\u202eowned\u202c \u05d0\u05d1\u05d2 owned",
    "owned 👩‍👩‍👧‍👦 ẅ̈̈̈̈̈",
    "owned " + "w" * 200,
    f"javascript:{DO}",
]
TEXTS = f"<svg data-owned onload={DO}><a href='javascript:{DO}'>owned</a>"
NAME = f"owned &lt;img src=x onerror={DO}&gt; 'a' 👩‍👧 אבג"
WORD = "owned_ωאבג"
FEWEST_PLACES = 30
LONGEST_SECONDS = 90


def web_hostile(work):
    house = House(work)
    told = furnish(house)
    figures = play(work, "hostile", house.service, **told)
    harmless(figures)
    work.sabotage("a page that shows nothing of theirs", harmless,
                  {**figures, "looked": {**figures["looked"], "shown": {name: 0 for name in figures["looked"]["shown"]}}})
    work.sabotage("a page that is wider than the window", harmless, {**figures, "looked": {**figures["looked"], "wide": ["x"]}})
    work.sabotage("a look that sees no script", harmless, {**figures, "planted": 0})
    shown = figures["looked"]["shown"]
    return (f"{len(TABLES)} tables, their columns and values, names and texts of {len(told['given'])} things: seen at {len(shown)} "
            f"places, {sum(shown.values()):,} times as text; no script of theirs ran, no element of theirs stands in a page, no page "
            "became wider than the window")


def harmless(figures):
    looked = figures["looked"]
    ensure(len(looked["shown"]) >= FEWEST_PLACES, f"only {len(looked['shown'])} places were looked at")
    blind = [name for name in ("a migration", "a pipeline", "an instance", "metadata", "projects", "alerts", "audit log", "users",
                               "tasks", "instances", "dashboard", "settings") if not looked["shown"].get(name)]
    ensure(not blind, f"nothing of theirs is seen at {', '.join(blind)}")
    ensure(not looked["wide"], f"wider than the window: {', '.join(looked['wide'])}")
    ensure(figures["planted"] == 1, "a script that ran would not have been seen")


def furnish(house):
    """Everything that can be called something is called something hostile."""
    ask, room = house.door.ask, house.room
    path = room / "shop.db"
    fill(path)
    group = ask("POST", "/resource-groups", {"name": NAME, "description": TEXTS, "cpu-millis": 4000, "memory-mb": 4096,
                                             "daily-scheduling": True})["id"]
    project = Project(house.door, ask("POST", "/projects", {"name": NAME, "description": TEXTS, "time-zone": "UTC",
                                                           "default-group": group})["id"])
    ask("POST", "/users", {"name": "owned", "password": TEXTS, "display-name": TEXTS[:60]})
    ask("POST", "/tokens", {"name": NAME, "scopes": ["view-project"]})
    source = project.ask("POST", "/data-sources", {"name": WORD, "type": "sqlite", "options": {"path": str(path)},
                                                   "description": TEXTS[:128], "tags": [TEXTS[:60], "owned"]})["id"]
    project.data_source("lake", "lake", path=str(room / "lake"))
    project.collect(source)
    migration = project.migration(NAME, {
        "source": {"data-source": WORD}, "destination": {"data-source": "lake", "namespace": "shop"},
        "tables": {"listed": [{"schema": "main", "table": table} for table in TABLES]},
        "names": {"illegal": "convert"}, "run": {"reruns": 0}})
    project.generate(migration)
    project.ask("POST", "/alerts", {"name": NAME, "on": ["failed"], "webhook": "https://192.0.2.1/owned"})
    project.ask("POST", "/virtual-nodes", {"name": NAME, "description": TEXTS})
    project.ask("POST", "/folders", {"name": f"{NAME} 2", "description": TEXTS})
    pipelines = [one["id"] for one in project.every("/pipelines")]
    project.done(project.ask("POST", "/submit", {"pipelines": pipelines, "remark": TEXTS}))
    tasks = [one for one in project.every("/tasks") if one["body"]["runs"]["kind"] == "pipeline"]
    instances = [project.ask("POST", f"/tasks/{task['id']}/instances", {})["instance"] for task in tasks]
    until_ended(project, instances)
    return {"ids": {"project": project.id, "migration": migration, "pipeline": pipelines[0], "instance": str(instances[0]),
                    "source": source, "task": tasks[0]["id"]},
            "tables": TABLES, "instances": instances, "pipelines": pipelines[:3], "given": [NAME, WORD, TEXTS]}


def fill(path):
    with sqlite3.connect(path) as connection:
        for number, table in enumerate(TABLES):
            columns = [f"<b data-owned>{number}", "owned \"quoted\" 'so'"]
            named = ", ".join(f"{quoted(column)} TEXT" for column in columns)
            connection.execute(f"CREATE TABLE {quoted(table)} (id INTEGER PRIMARY KEY, {named}, day DATE)")
            connection.execute(f"INSERT INTO {quoted(table)} VALUES (1, ?, ?, ?)", (TEXTS, "owned" * 2_000, TEXTS))


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def until_ended(project, instances):
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        found = [project.ask("GET", f"/instances/{one}") for one in instances]
        if all(one["state"] in ("succeeded", "failed") for one in found):
            return
        ensure(time.monotonic() < deadline, f"instances do not end: {json.dumps(found)[:400]}")
        time.sleep(0.2)
