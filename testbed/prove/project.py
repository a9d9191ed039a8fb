"""A project of a service, from nothing to tasks that run: what each claim and bench about the service begins with."""

import urllib.parse

from prove.claim import ensure

PASSWORD = "a password of nobody else"


class Project:
    """A project, as whoever stands at the door deals with it."""

    def __init__(self, door, project):
        self.door, self.id = door, project

    @classmethod
    def made(cls, door, name, cpu_millis=4000, memory_mb=4096):
        """A new one, with a resource group of its own."""
        group = door.ask("POST", "/resource-groups", {"name": f"group of {name}", "cpu-millis": cpu_millis,
                                                      "memory-mb": memory_mb, "daily-scheduling": True})["id"]
        return cls(door, door.ask("POST", "/projects", {"name": name, "time-zone": "UTC", "default-group": group})["id"])

    def ask(self, method, path, body=None, **how):
        return self.door.ask(method, f"/projects/{self.id}{path}", body, **how)

    def done(self, operation):
        return self.door.done(self.id, operation)

    def every(self, path, **query):
        """All items of a list, page after page."""
        items = []
        while True:
            page = self.ask("GET", f"{path}?{urllib.parse.urlencode({'limit': 500, **query})}")
            items += page["items"]
            if page.get("next") is None:
                return items
            query["after"] = page["next"]

    def data_source(self, name, kind, **options):
        return self.ask("POST", "/data-sources", {"name": name, "type": kind, "options": options})["id"]

    def database(self, name, database):
        """A data source that is this database."""
        connection = database.connection()
        if "password" in connection:
            connection["password"] = database.password
        return self.data_source(name, connection.pop("type"), **connection)

    def collect(self, data_source):
        return self.done(self.ask("POST", f"/data-sources/{data_source}/metadata", {}))

    def migration(self, name, document):
        return self.ask("POST", "/migrations", {"name": name, "document": document})["id"]

    def generate(self, migration, **how):
        return self.done(self.ask("POST", f"/migrations/{migration}/generate", how))

    def submit(self):
        """Makes tasks of all pipelines; they are live at once."""
        pipelines = [one["id"] for one in self.every("/pipelines")]
        self.done(self.ask("POST", "/submit", {"pipelines": pipelines, "remark": "the first"}))
        tasks = self.every("/tasks")
        ensure(len(tasks) == len(pipelines), f"{len(tasks)} tasks of {len(pipelines)} pipelines")
        return tasks
