"""What is expected of a torture schema: `expected/NAME.toml`, read."""

import fnmatch
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "crates" / "testkit" / "torture"


@dataclass
class Table:
    """One source table's lines."""
    label: str
    table: str
    schema: str = ""
    migration: str = "main"
    named: str = ""
    fails: str = ""
    read: dict = field(default_factory=dict)
    destination: str = ""
    key: list = field(default_factory=lambda: ["id"])
    columns: dict = field(default_factory=dict)
    names: dict = field(default_factory=dict)
    added: dict = field(default_factory=dict)
    refused: dict = field(default_factory=dict)
    warned: dict = field(default_factory=dict)
    partitioned: dict = field(default_factory=dict)
    rejected: dict = field(default_factory=dict)
    noticed: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    choices: dict = field(default_factory=dict)
    truth: dict = field(default_factory=dict)
    types: dict = field(default_factory=dict)

    def moves(self):
        """Whether its rows arrive anywhere."""
        return self.migration in ("main", "second")

    def spec(self, column):
        """(outcome, type) of a column; None where nothing is said of it."""
        if column in self.added:
            return tuple(self.added[column][0].split(" ", 1))
        found = matching(self.columns, column)
        return None if found is None else tuple(found.split(" ", 1))

    def native(self, column):
        """The type in a server's words, where another one is expected than that of its canonical type."""
        return matching(self.types, column)

    def skips(self, column):
        """Whether a person chose to leave it out."""
        return self.choices.get(column, {}).get("skip", False)

    def name(self, column):
        """Its name at the destination."""
        return self.names.get(column, column)


def matching(lines, column):
    """The column's line, or that of the first pattern which it matches."""
    if column in lines:
        return lines[column]
    return next((line for glob, line in lines.items() if "*" in glob and fnmatch.fnmatchcase(column, glob)), None)


def load(name, kind=None):
    """{label: Table} in the order of the file; at a server, with what is another outcome there."""
    document = read(name)
    if kind:
        # a column that is not chosen has the type that it has otherwise
        otherwise = read(f"{name.removesuffix('_choices')}_{kind}")
        for label, lines in document.items() if name.endswith("_choices") else ():
            types = otherwise.get(lines.get("table", label), {}).get("types", {})
            lines["types"] = {column: one for column, one in types.items() if column not in lines.get("choices", {})}
        for label, lines in read(f"{name}_{kind}").items():
            overlay(document[label], lines)
    tables = {}
    for label, lines in document.items():
        lines = dict(lines)
        destination = lines.pop("as", lines.get("table", label))
        tables[label] = Table(label=label, table=lines.pop("table", label), destination=destination, **lines)
    return tables


def read(name):
    path = FOLDER / "expected" / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def overlay(lines, others):
    """Puts `others` in the place of what stands in `lines`, column by column, key by key; "" takes away. Values of rows that
    are rejected there are not looked for."""
    for word, value in others.items():
        if isinstance(value, dict) and word != "values":
            lines[word] = {key: one for key, one in {**lines.get(word, {}), **value}.items() if one != ""}
        elif word == "values":
            lines[word] = {**lines.get(word, {}), **value}
        else:
            lines[word] = value
    for column, cells in lines.get("values", {}).items():
        lines["values"][column] = {key: cell for key, cell in cells.items() if key not in lines.get("rejected", {})}


def sql(name):
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def migration(name, words):
    """The migration file with its `@words@` filled in."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text
