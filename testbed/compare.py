#!/usr/bin/env python3
"""Compares every cell of a database with what arrived at a destination.

Nothing of Godwit takes part: the truth comes through the command line clients psql, mariadb and sqlite3, the copy
through PyArrow, PyIceberg or psql.

    compare.py SOURCE DESTINATION [--table S=D …] [--skip TABLE.COLUMN …] [--extra COLUMN …] [--ignore GLOB …]

    SOURCE       postgresql://user@host:port/db?schema=a,b   (password: PGPASSWORD)
                 mysql://user@host:port/db                   (password: MYSQL_PWD)
                 sqlite:/path/file.db
    DESTINATION  files:/dir          one folder of Parquet files per table
                 mysql://user@host:port/db
                 lake:/dir#namespace an Iceberg SQL catalog named "godwit" in /dir/catalog.db
                 postgresql://user@host:port/db?schema=a   (password: PGPASSWORD)

Rows are matched by primary key, or as multisets where there is none. How one column is compared is decided by the
type at the destination: typed where the source's text parses into it exactly, as canonical text otherwise. Integers
are compared as numbers, decimals with their scale, floats by their bits (any NaN equals any NaN), instants in UTC.

Exit code: 0 equal, 1 different, 2 could not compare.
"""

import argparse
import collections
import dataclasses
import datetime
import decimal
import fnmatch
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import urllib.parse
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

EXAMPLES_PER_TABLE = 5
PAIRING_LIMIT = 2000  # leftover rows of a table without a key: above it they count whole, unpaired
TEXT = pa.large_string()


def main(words=None):
    parser = argparse.ArgumentParser(description="compare every cell of a database with what arrived")
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("--table", action="append", default=[], metavar="S=D",
                        help="compare only the tables given, S of the source with D of the destination")
    parser.add_argument("--skip", action="append", default=[], metavar="TABLE.COLUMN",
                        help="a source column that is not expected to arrive")
    parser.add_argument("--extra", action="append", default=[], metavar="COLUMN",
                        help="a destination column that the source does not have")
    parser.add_argument("--ignore", action="append", default=[], metavar="GLOB", help="source tables to leave out")
    arguments = parser.parse_args(words)
    try:
        return compare(arguments)
    except Failure as failure:
        print(f"compare.py: {failure}", file=sys.stderr)
        return 2


class Failure(Exception):
    """Why a comparison was not possible."""


def compare(arguments):
    source, destination = open_source(arguments.source), open_destination(arguments.destination)
    tables = cells = differing = 0
    pairs = table_pairs(source, destination, arguments)
    for source_name, destination_name in pairs:
        result = compare_table(source, source_name, destination, destination_name, arguments)
        tables, cells, differing = tables + 1, cells + result.cells, differing + result.differing
        print(f"{source_name}: {result.rows} rows, {result.cells} cells, {result.differing} differing", flush=True)
        for example in result.examples:
            print(f"    {example}", flush=True)
    if not arguments.table:
        for name in sorted(set(destination.tables()) - {pair[1] for pair in pairs}):
            print(f"note: the destination also holds {name}")
    print(f"{tables} tables, {cells} cells, {differing} differing")
    return 1 if differing else 0


def table_pairs(source, destination, arguments):
    """Source table and destination table; the latter is None where nothing arrived."""
    if arguments.table:
        return [tuple(pair.split("=", 1)) if "=" in pair else (pair, pair.split(".")[-1]) for pair in arguments.table]
    pairs, arrived = [], destination.tables()
    for name in source.tables():
        if not any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.ignore):
            pairs.append((name, find_name(source.plain_name(name), arrived)))
    if not pairs:
        raise Failure("the source has no tables to compare")
    return pairs


def find_name(name, candidates):
    """The destination's name for a source name: the same, the same in lower case, or the converted one."""
    lowered = {candidate.lower(): candidate for candidate in candidates}
    if name in candidates:
        return name
    return lowered.get(name.lower()) or lowered.get(converted_name(name))


def converted_name(name):
    """What the naming rule for illegal names makes of one; written here a second time, on purpose."""
    lowered = "".join(c.lower() if c.isascii() else c for c in name)
    legal = re.sub("[^a-z0-9_]", "_", lowered)
    if legal != lowered:
        legal = legal.strip("_") or "n"
    if legal[:1].isdigit():
        legal = "c_" + legal
    if legal == lowered and len(legal) <= 127:
        return legal
    return legal[:120] + "_" + hashlib.sha256(name.encode()).hexdigest()[:6]


# ---------------------------------------------------------------------------------------------- one table


@dataclasses.dataclass
class Result:
    rows: int = 0
    cells: int = 0
    differing: int = 0
    examples: list = dataclasses.field(default_factory=list)

    def differ(self, count, example):
        self.differing += count
        if count and len(self.examples) < EXAMPLES_PER_TABLE:
            self.examples.append(example)


@dataclasses.dataclass
class Pair:
    """One column on both sides, in one Arrow type that can be sorted and compared."""
    name: str
    source: pa.Array
    destination: pa.Array
    floating: pa.DataType | None  # the type of floats, which are compared by their bits

    def shown(self, side, position):
        array = getattr(self, side).slice(position, 1)
        return show((array.view(self.floating) if self.floating else array)[0].as_py())


