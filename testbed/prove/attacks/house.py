"""The house that is attacked: a service with one of everything, its owner, and somebody who has a project of her own there."""

import itertools
import sqlite3
import time

from prove.caller import PREFIX, Caller
from prove.every_noun import DAY, LONGEST_SECONDS, EveryNoun
from prove.project import PASSWORD, Project

FIGURES = "a-token-for-figures"


class House(EveryNoun):
    """Ann administers all of it; mallory has all rights in the project `mine`, and none in the others."""

    def __init__(self, work, room, loopback=False, environment=None):
        (room / "figures").write_text(FIGURES + "\n", encoding="utf-8")
        super().__init__(work, room, network={"allow-loopback": loopback}, environment=environment,
                         metrics_token="${file:figures}")
        self.port, self.answers, self.numbers = self.service.port, [], itertools.count(1)
        self.store = room / "data" / "godwit.db"
        self.ann = self.beside("ann")
        self.users = {"ann": self.ann.ask("GET", "/me").json["user"]["id"]}
        for name in ("mallory", "olga", "dora", "vera", "audrey"):
            role = {"role": "auditor"} if name == "audrey" else {}
            self.users[name] = self.door.ask("POST", "/users", {"name": name, "password": PASSWORD, **role})["id"]
        self.mine = Project.made(self.door, "mine")
        self.give_roles(self.mine.id, {"mallory": "project-admin"})
        self.give_roles(self.project.id, {"olga": "operator", "dora": "developer", "vera": "viewer"})
        self.mallory = self.beside("mallory")

    def give_roles(self, project, roles):
        shown = self.ann.ask("GET", f"/projects/{project}")
        body = {key: shown.json[key] for key in ("name", "description", "mode", "time-zone", "default-group")}
        members = {self.users[name]: role for name, role in roles.items()}
        return self.ann.ask("PUT", f"/projects/{project}", body | {"members": members}, {"If-Match": shown.one("etag")})

    def open_store(self):
        """As who can write to it."""
        return sqlite3.connect(self.store, timeout=20)

    def at(self, path=""):
        """Of the project that is attacked."""
        return f"/projects/{self.project.id}{path}"

    def nobody(self):
        return Caller(self.port, self.answers)

    def beside(self, name, cookie=None):
        """A session of its own, begun with this cookie where there is one."""
        caller = self.nobody()
        caller.cookie = cookie
        caller.enter("/session", {"name": name, "password": PASSWORD})
        return caller

    def has_folder(self, name):
        found = self.ann.ask("GET", self.at(f"/folders?containing={name.replace(' ', '+')}")).json["items"]
        return f"the folder {name!r} is there" if found else None

    def missing(self, path):
        return None if self.ann.ask("GET", path).status == 200 else f"{path} is gone"

    def everything(self):
        """What is in the project that is attacked, by its own lists."""
        lists = ("folders", "pipelines", "migrations", "data-sources", "tasks", "virtual-nodes", "backfills", "instances",
                 "operations")
        return {path: self.ann.ask("GET", self.at(f"/{path}?limit=500")).json["items"] for path in lists}

    def worked(self, path, body=None):
        """Long work of mallory's, as it stands at its end."""
        begun = self.mallory.ask("POST", path, body)
        place = begun.one("location")
        deadline = time.monotonic() + LONGEST_SECONDS
        while begun.status in (200, 202) and begun.json["state"] == "running" and time.monotonic() < deadline:
            time.sleep(0.02)
            begun = self.mallory.ask("GET", place.removeprefix(PREFIX))
        return begun

    def kept_for_plans(self):
        """What mallory reads from and writes to."""
        self.mine.database("from", self.database)
        for kind in ("lake", "files"):
            self.mine.data_source(f"to-{kind}", kind, path=str(self.room / f"mine-{kind}"))

    def planned(self, kind, more, source="from", tables=("visits",)):
        """The plan of a migration of mallory's to this kind of destination."""
        name = f"planned-{next(self.numbers)}"
        document = {"source": {"data-source": source}, "destination": {"data-source": f"to-{kind}", "namespace": "shop"},
                    "tables": {"listed": list(tables)}, **more}
        made = self.mallory.ask("POST", f"/projects/{self.mine.id}/migrations", {"name": name, "document": document})
        if made.status != 201:
            return made
        return self.worked(f"/projects/{self.mine.id}/migrations/{made.json['id']}/plan", {"bizdate": DAY})

    def ran(self, path, body):
        """An instance of mallory's, made by hand, as it stands at its end."""
        begun = self.mallory.ask("POST", path, body)
        deadline = time.monotonic() + LONGEST_SECONDS
        place = begun.one("location")
        shown = begun
        while place and shown.json.get("state") not in ("succeeded", "failed") and time.monotonic() < deadline:
            time.sleep(0.05)
            shown = self.mallory.ask("GET", place.removeprefix(PREFIX))
        return shown
