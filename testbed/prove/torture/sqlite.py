"""SQLite's torture schema: loaded, counted and read by the sqlite3 shell."""

import re
import struct
import subprocess

from prove.claim import Missing
from prove.databases import Sqlite
from prove.torture import expected
from prove.torture.mariadb import shapes_of

EXPONENT = re.compile(r"e\+?(-?)0*(\d)")


class SqliteTorture(Sqlite):
    """The schema in a folder of the claim's own."""

    name, file = "sqlite", "torture.db"

    def __init__(self, folder):
        super().__init__(folder / self.file)
        self.folder = folder

    def load(self):
        self.shell(expected.sql("sqlite"), "-bail")

    def shell(self, script, *more):
        try:
            result = subprocess.run(["sqlite3", *more, str(self.path)], input=script.encode(), cwd=self.folder,
                                    capture_output=True, check=False)
        except FileNotFoundError:
            raise Missing("there is no sqlite3 here") from None
        if result.returncode or result.stderr:
            raise RuntimeError(f"sqlite3: {result.stderr.decode(errors='replace').strip()[:500]}")
        return result.stdout.decode()

    def schemas(self):
        return {"": "main"}

    def everything(self):
        return {"all": True}

    def catalogue(self):
        """{(schema key, table): [(column, declared type)]} of all that rows can be read of: not of what virtual tables
        keep their rows in, not of hidden columns, and no columns where the shell cannot say them."""
        names = self.shell("SELECT hex(name) FROM pragma_table_list WHERE schema = 'main' AND type <> 'shadow' "
                           "AND name <> 'sqlite_schema' ORDER BY name;")
        tables = {}
        for digits in names.split():
            name = bytes.fromhex(digits).decode(self.encoding())
            try:
                columns = self.shell("SELECT hex(name) || ' ' || hex(type) FROM pragma_table_xinfo"
                                     f"({literal(name)}) WHERE hidden <> 1 ORDER BY cid;")
            except RuntimeError:
                columns = ""
            lines = (line.split(" ") for line in columns.splitlines())
            tables["", name] = [(self.said(column), self.said(declared)) for column, declared in lines]
        return tables

    def shapes(self):
        """{(schema key, table): (columns that may not be null, primary key, no comments)}"""
        rows = self.shell("SELECT hex(l.name) || ' ' || hex(x.name) || ' ' || max(x.\"notnull\", x.pk > 0 AND ("
                          "l.wr OR upper(x.type) = 'INTEGER')) || ' ' || x.pk FROM pragma_table_list l "
                          "JOIN pragma_table_xinfo(l.name) x WHERE l.schema = 'main' AND l.type = 'table' "
                          "AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\';")
        lines = (line.split(" ") for line in rows.splitlines())
        return shapes_of(("", self.said(table), self.said(column), required == "1", "", int(place))
                         for table, column, required, place in lines)

    def encoding(self):
        return "utf-8"

    def said(self, digits):
        return bytes.fromhex(digits).decode(self.encoding())

    def comments(self):
        """There are none in SQLite."""
        return {}

    def count(self, places):
        """Rows of each; none where the shell cannot read it."""
        counts = {}
        for place in places:
            try:
                counts[place] = int(self.shell(f"SELECT count(*) FROM {quoted(place[1])};"))
            except RuntimeError:
                counts[place] = 0
        return counts

    def rows(self, wanted):
        """The rows of each of `wanted`, a list of (place, [(column, SQL)]); a row is {column: bytes or None}."""
        found = []
        for place, columns in wanted:
            # a statement returns 2000 columns at most, and no more parts than that go into one text
            cells = "||' '||".join(sql for _, sql in columns) if len(columns) < 500 else self.in_pieces(columns)
            lines = self.shell(f".mode list\nSELECT {cells} FROM {quoted(place[1])};").splitlines()
            names = [name for name, _ in columns]
            found.append([dict(zip(names, map(self.cell, line.split(" ")), strict=True)) for line in lines])
        return found

    @staticmethod
    def in_pieces(columns):
        """The same as several columns of the answer, which the shell is told to part with a blank."""
        pieces = [columns[start:start + 100] for start in range(0, len(columns), 100)]
        return "||' '||".join("(" + "||' '||".join(sql for _, sql in piece) + ")" for piece in pieces)

    @classmethod
    def truth(cls, column, declared):
        """SQL that prints a cell: its storage class and its bytes in hex, those of a REAL as they lie there."""
        name = quoted(column)
        if declared == "UUID":
            whole = f"lower(hex({name}))"
            parts = "||'-'||".join(f"substr({whole}, {at}, {size})" for at, size in
                                   ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12)))
            name = f"CASE typeof({name}) WHEN 'blob' THEN {parts} ELSE lower({name}) END"
        return cls.printed(name)

    @staticmethod
    def printed(sql, _becomes=None):
        """The same for an expression."""
        return (f"CASE typeof({sql}) WHEN 'null' THEN '-' WHEN 'real' THEN 'r'||hex(ieee754_to_blob({sql})) "
                f"WHEN 'blob' THEN 'b'||hex({sql}) ELSE 't'||hex(CAST({sql} AS BLOB)) END")

    def cell(self, printed):
        kind, content = printed[0], bytes.fromhex(printed[1:])
        if kind == "-":
            return None
        if kind == "r":
            return digits(struct.unpack(">d", content)[0]).encode()
        return content


class SqliteUtf16(SqliteTorture):
    """The second file that the script makes."""

    name, file = "sqlite_utf16", "torture_utf16.db"

    def load(self):
        """It is there."""

    def encoding(self):
        return "utf-16-le"

    def cell(self, printed):
        content = super().cell(printed)
        if printed[0] != "t":
            return content
        return content.decode("utf-16-le", errors="surrogatepass").encode(errors="surrogatepass")


def digits(number):
    """The shortest digits that read back as the same number, as text shows them."""
    shown = repr(number)
    return {"inf": "Inf", "-inf": "-Inf"}.get(shown) or EXPONENT.sub(r"e\1\2", shown)


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def quoted(name):
    return '"' + name.replace('"', '""') + '"'