def compare_table(source, source_name, destination, destination_name, arguments):
    columns = source.columns(source_name)
    if destination_name is None or destination_name not in destination.tables():
        rows = source.export(source_name, columns).num_rows
        result = Result(rows, rows * len(columns))
        result.differ(max(1, result.cells), "the table did not arrive")
        return result
    arrived = destination.read(destination_name)
    matched, lost, extra = match_columns(source_name, columns, arrived, arguments)
    exported = source.export(source_name, [column for column, _ in matched], types_by_source_name(matched, arrived))
    result = Result(exported.num_rows, exported.num_rows * (len(matched) + len(lost)))
    for column in lost:
        result.differ(max(1, exported.num_rows), f"column {column.name} did not arrive")
    for name in extra:
        result.differ(max(1, arrived.num_rows), f"column {name} is not in the source")
    pairs = []
    for index, (column, name) in enumerate(matched):
        problem = type_problem(column.kind, plain_type(arrived.schema.field(name).type))
        if problem:
            result.differ(max(1, exported.num_rows), f"column {column.name}: {problem}")
        else:
            pairs.append(make_pair(column, exported.column(index), arrived.column(name)))
    align_and_compare(pairs, source.key(source_name), exported.num_rows, arrived.num_rows, result)
    return result


def make_pair(column, exported, arrived):
    source, destination = comparable(column, exported, arrived)
    arrow_type = plain_type(arrived.type)
    floating = arrow_type if pa.types.is_floating(arrow_type) and pa.types.is_integer(source.type) else None
    return Pair(column.name, source, destination, floating)


def types_by_source_name(matched, arrived):
    return {column.name: plain_type(arrived.schema.field(name).type) for column, name in matched}


def match_columns(table, columns, arrived, arguments):
    matched, lost, used = [], [], set()
    for column in columns:
        if f"{table}.{column.name}" in arguments.skip:
            continue
        name = find_name(column.name, [name for name in arrived.column_names if name not in used])
        if name is None:
            lost.append(column)
        else:
            used.add(name)
            matched.append((column, name))
    extra = [name for name in arrived.column_names if name not in used and name not in arguments.extra]
    return matched, lost, extra


def align_and_compare(pairs, key, source_rows, destination_rows, result):
    if not pairs:
        return
    if source_rows == 0 and destination_rows == 0:
        return
    by_name = {pair.name: pair for pair in pairs}
    keys = [by_name[name] for name in key if name in by_name]
    keyed = bool(keys) and len(keys) == len(key)
    if keyed:
        sort(pairs, keys)
        keyed = no_repeated([pair.source for pair in keys])
    if not keyed:
        keys = pairs
        sort(pairs, pairs)
    if source_rows == destination_rows and not any(pc.any(differences(p.source, p.destination)).as_py() for p in keys):
        compare_aligned(pairs, keys if keyed else [], result)
    elif keyed:
        compare_by_key(pairs, keys, result)
    else:
        compare_leftovers(pairs, result)


def sort(pairs, keys):
    """Sorts both sides of all pairs by the given ones; equal multisets of rows come out in the same order."""
    for side in ("source", "destination"):
        table = pa.table([getattr(pair, side) for pair in keys], names=[str(n) for n in range(len(keys))])
        order = pc.sort_indices(table, sort_keys=[(str(n), "ascending") for n in range(len(keys))])
        for pair in pairs:
            setattr(pair, side, getattr(pair, side).take(order))


def no_repeated(sorted_keys):
    """True if no row of sorted keys equals the one before it, and no part of a key is NULL."""
    if any(array.null_count for array in sorted_keys):
        return False
    repeated = None
    for array in sorted_keys:
        same = pc.equal(array.slice(1), array.slice(0, max(0, len(array) - 1)))
        repeated = same if repeated is None else pc.and_(repeated, same)
    return not pc.any(repeated).as_py()


def differences(left, right):
    """Row by row: do the two differ? NULL equals NULL and nothing else."""
    differ = pc.fill_null(pc.not_equal(left, right), False)
    return pc.or_(differ, pc.xor(pc.is_null(left), pc.is_null(right)))


def compare_aligned(pairs, keys, result):
    for pair in pairs:
        differ = differences(pair.source, pair.destination)
        count = pc.sum(differ).as_py() or 0
        if not count:
            continue
        result.differing += count
        for position in pc.indices_nonzero(differ).slice(0, EXAMPLES_PER_TABLE - len(result.examples)).to_pylist():
            result.examples.append(describe(pair, keys, position))


def describe(pair, keys, position):
    where = ", ".join(f"{key.name}={key.shown('source', position)}" for key in keys) or f"sorted row {position}"
    source, destination = pair.shown("source", position), pair.shown("destination", position)
    return f"{where}: {pair.name}: source {source}, destination {destination}"


def show(value):
    if value is None:
        return "NULL"
    text = value.hex() if isinstance(value, bytes) else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 120 else f"{text[:100]}… ({len(text)} characters)"


