"""Attacks on what a service can reach and its attackers cannot: this machine, its own ports, clouds' metadata."""

import contextlib
import shutil
import socket
import socketserver
import subprocess
import threading

from prove.attacks.attack import Attack, shown
from prove.claim import Missing

DENIED = ("NOT_VALID",)
SAYS = r"options\.host: .*(may not be connected to|is a name, an address|is empty|holds a blank)"
# Ways to write this machine itself.
LOOPBACK = ["127.0.0.1", "127.1", "127.0.1", "127.0.0.2", "127.255.255.254", "2130706433", "0x7f000001", "0x7F000001",
            "0x7f.1", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "0177.1", "017700000001", "00177.0.0.1", "127.0.0.01",
            "localhost", "LOCALHOST", "LocalHost", "::1", "[::1]", "0:0:0:0:0:0:0:1", "0000::0001", "::0001",
            "::ffff:127.0.0.1", "[::ffff:127.0.0.1]", "::ffff:7f00:1", "::FFFF:7F00:0001", "0:0:0:0:0:ffff:127.0.0.1",
            "::127.0.0.1", "::7f00:1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1",
            "2002:7f00:1::", "2002:7f00:0001::1", "2001:0:7f00:1::", "2001:0:0:0:0:0:80ff:fffe", "fe80::5efe:127.0.0.1",
            "0.0.0.0", "0", "0x0", "00.00.00.00", "0.0.0.1", "::", "[::]", "::ffff:0.0.0.0"]
# Ways to write what is never a database's.
SPECIAL = ["169.254.169.254", "169.254.0.1", "169.254.170.2", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376",
           "169.254.43518", "::ffff:169.254.169.254", "[::ffff:a9fe:a9fe]", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
           "fe80::1", "febf::1", "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
           "224.0.0.1", "239.255.255.255", "ff02::1", "ff01::1", "255.255.255.255", "240.0.0.1", "254.1.1.1"]
# What is no host at all.
WRITTEN = ["http://127.0.0.1", "user@127.0.0.1", "user:password@127.0.0.1", "127.0.0.1/x", "//127.0.0.1", "127.0.0.1\\x",
           "127.0.0.1\t", " 127.0.0.1", "127.0.0.1\n", "127.0.0.1\r\nX: y", "127.0.0.1\0", "127.0.0.1\0.example",
           "localhost\0", "", " ", "/var/run/postgresql", "/tmp", "./socket", "unix:/tmp/x", "file:///etc/passwd",
           "\\\\127.0.0.1\\share"]
# Names that lead nowhere, or there where a resolver reads more than it should.
NOWHERE = ["127.0.0.1.", "localhost.", "::1%lo", "::1%1", "fe80::1%lo", "127.0.0.1.nip.invalid", "①②⑦.⓪.⓪.①", "127。0。0。1",
           "１２７.0.0.1", "127.0.0.1%00", "127.0.0.1%2e", "127.0.0.1#", "127.0.0.1?", "127.0.0.1;", "127.0.0.1,10.0.0.1",
           "0x7f.0.0.0x1g", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "-127.0.0.1", "127..0.0.1", "[127.0.0.1", "127.0.0.1]", "1e9", "999999999999",
           "localhost:", "xn--n3h", "$(hostname)", "`hostname`", "a" * 300]


class Decoy:
    """Listens on this machine, counts who comes, and says who it is."""

    BANNER = b"220 internal-mail-7f3a ESMTP ready\r\n"

    def __init__(self, work):
        visits = self.visits = []

        class Visit(socketserver.BaseRequestHandler):
            def handle(self):
                visits.append(self.client_address)
                with contextlib.suppress(OSError):
                    self.request.sendall(Decoy.BANNER)

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Visit)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        work.at_the_end(self.server.shutdown)

    def visited(self):
        """Whether anybody came since it was asked the last time."""
        count = len(self.visits)
        del self.visits[:count]
        return f"this machine was connected to {count} times" if count else None


def options(kind, host, port):
    return {"type": kind, "options": {"host": host, "port": port, "database": "x", "user": "x", "password": "x",
                                      "connect-timeout-seconds": 1}}


