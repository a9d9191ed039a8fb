"""PostgreSQL's torture schema: loaded, counted and read by psql."""

import contextlib

from prove.databases import PostgreSql
from prove.torture import expected
from prove.torture.mariadb import shapes_of

SETTINGS = ("SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 1; "
            "SET bytea_output = 'hex'; SET lc_monetary = 'C'; SET row_security = off;\n")
KINDS = "c.relkind IN ('r','p','v','m') AND NOT c.relispartition"


class PostgresTorture(PostgreSql):
    """The schema under the claim's own name in place of `torture`, which names databases, a schema and the user."""

    name = "postgres"

    def load(self):
        self.execute(expected.sql("postgres").replace("torture", self.database), "postgres")

    def create(self):
        pass  # the script does

    def drop(self):
        reader = f"{self.database}_reader"
        for database in (self.database, f"{self.database}_ascii"):
            with contextlib.suppress(RuntimeError):
                self.execute(f"DROP OWNED BY {reader};", database)
            self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE);", "postgres")
        self.execute(f"DROP ROLE IF EXISTS {reader};", "postgres")

    def schemas(self):
        return {"": self.database, "other": "Other Schema"}

    def everything(self):
        """All but the table that stays refused: it has no columns."""
        return {"matching": {"include": ["*"], "exclude": ["*.r_zero_columns"]}}

    def catalogue(self):
        """{(schema key, table): [(column, type)]} of all that rows can be read of, a partition with its parent alone."""
        keys = {name: key for key, name in self.schemas().items()}
        names = ", ".join(f"'{name}'" for name in keys)
        rows = self.query(
            "SELECT encode(convert_to(n.nspname, 'UTF8'), 'hex'), encode(convert_to(c.relname, 'UTF8'), 'hex'), "
            "encode(convert_to(a.attname, 'UTF8'), 'hex'), format_type(a.atttypid, NULL) FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace "
            "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            f"WHERE n.nspname IN ({names}) AND {KINDS} ORDER BY 1, 2, a.attnum")
        tables = {}
        for schema, table, column, data_type in rows:
            columns = tables.setdefault((keys[text(schema)], text(table)), [])
            if column:
                columns.append((text(column), data_type))
        return tables

    def count(self, places):
        """Rows of each; a materialized view that was never filled has none."""
        unfilled = {text(name) for (name,) in self.query(
            "SELECT encode(convert_to(relname, 'UTF8'), 'hex') FROM pg_class WHERE NOT relispopulated")}
        script = "".join("SELECT 0;\n" if table in unfilled else f"SELECT count(*) FROM {self.quoted((schema, table))};\n"
                         for schema, table in places)
        return dict(zip(places, (int(line) for line in self.execute(script).split()), strict=True))

    def comments(self):
        """{(schema key, table): comment} of all relations that have one."""
        keys = {name: key for key, name in self.schemas().items()}
        rows = self.query(
            "SELECT encode(convert_to(n.nspname, 'UTF8'), 'hex'), encode(convert_to(c.relname, 'UTF8'), 'hex'), "
            "encode(convert_to(d.description, 'UTF8'), 'hex') FROM pg_description d JOIN pg_class c ON c.oid = d.objoid "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE d.classoid = 'pg_class'::regclass AND d.objsubid = 0")
        return {(keys[text(schema)], text(table)): text(comment) for schema, table, comment in rows
                if text(schema) in keys}

    def shapes(self):
        """{(schema key, table): (columns that may not be null, primary key, {column: comment})} of all relations."""
        keys = {name: key for key, name in self.schemas().items()}
        names = ", ".join(f"'{name}'" for name in keys)
        rows = self.query(
            "SELECT encode(convert_to(n.nspname, 'UTF8'), 'hex'), encode(convert_to(c.relname, 'UTF8'), 'hex'), "
            "encode(convert_to(a.attname, 'UTF8'), 'hex'), a.attnotnull, "
            "encode(convert_to(coalesce(col_description(c.oid, a.attnum), ''), 'UTF8'), 'hex'), "
            "coalesce(array_position(k.conkey::int[], a.attnum::int), 0) "
            "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
            "LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p' "
            f"WHERE n.nspname IN ({names}) AND {KINDS}")
        return shapes_of((keys[text(schema)], text(table), text(column), required == "t", text(about), int(place))
                         for schema, table, column, required, about, place in rows)

    def rows(self, wanted):
        """The rows of each of `wanted`, a list of (place, [(column, SQL)]); a row is {column: bytes or None}."""
        script = SETTINGS + "".join(
            f"SELECT '@';\nSELECT {', '.join(sql for _, sql in columns)} FROM {self.quoted(place)};\n"
            for place, columns in wanted)
        blocks = self.execute(script).split("@\n")[1:]
        found = []
        for (_, columns), block in zip(wanted, blocks, strict=True):
            names = [name for name, _ in columns]
            found.append([dict(zip(names, map(unhexed, line.split("\t")), strict=True))
                          for line in block.splitlines()])
        return found

    @classmethod
    def truth(cls, column, data_type):
        """SQL that prints a cell in hex: the bytes of bytea, the text in the database's encoding of all others."""
        name = '"' + column.replace('"', '""') + '"'
        if data_type == "bytea":
            return f"coalesce(encode({name}, 'hex'), 'NULL')"
        if data_type == "character":
            return cls.printed(f"CASE WHEN {name} IS NOT NULL THEN concat({name}) END")  # a cast would strip the blanks
        if data_type == "real":
            return cls.printed(f"{name}::float8")
        if data_type == "money":
            return cls.printed(f"{name}::numeric")
        if data_type == "timestamp with time zone":
            return cls.printed(f"{name} AT TIME ZONE 'UTC'")
        if data_type == "hstore":
            return cls.printed(f"hstore_to_json({name})")
        if data_type in ("numeric[]", "jsonb[]", "timestamp with time zone[]"):
            return cls.printed(f"to_json({name}::text[])")
        if data_type.endswith("[]") or data_type in ("addr", "tags") or data_type.endswith((".addr", ".tags")):
            return cls.printed(f"to_json({name})")
        return cls.printed(name)

    @staticmethod
    def printed(sql, becomes="text"):
        """The same for an expression whose value becomes that type."""
        if becomes == "binary":
            return f"coalesce(encode(({sql}), 'hex'), 'NULL')"
        return f"coalesce(encode(convert_to(({sql})::text, getdatabaseencoding()), 'hex'), 'NULL')"

    def quoted(self, place):
        schema, table = place
        return ".".join('"' + name.replace('"', '""') + '"' for name in (self.schemas()[schema], table))


class PostgresAscii(PostgresTorture):
    """The script's other database, which has no encoding, by the expectations of that name."""

    def __init__(self, source, name):
        self.reach(f"{source.database}_ascii")
        self.name = name

    def load(self):
        """It is there."""

    def schemas(self):
        return {"": "public"}

    def everything(self):
        return {"all": True}


def text(digits):
    return bytes.fromhex(digits).decode()


def unhexed(cell):
    return None if cell == "NULL" else bytes.fromhex(cell)
