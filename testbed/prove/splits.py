"""Tables cut along every kind of key into 1 to 64 splits: every row once, whatever the key is like, and on a skewed key
parts that are alike. The rows are known by a number of their own; how many there are is what the clients say."""

import sqlite3
import statistics

from prove.claim import ensure
from prove.databases import servers
from prove.ground import ask

WANTED = [1, 2, 3, 8, 33, 64]
MOST_OF_MEDIAN = 3

# per kind of key: its columns, their values for the nth row, how many rows, and what a person asks to cut by
MARIADB = {
    "skewed composite": ("tenant int NOT NULL, id int NOT NULL, PRIMARY KEY (tenant, id)",
                         "CASE WHEN n % 100 = 0 THEN 2 WHEN n = 7 THEN 3 ELSE 1 END, n", "many", None),
    "large skewed composite": ("tenant int NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant, id)",
                               "CASE WHEN n % 100 = 0 THEN 2 WHEN n = 7 THEN 3 ELSE 1 END, n", "large", None),
    "sparse": ("id bigint NOT NULL PRIMARY KEY",
               "CASE n WHEN 1 THEN -5 WHEN 2 THEN 1541815603606036480 WHEN 3 THEN 9223372036854775807 ELSE n END", "few",
               None),
    "unsigned 64-bit": ("id bigint unsigned NOT NULL PRIMARY KEY", "18446744073709551615 - (n - 1) * (n - 1)", "few",
                        None),
    "nullable unique": ("k int NULL, UNIQUE KEY (k)", "CASE WHEN n % 3 = 0 THEN NULL ELSE n END", "few", "k"),
    "text without case": ("id varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL PRIMARY KEY",
                          "CONCAT(CASE n % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'Z' WHEN 2 THEN '~' ELSE 'Ä' END, n)", "few",
                          None),
    "binary text": ("id varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY",
                    "CONCAT(CASE n % 4 WHEN 0 THEN 'a' WHEN 1 THEN 'Z' WHEN 2 THEN '中' ELSE 'Ä' END, n)", "few", None),
    "UUID in bytes": ("id binary(16) NOT NULL PRIMARY KEY", "UNHEX(MD5(n))", "few", None),
    "UUID": ("id uuid NOT NULL PRIMARY KEY", "CONCAT(LEFT(MD5(n), 8), '-', MID(MD5(n), 9, 4), '-4', MID(MD5(n), 14, 3), '-8', MID(MD5(n), 18, 3), "
             "'-', RIGHT(MD5(n), 12))", "few", None),
    "decimal": ("id decimal(38,10) NOT NULL PRIMARY KEY", "(n * 1e0 - 500) * 1e20 / 7", "few", None),
    "time with zero and partial dates": ("id datetime(6) NOT NULL PRIMARY KEY",
        "CASE WHEN n = 1 THEN '0000-00-00 00:00:00' WHEN n % 5 = 0 THEN CONCAT(2000 + n % 90, '-00-00 00:00:00.', LPAD(n, 6, '0')) "
        "ELSE '2024-01-01' + INTERVAL n MICROSECOND END", "few", None),
    "timestamp with a zero date": ("id timestamp(6) NOT NULL PRIMARY KEY", "CASE WHEN n = 1 THEN '0000-00-00 00:00:00' "
                                   "ELSE '2024-01-01' + INTERVAL n SECOND END", "few", None),
    "float": ("id float NOT NULL PRIMARY KEY", "n / 7", "few", None),
    "no key": ("id int NULL", "n % 5", "few", None),
    "three columns": ("a varbinary(8) NOT NULL, b date NOT NULL, c smallint NOT NULL, PRIMARY KEY (a, b, c)",
                      "CHAR(n % 3), '2024-02-29' + INTERVAL n % 11 DAY, n % 32000", "few", None),
}
POSTGRESQL = {
    "skewed composite": ("tenant int, id int, PRIMARY KEY (tenant, id)",
                         "CASE WHEN n % 100 = 0 THEN 2 WHEN n = 7 THEN 3 ELSE 1 END, n", "many", None),
    "sparse": ("id bigint PRIMARY KEY",
               "CASE n WHEN 1 THEN -5 WHEN 2 THEN 1541815603606036480 WHEN 3 THEN 9223372036854775807 ELSE n END", "few",
               None),
    "unsigned 64-bit": ("id numeric(20) PRIMARY KEY", "18446744073709551615 - (n - 1) * (n - 1)", "few", None),
    "nullable unique": ("k int UNIQUE", "CASE WHEN n % 3 = 0 THEN NULL ELSE n END", "few", "k"),
    "text without case": ("id text COLLATE without_case PRIMARY KEY", "(ARRAY['a', 'Z', '~', 'Ä'])[n % 4 + 1] || n", "few",
                          None),
    "text": ("id text PRIMARY KEY", "(ARRAY['', 'F', '~', '中'])[n % 4 + 1] || n", "few", None),
    "UUID": ("id uuid PRIMARY KEY", "md5(n::text)::uuid", "few", None),
    "UUID in bytes": ("id bytea PRIMARY KEY", "decode(md5(n::text), 'hex')", "few", None),
    "decimal with NaN": ("id numeric PRIMARY KEY", "CASE n WHEN 1 THEN 'NaN' WHEN 2 THEN 'Infinity' WHEN 3 THEN "
                         "'-Infinity' ELSE n * 1e40 END::numeric", "few", None),
    "time with infinity": ("id timestamptz PRIMARY KEY", "CASE n WHEN 1 THEN 'infinity' WHEN 2 THEN '-infinity' ELSE "
                           "timestamptz '2024-01-01 00:00Z' + n * interval '1 microsecond' END", "few", None),
    "float": ("id double precision PRIMARY KEY", "CASE n WHEN 1 THEN 'NaN' ELSE n / 7.0 END::double precision", "few",
              None),
    "no key": ("id int", "n % 5", "few", None),
}
SQLITE = {
    "skewed composite": ("tenant INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tenant, id)",
                         "CASE WHEN n % 100 = 0 THEN 2 WHEN n = 7 THEN 3 ELSE 1 END, n", "many", None),
    "composite without row numbers": ("tenant INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (tenant, id)",
                                      "n % 3, n", "few", None),
    "sparse": ("id INTEGER PRIMARY KEY", "CASE n WHEN 1 THEN -9223372036854775808 WHEN 2 THEN 1541815603606036480 "
               "WHEN 3 THEN 9223372036854775807 ELSE n END", "many", None),
    "two far clusters": ("id INTEGER PRIMARY KEY", "CASE WHEN n % 2 THEN n ELSE (1 << 50) + n END", "many", None),
    "nullable unique": ("k INTEGER UNIQUE", "CASE WHEN n % 3 = 0 THEN NULL ELSE n END", "few", None),
    "text without case": ("id TEXT COLLATE NOCASE PRIMARY KEY", "char(97 + n % 20) || n", "few", None),
    "UUID in bytes": ("id BLOB PRIMARY KEY", "CAST(printf('%016d', n * 7919 % 10007) AS BLOB)", "few", None),
    "float": ("id REAL PRIMARY KEY", "n / 7.0", "few", None),
    "no key": ("id INTEGER", "n % 5", "few", None),
}
# kinds that have an order that is the same at both ends of a comparison, or a place on the disk: they have to be cut
CUT = {"mysql": {"skewed composite", "large skewed composite", "sparse", "unsigned 64-bit", "nullable unique",
                 "binary text", "UUID in bytes", "UUID", "decimal", "time with zero and partial dates", "three columns"},
       "postgresql": set(POSTGRESQL),
       "sqlite": {"skewed composite", "sparse", "two far clusters"}}
