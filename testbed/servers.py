#!/usr/bin/env python3
"""Real PostgreSQL and MariaDB servers for tests: start, stop, status, env, clean.

Idempotent. Listens on 127.0.0.1 only, on ports of its own, and ends only what it started. Never touches a server
or a data folder of the machine.

Two folders:
  $GODWIT_CACHE/testbed   passwords, certificates, ports, and an archive of each freshly initialised data folder
  /var/tmp/godwit-…       the running servers' data, sockets, logs and pid files

The second one is not in the cache because servers that root starts run as the users postgres and mysql, and a home
folder is usually closed to them; opening it, or an ACL on it, would change the machine for good. It is named after
the cache folder, so that two caches never share servers, and its short path suits Unix sockets.
"""

import argparse
import contextlib
import fcntl
import glob
import hashlib
import json
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

USER = "godwit"
HOST = "127.0.0.1"
EXIT_MISSING_PACKAGE = 3
START_TIMEOUT_SECONDS = 120
STOP_TIMEOUT_SECONDS = 60

CACHE = Path(os.environ.get("GODWIT_CACHE") or Path.home() / ".cache" / "godwit").absolute()
STATE = CACHE / "testbed"
RUN = Path("/var/tmp") / "godwit-{}-{}".format(os.getuid(), hashlib.sha256(str(STATE).encode()).hexdigest()[:8])
BENCH = os.environ.get("GODWIT_BENCH") == "1"

# command that must be there -> Debian packages that bring it
PACKAGES = {
    "initdb": ["postgresql", "postgresql-contrib"],
    "mariadbd": ["mariadb-server"],
    "mariadb": ["mariadb-client"],
    "sqlite3": ["sqlite3"],
    "openssl": ["openssl"],
    "valgrind": ["valgrind"],
    "chromium": ["chromium", "fonts-noto-cjk"],  # what the web page is tried in
}
ZONES = Path("/usr/share/zoneinfo")


class Failure(Exception):
    """A reason to stop, worded for the person who started the script."""


def main():
    parser = argparse.ArgumentParser(description="PostgreSQL and MariaDB for tests")
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="install what is missing and start what does not run")
    start.add_argument("--reset", action="store_true", help="begin with fresh data folders")
    commands.add_parser("stop", help="stop the servers, keep their data")
    commands.add_parser("status", help="what runs where; exit code 1 unless everything runs")
    commands.add_parser("clean", help="stop the servers, remove their data and what is cached for them")
    env = commands.add_parser("env", help="how to reach the servers, as shell exports")
    env.add_argument("--json", action="store_true", help="as one JSON object")
    arguments = parser.parse_args()
    try:
        with only_one_at_a_time():
            return run(arguments)
    except Failure as failure:
        print(f"servers.py: {failure}", file=sys.stderr)
        return 1


def run(arguments):
    servers = [PostgreSql(), MariaDb()]
    if arguments.command == "start":
        missing = install_missing()
        if missing:
            print_what_to_install(missing)
            return EXIT_MISSING_PACKAGE
        make_certificates()
        for server in servers:
            server.start(reset=arguments.reset)
        print_status(servers)
        return 0
    if arguments.command == "stop":
        for server in servers:
            server.stop()
        return 0
    if arguments.command == "clean":
        for server in servers:
            server.stop()
        shutil.rmtree(RUN, ignore_errors=True)
        shutil.rmtree(STATE, ignore_errors=True)
        return 0
    if arguments.command == "status":
        print_status(servers)
        return 0 if all(server.pid() for server in servers) else 1
    return print_environment(servers, as_json=arguments.json)


def print_status(servers):
    for server in servers:
        pid = server.pid()
        where = f"runs on {HOST}:{server.port()}, process {pid}" if pid else "does not run"
        print(f"{server.title:<11} {where}; data in {server.data}")


