"""What stands at a destination, by readers that are not ours: which tables, which rows, which files are named."""

import json
import os
import stat
import urllib.parse
from pathlib import Path

import compare
import pyarrow as pa
import pyarrow.parquet as pq

CATALOG_FILES = {"catalog.db", "catalog.db-wal", "catalog.db-shm", "catalog.db-journal"}


def open_destination(kind, folder, namespace="shop"):
    return Lake(folder, namespace) if kind == "lake" else Files(folder)


def destination_of(migration):
    if migration.target is not None:
        return Tables(migration.target, migration.document["migration"]["destination"].get("namespace", "shop"))
    return open_destination(migration.kind, migration.folder,
                            migration.document["migration"]["destination"].get("namespace", "shop"))


class Lake:
    """An Iceberg warehouse, through PyIceberg."""

    kind = "lake"

    def __init__(self, folder, namespace="shop"):
        self.folder, self.namespace = Path(os.path.abspath(folder)), namespace
        self._catalog = None

    def address(self):
        return f"lake:{self.folder}#{self.namespace}"

    def catalog(self):
        """None as long as there is no catalog; asking must not make one."""
        if self._catalog is None:
            if not (self.folder / "catalog.db").exists():
                return None
            from pyiceberg.catalog.sql import SqlCatalog  # slow to load

            self._catalog = SqlCatalog("godwit", uri=f"sqlite:///{self.folder}/catalog.db",
                                       warehouse=f"file://{self.folder}", init_catalog_tables="false")
        return self._catalog

    def table(self, name):
        """PyIceberg's table, or None."""
        from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
        from sqlalchemy.exc import OperationalError

        catalog = self.catalog()
        if catalog is None:
            return None
        try:
            return catalog.load_table((self.namespace, name))
        except (NoSuchTableError, NoSuchNamespaceError):
            return None
        except OperationalError as error:
            if "no such table" in str(error):
                return None
            raise

    def read(self, name):
        """All rows, or None where there is no such table."""
        table = self.table(name)
        return None if table is None else table.scan().to_arrow()

    def rows(self, name):
        table = self.read(name)
        return None if table is None else table.num_rows

    def live_files(self, name):
        return [local(task.file.file_path) for task in self.table(name).scan().plan_files()]

    def named(self, names):
        """Every file that the metadata of these tables name: what may, and has to, be on the disk."""
        found = set()
        for name in names:
            table = self.table(name)
            found.add(local(table.metadata_location))
            found |= {local(entry.metadata_file) for entry in table.metadata.metadata_log}
            for snapshot in table.metadata.snapshots:
                found.add(local(snapshot.manifest_list))
                for manifest in snapshot.manifests(table.io):
                    found.add(local(manifest.manifest_path))
                    found |= {local(entry.data_file.file_path) for entry in manifest.fetch_manifest_entry(table.io)}
        return found

    def not_a_table(self, path):
        return path.parent == self.folder and path.name in CATALOG_FILES


class Files:
    """A folder of Parquet files per table, through PyArrow."""

    kind = "files"

    def __init__(self, folder):
        self.folder = Path(os.path.abspath(folder))

    def address(self):
        return f"files:{self.folder}"

    def read(self, name):
        """All rows, read while the table's folder is held open, as a reader does who began before it was exchanged."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        try:
            parts = [read_under(descriptor, file) for file in live_names(descriptor)]
        finally:
            os.close(descriptor)
        return pa.concat_tables(parts, promote_options="default") if parts else pa.table({})

    def rows(self, name):
        table = self.read(name)
        return None if table is None else table.num_rows

    def live_files(self, name):
        descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return [self.folder / name / file for file in live_names(descriptor)]
        finally:
            os.close(descriptor)

    def named(self, names):
        """Every file that the manifests of these tables name, and the manifests."""
        found = set()
        for name in names:
            manifest = self.folder / name / "_godwit.json"
            found |= {manifest, *(manifest.parent / file["name"] for file in json.loads(manifest.read_text())["files"])}
        return found

    def not_a_table(self, path):
        """Locks, and marks of loads that were given up: empty files in a hidden folder."""
        marks = [self.folder / ".staging" / kind for kind in (".locks", ".aborted")]
        return path.parent in marks and path.stat().st_size == 0


class Tables:
    """The tables of one schema of a PostgreSQL database, through psql."""

    kind = "postgresql"

    def __init__(self, database, namespace="shop"):
        self.database, self.namespace = database, namespace

    def address(self):
        return f"{self.database.url()}?schema={self.namespace}"

    def there(self, name):
        return self.database.query(f"SELECT to_regclass('{self.namespace}.{name}') IS NOT NULL")[0][0] == "t"

    def read(self, name):
        """All rows, or None where there is no such table."""
        if not self.there(name):
            return None
        os.environ["PGPASSWORD"] = self.database.password
        return compare.open_destination(self.address()).read(name)

    def rows(self, name):
        if not self.there(name):
            return None
        return int(self.database.query(f"SELECT count(*) FROM {self.namespace}.{name}")[0][0])

    def staged(self):
        """Tables of Godwit's own beside the marker table: none is left after a run."""
        return [row[0] for row in self.database.query(
            f"SELECT tablename FROM pg_tables WHERE schemaname = '{self.namespace}' AND tablename LIKE 'godwit\\_%' "
            "AND tablename <> 'godwit_loads'")]


def local(address):
    return Path(urllib.parse.unquote(address.removeprefix("file://")))


def on_disk(folder):
    return {Path(parent) / name for parent, _, names in os.walk(folder) for name in names}


def live_names(descriptor):
    """The files under an open folder that any reader of Parquet takes for the table's."""
    return sorted(walk(descriptor))


def walk(descriptor, prefix=""):
    for name in os.listdir(descriptor):
        if name[0] in "._":
            continue
        if stat.S_ISDIR(os.stat(name, dir_fd=descriptor).st_mode):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
            try:
                yield from walk(inner, f"{prefix}{name}/")
            finally:
                os.close(inner)
        elif name.endswith(".parquet"):
            yield prefix + name


def read_under(descriptor, path):
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags, dir_fd=descriptor)) as file:
        return pq.ParquetFile(file).read()


def change_one_cell(path):
    """A Parquet file rewritten by PyArrow with one integer cell changed. Returns what restores it."""
    original = path.read_bytes()
    table = pq.read_table(path, partitioning=None)
    index = max(i for i, field in enumerate(table.schema) if pa.types.is_integer(field.type))  # not the key
    values = table.column(index).to_pylist()
    place = next(i for i, value in enumerate(values) if value is not None)
    values[place] += 1
    changed = table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))
    pq.write_table(changed, path)
    return lambda: path.write_bytes(original)