LEAST = {"mysql": 32, "postgresql": 32, "sqlite": 8}  # of 64 wanted; a thousand rows are the least of a part in SQLite
EVEN = {"skewed composite", "large skewed composite", "sparse", "two far clusters", "unsigned 64-bit", "decimal",
        "binary text", "UUID in bytes", "three columns", "UUID", "float", "text"}


def splits_cover_once(work):
    figures = []
    sizes = {"few": work.amount(1_200, 5_000), "many": 20_000, "large": work.amount(120_000, 400_000)}
    postgresql, mariadb = servers(work)
    for source in (PostgreSqlTables(postgresql), MariaDbTables(mariadb), SqliteTables(work)):
        tables = [Keyed(source, number, kind, sizes) for number, kind in enumerate(source.kinds)]
        lines = [table.question() for table in tables]
        answers = ask("splits", lines=lines)
        ensure(len(answers) == len(tables), f"{len(answers)} answers to {len(tables)} questions")
        cut, worst = 0, 0.0
        for table, answer in zip(tables, answers):
            ensure("cuts" in answer, f"{source.title}, {table.kind}: {answer.get('code')}: {answer.get('message')}")
            cut += table.check(answer["cuts"])
            if table.kind in EVEN:
                worst = max(worst, *(slowest(one) for one in answer["cuts"]))
        figures.append(f"{source.title}: {len(tables)} kinds of keys x {len(WANTED)} numbers of splits (1 to 64), {cut} "
                       f"cuts, every row once, the largest part at most {worst:.1f} times the median")
        damage(work, tables[0], answers[0]["cuts"])
    return "; ".join(figures)


def slowest(cut):
    """The largest part beside the median one, by rows."""
    sizes = [len(rows) for rows in cut["splits"]]
    return max(sizes) / max(statistics.median(sizes), 1) if len(sizes) > 1 else 0.0


