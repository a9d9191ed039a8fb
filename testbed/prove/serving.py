"""The service as claims meet it: its process with its folder, and a caller at its door."""

import http.client
import json
import re
import signal
import time

from prove.claim import ensure
from prove.godwit import Process, yaml

LONGEST_SECONDS = 180


class Door:
    """Speaks to the service as a browser would: a cookie, and the token beside it."""

    def __init__(self, port):
        self.port, self.cookie, self.csrf, self.said = port, None, None, []

    def ask(self, method, path, body=None, expect=(200, 201, 202, 204), **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.cookie:
            headers |= {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        self.said.append(text)
        ensure(answer.status in expect, f"{method} {path}: {answer.status} {text[:600]}")
        if answer.headers["Set-Cookie"]:
            self.cookie = answer.headers["Set-Cookie"].partition(";")[0]
        return json.loads(text) if text else None

    def enter(self, path, body):
        self.cookie = None
        self.csrf = self.ask("POST", path, body)["csrf"]

    def done(self, project, operation):
        """Follows long work to its end."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while operation["state"] == "running":
            ensure(time.monotonic() < deadline, f"operation {operation['kind']} does not end")
            time.sleep(0.1)
            operation = self.ask("GET", f"/projects/{project}/operations/{operation['id']}")
        ensure(operation["state"] == "succeeded", f"{operation['kind']}: {json.dumps(operation)[:600]}")
        return operation["result"]


class Service:
    """`godwit serve` in a folder of its own, with these settings beside the usual ones."""

    def __init__(self, room, environment=None, **settings):
        self.room, self.environment = room, environment
        self.configuration = room / "serve.yaml"
        usual = {"listen": "127.0.0.1:0", "server": "one", "roots": [str(room)], "network": {"allow-loopback": True}}
        settings = {name.replace("_", "-"): value for name, value in settings.items()}
        self.configuration.write_text(yaml(usual | settings) + "\n", encoding="utf-8")
        self.processes = []
        self.begin()

    def begin(self):
        self.process = Process(["serve", "--config", str(self.configuration), "--data", str(self.room / "data")], self.room,
                               self.environment)
        self.processes.append(self.process)
        deadline = time.monotonic() + 30
        while not (found := re.search(r"serves at http://127\.0\.0\.1:(\d+)", self.printed())):
            ensure(self.process.alive() and time.monotonic() < deadline, f"it does not serve: {self.printed()}")
            time.sleep(0.05)
        self.port = int(found[1])

    def printed(self):
        return "".join(path.read_text(encoding="utf-8") for path in self.process.files)

    def set_up_token(self):
        return re.search(r"#token=(\S+)", self.printed())[1]

    def kill_and_begin(self):
        self.process.kill()
        self.begin()

    def stop(self):
        """Asks it to end, and waits until it has."""
        self.process.signal(signal.SIGTERM)
        return self.process.wait(time.monotonic() - self.process.started + LONGEST_SECONDS)
