#!/usr/bin/env python3
"""Whole databases to Parquet files: `godwit run` beside ConnectorX and PyArrow, in turns. Writes RESULTS.md.

The release binary is $GODWIT_BINARY, else release/godwit in $CARGO_TARGET_DIR. SCALE is the TPC-H scale factor
(default 1), ROUNDS how often each side runs (default 5). README.md tells what is fixed and why.
"""

import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
sys.path.insert(0, str(REPOSITORY / "testbed"))

from prove import tpch  # noqa: E402
from prove.circumstances import circumstances, machine  # noqa: E402
from prove.claim import Missing, Refuted  # noqa: E402
from prove.databases import MariaDb, PostgreSql  # noqa: E402
from prove.godwit import Migration, Process  # noqa: E402

SCALE = os.environ.get("SCALE") or "1"
ROUNDS = int(os.environ.get("ROUNDS") or "5")
RESULTS = HERE / "RESULTS.md"
SIZE_LIMIT = 1.1


@dataclass
class Side:
    """The runs of one program against one server."""
    title: str
    outcomes: list
    table_bytes: dict

    def row(self, peer):
        walls, processors = ([getattr(outcome, key) for outcome in self.outcomes] for key in ("seconds", "cpu_seconds"))
        peak = max(outcome.peak_bytes for outcome in self.outcomes)
        size = sum(self.table_bytes.values())
        ratio = f"{size / sum(peer.table_bytes.values()):.3f}"
        return (f"| {self.title} | {min(walls):.1f} | {statistics.median(walls):.1f} | {max(walls):.1f} | "
                f"{statistics.median(processors):.1f} | {peak / 1e6:.0f} | {size / 1e6:.0f} | {ratio} |")


def main():
    os.environ.setdefault("GODWIT_BINARY", str(Path(os.environ.get("CARGO_TARGET_DIR") or REPOSITORY / "target")
                                               / "release" / "godwit"))
    folder = Path(tempfile.mkdtemp(prefix="godwit-bench-", dir="/var/tmp"))
    try:
        databases = [kind.kept(f"bench_tpch_{SCALE.replace('.', '_')}") for kind in (PostgreSql, MariaDb)]
        load_what_is_missing(databases, folder)
        text = section([measure(database, folder) for database in databases])
    except (Missing, Refuted, RuntimeError) as failure:
        print(f"bench.py: {failure}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    keep(text)
    print(text)
    return 0


def load_what_is_missing(databases, folder):
    """The data are made once for both servers, and stay there."""
    missing = [database for database in databases if not is_loaded(database)]
    if not missing:
        return
    say(f"makes TPC-H SF{SCALE}")
    shop = tpch.make_shop(folder / "demo", SCALE)
    (folder / "csv").mkdir()
    folder.chmod(0o755)
    for database in missing:
        say(f"loads it into {database.title}")
        database.drop()
        database.create()
        tpch.load(database, shop, folder / "csv")
        if database.kind == "postgresql":
            database.execute("VACUUM (FREEZE, ANALYZE);")
        database.execute("CREATE TABLE bench_loaded (complete int);")
    shutil.rmtree(folder / "demo")
    shutil.rmtree(folder / "csv")


def is_loaded(database):
    try:
        database.query("SELECT * FROM bench_loaded")
    except RuntimeError:
        return False
    return True


def measure(database, folder):
    """(server, our side, the peer's side), the runs in turns."""
    ours, peer = Side("**godwit run**, `files`, snappy", [], {}), Side("ConnectorX + PyArrow", [], {})
    for number in range(ROUNDS):
        for side, run in ((ours, run_godwit), (peer, run_peer)):
            room = folder / "run"
            room.mkdir()
            outcome, side.table_bytes = run(database, room)
            side.outcomes.append(outcome)
            shutil.rmtree(room)
            say(f"{database.title} {number + 1}/{ROUNDS} {side.title}: {outcome.seconds:.1f} s")
    return database, ours, peer


def run_godwit(database, room):
    migration = Migration(room, database, "files", tpch.TABLES)
    outcome = migration.run()
    rows = outcome.report["rows"]
    if any(state != "succeeded" for state in outcome.states().values()) or not rows:
        raise Refuted(f"the run moved {rows} rows: {outcome.states()}")
    return outcome, {table: size(migration.folder / table) for table in tpch.TABLES}


def run_peer(database, room):
    uri = f"{database.kind}://{database.user}:{database.password}@{database.host}:{database.port}/{database.database}"
    words = [str(HERE / "connectorx_peer.py"), uri, str(room / "peer"), "2"]
    outcome = Process(words, room, program=[sys.executable]).wait()
    if outcome.code:
        raise RuntimeError(f"the peer ended with {outcome.code}: {outcome.err[-400:].replace(database.password, '…')}")
    return outcome, {table: size(room / "peer" / f"{table}.parquet") for table in tpch.TABLES}


def size(path):
    return path.stat().st_size if path.is_file() else sum(file.stat().st_size for file in path.rglob("*.parquet"))


def section(measured):
    lines = [f"## {circumstances()}", "",
             f"TPC-H SF{SCALE}, {ROUNDS} runs of each side in turns, on {machine()}.", ""]
    for database, ours, peer in measured:
        asked = "SHOW server_version" if database.kind == "postgresql" else "SELECT VERSION()"
        version = database.query(asked)[0][0]
        ratios = {table: ours.table_bytes[table] / peer.table_bytes[table] for table in tpch.TABLES}
        largest = max(ratios, key=ratios.get)
        walls = [statistics.median(outcome.seconds for outcome in side.outcomes) for side in (ours, peer)]
        lines += [f"### {database.title} {version}", "",
                  "| | wall s, min | median | max | CPU s (user+system), median | peak MB | files MB | size ratio |",
                  "| --- | --- | --- | --- | --- | --- | --- | --- |", ours.row(peer), peer.row(peer), "",
                  f"Median wall time: {walls[0] / walls[1]:.2f} of the peer's. Files: {largest} has the largest ratio "
                  f"of size, {ratios[largest]:.3f} ({'within' if ratios[largest] <= SIZE_LIMIT else 'ABOVE'} "
                  f"{SIZE_LIMIT}).", ""]
    return "\n".join(lines)


def keep(text):
    """The newest measurement first, the older ones below."""
    head = ("# Results\n\nMeasured by `make bench`, the newest first. What is fixed, and why, is in "
            "[README.md](README.md).\n\n")
    old = RESULTS.read_text().partition("\n## ")[2] if RESULTS.exists() else ""
    RESULTS.write_text(head + text.rstrip() + "\n" + (f"\n## {old}" if old else ""))


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
