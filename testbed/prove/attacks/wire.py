"""Attacks below what programs say of a request: heads that two readers read differently, smuggled lines, held connections."""

import contextlib
import resource
import socket
import threading
import time
from pathlib import Path

from prove.attacks.attack import Attack
from prove.caller import head

HEAD_SECONDS = 45  # a head must come within 30, and it takes some to see it
BODY_SECONDS = 75  # a body within 60
SLOWEST_SECONDS = 5
MIB = 1 << 20


def heads(house):
    """Heads that are no heads, or two."""
    nobody, host = house.nobody(), f"Host: 127.0.0.1:{house.port}\r\n"
    line = "GET /api/v1/me HTTP/1.1\r\n"
    # 401 is the right answer to what is a request; no answer or 400 and the like to what is none.
    refused, plain = (0, 400, 404, 405, 414, 431, 501, 505), (401,)
    for payload, text, answered in (
            ("no head", "\r\n\r\n", refused), ("one word", "GET\r\n\r\n", refused),
            ("no version", "GET /api/v1/me\r\n\r\n", refused),
            ("another version", f"GET /api/v1/me HTTP/3.0\r\n{host}\r\n", refused), ("no host", line + "\r\n", (*refused, 401)),
            ("two hosts", f"{line}{host}Host: evil.example\r\n\r\n", (*refused, 401)),
            ("a blank before the colon", f"{line}{host}X : y\r\n\r\n", refused),
            ("no colon", f"{line}{host}nothing\r\n\r\n", refused),
            ("a name that is none", f"{line}{host}X(y: z\r\n\r\n", refused),
            ("an empty name", f"{line}{host}: z\r\n\r\n", refused), ("a folded line", f"{line}{host}X: y\r\n z\r\n\r\n", refused),
            ("a NUL in a value", f"{line}{host}X: y\0z\r\n\r\n", refused),
            ("a NUL in a path", f"GET /api/v1/m\0e HTTP/1.1\r\n{host}\r\n", refused),
            ("a bare line's end", f"{line}{host}X: y\rZ: z\r\n\r\n", refused),
            ("a blank in a path", f"GET /api /v1/me HTTP/1.1\r\n{host}\r\n", refused),
            ("a whole address", f"GET http://evil.example/api/v1/me HTTP/1.1\r\n{host}\r\n", (*refused, 401)),
            ("an address of a file", f"GET file:///etc/passwd HTTP/1.1\r\n{host}\r\n", refused),
            ("a way through", f"CONNECT 127.0.0.1:22 HTTP/1.1\r\n{host}\r\n", refused),
            ("a path that climbs", f"GET /api/v1/../../etc/passwd HTTP/1.1\r\n{host}\r\n", refused),
            ("an escaped one", f"GET /api/v1/%2e%2e/me HTTP/1.1\r\n{host}\r\n", refused),
            ("slashes in a row", f"GET //api//v1//me HTTP/1.1\r\n{host}\r\n", refused),
            ("a backslash", f"GET /api\\v1\\me HTTP/1.1\r\n{host}\r\n", refused),
            ("an escaped slash", f"GET /api%2fv1%2fme HTTP/1.1\r\n{host}\r\n", refused),
            ("half an escape", f"GET /api/v1/% HTTP/1.1\r\n{host}\r\n", refused),
            ("an escape that is none", f"GET /api/v1/sessions/%zz HTTP/1.1\r\n{host}\r\n", (*refused, 401)),
            ("a fragment", f"GET /api/v1/me# HTTP/1.1\r\n{host}\r\n", (*refused, 401)),
            ("a long path", f"GET /api/v1/{'a' * 100_000} HTTP/1.1\r\n{host}\r\n", refused),
            ("a long value", f"{line}{host}X: {'a' * 100_000}\r\n\r\n", (*refused, 401)),
            ("a value of MiB", f"{line}{host}X: {'a' * MIB}\r\n\r\n", refused),
            ("a long name", f"{line}{host}{'a' * 100_000}: x\r\n\r\n", refused),
            ("many lines", line + host + "".join(f"X-{number}: y\r\n" for number in range(200)) + "\r\n", refused),
            ("thousands of lines", line + host + "A: b\r\n" * 20_000 + "\r\n", refused),
            ("a long cookie", f"{line}{host}Cookie: {'a=b; ' * 10_000}\r\n\r\n", (*refused, 401)),
            ("a long method", f"{'A' * 50_000} / HTTP/1.1\r\n{host}\r\n", refused),
            ("a made-up method", f"EVIL /api/v1/me HTTP/1.1\r\n{host}\r\n", refused),
            ("another protocol", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (0, 400, 505)), ("TLS", "\x16\x03\x01\x02\0\x01\0", refused),
            ("an upgrade",
             f"{line}{host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n", plain),
            ("a socket of the web",
             f"{line}{host}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n", plain)):
        yield Attack("head", payload, lambda: nobody.send(text.encode("latin-1"), 3), answered)
    yield from smuggled(house, nobody, host)
    yield from spoken_for(house)


