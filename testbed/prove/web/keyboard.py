"""From the log-in to generated pipelines with the keyboard alone."""

import sqlite3

from prove.claim import ensure
from prove.project import Project
from prove.web.stage import House, play

TABLES = ["calls", "visits"]
FEWEST_STOPS = 150


def web_keyboard(work):
    house = House(work)
    path = house.room / "shop.db"
    with sqlite3.connect(path) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, note TEXT)")
    figures = play(work, "keyboard", house.service, file=str(path), lake=str(house.room / "lake"))
    seen(figures)
    work.sabotage("a control whose focus nobody sees", seen, {**figures, "unseen": ["button Generate"]})
    work.sabotage("three stops", seen, {**figures, "stops": 3})
    project = Project(house.door, house.door.ask("GET", "/projects")["items"][0]["id"])
    pipelines = [one["table"]["table"] for one in project.every("/pipelines")]
    generated(pipelines)
    work.sabotage("a pipeline that is missing", generated, pipelines[1:])
    return (f"log-in, project, two data sources, the wizard, {len(pipelines)} pipelines and four pages more: {figures['stops']} stops "
            "of the keyboard, no mouse, each stop marked and in sight; dialogs give the focus back")


def seen(figures):
    ensure(figures["stops"] >= FEWEST_STOPS, f"only {figures['stops']} stops")
    ensure(not figures["unseen"], f"nobody sees the focus at {', '.join(figures['unseen'])}")


def generated(pipelines):
    ensure(sorted(pipelines) == TABLES, f"generated: {pipelines}")
