"""What PyIceberg sees in a lake, or does to it: one JSON document per check, compared in tests.rs."""

import json
import sys

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo, GreaterThan, LessThan
from pyiceberg.types import DecimalType, LongType


def table_in(root):
    catalog = SqlCatalog("godwit", uri=f"sqlite:///{root}/catalog.db", warehouse=f"file://{root}")
    assert catalog.list_tables("shop") == [("shop", "orders")], catalog.list_tables("shop")
    assert catalog.list_namespaces() == [("shop",)], catalog.list_namespaces()
    return catalog.load_table("shop.orders")


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)


def types(table):
    rows = table.scan().to_arrow().sort_by("id").to_pylist()
    found = {
        "d9": GreaterThan("d9", "1.00"),
        "d38": LessThan("d38", "-1.0000000000"),
        "l": EqualTo("l", 2**63 - 1),
        "t": GreaterThan("t", "long text beyond sixteen characters"),
        "day": EqualTo("day", "9999-12-31"),
        "bin": GreaterThan("bin", b"\xff" * 39),
        "ts": GreaterThan("ts", "2000-01-01T00:00:00"),
    }
    return {
        "comment": table.properties["comment"],
        "doc": table.schema().find_field("id").doc,
        "required": [field.name for field in table.schema().fields if field.required],
        "schema": {field.name: str(field.field_type) for field in table.schema().fields},
        "rows": [plain(row) for row in rows],
        "found": {
            name: sorted(table.scan(row_filter=condition).to_arrow()["id"].to_pylist())
            for name, condition in found.items()
        },
    }


def append(table):
    table.append(
        pa.table(
            {"id": [100, 101], "note": ["x", None]},
            schema=pa.schema([pa.field("id", pa.int64(), nullable=False), pa.field("note", pa.string())]),
        )
    )
    return True


def ids(table, snapshot=None):
    return sorted(table.scan(snapshot_id=snapshot).to_arrow()["id"].to_pylist())


def snapshots(table):
    ordered = sorted(table.snapshots(), key=lambda snapshot: snapshot.sequence_number)
    return [ids(table, snapshot.snapshot_id) for snapshot in ordered]


def delete(table):
    table.delete(EqualTo("id", 7))
    return ids(table.refresh())


def filtered_files(table):
    """Bounds and counts rule files out: none can hold a number that high."""
    return len(list(table.scan(row_filter=GreaterThan("id", 1000)).plan_files()))


def promote(table):
    with table.update_schema() as change:
        change.update_column("n", LongType())
        change.update_column("d", DecimalType(20, 2))
    return True


def promoted(table):
    found = [EqualTo("n", 3), GreaterThan("d", "2.50"), LessThan("d", "-1.00"), EqualTo("d", "3.00")]
    rows = table.scan().to_arrow().sort_by("id").to_pylist()
    return {"rows": [plain(row) for row in rows],
            "found": [sorted(table.scan(row_filter=condition).to_arrow()["id"].to_pylist()) for condition in found]}


def partitions(table):
    scan = table.scan(row_filter=EqualTo("ds", "1"))
    return {
        "spec": [field.name for field in table.spec().fields],
        "1": sorted(scan.to_arrow()["id"].to_pylist()),
        "2": sorted(table.scan(row_filter=EqualTo("ds", "2")).to_arrow()["id"].to_pylist()),
        "files": len(list(scan.plan_files())),
    }


print(json.dumps(globals()[sys.argv[1]](table_in(sys.argv[2]))))
