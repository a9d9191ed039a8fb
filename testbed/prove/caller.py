"""A caller that sends what no browser would: any head, any body, byte by byte; and keeps every answer."""

import contextlib
import http.client
import io
import json
import socket
from dataclasses import dataclass

PREFIX = "/api/v1"
SECONDS = 30


@dataclass
class Answer:
    """What came back; status 0 where the connection ended without an answer."""
    request: str
    status: int
    headers: list
    content: bytes

    @property
    def text(self):
        return self.content.decode(errors="replace")

    @property
    def json(self):
        with contextlib.suppress(ValueError):
            return json.loads(self.content)
        return None

    @property
    def code(self):
        """The code of a problem."""
        body = self.json
        return body.get("code") if isinstance(body, dict) else None

    def all(self, name):
        return [value for known, value in self.headers if known.lower() == name]

    def one(self, name):
        found = self.all(name)
        return found[0] if len(found) == 1 else None

    def raw(self):
        """Head and content, to be searched."""
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers)
        return f"{self.status}\r\n{head}\r\n".encode("latin-1", "replace") + self.content


class Caller:
    """Somebody at the door of a service: nobody, a session or a token."""

    def __init__(self, port, answers=None):
        self.port, self.cookie, self.csrf, self.bearer = port, None, None, None
        self.answers = [] if answers is None else answers

    def beside(self):
        """Another caller, whose answers are kept with this one's."""
        return type(self)(self.port, self.answers)

    def credentials(self):
        if self.bearer:
            return {"Authorization": f"Bearer {self.bearer}"}
        if self.cookie:
            return {"Cookie": self.cookie, **({"X-CSRF-Token": self.csrf} if self.csrf else {})}
        return {}

    def ask(self, method, path, body=None, headers=None, **how):
        """A request as programs send it; a header whose value is None is left out. A body is sent as JSON unless it is bytes."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", **self.credentials()}
        if content:
            sent |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        elif method in ("POST", "PUT", "PATCH"):
            sent["Content-Length"] = "0"
        sent |= headers or {}
        lines = [(name, value) for name, values in sent.items() if values is not None
                 for value in (values if isinstance(values, list) else [values])]
        return self.send(head(method, how.pop("prefix", PREFIX) + path, lines) + content, **how)

    def send(self, request, seconds=SECONDS, method=None):
        """These bytes, and what is answered to them."""
        shown = request.partition(b"\r\n")[0][:120].decode("latin-1")
        answer = Answer(shown, 0, [], b"")
        with contextlib.suppress(OSError, http.client.HTTPException):
            with socket.create_connection(("127.0.0.1", self.port), seconds) as connection:
                with contextlib.suppress(OSError):  # it may answer before all is sent, and hang up
                    connection.sendall(request)
                answer = received(connection, method or shown.partition(" ")[0], shown)
        self.answers.append(answer)
        return answer

    def watch(self, path, seconds=1.0):
        """Opens a stream; what is given back reads what has come of it, and what comes for so long, and closes it."""
        connection = socket.create_connection(("127.0.0.1", self.port), SECONDS)
        connection.sendall(head("GET", PREFIX + path, [("Host", f"127.0.0.1:{self.port}"), *self.credentials().items()]))
        connection.settimeout(seconds)

        def rest():
            heard = b""
            with contextlib.suppress(OSError), connection:
                while piece := connection.recv(65536):
                    heard += piece
            return heard
        connection.recv(1)  # it is open
        return rest

    def enter(self, path, body):
        """Logs in."""
        answer = self.ask("POST", path, body)
        if answer.status == 200:
            self.cookie, self.csrf = answer.one("set-cookie").partition(";")[0], answer.json["csrf"]
        return answer


def head(method, target, lines):
    text = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines)
    return text.encode("latin-1") + b"\r\n"


def received(connection, method, shown):
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    content = io.BytesIO()
    with contextlib.suppress(OSError, http.client.HTTPException):
        while piece := response.read(65536):
            content.write(piece)
    return Answer(shown, response.status, response.getheaders(), content.getvalue())