def smuggled(house, nobody, host):
    """A body whose length two readers tell differently holds a request of its own: it must not be answered as one."""
    within = f"DELETE /api/v1/session HTTP/1.1\r\n{host}\r\n"
    for payload, lines, body in (
            ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "aaaaa"),
            ("two lengths in one", "Content-Length: 5, 6\r\n", "aaaaa"),
            ("a length and pieces", f"Content-Length: {len(within) + 5}\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n" + within),
            ("pieces and a length", f"Transfer-Encoding: chunked\r\nContent-Length: {len(within) + 5}\r\n", "0\r\n\r\n" + within),
            ("pieces, written otherwise", "Transfer-Encoding: xchunked\r\n", "0\r\n\r\n" + within),
            ("pieces behind a blank", "Transfer-Encoding : chunked\r\n", "0\r\n\r\n" + within),
            ("pieces and no pieces", "Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n" + within),
            ("a negative length", "Content-Length: -1\r\n", ""),
            ("a length with a plus", "Content-Length: +5\r\n", "aaaaa"),
            ("a length in hexadecimal", "Content-Length: 0x5\r\n", "aaaaa"),
            ("a length beyond all", "Content-Length: 99999999999999999999\r\n", ""),
            ("a piece of no length", "Transfer-Encoding: chunked\r\n", "x\r\n\r\n"),
            ("a piece beyond all", "Transfer-Encoding: chunked\r\n", "ffffffffffffffff1\r\n"),
            ("a piece with a long note", "Transfer-Encoding: chunked\r\n", "1;" + "a" * 100_000 + "\r\n")):
        text = f"POST /api/v1/session HTTP/1.1\r\n{host}Content-Type: application/json\r\n{lines}\r\n{body}"
        yield Attack("smuggling", payload, lambda: nobody.send(text.encode(), 3), (0, 400, 413, 501),
                     ("BAD_JSON", "BODY_CUT", "BODY_TOO_LARGE", None), lambda: answered_twice(house, text.encode()))
    for payload, path in (("in a path", "/folders/%0d%0aSet-Cookie:%20x=y"),
                          ("in a query", "/folders?after=%0d%0aSet-Cookie:%20x=y"),
                          ("of Unicode", "/folders/%E5%98%8A%E5%98%8DSet-Cookie")):
        yield Attack("smuggling", f"a line's end {payload}", lambda: house.ann.ask("GET", house.at(path)), (200, 404),
                     tells=lambda answer: "it set a cookie" if answer.all("set-cookie") else None)
    for name in ("a\r\nX-Evil: y", "a%0d%0aX-Evil: y"):
        yield Attack("smuggling", f"a line's end in a name {name!r}",
                     lambda: house.ann.ask("POST", house.at("/folders"), {"name": name}), (201, 422),
                     tells=lambda answer: "it made a line" if answer.all("x-evil") else None)


def answered_twice(house, request):
    """Whether more than one request was seen in one."""
    heard = b""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", house.port), 3) as connection:
        connection.sendall(request)
        while piece := connection.recv(65536):
            heard += piece
    count = heard.count(b"HTTP/1.1 ")
    return f"it is answered {count} times" if count > 1 else None


def spoken_for(house):
    """What proxies say of a request is not believed, nor what a client says of itself."""
    def last_audited():
        line = house.ann.ask("GET", "/audit?limit=1").json["items"][0]
        return None if line["address"] == "127.0.0.1" and line["request"] != "mine" else f"it believes {line}"
    for name, value in (("X-Forwarded-For", "203.0.113.9"), ("X-Real-IP", "203.0.113.9"), ("Forwarded", "for=203.0.113.9"),
                        ("X-Forwarded-Host", "evil.example"),
                        ("X-Forwarded-Proto", "https"), ("X-Request-Id", "mine"), ("Via", "1.1 evil"),
                        ("X-Original-URL", "/api/v1/me"), ("X-Rewrite-URL", "/api/v1/me"),
                        ("X-Forwarded-Prefix", "/evil"), ("X-Remote-User", "ann"), ("X-Authenticated-User", "ann"),
                        ("X-Client-Cert", "ann")):
        folder = f"spoken for {next(house.numbers)}"
        yield Attack("spoken for", f"{name}: {value}",
                     lambda: house.ann.ask("POST", house.at("/folders"), {"name": folder}, {name: value}), (201,), (),
                     last_audited)
        yield Attack("spoken for", f"{name}: {value} of nobody", lambda: house.nobody().ask("GET", "/me", None, {name: value}),
                     (401,), ("UNAUTHENTICATED",),
                     tells=lambda answer: "it takes the id that was sent" if answer.one("x-request-id") == "mine" else None)
    for path in ("/metrics", "/healthz", "/readyz", "/api/openapi.json", "/", "/index.html", "/api", "/api/", "/api/v1",
                 "/api/v2/me", "/.env", "/.git/config",
                 "/set-up", "/admin", "/debug/pprof", "/errors/INTERNAL", "/api/v1/me/", "/API/V1/ME", "/api/v1/me;x=y",
                 "/api/v1/./me"):
        for method in ("GET", "POST", "TRACE", "OPTIONS", "EVIL"):
            yield Attack("address", f"{method} {path}", lambda: house.nobody().ask(method, path, prefix=""), (200, 401, 404, 405))