class Keyed:
    """One table with one kind of key."""

    def __init__(self, source, number, kind, sizes):
        self.source, self.kind, self.name = source, kind, f"k{number:02}"
        columns, values, size, self.split_by = source.kinds[kind]
        self.rows = sizes[size]
        self.wanted = WANTED if size != "large" else [2, 16, 64]
        source.make(self.name, columns, values, self.rows, kind)

    def question(self):
        return {"connector": self.source.kind, "connection": self.source.connection(), "schema": self.source.schema,
                "table": self.name, "split_by": [self.split_by] if self.split_by else [], "known_by": "n_row",
                "wanted": self.wanted}

    def check(self, cuts):
        """Returns how many ways had several parts."""
        title = f"{self.source.title}, {self.kind}"
        expected = self.source.count(self.name)
        ensure(expected == self.rows, f"{title}: the client counts {expected} rows instead of {self.rows}")
        ensure([cut["wanted"] for cut in cuts] == self.wanted, f"{title}: not all cuts were tried")
        several = 0
        for cut in cuts:
            wanted, parts = cut["wanted"], cut["splits"]
            found = sorted(row for part in parts for row in part)
            ensure(len(found) + cut["rejected"] == expected,
                   f"{title}, {wanted} splits: {len(found)} rows and {cut['rejected']} rejected of {expected}")
            ensure(len(set(found)) == len(found), f"{title}, {wanted} splits: {len(found) - len(set(found))} rows twice")
            ensure(set(found) <= set(range(1, expected + 1)), f"{title}, {wanted} splits: rows that nobody wrote")
            ensure(len(parts) <= wanted + (self.split_by is not None), f"{title}: {len(parts)} splits, {wanted} wanted")
            several += len(parts) > 1
            if self.kind in EVEN:
                ensure(slowest(cut) <= MOST_OF_MEDIAN,
                       f"{title}, {wanted} splits: the largest part has {slowest(cut):.1f} times the median's rows")
        if self.kind in CUT[self.source.kind]:
            most = max(len(cut["splits"]) for cut in cuts)
            ensure(most >= LEAST[self.source.kind], f"{title}: at most {most} splits")
        return several


def damage(work, table, cuts):
    title = table.source.title
    last = cuts[-1]

    def damaged(parts, **more):
        return [*cuts[:-1], {**last, "splits": parts, **more}]

    parts = last["splits"]
    work.sabotage(f"{title}: a split swallowed", table.check, damaged(parts[1:]))
    work.sabotage(f"{title}: a row at a border read by both", table.check, damaged([[*parts[0], parts[1][0]], *parts[1:]]))
    work.sabotage(f"{title}: a row at a border read twice, another one never", table.check,
                  damaged([[*parts[0][1:], parts[1][0]], *parts[1:]]))
    work.sabotage(f"{title}: most rows in one split", table.check,
                  damaged([[row for part in parts[4:] for row in part], *parts[:4]]))


class Tables:
    """The tables of one server."""

    kinds = {}

    def __init__(self, database):
        self.database, self.kind, self.title = database, database.kind, database.title

    def connection(self):
        return {key: value for key, value in self.database.connection().items() if key != "type"}

    def count(self, name):
        return int(self.database.query(f"SELECT count(*) FROM {name};")[0][0])


class PostgreSqlTables(Tables):
    """They take so much room that they are cut: it is cut by blocks."""

    kinds, schema = POSTGRESQL, "public"

    def __init__(self, database):
        super().__init__(database)
        database.execute("CREATE COLLATION without_case (provider = icu, locale = 'und-u-ks-level2', "
                         "deterministic = false);")

    def make(self, name, columns, values, rows, _):
        padding = 700 if rows < 10_000 else 0
        self.database.execute(
            f"CREATE UNLOGGED TABLE {name} (n_row int NOT NULL, padding text, {columns}) WITH (fillfactor = 10);"
            f"INSERT INTO {name} SELECT n, repeat('x', {padding}), {values} FROM {self.database.numbers(rows)};"
            f"ANALYZE {name};")


class MariaDbTables(Tables):
    kinds = MARIADB

    def __init__(self, database):
        super().__init__(database)
        self.schema = database.database

    def make(self, name, columns, values, rows, _):
        self.database.execute(
            f"CREATE TABLE {name} (n_row int NOT NULL, {columns});"
            f"INSERT INTO {name} SELECT n, {values} FROM {self.database.numbers(rows)};{self.database.analyze(name)}")


class SqliteTables:
    """A file of the claim's own."""

    kind, title, kinds, schema = "sqlite", "SQLite", SQLITE, "main"

    def __init__(self, work):
        self.path = work.room("sqlite") / "keys.db"

    def connection(self):
        return {"path": str(self.path)}

    def execute(self, sql):
        connection = sqlite3.connect(self.path)
        try:
            with connection:
                return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def make(self, name, columns, values, rows, kind):
        without = " WITHOUT ROWID" if "without row numbers" in kind else ""
        self.execute(f"CREATE TABLE {name} (n_row INTEGER NOT NULL, {columns}){without}")
        self.execute(f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) "
                     f"INSERT INTO {name} SELECT n, {values} FROM numbers")

    def count(self, name):
        return self.execute(f"SELECT count(*) FROM {name}")[0][0]
