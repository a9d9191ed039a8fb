"""Attacks by what stands where a data source should: servers that say what is to be shown, never answer, or ask for files."""

import contextlib
import re
import socketserver
import struct
import threading
import time
from pathlib import Path

from prove.attacks.attack import Attack, shown
from prove.attacks.bodies import MIB, RESIDENT_BYTES
from prove.attacks.network import options

MARK = "internal-build-7f3a"
LONGEST_MESSAGE = 4000
SECONDS = 15  # the connection's timeout is 1 s, and there may be several


def greeting(version=MARK.encode(), salt=b"12345678123456789012"):
    """What a MySQL server begins with."""
    return packet(b"\x0a" + version + b"\0" + struct.pack("<I", 7) + salt[:8] + b"\0" + struct.pack("<H", 0xf7ff) + b"\x21\x02\0"
                  + struct.pack("<H", 0x8081) + b"\x15" + b"\0" * 10 + salt[8:] + b"\0" + b"mysql_native_password\0", 0)


def packet(content, number):
    return struct.pack("<I", len(content))[:3] + bytes([number]) + content


def refusal(message, code=1045):
    return b"\xff" + struct.pack("<H", code) + b"#28000" + message


def error(message, code=b"28P01"):
    """An error of a PostgreSQL server."""
    fields = b"SFATAL\0VFATAL\0C" + code + b"\0M" + message + b"\0D" + MARK.encode() + b" of a row\0\0"
    return b"E" + struct.pack(">I", len(fields) + 4) + fields


LONG = b"x" * (2 * MIB)
ESCAPES = b"\x1b[31mred\x07\r\nSet-Cookie: x=y <script>alert(1)</script> \xe2\x80\xae"
# What each says at once, before or after the client's first words.
SAY = {
    "a mail server": b"220 " + MARK.encode() + b" ESMTP ready\r\n", "a shell": b"SSH-2.0-OpenSSH_9.9 " + MARK.encode() + b"\r\n",
    "a web server": b"HTTP/1.1 200 OK\r\nServer: " + MARK.encode() + b"\r\nContent-Length: 2\r\n\r\nok",
    "a cache": b"-ERR " + MARK.encode() + b"\r\n",
    "noise": bytes(range(256)) * 64, "zeros": b"\0" * 100_000, "nothing, and hangs up": b"", "a byte": b"N",
    "a PostgreSQL error with escapes": b"" + error(ESCAPES), "a PostgreSQL error of MiB": error(LONG),
    "a PostgreSQL error of no text": error(b"\xff\xfe"),
    "a PostgreSQL length beyond all": b"E\x7f\xff\xff\xff" + b"x" * 1000, "a PostgreSQL length below all": b"E\0\0\0\0",
    "a negative PostgreSQL length": b"R\xff\xff\xff\xff",
    "an unknown PostgreSQL login": b"R\0\0\0\x08\0\0\0\x63",
    "a PostgreSQL login without end": (b"R\0\0\0\x0c\0\0\0\x05abcd") * 10_000,
    "a PostgreSQL server that is ready at once": b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I" * 3,
    "a MySQL error with escapes": packet(refusal(ESCAPES), 0), "a MySQL error of MiB": packet(refusal(LONG), 0),
    "a MySQL error of no text": packet(refusal(b"\xff\xfe"), 0),
    "a MySQL greeting and no more": greeting(), "a MySQL greeting of MiB": greeting(LONG),
    "a short MySQL greeting": packet(b"\x0a5.7\0", 0),
    "another MySQL protocol": packet(b"\x09" + MARK.encode() + b"\0", 0),
    "MySQL packets without end": packet(b"\0" * 0xfffffe, 0) * 2,
}


class Rogues:
    """One server that is told before each visit what it is to be."""

    def __init__(self, work):
        self.say, self.then, self.heard = b"", None, b""
        rogues = self

        class Visit(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    self.request.settimeout(8)
                    rogues.receive(self.request)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Visit)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        work.at_the_end(self.server.shutdown)

    def receive(self, connection):
        connection.sendall(self.say)
        if self.then:
            self.then(connection)

    def hear(self, connection):
        heard = connection.recv(65536)
        self.heard += heard
        return heard


def silent(rogues):
    return lambda connection: time.sleep(8)


def endless(rogues):
    def send(connection):
        for _ in range(2000):
            connection.sendall(b"\0" * MIB)
    return send


def asks_for_a_file(rogues):
    """A MySQL server that lets everybody in, and answers each question by asking for a file of the client's."""
    def converse(connection):
        rogues.hear(connection)
        connection.sendall(packet(b"\0\0\0\2\0\0\0", 2))
        for _ in range(6):
            if not rogues.hear(connection):
                return
            connection.sendall(packet(b"\xfb/etc/passwd", 1))
            rogues.hear(connection)
            connection.sendall(packet(b"\0\0\0\2\0\0\0", 3))
    return converse


def asks_in_clear(rogues):
    """A MySQL server that asks for the password in clear."""
    def converse(connection):
        rogues.hear(connection)
        connection.sendall(packet(b"\xfemysql_clear_password\0", 2))
        rogues.hear(connection)
    return converse


def rogue_servers(house, rogues):
    """A test of a data source at each of them, and what came of it."""
    sources = f"/projects/{house.mine.id}/data-sources"

    def visited(kind, say, then=None):
        rogues.say, rogues.then, rogues.heard = say, then, b""
        body = options(kind, "127.0.0.1", rogues.port)
        body["options"] |= {"password": "the-password-itself", "tls": {"mode": "disable"}}
        started = time.monotonic()
        answer = house.mallory.ask("POST", f"{sources}/test", {"data-source": body})
        rogues.took = time.monotonic() - started
        return answer

    def tells(answer):
        if (answer.json or {}).get("reachable") is not False:
            return f"it is taken for a database: {shown(answer)}"
        told = " ".join(f"{one['message']} {one.get('hint')}" for one in answer.json["findings"])
        if MARK in answer.text:
            return f"it shows what stands there: {shown(answer)}"
        if len(told) > LONGEST_MESSAGE or re.search(r"[\x00-\x1f\x7f\u202e]", told):
            return f"{len(told)} characters of it are shown, as they are: {told[:300]!r}"
        if rogues.took > SECONDS:
            return f"it took {rogues.took:.1f} s"
        if b"root:" in rogues.heard or b"the-password-itself" in rogues.heard:
            return "it was told more than it may be"
        status = Path(f"/proc/{house.service.process.pid}/status").read_text(encoding="utf-8")
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024
        return f"the service grew to {peak // MIB} MiB" if peak > RESIDENT_BYTES else None
    for kind in ("postgresql", "mysql"):
        for payload, say in SAY.items():
            yield Attack("rogue", f"{kind}: {payload}", lambda: visited(kind, say), (200,), tells=tells)
        for payload, then in (("silence", silent), ("data without end", endless)):
            yield Attack("rogue", f"{kind}: {payload}", lambda: visited(kind, b"", then(rogues)), (200,), tells=tells)
    for payload, then in (("asks for a file", asks_for_a_file), ("asks for the password in clear", asks_in_clear)):
        yield Attack("rogue", f"mysql: {payload}", lambda: visited("mysql", greeting(b"8.0.40"), then(rogues)), (200,),
                     tells=tells)