def places(house, decoy):
    """Data sources that would lead to where none may."""
    sources = f"/projects/{house.mine.id}/data-sources"
    names = [name for name in names_of_this_machine() if name not in LOOPBACK]
    for host in LOOPBACK + names + SPECIAL + WRITTEN:
        for kind in ("postgresql", "mysql"):
            yield Attack("place", f"{kind} at {host!r}",
                         lambda: house.mallory.ask("POST", sources,
                                                   {"name": f"place-{next(house.numbers)}", **options(kind, host, decoy.port)}),
                         (422,), DENIED, decoy.visited, SAYS)
        yield Attack("place", f"a test of {host!r}",
                     lambda: house.mallory.ask("POST", f"{sources}/test", {"data-source": options("mysql", host, decoy.port)}),
                     (200,), (), decoy.visited, tells=reveals)
    for host in NOWHERE:
        yield Attack("place", f"a test of {host!r}",
                     lambda: house.mallory.ask("POST", f"{sources}/test",
                                               {"data-source": options("postgresql", host, decoy.port)}), (200,), (),
                     decoy.visited, tells=reveals)
    yield from changed_places(house, decoy, sources)


def changed_places(house, decoy, sources):
    """A place that is right at first, and led elsewhere by an edit, by development or by another port."""
    made = house.mallory.ask("POST", sources, {"name": "moved", **options("postgresql", "192.0.2.1", 5432)}).json
    one = f"{sources}/{made['id']}"
    for host in ("127.0.0.1", "localhost", "::ffff:127.0.0.1", "169.254.169.254", "0"):
        body = {"name": "moved", **options("postgresql", host, decoy.port)}
        yield Attack("place", f"an edit to {host}", lambda: house.mallory.ask("PUT", one, body, {"If-Match": '"1"'}), (422,),
                     DENIED, decoy.visited, SAYS)
        body = {"data-source": {**options("postgresql", "192.0.2.1", 5432), "development": {"host": host, "port": decoy.port}}}
        yield Attack("place", f"{host} in development", lambda: house.mallory.ask("POST", f"{sources}/test", body), (200,), (),
                     decoy.visited, tells=reveals)


def webhooks(house, decoy):
    """Addresses that alerts would be posted to."""
    alerts = f"/projects/{house.mine.id}/alerts"
    hosts = [f"[{host}]" if ":" in host and "[" not in host else host for host in LOOPBACK + SPECIAL]
    addresses = [f"http://{host}:{decoy.port}/x" for host in hosts] + [
        f"http://user:password@127.0.0.1:{decoy.port}/", f"http://192.0.2.1@127.0.0.1:{decoy.port}/",
        f"http://127.0.0.1:{decoy.port}#@192.0.2.1/",
        f"http://127.0.0.1:{decoy.port}\\@192.0.2.1/", f"http:127.0.0.1:{decoy.port}", f"http:///127.0.0.1:{decoy.port}/",
        f"http://①②⑦.⓪.⓪.①:{decoy.port}/",
        f"http://127。0。0。1:{decoy.port}/", f"http://%31%32%37.0.0.1:{decoy.port}/", f"https://localhost:{decoy.port}/",
        f"HTTP://LOCALHOST:{decoy.port}/",
        f"file:///etc/passwd", f"gopher://127.0.0.1:{decoy.port}/_x", f"ftp://127.0.0.1:{decoy.port}/",
        f"dict://127.0.0.1:{decoy.port}/", "javascript:alert(1)",
        "data:text/plain,x", "http://", "//127.0.0.1/", "127.0.0.1", "", "http://[::1", "http://127.0.0.1:99999/",
        "unix:///tmp/x", f"ws://127.0.0.1:{decoy.port}/"]
    for address in addresses:
        yield Attack("webhook", address,
                     lambda: house.mallory.ask("POST", alerts,
                                               {"name": f"hook-{next(house.numbers)}", "on": ["failed"], "webhook": address}),
                     (422,), ("NOT_VALID",), decoy.visited,
                     "may not be connected to|is no URL|is neither http nor https|names no host|is empty")


