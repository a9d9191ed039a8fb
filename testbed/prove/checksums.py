"""The sums that a run keeps are those of what readers see, computed anew from the definition in
docs/concepts/checksums.md, with a hash from elsewhere and by readers that are not ours; the figures that it keeps are
the source's own."""

import math
import sqlite3
import struct

import pyarrow as pa
import xxhash

from prove.claim import ensure
from prove.databases import MariaDb, PostgreSql, Sqlite
from prove.destinations import destination_of
from prove.godwit import Migration

MODULUS = 1 << 128
WORD = (1 << 64) - 1

POSTGRES = """
CREATE TABLE samples (
  id bigint PRIMARY KEY, small smallint, flag boolean, price numeric(12,2), large numeric(38,10), ratio float8, part real,
  name text, code varchar(20), bytes bytea, born date, at timestamp, seen timestamptz, tags text[], counts int[]
);
INSERT INTO samples SELECT g,
  CASE WHEN g % 7 <> 0 THEN g % 30000 - 15000 END, CASE WHEN g % 5 <> 0 THEN g % 2 = 0 END,
  CASE WHEN g % 3 <> 0 THEN g * 1.37 - 500 END, (g - 50) * 12345678901234567.0123456789,
  CASE g % 9 WHEN 0 THEN 'NaN'::float8 WHEN 1 THEN '-0'::float8 WHEN 2 THEN 0 WHEN 3 THEN NULL ELSE g / 7.0 END,
  CASE g % 4 WHEN 0 THEN 'NaN'::real WHEN 1 THEN '-0'::real ELSE g / 3.0 END,
  CASE g % 6 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'näme ' || g END, 'c' || g % 10,
  CASE g % 6 WHEN 0 THEN NULL WHEN 1 THEN ''::bytea ELSE decode(md5(g::text), 'hex') END,
  CASE WHEN g % 8 <> 0 THEN DATE '1950-01-01' + g END,
  TIMESTAMP '1960-01-01' + g % 90000 * interval '31 days 1.000001 seconds',
  CASE WHEN g % 8 <> 0 THEN TIMESTAMPTZ '2024-03-31 00:00:00+00' + g * interval '17 minutes 0.000001 seconds' END,
  CASE g % 5 WHEN 0 THEN NULL WHEN 1 THEN '{}'::text[] WHEN 2 THEN ARRAY[NULL, ''] ELSE ARRAY['a' || g, 'b'] END,
  CASE g % 4 WHEN 0 THEN NULL WHEN 1 THEN ARRAY[g::int, NULL] ELSE ARRAY[1, 2, g::int] END
FROM generate_series(1, {rows}) g;
"""

MARIADB = """
CREATE TABLE samples (
  id bigint PRIMARY KEY, small smallint, big bigint unsigned, price decimal(12,2), large decimal(38,10), ratio double,
  name varchar(40), bytes varbinary(40), born date, at datetime(6), seen timestamp(3) NULL
) CHARACTER SET utf8mb4;
INSERT INTO samples SELECT seq,
  IF(seq % 7, seq % 30000 - 15000, NULL), IF(seq % 6, 18446744073709551615 - seq, NULL), IF(seq % 3, seq * 1.37 - 500, NULL),
  (seq - 50) * 12345678901234567.0123456789, IF(seq % 9, seq / 7e0, NULL),
  CASE seq % 6 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE CONCAT('näme ', seq) END,
  CASE seq % 6 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE UNHEX(MD5(seq)) END,
  IF(seq % 8, DATE '1950-01-01' + INTERVAL seq % 20000 DAY, NULL),
  TIMESTAMP '1960-01-01 00:00:00' + INTERVAL seq * 86401.000001 SECOND,
  IF(seq % 8, TIMESTAMP '2024-03-31 00:00:00' + INTERVAL seq * 1020.001 SECOND, NULL)
FROM (SELECT CAST(seq AS SIGNED) AS seq FROM seq_1_to_{rows}) AS numbers;
ANALYZE TABLE samples;
"""
# MySQL is asked in ranges, side by side, from 50,000 rows on.
ASKED_IN_RANGES = 60_000

