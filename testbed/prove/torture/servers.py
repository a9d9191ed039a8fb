"""PostgreSQL and MariaDB as destinations of a torture schema: what psql and mariadb say of the tables that arrived."""

import pyarrow as pa

from prove.databases import MariaDb, PostgreSql
from prove.torture.mariadb import MariaDbTorture
from prove.torture.mariadb import text as of_hex
from prove.torture.postgres import PostgresTorture

SERVERS = ("postgresql", "mysql")
OWN = "godwit_loads"
SPELLED = {
    "postgresql": {"int8": "smallint", "int16": "smallint", "int32": "integer", "int64": "bigint", "float32": "real",
                   "float64": "double precision", "binary": "bytea", "timestamp": "timestamp without time zone",
                   "instant": "timestamp with time zone", "time": "time without time zone"},
    "mysql": {"int8": "tinyint", "int16": "smallint", "int32": "int", "int64": "bigint", "boolean": "tinyint(1)",
              "float32": "float", "float64": "double", "text": "longtext", "binary": "longblob",
              "timestamp": "datetime(6)", "instant": "datetime(6)", "time": "time(6)"},
}


def spelled(kind, name):
    """The server's own word for a type of the canonical form, where nothing else is expected."""
    if name.startswith("list<"):
        inner = name[5:-1]
        return spelled(kind, inner) + "[]" * (not inner.startswith("list<"))
    if name.startswith("decimal("):
        return name.replace("decimal", "numeric") if kind == "postgresql" else name
    return SPELLED[kind].get(name, name)


class PostgresTarget(PostgresTorture):
    """A database of the claim's own in which each run has a schema."""

    name, namespace = "postgresql", ""

    def create(self):
        PostgreSql.create(self)

    def drop(self):
        PostgreSql.drop(self)

    def space(self, number, room):
        return f"n{number}_{room.replace('-', '_')}"

    def schemas(self):
        return {"": self.namespace}

    def described(self):
        """{table: ([(column, type to read it by, type in full, required, comment)], key, comment)}"""
        rows = self.query(
            "SELECT encode(convert_to(c.relname, 'UTF8'), 'hex'), encode(convert_to(a.attname, 'UTF8'), 'hex'), "
            "format_type(a.atttypid, NULL), format_type(a.atttypid, a.atttypmod), a.attnotnull, "
            "encode(convert_to(coalesce(col_description(c.oid, a.attnum), ''), 'UTF8'), 'hex'), "
            "encode(convert_to(coalesce(obj_description(c.oid, 'pg_class'), ''), 'UTF8'), 'hex'), "
            "coalesce(array_position(k.conkey::int[], a.attnum::int), 0) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' "
            f"WHERE n.nspname = '{self.namespace}' AND c.relkind IN ('r', 'p') ORDER BY c.relname, a.attnum")
        return described(rows)


class MariaDbTarget(MariaDbTorture):
    """Databases of the claim's own, one for each run; the first is there for the connection."""

    name, namespace = "mysql", ""

    def drop(self):
        for (name,) in self.query_at("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA "
                                     f"WHERE SCHEMA_NAME REGEXP '^{self.database}_n[0-9]+$'"):
            self.execute(f"DROP DATABASE `{name}`", "mysql")
        MariaDb.drop(self)

    def query_at(self, sql):
        return [line.split("\t") for line in self.execute(sql, "mysql").splitlines()]

    def space(self, number, _room):
        return f"{self.database}_n{number}"

    def schemas(self):
        return {"": self.namespace}

    def described(self):
        """The same; a type in full with its character set where that is not utf8mb4 compared by bytes."""
        rows = self.query(
            "SELECT HEX(c.TABLE_NAME), HEX(c.COLUMN_NAME), c.DATA_TYPE, CONCAT("
            "CASE WHEN c.DATA_TYPE LIKE '%int' AND c.COLUMN_TYPE <> 'tinyint(1)' "
            "THEN REGEXP_REPLACE(c.COLUMN_TYPE, '\\\\([0-9]+\\\\)', '') ELSE c.COLUMN_TYPE END, "
            "IF(COALESCE(c.COLLATION_NAME, 'utf8mb4_bin') = 'utf8mb4_bin', '', CONCAT(' ', c.COLLATION_NAME))), "
            "IF(c.IS_NULLABLE = 'NO', 't', 'f'), HEX(c.COLUMN_COMMENT), HEX(t.TABLE_COMMENT), "
            "COALESCE(k.ORDINAL_POSITION, 0) FROM information_schema.COLUMNS c "
            "JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME) "
            "LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA "
            "AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY' "
            f"WHERE c.TABLE_SCHEMA = '{self.namespace}' ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION")
        return described(rows)


def described(rows):
    tables, keys = {}, {}
    for table, column, read_as, full, required, about, table_about, place in rows:
        table, column = of_hex(table), of_hex(column)
        columns, _, _ = tables.setdefault(table, ([], keys.setdefault(table, {}), of_hex(table_about) or None))
        columns.append((column, read_as, full, required == "t", of_hex(about) or None))
        if int(place):
            keys[table][int(place)] = column
    return {name: (columns, [key[place] for place in sorted(key)], about)
            for name, (columns, key, about) in tables.items()}


class Targets:
    """Both servers, each with a namespace for every migration file of the claim."""

    def __init__(self, work):
        self.work, self.servers, self.spaces = work, {}, {}

    def at(self, kind, room):
        """The server with the namespace of that room."""
        if kind not in self.servers:
            self.servers[kind] = {"postgresql": PostgresTarget, "mysql": MariaDbTarget}[kind](self.work, "_to")
        server = self.servers[kind]
        server.namespace = self.spaces.setdefault(room, server.space(len(self.spaces), room.name))
        return server


class AtServer:
    """What stands in one namespace of a server, all of it asked for once."""

    def __init__(self, server):
        self.server, self.kind, self.namespace = server, server.name, server.namespace
        self.tables = server.described()
        self._cells = None

    def read(self, name):
        """The cells as the client printed them, with the columns' types as they are there; None where it is not."""
        if name not in self.tables:
            return None
        if self._cells is None:
            wanted = [(("", table), [(column, self.server.truth(column, read_as))
                                     for column, read_as, *_ in columns])
                      for table, (columns, _, _) in self.tables.items() if table != OWN]
            self.server.namespace = self.namespace
            self._cells = dict(zip([table for (_, table), _ in wanted], self.server.rows(wanted), strict=True))
        rows, (columns, _, _) = self._cells[name], self.tables[name]
        fields = [pa.field(column, pa.binary(), metadata={"type": full}) for column, _, full, _, _ in columns]
        cells = [pa.array([row[column] for row in rows], pa.binary()) for column, *_ in columns]
        return pa.table(cells, schema=pa.schema(fields))

    def told(self, name):
        """The table's comment, and those of its columns."""
        columns, _, about = self.tables[name]
        return about, {column: comment for column, _, _, _, comment in columns}

    def shape(self, name):
        """Its columns that may not be null, and its primary key."""
        columns, key, _ = self.tables[name]
        return {column for column, _, _, required, _ in columns if required}, key

    def strangers(self, expected):
        """Tables of the namespace that nobody expects."""
        return sorted(set(self.tables) - set(expected) - {OWN})