class Held:
    """Connections that are held in one way, all at once: how many the service closed in time, how long others waited."""

    def __init__(self, house, payload, count, begin, more=b"", seconds=HEAD_SECONDS):
        self.house, self.payload, self.count, self.more, self.seconds = house, payload, count, more, seconds
        self.connections, self.slowest = [], 0.0
        for _ in range(count):
            with contextlib.suppress(OSError):
                connection = socket.create_connection(("127.0.0.1", house.port), 5)
                connection.sendall(begin)
                connection.setblocking(False)
                self.connections.append(connection)
        self.opened, self.started = len(self.connections), time.monotonic()
        self.thread = threading.Thread(target=self.hold, daemon=True)
        self.thread.start()

    def hold(self):
        while self.connections and time.monotonic() - self.started < self.seconds:
            time.sleep(1)
            self.connections = [one for one in self.connections if self.is_open(one)]
            started = time.monotonic()
            answer = self.house.nobody().ask("GET", "/healthz", prefix="")
            self.slowest = max(self.slowest, time.monotonic() - started if answer.status == 200 else self.seconds)

    def is_open(self, connection):
        """Sends what keeps it open."""
        try:
            if self.more:
                connection.send(self.more)
            while connection.recv(65536):
                pass
        except BlockingIOError:
            return True
        except OSError:
            pass
        connection.close()
        return False

    def outcome(self):
        self.thread.join()
        left = len(self.connections)
        for connection in self.connections:
            connection.close()
        if self.opened < self.count:
            return f"only {self.opened} connections were taken"
        if self.slowest > SLOWEST_SECONDS:
            return f"others waited {self.slowest:.1f} s"
        return f"{left} are open after {self.seconds} s" if left else None


def begin_holding(house, count, with_bodies):
    """Begins all slow attacks at once; they are looked at in the end."""
    host = f"Host: 127.0.0.1:{house.port}\r\n"
    ways = [("a head that never ends, a line a second", f"GET /api/v1/me HTTP/1.1\r\n{host}".encode(), b"X: y\r\n"),
            ("a head of one letter", b"G"),
            ("nothing is said", b""), ("an answered request, and nothing after it",
                                       f"GET /healthz HTTP/1.1\r\n{host}\r\n".encode()),
            ("another protocol, begun and left", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")]
    all_of_them = [Held(house, payload, count, *way) for payload, *way in ways]
    if with_bodies:
        begun = head("POST", "/api/v1/session", [("Host", "x"), ("Content-Type", "application/json"), ("Content-Length", "8000")])
        all_of_them.append(Held(house, "a body, a byte a second", count, begun, b" ", BODY_SECONDS))
    return all_of_them


def held(house, attacks):
    """How the slow attacks ended."""
    for one in attacks:
        yield Attack("held", f"{one.count} connections: {one.payload}", lambda: house.nobody().ask("GET", "/healthz", prefix=""),
                     (200,), (), one.outcome)


def slow_readers(house, count):
    """Answers that are asked for and never read: their connections end."""
    folder = Path(f"/proc/{house.service.process.pid}/fd")

    def unread():
        before, deadline = len(list(folder.iterdir())), time.monotonic() + BODY_SECONDS
        with contextlib.ExitStack() as connections:
            for _ in range(count):
                connection = connections.enter_context(socket.socket())
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                connection.connect(("127.0.0.1", house.port))
                connection.sendall(b"GET /api/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
            while (left := len(list(folder.iterdir())) - before) > count // 10 and time.monotonic() < deadline:
                time.sleep(1)
        if left > count // 10:
            still.append(f"{left} of {count} are open after {BODY_SECONDS} s")
        return house.nobody().ask("GET", "/healthz", prefix="")
    still = []
    yield Attack("held", f"{count} answers that nobody reads", unread, (200,), (), lambda: still[0] if still else None)


def files_run_out(house):
    """More connections than the service may open files: it goes on once they are gone."""
    pid = house.service.process.pid
    before, open_now = resource.prlimit(pid, resource.RLIMIT_NOFILE), len(list(Path(f"/proc/{pid}/fd").iterdir()))

    def flooded():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_now + 20, before[1]))
        with contextlib.ExitStack() as connections:
            for _ in range(100):
                with contextlib.suppress(OSError):
                    connections.enter_context(socket.create_connection(("127.0.0.1", house.port), 1))
            time.sleep(1)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        deadline = time.monotonic() + SLOWEST_SECONDS
        while not (answer := house.ann.ask("POST", house.at("/folders"), {"name": f"after the flood {next(house.numbers)}"},
                                           seconds=2)).status:
            if time.monotonic() > deadline:
                break
        return answer
    yield Attack("held", "more connections than files", flooded, (201,))