def compare_by_key(pairs, keys, result):
    """Some rows are missing, extra or repeated at the destination: pair the others by key."""
    places = collections.defaultdict(list)
    for position, key in enumerate(zip(*(pair.destination.to_pylist() for pair in keys))):
        places[key].append(position)
    source_order, destination_order = [], []
    for position, key in enumerate(zip(*(pair.source.to_pylist() for pair in keys))):
        found = places.get(key)
        if found:
            source_order.append(position)
            destination_order.append(found.pop(0))
        else:
            result.differ(len(pairs), f"{describe_key(keys, key)}: the row is missing at the destination")
    for key, left in places.items():
        for _ in left:
            result.differ(len(pairs), f"{describe_key(keys, key)}: the destination has a row too many")
    source_order, destination_order = pa.array(source_order, pa.int64()), pa.array(destination_order, pa.int64())
    for pair in pairs:
        pair.source, pair.destination = pair.source.take(source_order), pair.destination.take(destination_order)
    compare_aligned(pairs, keys, result)


def describe_key(keys, values):
    return ", ".join(f"{pair.name}={show(value)}" for pair, value in zip(keys, values))


def compare_leftovers(pairs, result):
    """Without a key: takes away what both sides have, then pairs what is left by likeness."""
    left = collections.Counter(zip(*(pair.source.to_pylist() for pair in pairs)))
    right = collections.Counter(zip(*(pair.destination.to_pylist() for pair in pairs)))
    missing, extra = list((left - right).elements()), list((right - left).elements())
    if len(missing) * len(extra) > PAIRING_LIMIT**2:
        result.differ(max(len(missing), len(extra)) * len(pairs),
                      f"{len(missing)} rows are missing, {len(extra)} are too many")
        return
    for row in missing:
        if not extra:
            result.differ(len(pairs), f"row {show_row(row)} is missing at the destination")
            continue
        nearest = max(extra, key=lambda other: sum(a == b for a, b in zip(row, other)))
        extra.remove(nearest)
        for pair, mine, theirs in zip(pairs, row, nearest):
            if mine != theirs:
                result.differ(1, f"row {show_row(row)}: {pair.name}: source {show(mine)}, destination {show(theirs)}")
    for row in extra:
        result.differ(len(pairs), f"the destination has a row too many: {show_row(row)}")


def show_row(row):
    return show("(" + ", ".join(show(value) for value in row) + ")")


# ---------------------------------------------------------------------------------------------- values


@dataclasses.dataclass(frozen=True)
class Column:
    """A source column: what its values are, and the SQL expression whose text tells them exactly.

    kind: int decimal float date timestamp instant time bytes bool text array map struct
    """
    name: str
    kind: str
    expression: str
    quoted: bool = True  # whether the text may hold delimiters
    encoding: str = "plain"  # plain, hex-text (UTF-8 as hex), sqlite-number (r + hex of a double, or digits)


def plain_type(arrow_type):
    if isinstance(arrow_type, pa.BaseExtensionType):
        return plain_type(arrow_type.storage_type)
    return plain_type(arrow_type.value_type) if pa.types.is_dictionary(arrow_type) else arrow_type


def is_text(arrow_type):
    return pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type) or arrow_type == pa.string_view()


def is_bytes(arrow_type):
    return (pa.types.is_binary(arrow_type) or pa.types.is_large_binary(arrow_type)
            or pa.types.is_fixed_size_binary(arrow_type) or arrow_type == pa.binary_view())


def is_nested(arrow_type):
    return pa.types.is_nested(arrow_type)


FITTING = {
    "int": [pa.types.is_integer, pa.types.is_decimal, pa.types.is_boolean],
    "decimal": [pa.types.is_decimal],
    "float": [pa.types.is_floating],
    "date": [pa.types.is_date],
    "timestamp": [lambda t: pa.types.is_timestamp(t) and t.tz is None],
    "instant": [lambda t: pa.types.is_timestamp(t) and t.tz is not None],
    "time": [pa.types.is_time],
    "bytes": [is_bytes],
    "bool": [pa.types.is_boolean],
    "text": [],
    "uuid": [is_bytes],
    "array": [is_nested],
    "map": [is_nested],
    "struct": [is_nested],
}


def type_problem(kind, arrow_type):
    """A destination type that happens to hold the values is not enough: it must be one for their kind."""
    if is_text(arrow_type) and kind != "bytes":
        return None
    if any(fits(arrow_type) for fits in FITTING[kind]):
        return None
    return f"type {arrow_type} at the destination is none for {kind}"


def comparable(column, exported, arrived):
    """Both sides in one Arrow type that can be sorted and compared for exact equality."""
    texts = decoded(column, exported)
    arrived = flattened(arrived)
    if is_text(arrived.type):
        return comparable_texts(column.kind, texts, arrived.cast(TEXT))
    if is_bytes(arrived.type) and column.kind == "bytes":
        return mapped(texts, bytes.fromhex, pa.large_binary()), arrived.cast(pa.large_binary())
    if not is_nested(arrived.type) and not is_bytes(arrived.type):
        try:
            return sortable(parsed(column.kind, texts, arrived.type)), sortable(arrived)
        except pa.ArrowInvalid:
            pass  # a value that the destination's type cannot hold: it shows in the texts
    canonical_source = mapped(texts, lambda text: canonical_text(column.kind, text, arrived.type), TEXT)
    rendered = [None if scalar is None else canonical_value(scalar, arrived.type) for scalar in python_values(arrived)]
    return canonical_source, pa.array(rendered, TEXT)


