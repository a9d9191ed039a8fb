"""A service as a person meets it: set up over its real port, a migration generated, published and backfilled, its server
killed on the way and started again; every row stands once, read back by PyIceberg and compared with the source."""

import collections
import datetime
import json
import time

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import Lake
from prove.serving import LONGEST_SECONDS, Door, Service

FIRST = datetime.date(2024, 2, 27)  # a leap day is among the days
DAYS, GROUPS = 6, 3
PASSWORD = "a password of nobody else"
TABLES = ["visits", "calls"]


def service_loads_once(work):
    figures = []
    for database in servers(work):
        rows = work.amount(3_000, 60_000)
        fill(database, rows)
        room = work.room(database.kind)
        service = Service(room)
        work.at_the_end(lambda process=service: process.process.kill())
        door = Door(service.port)
        door.enter("/set-up", {"token": service.set_up_token(), "name": "ann", "password": PASSWORD})
        door.ask("POST", "/set-up", {"token": service.set_up_token(), "name": "eve", "password": PASSWORD}, (401, 403, 409, 422))
        project, tasks = published(door, database, room)
        backfills = [door.ask("POST", f"/projects/{project}/backfills", {"backfill": {
            "task": task["id"], "groups": GROUPS, "first": f"{FIRST:%Y%m%d}", "last": f"{day(DAYS - 1):%Y%m%d}"}})
            for task in tasks]
        ensure(len(backfills) == len(TABLES), "a backfill is missing")
        kills = work.amount(1, 3)
        for number in range(kills):
            wait_until(door, project, lambda states, least=number: states["succeeded"] > least)
            service.kill_and_begin()
            door.port = service.port
        states = wait_until(door, project, lambda states: states["failed"] or set(states) == {"succeeded"})
        ensure(states == {"succeeded": DAYS * len(TABLES)}, f"instances ended as {dict(states)}: {failures(door, project)}")
        found = {table: Lake(room / "lake").read(table) for table in TABLES}
        for table in TABLES:
            stands_once(database, table, found[table])
            work.sabotage(f"{database.title}: a day of {table} loaded twice", stands_once, database, table,
                          doubled(found[table]))
            work.sabotage(f"{database.title}: a day of {table} missing", stands_once, database, table,
                          found[table].slice(found[table].num_rows // DAYS))
        audited = door.ask("GET", "/audit/verified")
        ensure(audited["broken-at"] is None if "broken-at" in audited else True, f"the audit log is broken: {audited}")
        nowhere(database, room, service, door)
        work.sabotage(f"{database.title}: a password in an answer", hidden, [database.password], ["x " + database.password])
        ended = service.process
        ended.signal(15)
        ended.wait()
        figures.append(f"{database.title}: {len(TABLES)} tasks published over HTTP, {DAYS * len(TABLES)} instances of two backfills "
                       f"in {GROUPS} groups, the server killed {kills} times, {rows * len(TABLES):,} rows of the days once each by "
                       "PyIceberg; the password in no answer, log or file")
    return "; ".join(figures)


def day(number):
    return FIRST + datetime.timedelta(days=number)


def fill(database, rows):
    for table in TABLES:
        series = (f"SELECT g, DATE '{FIRST}' + g % {DAYS}, md5(g::text) FROM generate_series(1, {rows}) g"
                  if database.kind == "postgresql"
                  else f"SELECT seq, DATE '{FIRST}' + INTERVAL seq % {DAYS} DAY, MD5(seq) FROM seq_1_to_{rows}")
        database.execute(f"CREATE TABLE {table} (id int NOT NULL PRIMARY KEY, day date NOT NULL, note varchar(40) NOT NULL);"
                         f"INSERT INTO {table} {series};")


def published(door, database, room):
    """A project with a migration whose tasks are live; its id and the tasks."""
    group = door.ask("POST", "/resource-groups", {"name": "four at once", "cpu-millis": 4000, "memory-mb": 4096,
                                                  "daily-scheduling": True})["id"]
    project = door.ask("POST", "/projects", {"name": "shop", "time-zone": "UTC", "default-group": group})["id"]
    at = f"/projects/{project}"
    connection = database.connection()
    source = {"name": "source", "type": connection.pop("type"), "options": {**connection, "password": database.password}}
    source = door.ask("POST", f"{at}/data-sources", source)["id"]
    door.ask("POST", f"{at}/data-sources", {"name": "target", "type": "lake", "options": {"path": str(room / "lake")}})
    door.ask("POST", f"{at}/data-sources/{source}/test", {})
    collected = door.done(project, door.ask("POST", f"{at}/data-sources/{source}/metadata", {}))
    ensure(collected["tables"] >= len(TABLES), f"collected: {collected}")
    document = {"source": {"data-source": "source", **database.options()},
                "destination": {"data-source": "target", "namespace": "shop", "loading-policy": "append"},
                "tables": {"listed": [database.table(table) for table in TABLES]},
                "method": {"kind": "daily", "partition": {"daily": "ds=${bizdate}"}},
                "filter": {"daily": "day = '${yyyy-MM-dd}'"}, "run": {"reruns": 0}}
    migration = door.ask("POST", f"{at}/migrations", {"name": "shop_to_lake", "document": document})["id"]
    door.done(project, door.ask("POST", f"{at}/migrations/{migration}/generate", {}))
    pipelines = [one["id"] for one in door.ask("GET", f"{at}/pipelines")["items"]]
    ensure(len(pipelines) == len(TABLES), f"{len(pipelines)} pipelines")
    door.done(project, door.ask("POST", f"{at}/submit", {"pipelines": pipelines, "remark": "the first"}))
    tasks = door.ask("GET", f"{at}/tasks")["items"]
    ensure(len(tasks) == len(TABLES), f"{len(tasks)} tasks")
    return project, tasks


def wait_until(door, project, met):
    """The states of all instances, once they are so."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        lines = door.ask("GET", f"/projects/{project}/instances?limit=200")["items"]
        states = collections.Counter(line["state"] for line in lines if line["kind"] == "backfill")
        if met(states):
            return states
        ensure(time.monotonic() < deadline, f"instances are {dict(states)}: {json.dumps(lines)[:800]}")
        time.sleep(0.1)


def failures(door, project):
    """What is said of those that failed."""
    lines = door.ask("GET", f"/projects/{project}/instances?state=failed")["items"]
    shown = [door.ask("GET", f"/projects/{project}/instances/{line['id']}") for line in lines[:2]]
    return json.dumps(shown)[:1500]


def stands_once(database, table, found):
    """Every row of the source once, in the partition of its day."""
    ensure(found is not None, f"{table} is not there")
    expected = sorted((int(key), when, note) for key, when, note in database.query(f"SELECT id, day, note FROM {table}"))
    rows = sorted((row["id"], str(row["day"]), row["note"]) for row in found.to_pylist())
    ensure(len(rows) == len(expected), f"{table}: {len(rows)} rows instead of {len(expected)}")
    ensure(rows == expected, f"{table}: rows differ")
    strays = [row for row in found.to_pylist() if str(row["ds"]).replace("-", "") != f"{row['day']:%Y%m%d}"]
    ensure(not strays, f"{table}: {strays[:1]} stands in another day's partition")


def doubled(table):
    import pyarrow

    return pyarrow.concat_tables([table, table.slice(0, table.num_rows // DAYS)])


def nowhere(database, room, service, door):
    files = [path for path in (room / "data").rglob("*") if path.is_file()]
    printed = [path for process in service.processes for path in process.files]
    texts = [path.read_bytes().decode("utf-8", "replace") for path in files + printed]
    hidden([database.password, PASSWORD], texts + door.said)


def hidden(secrets, texts):
    shown = [text[:80] for text in texts for secret in secrets if secret in text]
    ensure(not shown, f"a secret is shown: {len(shown)} times")
