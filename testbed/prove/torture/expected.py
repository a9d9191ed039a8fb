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

    def spec(self, column):
        """(outcome, type) of a column; None where nothing is said of it."""
        if column in self.added:
            return tuple(self.added[column][0].split(" ", 1))
        found = self.columns.get(column)
        if found is None:
            found = next((spec for glob, spec in self.columns.items() if "*" in glob
                          and fnmatch.fnmatchcase(column, glob)), None)
        return None if found is None else tuple(found.split(" ", 1))

    def skips(self, column):
        """Whether a person chose to leave it out."""
        return self.choices.get(column, {}).get("skip", False)

    def name(self, column):
        """Its name at the destination."""
        return self.names.get(column, column)


def load(name):
    """{label: Table} in the order of the file."""
    with open(FOLDER / "expected" / f"{name}.toml", "rb") as file:
        document = tomllib.load(file)
    tables = {}
    for label, lines in document.items():
        lines = dict(lines)
        destination = lines.pop("as", lines.get("table", label))
        tables[label] = Table(label=label, table=lines.pop("table", label), destination=destination, **lines)
    return tables


def sql(name):
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


def migration(name, words):
    """The migration file with its `@words@` filled in."""
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text