def decoded(column, exported):
    """The exported bytes as text. Bytes that are no UTF-8 stay visible as escapes and equal nothing."""
    raw = exported.combine_chunks() if isinstance(exported, pa.ChunkedArray) else exported
    if column.encoding == "hex-text":
        return mapped(raw.cast(TEXT), lambda text: bytes.fromhex(text).decode(errors="backslashreplace"), TEXT)
    if column.encoding == "sqlite-number":
        return mapped(raw.cast(TEXT), sqlite_number, TEXT)
    try:
        return raw.cast(TEXT)
    except pa.ArrowInvalid:
        return mapped(raw, lambda value: value.decode(errors="backslashreplace"), TEXT)


def sqlite_number(text):
    if not re.fullmatch("r[0-9A-F]{16}", text):
        return text
    value = struct.unpack(">d", bytes.fromhex(text[1:]))[0]
    return repr(value)


def mapped(array, function, arrow_type):
    """Applies a Python function once per distinct value."""
    encoded = array.dictionary_encode()
    values = pa.array([function(value) for value in encoded.dictionary.to_pylist()], arrow_type)
    return values.take(encoded.indices)


def flattened(column):
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def comparable_texts(kind, source, destination):
    """Texts as they are; where that does not settle it, numbers and times in their canonical form."""
    same = len(source) == len(destination) and not pc.any(pc.not_equal(source, destination)).as_py()
    if kind == "text" or same:
        return source, destination
    return tuple(mapped(side, lambda text: canonical_text(kind, text, None), TEXT) for side in (source, destination))


def parsed(kind, texts, arrow_type):
    if kind == "instant":
        # the clients print UTC as +00; the parser wants an instant, and the destination's zone name is display only
        return texts.cast(pa.timestamp(arrow_type.unit, "UTC"))
    if pa.types.is_decimal(arrow_type):
        return exact_decimals(texts, arrow_type)
    return texts.cast(arrow_type)


def exact_decimals(texts, arrow_type):
    if pc.any(pc.match_substring_regex(texts, "[eE]")).as_py():
        texts = mapped(texts, lambda text: format(decimal.Decimal(text), "f"), TEXT)
    return texts.cast(arrow_type)


def sortable(array):
    if pa.types.is_floating(array.type):
        return float_bits(array)
    if pa.types.is_boolean(array.type):
        return array.cast(pa.int8())
    if pa.types.is_timestamp(array.type) and array.type.tz:
        return array.cast(pa.timestamp(array.type.unit, "UTC"))
    return array