def print_environment(servers, as_json):
    running = [server for server in servers if server.pid()]
    variables = {}
    for server in running:
        variables.update(server.environment())
    if running:
        variables["GODWIT_TEST_CA"] = str(certificate("ca.pem"))
    if as_json:
        print(json.dumps(variables, indent=2))
    else:
        for name, value in variables.items():
            print(f"export {name}={shlex.quote(str(value))}")
    return 0 if len(running) == len(servers) else 1


@contextlib.contextmanager
def only_one_at_a_time():
    STATE.mkdir(parents=True, exist_ok=True, mode=0o700)
    with open(STATE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Server:
    """What both servers share; a subclass knows how its own kind is initialised, started and asked."""

    name = title = owner_name = ""
    first_port = 0

    def __init__(self):
        self.folder = RUN / self.name
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.origin = self.folder / "origin"

    # -- the subclass's part

    def version(self):
        raise NotImplementedError

    def settings(self):
        """Everything that shapes a freshly initialised data folder, besides the version."""
        raise NotImplementedError

    def initialise(self):
        raise NotImplementedError

    def launch(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    def pid_file(self):
        raise NotImplementedError

    def environment(self):
        raise NotImplementedError

    # -- life

    def start(self, reset=False):
        make_run_folder()
        settled = self.remembered()
        if self.pid() and (reset or not settled or settled.get("template") != self.template_key()
                           or (BENCH and not settled.get("bench"))):
            self.stop()
        if self.pid():
            return
        self.prepare_folder()
        if reset or self.origin_of_data() != self.template_key():
            self.copy_template()
        try:
            self.start_once()
        except Failure as failure:
            print(f"{self.title} does not start with its data, begins anew: {failure}", file=sys.stderr)
            self.stop()
            self.copy_template()
            self.start_once()

    def start_once(self):
        port = free_port(self.remembered().get("port") or self.first_port)
        self.remember({"port": port, "bench": BENCH, "template": self.template_key()})
        self.refresh_certificates()
        self.launch()
        self.wait_for(self.answers)

    def wait_for(self, condition):
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not condition():
            if time.monotonic() > deadline or self.launched_process_ended():
                raise Failure(f"{self.title} did not come up; the end of {self.log}:\n{self.end_of_log()}")
            time.sleep(0.1)

    def launched_process_ended(self):
        return False

    def stop(self):
        pid = self.pid()
        if not pid:
            return
        os.kill(pid, self.stop_signal)
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while self.pid() == pid:
            if time.monotonic() > deadline:
                raise Failure(f"{self.title} (process {pid}) does not end")
            time.sleep(0.1)

    def pid(self):
        """The process id from the pid file, if that process is this server with this data folder."""
        try:
            pid = int(self.pid_file().read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError, IndexError):
            return None
        program = os.path.basename(command[0].decode(errors="replace"))
        mentions_data = any(str(self.data).encode() in argument for argument in command)
        return pid if state != "Z" and program == self.program and mentions_data else None

    def end_of_log(self):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return "(no log)"

    # -- data folder and its template

    def template_key(self):
        seed = json.dumps([self.version(), self.settings(), hashlib.sha256(password().encode()).hexdigest()])
        return hashlib.sha256(seed.encode()).hexdigest()[:16]

    def template(self):
        return STATE / "templates" / f"{self.name}-{self.template_key()}.tar.gz"

    def copy_template(self):
        remove_folder(self.data)
        self.origin.unlink(missing_ok=True)
        if self.template().exists():
            call(["tar", "--extract", "--gzip", "--same-owner", "--file", self.template(), "--directory", self.folder])
        else:
            self.make_template()
        self.origin.write_text(self.template_key())

    def make_template(self):
        print(f"initialises {self.title} {self.version()}", file=sys.stderr)
        self.initialise()
        self.template().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for old in self.template().parent.glob(f"{self.name}-*"):
            old.unlink()
        unfinished = self.template().with_suffix(".unfinished")
        call(["tar", "--create", "--gzip", "--sparse", "--file", unfinished, "--directory", self.folder, "data"])
        unfinished.rename(self.template())

    def origin_of_data(self):
        try:
            return self.origin.read_text() if self.data.is_dir() else None
        except OSError:
            return None

    def prepare_folder(self):
        self.folder.mkdir(exist_ok=True, mode=0o755)
        own(self.folder, self.owner())
        self.log.touch()
        own(self.log, self.owner())

    def refresh_certificates(self):
        for name in ("ca.pem", "server.pem", "server.key"):
            copy = self.folder / name
            shutil.copyfile(certificate(name), copy)
            copy.chmod(0o600)
            own(copy, self.owner())

    def owner(self):
        """The user that the server runs as: its packaged one under root (both refuse root), else whoever asks."""
        return pwd.getpwnam(self.owner_name) if os.getuid() == 0 else pwd.getpwuid(os.getuid())

    def as_owner(self, command):
        return ["runuser", "-u", self.owner_name, "--", *command] if os.getuid() == 0 else list(command)

    # -- what is remembered between calls

    def port(self):
        return self.remembered().get("port")

    def remembered(self):
        try:
            return json.loads((STATE / f"{self.name}.json").read_text())
        except (OSError, ValueError):
            return {}

    def remember(self, facts):
        (STATE / f"{self.name}.json").write_text(json.dumps(facts))


class PostgreSql(Server):
    name, title, program, owner_name = "postgres", "PostgreSQL", "postgres", "postgres"
    first_port = 54329
    stop_signal = signal.SIGINT  # "fast": does not wait for clients

    configuration = [
        "shared_buffers = '1GB'",
        "max_wal_size = '8GB'",
        "synchronous_commit = off",
        "max_connections = 200",
        "password_encryption = 'scram-sha-256'",
        "ssl = on",
    ]
    authentication = ["local all all scram-sha-256", "host all all 127.0.0.1/32 scram-sha-256"]
    initdb_options = [f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256"]

    def version(self):
        return output([self.tool("postgres"), "--version"])

    def settings(self):
        return [self.configuration, self.authentication, self.initdb_options]

    def tool(self, name):
        return postgres_tool(name)

    def initialise(self):
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        own(secret, self.owner())
        secret.write_text(password())
        try:
            call(self.as_owner([self.tool("initdb"), f"--pgdata={self.data}", f"--pwfile={secret}",
                                *self.initdb_options]))
        finally:
            secret.unlink()
        paths = [f"ssl_ca_file = '{self.folder}/ca.pem'", f"ssl_cert_file = '{self.folder}/server.pem'",
                 f"ssl_key_file = '{self.folder}/server.key'", f"unix_socket_directories = '{self.folder}'",
                 f"listen_addresses = '{HOST}'"]
        with open(self.data / "postgresql.conf", "a") as file:
            file.write("\n".join(["", *self.configuration, *paths, ""]))
        (self.data / "pg_hba.conf").write_text("\n".join([*self.authentication, ""]))

    def launch(self):
        self.remove_stale_locks()
        command = self.as_owner([self.tool("pg_ctl"), "start", "--wait", f"--timeout={START_TIMEOUT_SECONDS}",
                                 f"--pgdata={self.data}", f"--log={self.log}", f"--options=-p {self.port()}"])
        result = subprocess.run(list(map(str, command)), cwd="/", stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if result.returncode:
            raise Failure(f"pg_ctl start failed; the end of {self.log}:\n{self.end_of_log()}")

    def remove_stale_locks(self):
        """A server that was killed leaves locks naming a process that may linger; they go once its children have."""
        deadline = time.monotonic() + STOP_TIMEOUT_SECONDS
        while any(works_in(self.data)):
            if time.monotonic() > deadline:
                raise Failure(f"processes of an earlier server still work in {self.data}")
            time.sleep(0.1)
        self.pid_file().unlink(missing_ok=True)
        for lock in self.folder.glob(".s.PGSQL.*"):
            lock.unlink()

    def answers(self):
        command = ["psql", "-X", "-A", "-t", "-h", HOST, "-p", self.port(), "-U", USER, "-d", "postgres", "-c",
                   "SELECT 1"]
        return succeeds(command, PGPASSWORD=password(), PGCONNECT_TIMEOUT="5")

    def pid_file(self):
        return self.data / "postmaster.pid"

    def environment(self):
        prefix = "GODWIT_TEST_POSTGRES_"
        return {prefix + "HOST": HOST, prefix + "PORT": self.port(), prefix + "USER": USER,
                prefix + "PASSWORD": password()}


class MariaDb(Server):
    name, title, program, owner_name = "mysql", "MariaDB", "mariadbd", "mysql"
    first_port = 33069
    stop_signal = signal.SIGTERM

    options = [
        "--innodb-flush-log-at-trx-commit=2",
        "--character-set-server=utf8mb4",
        "--max-connections=300",
        "--max-allowed-packet=1G",
        "--local-infile=1",
        "--skip-name-resolve",
    ]
    install_options = ["--skip-test-db", "--auth-root-authentication-method=normal"]

    def __init__(self):
        super().__init__()
        self.process = None
        self.socket = self.folder / "mysql.sock"

    def version(self):
        return output([program_path("mariadbd"), "--version"])

    def settings(self):
        return [self.options, self.install_options, self.users("")]

    @staticmethod
    def users(secret):
        return (f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{secret}';\n"
                f"GRANT ALL PRIVILEGES ON *.* TO '{USER}'@'%' WITH GRANT OPTION;\n"
                "ALTER USER 'root'@'localhost' IDENTIFIED VIA unix_socket;\n"
                "DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');\n"
                "FLUSH PRIVILEGES;\n")

    def initialise(self):
        install = [program_path("mariadb-install-db"), "--no-defaults", f"--datadir={self.data}", *self.install_options]
        call(install + ([f"--user={self.owner_name}"] if os.getuid() == 0 else []))
        self.refresh_certificates()
        self.run_server(["--skip-networking"])
        try:
            self.wait_for(self.reachable_as_root)
            zones = subprocess.run([program_path("mariadb-tzinfo-to-sql"), ZONES], check=True, capture_output=True,
                                   stdin=subprocess.DEVNULL).stdout
            self.root_sql(b"USE mysql;\n" + zones)
            self.root_sql(self.users(password()).encode())
        finally:
            self.stop()

    def reachable_as_root(self):
        return succeeds([*self.root_client(), "-e", "SELECT 1"])

    def root_client(self):
        return [program_path("mariadb"), "--no-defaults", f"--socket={self.socket}", "--user=root",
                "--skip-password"]

    def root_sql(self, sql):
        result = subprocess.run(list(map(str, self.root_client())), input=sql, capture_output=True, check=False)
        if result.returncode:
            raise Failure(f"{self.title} refused its set-up: {result.stderr.decode(errors='replace')}")

    def launch(self):
        pool = "3G" if BENCH else "1G"
        self.run_server([f"--bind-address={HOST}", f"--port={self.port()}", f"--innodb-buffer-pool-size={pool}"])

    def run_server(self, options):
        command = [program_path("mariadbd"), "--no-defaults", f"--datadir={self.data}", f"--socket={self.socket}",
                   f"--pid-file={self.pid_file()}", f"--ssl-ca={self.folder}/ca.pem",
                   f"--ssl-cert={self.folder}/server.pem", f"--ssl-key={self.folder}/server.key",
                   *self.options, *options]
        if os.getuid() == 0:
            command.append(f"--user={self.owner_name}")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(list(map(str, command)), cwd="/", stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True)

    def launched_process_ended(self):
        return self.process is not None and self.process.poll() is not None

    def stop(self):
        super().stop()
        if self.process is not None:
            self.process.wait()
            self.process = None

    def answers(self):
        command = [program_path("mariadb"), "--no-defaults", "--protocol=tcp", f"--host={HOST}", f"--port={self.port()}",
                   f"--user={USER}", "-e", "SELECT 1"]
        return succeeds(command, MYSQL_PWD=password())

    def pid_file(self):
        return self.folder / "server.pid"

    def environment(self):
        prefix = "GODWIT_TEST_MYSQL_"
        return {prefix + "HOST": HOST, prefix + "PORT": self.port(), prefix + "USER": USER,
                prefix + "PASSWORD": password(), prefix + "SOCKET": str(self.socket)}


def install_missing():
    """Installs the packages whose commands are missing; returns those that are missing still."""
    missing = missing_packages()
    if missing and os.getuid() == 0 and program_path("apt-get"):
        print(f"installs with apt-get: {' '.join(missing)}", file=sys.stderr)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
            subprocess.run(["apt-get", "-q", *arguments], env=environment, stdin=subprocess.DEVNULL,
                           stdout=sys.stderr, check=False)
        missing = missing_packages()
    return missing


def missing_packages():
    packages = []
    for command, wanted in PACKAGES.items():
        found = postgres_tool(command) if command == "initdb" else program_path(command)
        packages += [] if found else wanted
    return packages + ([] if (ZONES / "UTC").exists() else ["tzdata"])


def print_what_to_install(missing):
    print("servers.py: these packages are missing and only root can install them:\n"
          f"    sudo apt-get install -y {' '.join(missing)}", file=sys.stderr)


def postgres_tool(name):
    """Debian keeps the server's programs out of PATH, by version; the newest one counts."""
    folders = glob.glob("/usr/lib/postgresql/*/bin")
    folders.sort(key=lambda folder: [int(part) for part in folder.split("/")[4].split(".") if part.isdigit()])
    return shutil.which(name, path=os.pathsep.join(reversed(folders))) or shutil.which(name)


def program_path(name):
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")


def make_run_folder():
    """/var/tmp is open to all: a folder of that name which is not ours is refused, not used."""
    RUN.mkdir(mode=0o755, exist_ok=True)
    if RUN.is_symlink() or RUN.stat().st_uid != os.getuid():
        raise Failure(f"{RUN} belongs to somebody else")
    RUN.chmod(0o755)


def works_in(folder):
    """The processes whose working folder this is."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "cwd") == str(folder):
                yield int(process.name)


def remove_folder(folder):
    if folder.is_dir():
        shutil.rmtree(folder)


def own(path, owner):
    if os.getuid() == 0:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def password():
    """One random password for both servers, made at first use. Hex, so that it needs no quoting anywhere."""
    path = STATE / "password"
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(12))
    return path.read_text()


def certificate(name):
    return STATE / "tls" / name


def make_certificates():
    """A certificate authority of our own and one server certificate for localhost, made once."""
    if certificate("server.pem").exists():
        return
    folder = certificate("")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    extensions = folder / "extensions"
    extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n"
                          "extendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n")
    call(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=Godwit test CA",
          "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
          "-keyout", folder / "ca.key", "-out", folder / "ca.pem"])
    call(["openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
          "-keyout", folder / "server.key", "-out", folder / "server.csr"])
    call(["openssl", "x509", "-req", "-days", "3650", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
          "-CAcreateserial", "-extfile", extensions, "-in", folder / "server.csr", "-out", folder / "server.unfinished"])
    (folder / "server.unfinished").rename(certificate("server.pem"))


def free_port(wanted):
    for port in range(wanted, wanted + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
    raise Failure(f"no free port from {wanted} on")


def call(command):
    result = subprocess.run(list(map(str, command)), cwd="/", stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if result.returncode:
        text = (result.stdout + result.stderr).decode(errors="replace").strip()
        raise Failure(f"{os.path.basename(str(command[0]))} failed: {text}")


def output(command):
    return subprocess.run(list(map(str, command)), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          check=True).stdout.decode().strip()


def succeeds(command, **environment):
    return subprocess.run(list(map(str, command)), cwd="/", env={**os.environ, **environment},
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
