#!/usr/bin/env python3
"""Self-test of compare.py: a small SQLite database against a Parquet folder and a lake, both written by others.

Equal data must pass; every kind of damage must be found and named.
"""

import contextlib
import datetime
import decimal
import io
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

import compare

NASTY = 'tab\there, "quotes", line\nbreak, back\\slash, \r\n, NULL'
SCHEMA = pa.schema([
    ("id", pa.int64()), ("note", pa.string()), ("price", pa.decimal128(10, 2)), ("weight", pa.float64()),
    ("born", pa.date32()), ("seen", pa.timestamp("us")), ("photo", pa.binary())])
ROWS = [
    (1, NASTY, decimal.Decimal("1.10"), 0.1, datetime.date(2024, 2, 29), datetime.datetime(2024, 1, 1, 1, 2, 3, 5), b"\x00\xff"),
    (2, "", decimal.Decimal("-0.01"), 0.0, datetime.date(1, 1, 1), datetime.datetime(1969, 12, 31, 23, 59, 59), b""),
    (3, None, None, None, None, None, None),
    (4, "NULL", decimal.Decimal("99999999.99"), 5e-324, datetime.date(9999, 12, 31), datetime.datetime(9999, 12, 31), b"\n"),
    (5, "nul\0inside 列表 \U0001f600", decimal.Decimal("0.00"), float("inf"), None, None, b"'\\"),
]
BAG_SCHEMA = pa.schema([("a", pa.int64()), ("b", pa.string())])
BAG = [(1, "x"), (1, "x"), (1, "x"), (2, None), (2, ""), (None, "y")]


class Equal(unittest.TestCase):
    def test_equal_data_passes_in_files_and_lake(self):
        with Workplace() as place:
            place.write_files(ROWS, BAG)
            place.write_lake(ROWS, BAG)
            for destination in place.destinations():
                place.expect(self, destination, 0, "2 tables, 47 cells, 0 differing")

    def test_the_order_of_rows_and_files_does_not_matter(self):
        with Workplace() as place:
            place.write_files(ROWS[::-1], BAG[::-1])
            pq.write_table(table(ROWS[:2], SCHEMA), place.folder / "files/things/part.parquet")
            pq.write_table(table(ROWS[2:], SCHEMA), place.folder / "files/things/part-2.parquet")
            hidden = place.folder / "files/things/.staging"
            hidden.mkdir()
            pq.write_table(table(ROWS, SCHEMA), hidden / "left-over.parquet")
            place.expect(self, place.files, 0, "0 differing")


class Damage(unittest.TestCase):
    def check(self, rows, bag, *expected):
        """Both destinations hold the damaged rows: each comparison exits with 1 and says every expected text."""
        with Workplace() as place:
            place.write_files(rows, bag)
            place.write_lake(rows, bag)
            for destination in place.destinations():
                place.expect(self, destination, 1, *expected)

    def changed(self, row, column, value):
        rows = [list(values) for values in ROWS]
        rows[row][SCHEMA.get_field_index(column)] = value
        return rows

    def test_one_changed_cell_of_each_type_is_found_and_named(self):
        damages = [
            (0, "note", NASTY + " "), (1, "note", None), (2, "note", "NULL"), (0, "price", decimal.Decimal("1.11")),
            (0, "weight", 0.1 + 2**-56), (1, "weight", -0.0), (0, "born", datetime.date(2024, 3, 1)),
            (0, "seen", datetime.datetime(2024, 1, 1, 1, 2, 3, 6)), (0, "photo", b"\x00\xfe"), (1, "photo", None)]
        for row, column, value in damages:
            with self.subTest(column=column, value=value):
                self.check(self.changed(row, column, value), BAG, f"id={row + 1}: {column}: source ", ", 1 differing")

    def test_both_values_are_shown(self):
        self.check(self.changed(3, "note", "null"), BAG, "id=4: note: source 'NULL', destination 'null'")

    def test_a_missing_row_is_found(self):
        self.check(ROWS[1:], BAG, "id=1: the row is missing", "47 cells, 7 differing")

    def test_a_repeated_row_is_found(self):
        self.check([*ROWS, ROWS[1]], BAG, "id=2: the destination has a row too many", "7 differing")

    def test_a_changed_key_is_a_missing_row_and_one_too_many(self):
        self.check(self.changed(0, "id", 7), BAG, "id=1: the row is missing", "id=7: the destination has a row too many")

    def test_rows_without_a_key_are_counted(self):
        self.check(ROWS, BAG[1:], "is missing at the destination", "2 differing")
        self.check(ROWS, [*BAG[:4], (2, "z"), BAG[5]], "b: source '', destination 'z'", ", 1 differing")

    def test_null_and_empty_text_swapped_in_equal_rows_is_found(self):
        self.check(ROWS, [*BAG[:3], (2, None), (2, None), BAG[5]], "source '', destination NULL")


