"""MariaDB's torture schema: loaded, counted and read by the command line client."""

from prove.databases import MariaDb
from prove.torture import expected

BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
TEXTS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "json"}
SHAPES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
          "geometrycollection"}


class MariaDbTorture(MariaDb):
    """The schema under the claim's own name in place of `torture`, which names both databases and the user."""

    name = "mariadb"

    def load(self):
        script = expected.sql(self.name).replace("torture", self.database)
        self.execute(script, "mysql")

    def drop(self):
        reader = f"DROP USER IF EXISTS '{self.database}_reader'@'127.0.0.1';"
        self.execute(f"DROP DATABASE IF EXISTS `{self.database} aux`; {reader}", "mysql")
        super().drop()

    def everything(self):
        """What a migration of all tables selects."""
        return {"all": True}

    def schemas(self):
        return {"": self.database, "aux": f"{self.database} aux"}

    def catalogue(self):
        """{(schema key, table): [(column, type)]} of all that information_schema knows columns of."""
        keys = {name: key for key, name in self.schemas().items()}
        names = ", ".join(f"'{name}'" for name in keys)
        rows = self.query("SELECT HEX(TABLE_SCHEMA), HEX(TABLE_NAME), HEX(COLUMN_NAME), DATA_TYPE FROM "
                          f"information_schema.COLUMNS WHERE TABLE_SCHEMA IN ({names}) "
                          "ORDER BY TABLE_SCHEMA, TABLE_NAME, ORDINAL_POSITION")
        tables = {}
        for schema, table, column, data_type in rows:
            place = keys[text(schema)], text(table)
            tables.setdefault(place, []).append((text(column), data_type))
        return tables

    def comments(self):
        """{(schema key, table): comment} of all tables that have one."""
        keys = {name: key for key, name in self.schemas().items()}
        names = ", ".join(f"'{name}'" for name in keys)
        rows = self.query("SELECT HEX(TABLE_SCHEMA), HEX(TABLE_NAME), HEX(TABLE_COMMENT) FROM "
                          "information_schema.TABLES "
                          f"WHERE TABLE_SCHEMA IN ({names}) AND TABLE_COMMENT <> '' AND TABLE_TYPE <> 'VIEW'")
        return {(keys[text(schema)], text(table)): text(comment) for schema, table, comment in rows}

    def shapes(self):
        """{(schema key, table): (columns that may not be null, primary key, {column: comment})} of all tables."""
        keys = {name: key for key, name in self.schemas().items()}
        names = ", ".join(f"'{name}'" for name in keys)
        rows = self.query(
            "SELECT HEX(c.TABLE_SCHEMA), HEX(c.TABLE_NAME), HEX(c.COLUMN_NAME), c.IS_NULLABLE, HEX(c.COLUMN_COMMENT), "
            "COALESCE(k.ORDINAL_POSITION, 0) FROM information_schema.COLUMNS c "
            "JOIN information_schema.TABLES t USING (TABLE_SCHEMA, TABLE_NAME) "
            "LEFT JOIN information_schema.KEY_COLUMN_USAGE k ON k.TABLE_SCHEMA = c.TABLE_SCHEMA "
            "AND k.TABLE_NAME = c.TABLE_NAME AND k.COLUMN_NAME = c.COLUMN_NAME AND k.CONSTRAINT_NAME = 'PRIMARY' "
            f"WHERE c.TABLE_SCHEMA IN ({names})")
        return shapes_of((keys[text(schema)], text(table), text(column), nullable == "NO", text(about), int(place))
                         for schema, table, column, nullable, about, place in rows)

    def count(self, places):
        """Rows of each."""
        script = "".join(f"SELECT COUNT(*) FROM {self.quoted(place)};\n" for place in places)
        return dict(zip(places, (int(line) for line in self.execute(script).split())))

    def rows(self, wanted):
        """The rows of each of `wanted`, a list of (place, [(column, SQL)]); a row is {column: bytes or None}."""
        script = "".join(f"SELECT '@';\nSELECT {', '.join(sql for _, sql in columns)} FROM {self.quoted(place)};\n"
                         for place, columns in wanted)
        blocks = self.execute(script).split("@\n")[1:]
        found = []
        for (_, columns), block in zip(wanted, blocks, strict=True):
            names = [name for name, _ in columns]
            found.append([dict(zip(names, map(unhexed, line.split("\t")), strict=True))
                          for line in block.splitlines()])
        return found

    @staticmethod
    def truth(column, data_type):
        """SQL that prints a cell in hex: bytes of binary columns, text in UTF-8 of all others."""
        name = "`" + column.replace("`", "``") + "`"
        if data_type in BYTES:
            return f"HEX({name})"
        if data_type in SHAPES:
            return f"HEX(ST_AsWKB({name}))"
        if data_type in TEXTS:
            return f"HEX(CONVERT({name} USING utf8mb4))"
        if data_type in ("float", "double"):
            # the text protocol prints a float with 6 digits; a sum with 0 would lose the sign of zero
            return f"HEX(CAST({name} * 1e0 AS CHAR))"
        if data_type == "bit":
            return f"HEX(CAST({name} + 0 AS CHAR))"
        return f"HEX(CAST({name} AS CHAR))"

    @staticmethod
    def printed(sql, becomes):
        """The same for an expression whose value becomes that type."""
        return f"HEX({sql})" if becomes == "binary" else f"HEX(CAST({sql} AS CHAR))"

    def quoted(self, place):
        schema, table = place
        return f"`{self.schemas()[schema]}`.`{table.replace('`', '``')}`"


def shapes_of(rows):
    """Of rows of (schema key, table, column, whether it is required, comment, place in the primary key or 0)."""
    shapes, places = {}, {}
    for schema, table, column, required, about, place in rows:
        names, key, comments = shapes.setdefault((schema, table), (set(), [], {}))
        if required:
            names.add(column)
        if about:
            comments[column] = about
        if place:
            places.setdefault((schema, table), {})[place] = column
            key[:] = [name for _, name in sorted(places[schema, table].items())]
    return shapes


def text(digits):
    return bytes.fromhex(digits).decode()


def unhexed(cell):
    return None if cell == "NULL" else bytes.fromhex(cell)