def float_bits(array):
    nan = pa.scalar(float("nan"), array.type)
    clean = pc.if_else(pc.is_nan(array), nan, array)
    return clean.view({16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[array.type.bit_width])


def canonical_text(kind, text, arrow_type):
    """A source's text in the form that `canonical_value` gives the same value; unreadable text stays as it is."""
    try:
        if kind == "int":
            return {"1": "true", "0": "false"}.get(text, text) if pa_bool(arrow_type) else str(int(text))
        if kind == "decimal":
            return format(decimal.Decimal(text), "f")
        if kind == "float":
            return repr(float32(text) if arrow_type == pa.float32() else float(text))
        if kind in ("timestamp", "instant", "time"):
            return six_digits(text)
        if kind == "uuid" and arrow_type is not None:
            return text.replace("-", "").lower()
        if kind in ("array", "map", "struct") and arrow_type is not None:
            return json_text(json.loads(text, parse_int=str, parse_float=str), arrow_type)
    except (ValueError, ArithmeticError):
        pass
    return text


def pa_bool(arrow_type):
    return arrow_type is not None and pa.types.is_boolean(arrow_type)


def float32(text):
    return struct.unpack("f", struct.pack("f", float(text)))[0]


def six_digits(text):
    """2024-01-01T00:00:00.5Z, 2024-01-01 00:00:00.5+00 → 2024-01-01 00:00:00.500000"""
    match = re.fullmatch(r"(\d{4,}-\d\d-\d\d[T ])?(-?\d\d\d?:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00(?::?00)?)?", text)
    if not match:
        return text
    day, clock, fraction = match.groups()
    return f"{(day or '').replace('T', ' ')}{clock}.{(fraction or '').ljust(6, '0')}"


def json_text(value, arrow_type):
    return json.dumps(nested_text(value, arrow_type), ensure_ascii=False, sort_keys=True)


def nested_text(value, arrow_type):
    """A nested value read from JSON, its leaves in the canonical form of what they became."""
    if isinstance(value, dict) and pa.types.is_map(arrow_type):
        return {key: nested_text(item, arrow_type.item_type) for key, item in value.items()}
    if isinstance(value, dict) and pa.types.is_struct(arrow_type):
        types = {field.name: field.type for field in arrow_type}
        return {key: nested_text(item, types.get(key, TEXT)) for key, item in value.items()}
    if isinstance(value, list) and hasattr(arrow_type, "value_type"):
        return [nested_text(item, arrow_type.value_type) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return canonical_text(leaf_kind(arrow_type), value, arrow_type) if isinstance(value, str) else value


def leaf_kind(arrow_type):
    for kind in ("decimal", "float", "timestamp", "instant", "time"):
        if any(fits(arrow_type) for fits in FITTING[kind]):
            return kind
    return "text"


def python_values(array):
    """Python values; timestamps outside of datetime's range come as their text."""
    try:
        return array.to_pylist()
    except (ValueError, OverflowError):
        return array.cast(TEXT).to_pylist()


def canonical_value(value, arrow_type):
    nested = nested_value(value, arrow_type)
    return nested if isinstance(nested, str) else json.dumps(nested, ensure_ascii=False, sort_keys=True)


def nested_value(value, arrow_type):
    if value is None:
        return None
    if pa.types.is_map(arrow_type):
        return {str(key): nested_value(item, arrow_type.item_type) for key, item in value}
    if pa.types.is_struct(arrow_type):
        return {field.name: nested_value(value[field.name], field.type) for field in arrow_type}
    if is_nested(arrow_type):
        return [nested_value(item, arrow_type.value_type) for item in value]
    return scalar_text(value, arrow_type)


def scalar_text(value, arrow_type):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f").rjust(26, "0") \
            if value.tzinfo else value.isoformat(" ", "microseconds")
    if isinstance(value, datetime.time):
        return value.isoformat("microseconds")
    return str(value)


# ---------------------------------------------------------------------------------------------- sources


def open_source(address):
    scheme, _, rest = address.partition(":")
    if scheme == "sqlite":
        return Sqlite(rest)
    url = urllib.parse.urlsplit(address)
    if scheme in ("postgresql", "postgres"):
        return PostgreSql(url)
    if scheme in ("mysql", "mariadb"):
        return MySql(url)
    raise Failure(f"unknown source {address!r}")


def client(command, environment=None, output=subprocess.PIPE):
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, check=False,
                            env={**os.environ, **(environment or {})})
    if result.returncode or result.stderr.startswith((b"ERROR", b"Error", b"Parse error", b"Runtime error")):
        raise Failure(f"{command[0]} failed: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout


class Source:
    """A database behind its command line client; a subclass knows its catalog and its quoting."""

    delimiter = ","

    def plain_name(self, table):
        return table

    def export(self, table, columns, arrow_types=None):
        """All rows as binary columns, byte for byte what the client printed; NULL is NULL."""
        columns = [self.adapted(column, (arrow_types or {}).get(column.name)) for column in columns]
        # a lone column would make an empty line of a NULL
        expressions = [*columns, Column("", "int", "1", quoted=False)]
        with tempfile.TemporaryDirectory(prefix="godwit-compare-") as folder:
            path = os.path.join(folder, "rows")
            with open(path, "wb") as file:
                self.print_rows(table, expressions, file)
            return self.read_rows(path, len(expressions))

    def adapted(self, column, _arrow_type):
        return column

    def read_rows(self, path, width):
        names = [str(number) for number in range(width)]
        if os.path.getsize(path) == 0:
            return pa.table([pa.array([], pa.binary())] * width, names=names)
        block_bytes = 16 << 20
        while True:
            try:
                return pa.csv.read_csv(
                    path,
                    pa.csv.ReadOptions(column_names=names, block_size=min(block_bytes, (1 << 31) - 1)),
                    pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                    pa.csv.ConvertOptions(column_types={name: pa.binary() for name in names}, null_values=[""],
                                          strings_can_be_null=True, quoted_strings_can_be_null=False))
            except pa.ArrowInvalid as error:
                if "straddling" not in str(error) or block_bytes >= 1 << 31:
                    raise Failure(f"could not read an export: {error}") from error
                block_bytes *= 8  # one row is longer than a block


class PostgreSql(Source):
    def __init__(self, url):
        self.command = ["psql", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", url.hostname or "127.0.0.1",
                        "-p", str(url.port or 5432), "-U", urllib.parse.unquote(url.username or ""),
                        "-d", urllib.parse.unquote(url.path[1:])]
        self.schemas = urllib.parse.parse_qs(url.query).get("schema", ["public"])[0].split(",")
        self.environment = {
            "PGCLIENTENCODING": "UTF8",
            "PGOPTIONS": "-c timezone=UTC -c datestyle=ISO,YMD -c intervalstyle=iso_8601 -c extra_float_digits=1 "
                         "-c bytea_output=hex -c search_path=pg_catalog -c row_security=off -c lc_monetary=C",
        }

    def ask(self, sql):
        text = client([*self.command, "-c", f"SELECT coalesce(json_agg(q), '[]') FROM ({sql}) q"], self.environment)
        return json.loads(text)

    def tables(self):
        schemas = ", ".join(map(literal, self.schemas))
        rows = self.ask("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
                        f"WHERE n.nspname IN ({schemas}) AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
                        "ORDER BY 1, 2")
        return [f"{row['nspname']}.{row['relname']}" for row in rows]

    def plain_name(self, table):
        return self.split(table)[1]

    def split(self, table):
        for schema in self.schemas:
            if table.startswith(schema + "."):
                return schema, table[len(schema) + 1:]
        return self.schemas[0], table

    def quoted(self, table):
        return ".".join(quote(part) for part in self.split(table))

    def columns(self, table):
        rows = self.ask(
            "SELECT a.attname AS name, coalesce(b.typname, t.typname) AS type, coalesce(b.typcategory, t.typcategory) "
            "AS category, coalesce(b.typtype, t.typtype) AS shape, a.atttypmod AS modifier, t.typtypmod AS domain_modifier "
            "FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type b ON b.oid = t.typbasetype "
            f"WHERE a.attrelid = {literal(self.quoted(table))}::regclass AND a.attnum > 0 AND NOT a.attisdropped "
            "ORDER BY a.attnum")
        if not rows:
            raise Failure(f"{table} has no columns")
        return [self.column(row) for row in rows]

    @staticmethod
    def column(row):
        name, kind = quote(row["name"]), row["type"]
        modifier = row["modifier"] if row["modifier"] != -1 else row["domain_modifier"]
        kinds = {"int2": "int", "int4": "int", "int8": "int", "oid": "int", "numeric": "decimal", "float4": "float",
                 "float8": "float", "date": "date", "timestamp": "timestamp", "timestamptz": "instant",
                 "time": "time", "uuid": "uuid", "hstore": "map"}
        if kind == "money":
            return Column(row["name"], "decimal", f"{name}::numeric")
        if kind == "bool" or (kind == "bit" and modifier == 1):
            return Column(row["name"], "bool", f"{name}::text")
        if kind == "bytea":
            return Column(row["name"], "bytes", f"encode({name}, 'hex')")
        if row["category"] == "A":
            return Column(row["name"], "array", name)
        if row["shape"] == "c":
            return Column(row["name"], "struct", name)
        return Column(row["name"], kinds.get(kind, "text"), name)

    def adapted(self, column, arrow_type):
        """Nested types are exported as JSON if they arrived nested, in the server's own text if as text."""
        if arrow_type is None or not is_nested(arrow_type):
            return column
        if column.kind == "array" and not is_nested(arrow_type.value_type):
            return dataclasses.replace(column, expression=f"to_json({column.expression}::text[])")
        # hstore's own cast to json, found wherever the extension is installed
        function = f"({column.expression}::json)" if column.kind == "map" else f"to_json({column.expression})"
        return dataclasses.replace(column, expression=function)

    def key(self, table):
        rows = self.ask("SELECT a.attname AS name FROM pg_index i CROSS JOIN unnest(i.indkey) WITH ORDINALITY k(number, place) "
                        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
                        f"WHERE i.indrelid = {literal(self.quoted(table))}::regclass AND i.indisprimary ORDER BY k.place")
        return [row["name"] for row in rows]

    def print_rows(self, table, columns, file):
        expressions = ", ".join(column.expression for column in columns)
        sql = f"COPY (SELECT {expressions} FROM {self.quoted(table)}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)"
        client([*self.command, "-c", sql], self.environment, file)


class MySql(Source):
    delimiter = "\t"

    INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "bit", "year"}
    BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
    GEOMETRIES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
                  "geometrycollection"}

    def __init__(self, url):
        self.database = urllib.parse.unquote(url.path[1:])
        self.command = ["mariadb", "--no-defaults", "--batch", "--raw", "--skip-column-names", "--quick",
                        "--default-character-set=utf8mb4", "--max-allowed-packet=1G", "--protocol=tcp",
                        f"--host={url.hostname or '127.0.0.1'}", f"--port={url.port or 3306}",
                        f"--user={urllib.parse.unquote(url.username or '')}",
                        "--init-command=SET time_zone = '+00:00', sql_mode = '', group_concat_max_len = 1073741824",
                        self.database]

    def ask(self, sql):
        return [[bytes.fromhex(cell).decode() for cell in line.split("\t")]
                for line in client([*self.command, "-e", sql]).decode().splitlines()]

    def tables(self):
        return [row[0] for row in self.ask(
            "SELECT HEX(table_name) FROM information_schema.tables WHERE table_schema = DATABASE() "
            "AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY table_name")]

    def columns(self, table):
        rows = self.ask(
            "SELECT HEX(column_name), HEX(data_type), HEX(column_type) FROM information_schema.columns "
            f"WHERE table_schema = DATABASE() AND table_name = {my_literal(table)} ORDER BY ordinal_position")
        if not rows:
            raise Failure(f"{table} has no columns")
        return [self.column(*row) for row in rows]

    def column(self, column_name, data_type, column_type):
        name = "`" + column_name.replace("`", "``") + "`"
        if data_type in self.INTEGERS:
            return Column(column_name, "int", f"{name}+0", quoted=False)
        if data_type == "decimal":
            return Column(column_name, "decimal", name, quoted=False)
        if data_type in ("float", "double"):
            # FLOAT prints six digits; the product is a double, which prints the shortest exact ones. Zero is
            # printed without its sign, which only ATAN2 tells.
            exact = f"IF({name} = 0 AND ATAN2({name}, -1) < 0, '-0', {name}*1e0)"
            return Column(column_name, "float", exact, quoted=False)
        if data_type in ("date", "datetime", "time"):
            kind = {"date": "date", "datetime": "timestamp", "time": "time"}[data_type]
            return Column(column_name, kind, name, quoted=False)
        if data_type == "timestamp":
            return Column(column_name, "instant", f"CONCAT({name}, '+00')", quoted=False)
        if data_type in self.BYTES:
            return Column(column_name, "bytes", f"HEX({name})")
        if data_type in self.GEOMETRIES:
            return Column(column_name, "bytes", f"HEX(ST_AsWKB({name}))")
        kind = "uuid" if data_type == "uuid" else "text"
        return Column(column_name, kind, f"CAST(CONVERT({name} USING utf8mb4) AS BINARY)")

    def key(self, table):
        return [row[0] for row in self.ask(
            "SELECT HEX(column_name) FROM information_schema.statistics WHERE table_schema = DATABASE() "
            f"AND table_name = {my_literal(table)} AND index_name = 'PRIMARY' ORDER BY seq_in_index")]

    def print_rows(self, table, columns, file):
        expressions = [f"IFNULL({column.expression}, '')" if not column.quoted else
                       f"IFNULL(CONCAT('\"', REPLACE({column.expression}, '\"', '\"\"'), '\"'), '')"
                       for column in columns]
        table = "`" + table.replace("`", "``") + "`"
        client([*self.command, "-e", f"SELECT {', '.join(expressions)} FROM {table}"], output=file)