class Shape(unittest.TestCase):
    def test_a_table_that_did_not_arrive_differs(self):
        with Workplace() as place:
            place.write_files(ROWS, None)
            place.expect(self, place.files, 1, "the table did not arrive")

    def test_a_lost_column_and_an_unknown_one_differ(self):
        with Workplace() as place:
            place.write_files(ROWS, BAG)
            renamed = table(BAG, BAG_SCHEMA).rename_columns(["a", "c"])
            pq.write_table(renamed, place.folder / "files/bag/part.parquet")
            place.expect(self, place.files, 1, "column b did not arrive", "column c is not in the source")

    def test_a_type_that_only_happens_to_hold_the_values_differs(self):
        with Workplace() as place:
            place.write_files(ROWS, BAG)
            things = table(ROWS, SCHEMA)
            position = SCHEMA.get_field_index("price")
            as_float = things.set_column(position, "price", things.column("price").cast(pa.float64()))
            pq.write_table(as_float, place.folder / "files/things/part.parquet")
            place.expect(self, place.files, 1, "column price: type double at the destination is none for decimal")

    def test_an_unknown_place_is_no_equality(self):
        with Workplace() as place:
            place.expect(self, "files:/nowhere/at/all", 2)


class CommandLine(unittest.TestCase):
    def test_the_exit_code_tells(self):
        with Workplace() as place:
            place.write_files(ROWS, BAG)
            command = [sys.executable, compare.__file__, f"sqlite:{place.folder}/source.db", place.files]
            environment = {**os.environ, "TZ": "Asia/Shanghai"}
            self.assertEqual(subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=False).returncode, 0)
            place.replace_file("bag", BAG[1:], BAG_SCHEMA)
            self.assertEqual(subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=False).returncode, 1)


class Texts(unittest.TestCase):
    def test_names_are_converted_as_the_rule_says(self):
        for name, expected in {
                "MixedCase": "mixedcase", "_a": "_a", "a b": "a_b_c8687a", "a.b": "a_b_2e7336", "1st": "c_1st_e01ddf",
                "100%": "c_100_32e489", "列表": "n_aedd68", "${bizdate}": "bizdate_ef9f0e",
                "../../outside/evil": "outside_evil_4835d7",
                "x'; DROP TABLE t_int; --": "x___drop_table_t_int_5340a3"}.items():
            self.assertEqual(compare.converted_name(name), expected)

    def test_clocks_have_six_digits_and_no_zone(self):
        for text, expected in {
                "2024-01-01T00:00:00.5Z": "2024-01-01 00:00:00.500000", "2024-01-01 00:00:00+00": "2024-01-01 00:00:00.000000",
                "24:00:00": "24:00:00.000000", "-838:59:59": "-838:59:59.000000", "infinity": "infinity"}.items():
            self.assertEqual(compare.six_digits(text), expected)

    def test_text_in_a_number_column_of_sqlite_stays_text(self):
        self.assertEqual(compare.sqlite_number("red"), "red")
        self.assertEqual(compare.sqlite_number("r3FB999999999999A"), "0.1")

    def test_only_zero_and_one_are_booleans(self):
        texts = [compare.canonical_text("int", text, pa.bool_()) for text in ("0", "1", "2")]
        self.assertEqual(texts, ["false", "true", "2"])


class Workplace:
    """A folder with the source database, gone at the end."""

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="godwit-compare-test-")
        self.folder = Path(self.temporary.name)
        self.files = f"files:{self.folder}/files"
        self.write_source()
        return self

    def __exit__(self, *_):
        self.temporary.cleanup()

    def write_source(self):
        database = sqlite3.connect(self.folder / "source.db")
        database.execute('CREATE TABLE things (id INTEGER PRIMARY KEY, note TEXT, price DECIMAL(10,2), weight REAL, '
                         "born DATE, seen DATETIME, photo BLOB)")
        database.execute("CREATE TABLE bag (a INTEGER, b TEXT)")
        database.executemany("INSERT INTO things VALUES (?, ?, ?, ?, ?, ?, ?)", [as_sqlite(row) for row in ROWS])
        database.executemany("INSERT INTO bag VALUES (?, ?)", BAG)
        database.commit()
        database.close()

    def write_files(self, rows, bag):
        for name, values, schema in (("things", rows, SCHEMA), ("bag", bag, BAG_SCHEMA)):
            if values is not None:
                folder = self.folder / "files" / name
                folder.mkdir(parents=True)
                pq.write_table(table(values, schema), folder / "part.parquet")

    def write_lake(self, rows, bag):
        lake = self.folder / "lake"
        lake.mkdir()
        catalog = SqlCatalog("godwit", uri=f"sqlite:///{lake}/catalog.db", warehouse=f"file://{lake}")
        catalog.create_namespace("shop")
        for name, values, schema in (("things", rows, SCHEMA), ("bag", bag, BAG_SCHEMA)):
            catalog.create_table(f"shop.{name}", schema=schema).append(table(values, schema))

    def replace_file(self, name, rows, schema):
        pq.write_table(table(rows, schema), self.folder / "files" / name / "part.parquet")

    def destinations(self):
        return [self.files, f"lake:{self.folder}/lake#shop"]

    def expect(self, test, destination, code, *texts):
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            found = compare.main([f"sqlite:{self.folder}/source.db", destination])
        test.assertEqual(found, code, output.getvalue())
        for text in texts:
            test.assertIn(text, output.getvalue())


def table(rows, schema):
    return pa.table([pa.array([row[n] for row in rows], field.type) for n, field in enumerate(schema)], schema=schema)


def as_sqlite(row):
    return tuple(float(value) if isinstance(value, decimal.Decimal) else
                 value.isoformat(" ") if isinstance(value, datetime.datetime) else
                 value.isoformat() if isinstance(value, datetime.date) else value for value in row)


if __name__ == "__main__":
    unittest.main()
