"""How each side runs: Godwit, the peer, and the servers' own clients. A run that did not move every row is an error."""

import sys
from pathlib import Path

import pyarrow.parquet as pq
from prove import tpch
from prove.claim import Refuted, ensure
from prove.destinations import destination_of
from prove.godwit import Migration, Process

from works.measuring import Run, Side

PEER = Path(__file__).resolve().parents[1] / "connectorx_peer.py"
PEER_TITLE = "ConnectorX + PyArrow"
LONGEST_SECONDS = 3600


def godwit(database, kind, expected, title=None, **more):
    """Godwit as it is shipped, into a new folder of Parquet files or a new lake."""
    def measure(room):
        return run_to_folder(Migration(room, database, kind, list(expected), **more), expected)

    return Side(title or f"**godwit run**, `{kind}`", measure)


def run_to_folder(migration, expected):
    outcome = run_whole(migration, expected)
    files = live_files(migration, expected)
    arrived = {name: sum(pq.read_metadata(path).num_rows for path in paths) for name, paths in files.items()}
    all_arrived(arrived, expected)
    return Run.of(outcome, rows=sum(arrived.values()),
                  table_bytes={name: sum(path.stat().st_size for path in paths) for name, paths in files.items()})


def run_whole(migration, expected):
    """To its end; what its report counts has to be what the source's client counted."""
    outcome = migration.start().wait(LONGEST_SECONDS).expect(0)
    written = {table["source"].split(".")[-1]: table["rows_written"] for table in outcome.report["tables"]
               if table["state"] == "succeeded"}
    all_arrived(written, expected)
    return outcome


def live_files(migration, expected):
    """By readers that are not ours: what the manifest or the catalog names."""
    destination = destination_of(migration)
    return {name: [Path(path) for path in destination.live_files(name)] for name in expected}


def all_arrived(found, expected):
    if found != expected:
        wrong = [f"{name}: {found.get(name)} of {rows} rows" for name, rows in expected.items()
                 if found.get(name) != rows]
        raise Refuted(f"not every row was moved: {'; '.join(wrong[:5]) or 'tables that nobody asked for'}")


def peer(database, expected):
    """One Parquet file a table, snappy, two partitions."""
    uri = f"{database.kind}://{database.user}:{database.password}@{database.host}:{database.port}/{database.database}"

    def measure(room):
        process = Process([str(PEER), uri, str(room / "peer"), "2"], room, program=[sys.executable])
        outcome = finished(process, PEER_TITLE, database)
        paths = {name: room / "peer" / f"{name}.parquet" for name in expected}
        all_arrived({name: pq.read_metadata(path).num_rows for name, path in paths.items()}, expected)
        return Run.of(outcome, rows=sum(expected.values()),
                      table_bytes={name: path.stat().st_size for name, path in paths.items()})

    return Side(PEER_TITLE, measure)


def drain(database):
    """Everything to nowhere by the server's own client, one stream, one table after another: a floor."""
    if database.kind == "postgresql":
        title = "`COPY … TO STDOUT (FORMAT binary)` to nowhere"
        words = [word for table in tpch.TABLES for word in ("-c", f"COPY {table} TO STDOUT (FORMAT binary)")]
    else:
        title = "`mariadb --quick`, all rows to nowhere"
        words = ["--quick", "--execute", "; ".join(f"SELECT * FROM {table}" for table in tpch.TABLES)]

    def measure(room):
        return Run.of(client(database, words, room, "/dev/null"))

    return Side(title, measure)


def client(database, words, room, out=None):
    """The server's own client to its end, measured as Godwit is; `out` is where a shell sends what it prints."""
    command = database.command(None, *words)
    redirected = ["sh", "-c", f'exec "$@" >{out}', "sh"] if out else []
    secret = {"PGPASSWORD" if database.kind == "postgresql" else "MYSQL_PWD": database.password}
    return finished(Process(command[1:], room, secret, program=[*redirected, command[0]]), command[0], database)


def finished(process, name, database):
    outcome = process.wait(LONGEST_SECONDS)
    said = outcome.err[-400:].replace(database.password, "…")
    ensure(outcome.code == 0, f"{name} ended with {outcome.code}: {said}")
    return outcome
