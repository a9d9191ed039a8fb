"""A service in which there is at least one of everything, so that requests reach behind "not there"."""

import functools
import sqlite3
import time

from prove.claim import ensure
from prove.databases import Sqlite
from prove.project import PASSWORD, Project
from prove.serving import Door, Service

TABLES = ["visits", "calls"]
ROWS = 50
RIGHTS = ["view-project", "edit-migrations", "edit-statements", "recreate-tables", "use-data-sources", "manage-data-sources",
          "see-rejected-rows", "operate", "publish", "manage-project", "read-audit", "manage-users", "manage-system"]
DAY = "20240229"
LONGEST_SECONDS = 60


class EveryNoun:
    """The service, its first administrator at the door, and the ids of all there is, by the names that the paths of the
    API have for them."""

    def __init__(self, work, room, webhook="https://192.0.2.1/nobody", **settings):
        self.room, self.database, self.webhook = room, Sqlite(room / "shop.db"), webhook
        fill(self.database.path)
        self.service = Service(room, **settings)
        work.at_the_end(lambda: self.service.process.kill())
        self.door = Door(self.service.port)
        self.set_up_token = self.service.set_up_token()
        self.door.enter("/set-up", {"token": self.set_up_token, "name": "ann", "password": PASSWORD})
        self.ids = {}
        self.project = Project.made(self.door, "shop")
        self.of_installation()
        self.of_project()

    def keep(self, noun, made):
        self.ids.setdefault(noun, []).append(made)
        return made

    def of_installation(self):
        ask = self.door.ask
        self.keep("project", self.project.id)
        self.keep("group", ask("GET", f"/projects/{self.project.id}")["default-group"])
        for name in ("ben", "cleo"):
            self.keep("user", ask("POST", "/users", {"name": name, "password": PASSWORD})["id"])
        Door(self.service.port).enter("/session", {"name": "ann", "password": PASSWORD})
        self.keep("session", next(one["id"] for one in ask("GET", "/sessions")["items"] if not one["current"]))
        made = ask("POST", "/tokens", {"name": "all", "scopes": RIGHTS})
        self.token = made["token"]
        self.keep("token", ask("POST", "/tokens", {"name": "another", "scopes": RIGHTS[:1]})["id"])

    def of_project(self):
        project = self.project
        project.collect(self.keep("source", project.database("source", self.database)))
        self.keep("source", project.data_source("target", "lake", path=str(self.room / "lake")))
        self.keep("migration", project.migration("shop_to_lake", document_of(self.database)))
        project.generate(self.ids["migration"][0])
        self.keep("folder", project.every("/folders")[0]["id"])
        for pipeline in project.every("/pipelines"):
            self.keep("pipeline", pipeline["id"])
        for task in project.submit():
            self.keep("task", task["id"])
        self.keep("operation", project.every("/operations")[0]["id"])
        alert = {"name": "to nobody", "on": ["failed"], "webhook": self.webhook}
        self.keep("alert", project.ask("POST", "/alerts", alert)["id"])
        self.keep("node", project.ask("POST", "/virtual-nodes", {"name": "all are there"})["id"])
        self.keep("instance", project.ask("POST", f"/tasks/{self.ids['task'][0]}/instances", {})["instance"])
        backfill = {"task": self.ids["task"][1], "first": DAY, "last": DAY}
        self.keep("backfill", project.ask("POST", "/backfills", {"backfill": backfill})["id"])
        self.until_all_ran()
        self.ids["instance"] = [one["id"] for one in project.every("/instances")]

    @functools.cached_property
    def spare(self):
        """Things that nothing uses, by the names that paths have for them."""
        ask, project = self.door.ask, self.project
        group = {"name": "spare", "cpu-millis": 1, "memory-mb": 1}
        return {"project": ask("POST", "/projects", {"name": "spare"})["id"],
                "group": ask("POST", "/resource-groups", group)["id"],
                "source": project.data_source("spare", "lake", path=str(self.room / "spare")),
                "pipeline": project.ask("POST", "/pipelines", {"name": "spare", "folder": self.ids["folder"][0]})["id"]}

    def until_all_ran(self):
        deadline = time.monotonic() + LONGEST_SECONDS
        states = {"waiting"}
        while states != {"succeeded"}:
            ensure(time.monotonic() < deadline, f"not all ran: {states}")
            time.sleep(0.1)
            states = {one["state"] for one in self.project.every("/instances")}


def fill(path):
    with sqlite3.connect(path) as connection:
        for table in TABLES:
            connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, day TEXT NOT NULL, note TEXT)")
            connection.executemany(f"INSERT INTO {table} VALUES (?, '2024-02-29', ?)",
                                   [(number, f"note {number}") for number in range(ROWS)])


def document_of(database):
    return {"source": {"data-source": "source"}, "destination": {"data-source": "target", "namespace": "shop",
                                                                 "loading-policy": "append"},
            "tables": {"listed": [database.table(table) for table in TABLES]},
            "method": {"kind": "daily", "partition": {"daily": "ds=${bizdate}"}},
            "filter": {"daily": "day <= '${yyyy-MM-dd}'"}, "run": {"reruns": 0}}