FIGURES = {"postgresql": {
    "id": "id", "small": "small", "price": "price * 100", "large": "large * 10000000000", "born": "born - DATE '1970-01-01'",
    "at": "(EXTRACT(epoch FROM at) * 1000000)::int8", "seen": "(EXTRACT(epoch FROM seen) * 1000000)::int8",
}, "mysql": {
    "id": "id", "small": "small", "big": "big", "price": "price * 100", "large": "large * 10000000000",
    "born": "DATEDIFF(born, '1970-01-01')", "at": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', at)",
    "seen": "UNIX_TIMESTAMP(seen) * 1000000",
}}
WHOLE = {"postgresql": "trunc(({})::numeric)", "mysql": "CAST({} AS DECIMAL(65,0))"}


def checksums_catch(work):
    rows, figures = work.amount(3_000, 100_000), []
    postgres, maria = PostgreSql(work), MariaDb(work)
    postgres.execute(POSTGRES.replace("{rows}", str(rows)))
    ranges = max(rows, ASKED_IN_RANGES)
    maria.execute(MARIADB.replace("{rows}", str(ranges)))
    for database, kind, rows in ((postgres, "lake", rows), (postgres, "files", rows), (maria, "lake", ranges)):
        migration = Migration(work.room(f"{database.kind}-{kind}"), database, kind, ["samples"], verify="checksums")
        proof, table = proven(migration)
        cells = sums_are(proof, table)
        compared = figures_are(proof, database)
        figures.append(f"{database.title} to {kind}: {rows:,} rows, {table.num_columns} column sums and the row sum computed anew "
                       f"from {cells:,} cells, {compared} figures asked anew, 0 differing")
        wrong = {**proof, "columns": [spoilt(column) for column in proof["columns"]]}
        work.sabotage(f"{database.title} to {kind}: a source's sum one too large", figures_are, wrong, database)
        if kind == "files":
            damage(work, proof, table)
    figures.append(from_lake(work, postgres))
    figures.append(from_sqlite(work, ranges))
    return "; ".join(figures)


def from_sqlite(work, rows):
    path = work.folder / "samples.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE samples (id INTEGER PRIMARY KEY, n INTEGER, name TEXT)")
        connection.executemany("INSERT INTO samples VALUES (?, ?, ?)",
                               ((n, None if n % 5 == 0 else n * 1_000_003 - 7, f"n{n}") for n in range(1, rows + 1)))
        connection.execute("ANALYZE")
        asked = {name: [str(value) for value in connection.execute(
            f"SELECT min({name}), max({name}), sum({name}) FROM samples").fetchone()] for name in ("id", "n")}
    proof, table = proven(Migration(work.room("sqlite"), Sqlite(path), "lake", ["samples"], verify="checksums"))
    cells = sums_are(proof, table)
    kept_are(proof, asked)
    work.sabotage("SQLite to lake: a sum of twice the rows", kept_are, proof,
                  {**asked, "n": [*asked["n"][:2], str(2 * int(asked["n"][2]))]})
    return f"SQLite to lake: {rows:,} rows, {cells:,} cells summed anew, {2 * 3} figures asked anew, 0 differing"


def kept_are(proof, asked):
    for column in proof["columns"]:
        if column["name"] in asked:
            kept = [column["source"]["range"][end] for end in ("min", "max", "sum")]
            ensure(kept == asked[column["name"]], f"{column['name']}: {kept} is kept, the client says {asked[column['name']]}")


def proven(migration):
    report = migration.run().table("samples")
    ensure(report["verified"] == "checksums", f"verified: {report['verified']}")
    return report["checksums"], destination_of(migration).read("samples")


class LakeSource:
    """The lake that a migration wrote, to be read from."""
    kind = "lake"

    def __init__(self, migration):
        self.folder = migration.folder

    def connection(self):
        return {"type": "lake", "path": str(self.folder)}

    def options(self):
        return {}

    def table(self, name):
        return f"shop.{name}"