def names_of_this_machine():
    """Names that lead to loopback here, by its hosts file and its own name."""
    names = {socket.gethostname(), "ip6-localhost", "ip6-loopback"}
    with contextlib.suppress(OSError), open("/etc/hosts", encoding="utf-8") as hosts:
        for line in hosts:
            address, *known = line.partition("#")[0].split() or [""]
            names |= set(known) if address in ("::1",) or address.startswith("127.") else set()

    def leads_here(name):
        with contextlib.suppress(OSError):
            return all(found[4][0].startswith(("127.", "::1")) for found in socket.getaddrinfo(name, 1))
        return False
    return sorted(name for name in names if leads_here(name))


def reveals(answer):
    """What the answer to a test tells of who listens there."""
    if (answer.json or {}).get("reachable") is not False:
        return f"reached: {shown(answer)}"
    return f"it tells who listens there: {shown(answer)}" if Decoy.BANNER.decode().split()[1] in answer.text else None


def own_ports(house, decoy):
    """Where this machine may be reached, the service's own port is closed all the same."""
    sources = f"/projects/{house.mine.id}/data-sources"
    for host in ("127.0.0.1", "127.1", "localhost", "2130706433", "::ffff:127.0.0.1", "[::ffff:7f00:1]", "64:ff9b::7f00:1",
                 "0177.0.0.1"):
        for kind in ("postgresql", "mysql"):
            yield Attack("own port", f"{kind} at {host}",
                         lambda: house.mallory.ask("POST", sources,
                                                   {"name": f"own-{next(house.numbers)}", **options(kind, host, house.port)}),
                         (422,), DENIED, decoy.visited, SAYS)
    for host in ("169.254.169.254", "0.0.0.0", "224.0.0.1", "::"):
        yield Attack("own port", f"{host}, where loopback is open",
                     lambda: house.mallory.ask("POST", sources,
                                               {"name": f"own-{next(house.numbers)}", **options("mysql", host, decoy.port)}),
                     (422,), DENIED, decoy.visited, SAYS)


# A name server of an attacker's: what begins with a digit leads elsewhere, or nowhere, as often, and here from then on.
LYING = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int (*lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static int ends(const char *text, const char *end) {
    size_t all = strlen(text), last = strlen(end);
    return all >= last && !strcmp(text + all - last, end);
}

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    static int elsewhere[256][10], nowhere[256][10];
    lookup real = (lookup)dlsym(RTLD_NEXT, "getaddrinfo");
    if (node && ends(node, ".example")) {
        int times = (node[0] - '0') % 10;
        if (ends(node, ".late.example") && nowhere[(int)node[2]][times]++ < times) return EAI_NONAME;
        int away = ends(node, ".turning.example") && elsewhere[(int)node[2]][times]++ < times;
        node = away ? "192.0.2.1" : ends(node, "metadata.example") ? "169.254.169.254" : "127.0.0.1";
    }
    return real(node, service, hints, found);
}
"""


def lying_names(folder):
    """The environment of a process that asks an attacker's name server."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise Missing("there is no C compiler, to stand in for an attacker's name server")
    source, library = folder / "lying.c", folder / "lying.so"
    source.write_text(LYING, encoding="utf-8")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}


def lying(house, decoy):
    """Names that lead here, and names that lead elsewhere when they are looked at and here when they are connected to."""
    sources = f"/projects/{house.mine.id}/data-sources"
    for host in ("here.example", "metadata.example"):
        yield Attack("name", f"{host} leads to where none may",
                     lambda: house.mallory.ask("POST", sources,
                                               {"name": f"name-{next(house.numbers)}", **options("mysql", host, decoy.port)}),
                     (422,), DENIED, decoy.visited, SAYS)
    for kind in ("postgresql", "mysql"):
        for how in ("turning", "late"):
            for times in range(1, 6):
                host = f"{times}.{kind}.{how}.example"
                yield Attack("name", f"{kind} at a name that is {how} {times} times",
                             lambda: house.mallory.ask("POST", f"{sources}/test",
                                                       {"data-source": options(kind, host, decoy.port)}), (200,), (),
                             decoy.visited, tells=reveals)
