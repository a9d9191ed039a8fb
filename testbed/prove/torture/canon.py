"""The canonical form of a value: one text for one value of one type, whichever side it comes from.

    int8 … int64, boolean   digits
    decimal(p,s)            digits with all s places
    float32, float64        the bits in hex; any NaN is nan
    text                    the text itself
    binary                  hex
    date                    days since 1970-01-01
    time                    microseconds since midnight
    timestamp, instant      microseconds since 1970-01-01T00:00:00 (UTC for instants)
    list<…>                 a JSON array, each element canonical: a text, or null
    struct<a:…,b:…>         a JSON object of its parts in their order
    map<text,…>             a JSON object, keys in their order
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
CLOCK = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?)?")
OFFSET = re.compile(r" ?(?:[Zz]|([+-])(\d\d):(\d\d))$")
NESTED = ("list<", "struct<", "map<")


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
    if pa.types.is_struct(data_type):
        return f"struct<{','.join(f'{field.name}:{arrow_type(field.type)}' for field in data_type)}>"
    if pa.types.is_map(data_type):
        return f"map<{arrow_type(data_type.key_type)},{arrow_type(data_type.item_type)}>"
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
    if name.startswith(NESTED):
        return json.dumps(nested(value, name, of_python), ensure_ascii=False)
    return str(value)


def nested(value, name, scalar):
    """A value of such a type as what JSON writes, its scalars in their canonical form."""
    if value is None:
        return None
    if name.startswith("list<"):
        return [nested(each, name[5:-1], scalar) for each in value]
    if name.startswith("map<"):
        _, inner = parts(name[4:-1])
        pairs = value.items() if isinstance(value, dict) else value
        return {key: nested(each, inner, scalar) for key, each in sorted(pairs)}
    if name.startswith("struct<"):
        fields = [part.split(":", 1) for part in parts(name[7:-1])]
        return {field: nested(value[field], inner, scalar) for field, inner in fields}
    return scalar(value, name)


def parts(text):
    """What commas part, but those within angles."""
    found, depth = [""], 0
    for letter in text:
        depth += (letter == "<") - (letter == ">")
        if letter == "," and not depth:
            found.append("")
        else:
            found[-1] += letter
    return found


def of_client(raw, name):
    """A cell as the client printed it (bytes), read as a value of that type."""
    if name == "binary":
        return raw.hex()
    text = raw.decode()
    if name.startswith(NESTED):
        value = json.loads(text, parse_int=str, parse_float=str)
        return json.dumps(nested(value, name, of_json), ensure_ascii=False)
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
    if name == "time":
        return str(micros(f"1970-01-01 {text}"))
    if name == "timestamp":
        return str(micros(text))
    if name == "instant":
        return str(instant(text))
    return text


def of_json(value, name):
    """A scalar as the client wrote it into JSON."""
    if isinstance(value, bool):
        return str(int(value))
    return value.removeprefix("\\x") if name == "binary" else of_client(value.encode(), name)


def instant(text):
    """The same of a moment that may tell its offset from UTC."""
    offset = OFFSET.search(text) if text.count(":") > 1 else None
    if offset is None:
        return micros(text)
    sign, hours, minutes = offset.groups(default="0")
    east = (int(hours) * 60 + int(minutes)) * 60_000_000
    return micros(text[:offset.start()]) - (-east if sign == "-" else east)


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
