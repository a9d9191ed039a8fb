"""Source databases, each claim's its own, reached through psql, mariadb and sqlite3 alone."""

import os
import queue
import subprocess
import threading

from prove.claim import Missing


def servers(work):
    """Both servers with a fresh database of the claim's own."""
    return PostgreSql(work), MariaDb(work)


def client(command, text, environment):
    result = subprocess.run(command, input=text.encode(), capture_output=True, check=False,
                            env={**os.environ, **environment})
    if result.returncode:
        raise RuntimeError(f"{command[0]}: {result.stderr.decode(errors='replace').strip()[:500]}")
    return result.stdout.decode()


class Server:
    """One database on a server, dropped when its claim ends."""

    prefix = kind = ""

    def __init__(self, work, suffix=""):
        self.reach("prove_" + work.name.replace("-", "_") + suffix)
        self.drop()
        self.create()
        work.at_the_end(self.drop)

    @classmethod
    def kept(cls, database):
        """A database that nobody drops, and that may not be there yet."""
        server = cls.__new__(cls)
        server.reach(database)
        return server

    def reach(self, database):
        values = {word: os.environ.get(f"{self.prefix}_{word}") for word in ("HOST", "PORT", "USER", "PASSWORD")}
        if not all(values.values()):
            raise Missing(f"{self.prefix}_HOST and the like are not set: start the servers with make testbed")
        self.host, self.port, self.user, self.password = values.values()
        self.database = database

    def query(self, sql):
        """Rows of texts."""
        return [line.split("\t") for line in self.execute(sql).splitlines()]

    def connection(self):
        return {"type": self.kind, "host": self.host, "port": int(self.port), "database": self.database,
                "user": self.user, "password": f"${{env:{self.prefix}_PASSWORD}}"}

    def options(self):
        return {}

    def table(self, name):
        return name


class PostgreSql(Server):
    prefix, kind, title = "GODWIT_TEST_POSTGRES", "postgresql", "PostgreSQL"

    def command(self, database=None, *more):
        return ["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-h", self.host, "-p", self.port, "-U", self.user,
                "-d", database or self.database, *more]

    def execute(self, sql, database=None):
        return client(self.command(database, "-v", "ON_ERROR_STOP=1"), sql,
                      {"PGPASSWORD": self.password, "PGOPTIONS": "-c client_min_messages=warning -c timezone=UTC"})

    def create(self):
        self.execute(f"CREATE DATABASE {self.database} TEMPLATE template0 ENCODING 'UTF8'", "postgres")

    def drop(self):
        self.execute(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)", "postgres")

    def session(self):
        return Session(self.command(), {"PGPASSWORD": self.password}, "\\echo {}\n")

    def sessions(self):
        """What is at work in this database beside those who ask."""
        return self.query("SELECT pid, state, left(query, 80) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                          f"AND datname = '{self.database}' AND backend_type = 'client backend'")

    def options(self):
        return {"schemas": ["public"]}

    def table(self, name):
        return f"public.{name}"

    def url(self):
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    def spacious(self, table):
        """Makes a table take ten times the room that its rows need, so that it is read in several splits."""
        return f"ALTER TABLE {table} SET (fillfactor = 10);"

    def analyze(self, table):
        return f"ANALYZE {table};"

    def numbers(self, count):
        """A FROM item whose column n counts from 1."""
        return f"(SELECT g AS n FROM generate_series(1, {count}) g) numbers"

    def load_csv(self, table, path):
        self.execute(f"\\copy {table} FROM '{path}' (FORMAT csv)\n")


class MariaDb(Server):
    prefix, kind, title = "GODWIT_TEST_MYSQL", "mysql", "MariaDB"

    def command(self, database=None, *more):
        return ["mariadb", "--no-defaults", "--protocol=tcp", f"--host={self.host}", f"--port={self.port}",
                f"--user={self.user}", "--default-character-set=utf8mb4", "--batch", "--skip-column-names",
                "--local-infile=1", "--init-command=SET time_zone='+00:00'", *more,
                self.database if database is None else database]

    def execute(self, sql, database=None):
        return client(self.command(database), sql, {"MYSQL_PWD": self.password})

    def create(self):
        """With a user of its own, by whom its sessions are told from others."""
        self.execute(f"CREATE DATABASE {self.database} CHARACTER SET utf8mb4;"
                     f"CREATE USER {self.database} IDENTIFIED BY '{self.password}';"
                     f"GRANT ALL ON *.* TO {self.database};", "mysql")

    def drop(self):
        self.execute(f"DROP DATABASE IF EXISTS {self.database}; DROP USER IF EXISTS {self.database};", "mysql")

    def connection(self):
        return {**super().connection(), "user": self.database}

    def session(self):
        return Session(self.command(None, "--unbuffered", "--force"), {"MYSQL_PWD": self.password}, "SELECT '{}';\n")

    def sessions(self):
        return self.query("SELECT id, command, LEFT(info, 80) FROM information_schema.processlist "
                          f"WHERE user = '{self.database}'")

    def url(self):
        return f"mysql://{self.user}@{self.host}:{self.port}/{self.database}"

    def spacious(self, table):
        return f"ALTER TABLE {table} ADD COLUMN padding varchar(3600) NOT NULL DEFAULT (repeat('x', 3600));"

    def analyze(self, table):
        return f"ANALYZE TABLE {table};"

    def numbers(self, count):
        return f"(SELECT seq AS n FROM seq_1_to_{count}) numbers"

    def load_csv(self, table, path):
        self.execute(f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE {table} FIELDS TERMINATED BY ',' "
                     "OPTIONALLY ENCLOSED BY '\"' ESCAPED BY '' LINES TERMINATED BY '\\n'; SHOW WARNINGS;")


class Sqlite:
    kind, title = "sqlite", "SQLite"

    def __init__(self, path):
        self.path = path

    def connection(self):
        return {"type": "sqlite", "path": str(self.path)}

    def options(self):
        return {}

    def table(self, name):
        return name

    def url(self):
        return f"sqlite:{self.path}"


class Session:
    """A client that stays: statements go in, and a mark comes back when they are done."""

    def __init__(self, command, environment, mark):
        self.mark, self.marks, self.count = mark, queue.Queue(), 0
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env={**os.environ, **environment}, text=True, bufsize=1)
        self.errors = []
        self.readers = [threading.Thread(target=self._read_marks, daemon=True),
                        threading.Thread(target=self._read_errors, daemon=True)]
        for reader in self.readers:
            reader.start()

    def _read_marks(self):
        for line in self.process.stdout:
            if line.startswith("done-"):
                self.marks.put(int(line[5:]))

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.strip())

    def begin(self, sql):
        """Sends statements without waiting for them."""
        self.count += 1
        self.process.stdin.write(sql + "\n" + self.mark.format(f"done-{self.count}"))
        self.process.stdin.flush()

    def finished(self, seconds=None):
        """True once the last statements are done."""
        try:
            while True:
                if self.marks.get(timeout=seconds) == self.count:
                    return True
        except queue.Empty:
            return False

    def execute(self, sql, seconds=60):
        self.begin(sql)
        return self.finished(seconds)

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for reader in self.readers:
            reader.join(5)
