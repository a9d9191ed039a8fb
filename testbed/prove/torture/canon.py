"""The canonical form of a value: one text for one value of one type, whichever side it comes from.

    int8 … int64, boolean   digits
    decimal(p,s)            digits with all s places
    float32, float64        the bits in hex; any NaN is nan
    text                    the text itself
    binary                  hex
    date                    days since 1970-01-01
    timestamp, instant      microseconds since 1970-01-01T00:00:00 (UTC for instants)
    list<…>                 [a, b], null as NULL, each element canonical and as JSON writes a text
"""

import datetime
import decimal
import json
import math
import re
import struct

import pyarrow as pa

EPOCH = datetime.date(1970, 1, 1).toordinal()
AT_LAKE = {"int8": "int32", "int16": "int32"}
FLOATS = {"float32": "<f", "float64": "<d"}
CLOCK = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?")


def type_at(kind, name):
    """The type that a column has at a destination."""
    return AT_LAKE.get(name, name) if kind == "lake" else name


def arrow_type(data_type):
    """PyArrow's type in our words."""
    text = str(data_type)
    plain = {"bool": "boolean", "string": "text", "large_string": "text", "large_binary": "binary", "float": "float32",
             "double": "float64", "date32[day]": "date", "timestamp[us]": "timestamp",
             "timestamp[us, tz=UTC]": "instant"}
    if pa.types.is_decimal(data_type):
        return f"decimal({data_type.precision},{data_type.scale})"
    if pa.types.is_list(data_type) or pa.types.is_large_list(data_type):
        return f"list<{arrow_type(data_type.value_type)}>"
    return plain.get(text, text)


def of_arrow(column):
    """The cells of a destination's column."""
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    elif pa.types.is_timestamp(column.type):
        column = column.cast(pa.int64())
    name = arrow_type(column.type)
    return [None if value is None else of_python(value, name) for value in column.to_pylist()]


def of_python(value, name):
    if name in FLOATS:
        return float_bits(value, name)
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    if isinstance(value, bytes):
        return value.hex()
    if name.startswith("list<"):
        inner = name[5:-1]
        cells = ("NULL" if each is None else json.dumps(of_python(each, inner), ensure_ascii=False) for each in value)
        return f"[{', '.join(cells)}]"
    return str(value)


def of_client(raw, name):
    """A cell as the client printed it (bytes), read as a value of that type."""
    if name == "binary":
        return raw.hex()
    text = raw.decode()
    if name.startswith("int"):
        return str(int(text))
    if name == "boolean":
        return {"t": "1", "f": "0", "true": "1", "false": "0"}.get(text, text)
    if name in FLOATS:
        return float_bits(float(text), name)
    if name.startswith("decimal"):
        return with_scale(text, int(name.split(",")[1].rstrip(")")))
    if name == "date":
        return str(days(text))
    if name in ("timestamp", "instant"):
        return str(micros(text))
    return text


def with_scale(text, scale):
    number = decimal.Decimal(text)
    with decimal.localcontext(prec=200):
        shown = format(number.quantize(decimal.Decimal(1).scaleb(-scale)), "f")
    return shown if decimal.Decimal(shown) == number else f"{text} (does not fit)"


def float_bits(value, name):
    if math.isnan(value):
        return "nan"
    bits = struct.pack(FLOATS[name], value)
    if struct.unpack(FLOATS[name], bits)[0] != value:
        return f"{value!r} (does not fit)"
    return bits[::-1].hex()


def days(text):
    year, month, day = map(int, CLOCK.fullmatch(text).groups()[:3])
    return datetime.date(year, month, day).toordinal() - EPOCH


def micros(text):
    year, month, day, hour, minute, second, fraction = CLOCK.fullmatch(text).groups()
    whole = days(f"{year}-{month}-{day}") * 86_400 + int(hour or 0) * 3600 + int(minute or 0) * 60 + int(second or 0)
    return whole * 1_000_000 + int((fraction or "").ljust(6, "0"))