class Sqlite(Source):
    def __init__(self, path):
        if not os.path.isfile(path):
            raise Failure(f"no file {path}")
        self.command = ["sqlite3", "-init", os.devnull, "-batch", "-readonly", path]

    def ask(self, sql):
        text = client([*self.command, ".mode json", sql]).decode()
        return json.loads(text) if text.strip() else []

    def tables(self):
        return [row["name"] for row in self.ask("SELECT name FROM sqlite_schema WHERE type = 'table' "
                                                "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")]

    def columns(self, table):
        rows = self.ask(f"SELECT name, type FROM pragma_table_xinfo({literal(table)}) WHERE hidden <> 1 ORDER BY cid")
        if not rows:
            raise Failure(f"{table} has no columns")
        return [self.column(table, row["name"], row["type"].upper()) for row in rows]

    def column(self, table, column_name, declared):
        name = quote(column_name)
        real_as_bits = f"CASE typeof({name}) WHEN 'real' THEN 'r'||hex(ieee754_to_blob({name})) ELSE {name} END"
        if "BLOB" in declared:
            return Column(column_name, "bytes", sqlite_hex(name))
        if "CHAR" in declared or "TEXT" in declared or "CLOB" in declared or "JSON" in declared:
            return self.text_column(table, column_name, name)
        for word, kind in (("DATETIME", "timestamp"), ("TIMESTAMP", "timestamp"), ("DATE", "date"), ("TIME", "time"),
                           ("BOOL", "bool")):
            if word in declared:
                return Column(column_name, kind, name)
        kind = ("int" if "INT" in declared else "float" if re.search("REAL|FLOA|DOUB", declared) else
                "decimal" if re.search("DEC|NUMERIC", declared) else None)
        if kind:
            return Column(column_name, kind, real_as_bits, encoding="sqlite-number")
        return self.text_column(table, column_name, name)

    def text_column(self, table, column_name, name):
        """Text; in hex where it holds a NUL character, at which sqlite3 would stop to print."""
        found = self.ask(f"SELECT count(*) AS n FROM {quote(table)} WHERE instr(CAST({name} AS BLOB), x'00') > 0")
        if found[0]["n"]:
            return Column(column_name, "text", sqlite_hex(name), encoding="hex-text")
        return Column(column_name, "text", name)

    def key(self, table):
        return [row["name"] for row in self.ask(f"SELECT name FROM pragma_table_info({literal(table)}) WHERE pk > 0 "
                                                "ORDER BY pk")]

    def print_rows(self, table, columns, file):
        expressions = [column.expression if not column.quoted else
                       f"CASE WHEN {column.expression} IS NULL THEN NULL ELSE "
                       f"'\"'||replace({column.expression}, '\"', '\"\"')||'\"' END" for column in columns]
        client([*self.command, ".mode list", ".separator , \"\\n\"", ".nullvalue ''",
                f"SELECT {', '.join(expressions)} FROM {quote(table)}"], output=file)