def from_lake(work, database):
    """What a lake's manifests count is what PyArrow counts in the copy."""
    lake = Migration(work.room("lake-source"), database, "lake", ["samples"])
    lake.run()
    copy = Migration(work.room("lake-files"), LakeSource(lake), "files", ["samples"], verify="checksums")
    proof, table = proven(copy)
    sums_are(proof, table)
    counted = non_nulls_are(proof, table)
    less = table.set_column(0, "id", pa.nulls(table.num_rows, table.schema.field("id").type))
    work.sabotage("lake to files: a column that holds nothing", non_nulls_are, proof, less)
    return f"lake to files: {counted} counts of the manifests, 0 differing"


def non_nulls_are(proof, table):
    counted = 0
    for column in proof["columns"]:
        source = column.get("source")
        if source and source.get("non_null") is not None:
            there = table.num_rows - table.column(column["name"]).null_count
            ensure(source["non_null"] == there, f"{column['name']}: {source['non_null']} are not null, {there} stand")
            counted += 1
    ensure(counted >= table.num_columns // 2, f"{counted} of {table.num_columns} columns are counted")
    return counted


def figures_are(proof, database):
    """Every range that the run keeps is what the server's own client says; returns how many figures that are."""
    found = {column["name"]: column["source"] for column in proof["columns"]}
    expressions, count = FIGURES[database.kind], 0
    for name, source in found.items():
        [[non_null]] = database.query(f"SELECT count({name}) FROM samples")
        ensure(source["non_null"] == int(non_null), f"{name}: {source['non_null']} are not null, the client counts {non_null}")
        count += 1
        ensure(("range" in source) == (name in expressions), f"{name}: {source}")
        if name in expressions:
            number = WHOLE[database.kind].format(expressions[name])
            [expected] = database.query(f"SELECT min({number}), max({number}), sum({number}) FROM samples")
            kept = [source["range"][word] for word in ("min", "max", "sum")]
            ensure(kept == expected, f"{name}: {kept} is kept, the client says {expected}")
            count += 3
    return count


def spoilt(column):
    source = column["source"]
    if column["name"] != "large":
        return column
    spoilt_range = {**source["range"], "sum": str(int(source["range"]["sum"]) + 1)}
    return {**column, "source": {**source, "range": spoilt_range}}


def sums_are(proof, table):
    """The sums kept are those of the table; returns the number of cells."""
    rows = [0] * table.num_rows
    ensure(proof["rows"] == table.num_rows, f"{proof['rows']} rows are kept, {table.num_rows} stand")
    for position, column in enumerate(proof["columns"], 1):
        values = table.column(position - 1)
        seed = hash_of(f"{position} {spelled(values.type)}".encode(), 0) & WORD
        hashes = [hash_of(canonical(value, values.type), seed) if value is not None else hash_of(b"", seed ^ WORD)
                  for value in plain(values)]
        rows = [(row + value) % MODULUS for row, value in zip(rows, hashes, strict=True)]
        found = f"{sum(hashes) % MODULUS:032x}"
        ensure(column["name"] == table.column_names[position - 1], f"column {column['name']} stands elsewhere")
        ensure(column["sum"] == found, f"the sum of column {column['name']} is {column['sum']} and comes out as {found}")
    row_sum = f"{sum(hash_of(row.to_bytes(16, 'little'), 0) for row in rows) % MODULUS:032x}"
    ensure(proof["row_sum"] == row_sum, f"the sum of the rows is {proof['row_sum']} and comes out as {row_sum}")
    return table.num_rows * table.num_columns


def hash_of(content, seed):
    return xxhash.xxh3_128_intdigest(content, seed)


def spelled(kind):
    """The type as Godwit calls it, from what the reader says."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "instant(6)" if kind.tz else "timestamp(6)"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"list<{spelled(kind.value_type)}>"
    words = {pa.bool_(): "boolean", pa.float32(): "float32", pa.float64(): "float64", pa.date32(): "date",
             pa.string(): "text", pa.large_string(): "text", pa.binary(): "binary", pa.large_binary(): "binary"}
    return words[kind] if kind in words else str(kind)


def plain(values):
    """Values as Python has them; moments as the integers that stand in the file."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        return values.cast(pa.timestamp("us", kind.tz)).cast(pa.int64()).to_pylist()
    if pa.types.is_date(kind):
        return values.cast(pa.int32()).to_pylist()
    return values.to_pylist()


def canonical(value, kind):
    if pa.types.is_boolean(kind):
        return bytes([value])
    if pa.types.is_integer(kind) or pa.types.is_timestamp(kind):
        return value.to_bytes(8, "little", signed=True)
    if pa.types.is_date(kind):
        return value.to_bytes(4, "little", signed=True)
    if pa.types.is_decimal(kind):
        sign, digits, exponent = value.as_tuple()
        unscaled = int("".join(map(str, digits))) * 10 ** (exponent + kind.scale)
        return (-unscaled if sign else unscaled).to_bytes(16, "little", signed=True) + bytes([kind.scale])
    if pa.types.is_float32(kind):
        return bytes.fromhex("0000c07f") if math.isnan(value) else struct.pack("<f", value)
    if pa.types.is_float64(kind):
        return bytes.fromhex("000000000000f87f") if math.isnan(value) else struct.pack("<d", value)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return length(value) + b"".join(inner(element, kind.value_type) for element in value)
    return value.encode() if isinstance(value, str) else value


def inner(value, kind):
    if value is None:
        return b"\0"
    content = canonical(value, kind)
    return b"\1" + (length(content) if isinstance(value, str | bytes) else b"") + content


def length(of):
    return len(of).to_bytes(8, "little")


def damage(work, proof, table):
    """What readers see is damaged in the small; each time the sums must tell."""
    def column(name, change):
        values = plain(table.column(name))
        change(values)
        kind = table.schema.field(name).type
        if pa.types.is_timestamp(kind):
            array = pa.array(values, pa.int64()).cast(kind)
        elif pa.types.is_date(kind):
            array = pa.array(values, pa.int32()).cast(kind)
        else:
            array = pa.array(values, kind)
        return table.set_column(table.column_names.index(name), table.schema.field(name), array)

    def change_first(test, change):
        def apply(values):
            at = next(at for at, value in enumerate(values) if test(value))
            values[at] = change(values[at])
        return apply

    def exchange(values):
        one = next(at for at, value in enumerate(values) if value)
        other = next(at for at, value in enumerate(values) if value and value != values[one])
        values[one], values[other] = values[other], values[one]

    names = table.column_names
    half = table.num_rows // 2
    shifted = list(range(len(names)))
    a, b = names.index("name"), names.index("code")
    shifted[a], shifted[b] = b, a
    saboteurs = {
        "a split dropped": table.slice(0, half),
        "a part doubled": pa.concat_tables([table, table.slice(0, half)]),
        "one row for another": pa.concat_tables([table.slice(1), table.slice(1, 1)]),
        "two rows exchange a value": column("name", exchange),
        "null becomes empty": column("name", change_first(lambda value: value is None, lambda _: "")),
        "one microsecond off": column("seen", change_first(lambda value: value is not None, lambda value: value + 1)),
        "text cut": column("name", change_first(lambda value: value, lambda value: value[:-1])),
        "a decimal rescaled": table.set_column(names.index("price"), "price",
                                               table.column("price").cast(pa.decimal128(13, 3))),
        "-0.0 becomes 0.0": column("ratio", change_first(lambda value: value == 0 and math.copysign(1, value) < 0,
                                                         lambda _: 0.0)),
        "a null inside of a list becomes empty": column("tags", change_first(lambda value: value and None in value,
                                                                             lambda _: ["", ""])),
        "a column shifted": table.select(shifted).rename_columns(names),
    }
    for what, damaged in saboteurs.items():
        work.sabotage(what, sums_are, proof, damaged)