def sqlite_hex(name):
    """hex(NULL) is an empty text in SQLite."""
    return f"CASE WHEN {name} IS NOT NULL THEN hex(CAST({name} AS BLOB)) END"


def quote(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"


def my_literal(text):
    return f"CONVERT(x'{text.encode().hex()}' USING utf8mb4)"


# ---------------------------------------------------------------------------------------------- destinations


def open_destination(address):
    scheme, _, rest = address.partition(":")
    if scheme == "files":
        return Files(rest)
    if scheme == "lake" and "#" in rest:
        return Lake(*rest.rsplit("#", 1))
    if scheme in ("postgresql", "postgres"):
        return PostgreSqlCopy(urllib.parse.urlsplit(address))
    if scheme in ("mysql", "mariadb"):
        return MySqlTables(urllib.parse.urlsplit(address))
    raise Failure(f"unknown destination {address!r}")


class Files:
    def __init__(self, folder):
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise Failure(f"no folder {folder}")

    def tables(self):
        return [entry.name for entry in self.folder.iterdir() if entry.is_dir() and entry.name[0] not in "._"]

    def read(self, table):
        files = live_files(self.folder / table)
        if not files:
            return pa.table({})
        return pa.concat_tables([read_file(file, self.folder / table) for file in files], promote_options="default")


def live_files(folder):
    """The Parquet files that any reader sees who lists the folder and leaves out names that begin with . or _."""
    return [file for file in sorted(folder.rglob("*.parquet"))
            if not any(part[0] in "._" for part in file.relative_to(folder).parts)]


def read_file(file, root):
    table = pq.ParquetFile(file).read()
    for part in file.parent.relative_to(root).parts:  # name=value folders are columns, too
        name, equals, value = part.partition("=")
        if equals:
            table = table.append_column(name, pa.array([urllib.parse.unquote(value)] * table.num_rows, pa.string()))
    return table


class MySqlTables(MySql):
    """Tables that arrived at a server, as its own client prints them; instants stand there as UTC's clock shows them."""

    def read(self, table):
        columns = self.columns(table)
        types = self.ask("SELECT HEX(column_type) FROM information_schema.columns WHERE table_schema = DATABASE() "
                         f"AND table_name = {my_literal(table)} ORDER BY ordinal_position")
        exported = self.export(table, columns)
        arrays = [self.arrived(column, native, decoded(column, exported.column(index)))
                  for index, (column, (native,)) in enumerate(zip(columns, types))]
        return pa.table(arrays, names=[column.name for column in columns])

    @staticmethod
    def arrived(column, native, texts):
        """Numbers and days typed by their column; clocks stay texts."""
        base = re.split(r"[( ]", native)[0]
        if native == "tinyint(1)":
            return texts.cast(pa.int8()).cast(pa.bool_())
        if column.kind == "int":
            return texts.cast(pa.decimal128(20, 0) if "unsigned" in native else pa.int64())
        if column.kind == "decimal":
            precision, scale = map(int, re.findall(r"\d+", native))
            return texts.cast(pa.decimal128(precision, scale))
        if column.kind == "float":
            return texts.cast(pa.float64()).cast(pa.float32() if base == "float" else pa.float64())
        if column.kind == "date":
            return texts.cast(pa.date32())
        if column.kind == "bytes":
            return mapped(texts, bytes.fromhex, pa.large_binary())
        return texts


class Lake:
    def __init__(self, folder, namespace):
        from pyiceberg.catalog.sql import SqlCatalog  # only lakes need it, and it is slow to load

        folder = os.path.abspath(folder)
        if not os.path.isfile(os.path.join(folder, "catalog.db")):
            raise Failure(f"no lake at {folder}")
        self.namespace = namespace
        self.catalog = SqlCatalog("godwit", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")

    def tables(self):
        return [identifier[-1] for identifier in self.catalog.list_tables(self.namespace)]

    def read(self, table):
        return self.catalog.load_table((self.namespace, table)).scan().to_arrow()


class PostgreSqlCopy:
    """Tables of one schema, as psql prints them, each column in the Arrow type that is its own."""

    PLAIN = {"boolean": pa.bool_(), "smallint": pa.int16(), "integer": pa.int32(), "bigint": pa.int64(),
             "real": pa.float32(), "double precision": pa.float64(), "date": pa.date32(), "bytea": pa.large_binary()}

    def __init__(self, url):
        self.database = PostgreSql(url)
        self.schema = self.database.schemas[0]

    def tables(self):
        names = [self.database.plain_name(name) for name in self.database.tables()]
        return [name for name in names if not name.startswith("godwit_")]

    def read(self, table):
        name = f"{self.schema}.{table}"
        columns = self.database.columns(name)
        types = self.types(name)
        exported = self.database.export(name, columns)
        arrays = [self.typed(column, exported.column(index), types[column.name])
                  for index, column in enumerate(columns)]
        return pa.table(arrays, names=[column.name for column in columns])

    def types(self, name):
        rows = self.database.ask("SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute "
                                 f"WHERE attrelid = {literal(self.database.quoted(name))}::regclass "
                                 "AND attnum > 0 AND NOT attisdropped")
        return {row["name"]: self.arrow_type(row["type"]) for row in rows}

    def arrow_type(self, native):
        digits = re.fullmatch(r"numeric\((\d+),(\d+)\)", native)
        if digits:
            return pa.decimal128(int(digits[1]), int(digits[2]))
        if re.fullmatch(r"timestamp(\(\d\))? without time zone", native):
            return pa.timestamp("us")
        if re.fullmatch(r"timestamp(\(\d\))? with time zone", native):
            return pa.timestamp("us", "UTC")
        return self.PLAIN.get(native, TEXT)

    @staticmethod
    def typed(column, exported, arrow_type):
        texts = decoded(column, exported)
        if arrow_type == TEXT:
            return texts
        if is_bytes(arrow_type):
            return mapped(texts, bytes.fromhex, arrow_type)
        return parsed(column.kind, texts, arrow_type)


if __name__ == "__main__":
    sys.exit(main())
