"""An instance that fails, understood and mended from the page; a pipeline's way from development to production."""

import csv
import datetime
import json
import sqlite3
import time

from prove.claim import ensure
from prove.databases import PostgreSql
from prove.destinations import Lake
from prove.project import Project
from prove.web.stage import House, must_see, play

ROWS, BAD = 100, 3
LONGEST_SECONDS = 60


def web_failed_instance(work):
    house = House(work)
    database = PostgreSql(work)
    database.execute("CREATE TABLE visits (id int PRIMARY KEY, day date, note text);"
                     f"INSERT INTO visits SELECT n, DATE '2024-02-29', concat('note ', n) FROM {database.numbers(ROWS)};"
                     f"UPDATE visits SET day = 'infinity' WHERE id <= {BAD};")
    project = Project(house.door, house.door.ask("POST", "/projects", {"name": "shop", "time-zone": "UTC"})["id"])
    project.collect(project.database("shop", database))
    project.data_source("lake", "lake", path=str(house.room / "lake"))
    migration = project.migration("shop to lake", {
        "source": {"data-source": "shop"}, "destination": {"data-source": "lake", "namespace": "shop"},
        "tables": {"listed": ["public.visits"]}, "run": {"reruns": 0}, "task-names": "load_${source_table_name}",
        "method": {"kind": "daily", "partition": {"daily": "ds=${bizdate}"}}})
    project.generate(migration)
    task = project.submit()[0]
    day = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
    made = project.ask("POST", f"/tasks/{task['id']}/instances", {"bizdate": f"{day:%Y%m%d}"})["instance"]
    until_failed(project, made)
    mend = {"mend": lambda: database.execute("UPDATE visits SET day = DATE '2024-03-01' WHERE day = 'infinity';")}
    figures = must_see(play(work, "failed-instance", house.service, mend, project=f"/p/{project.id}/migrations",
                            task=task["name"], value="DATE_INFINITY"), "code", "message", "csv", "lines")
    shown = project.ask("GET", f"/instances/{made}")
    understood(figures, shown)
    work.sabotage("a message of another failure", understood, {**figures, "message": "Failed: something"}, shown)
    downloaded(figures)
    work.sabotage("a download without its last row", downloaded, {**figures, "csv": figures["csv"][:-1]})
    work.sabotage("a download without values", downloaded,
                  {**figures, "lines": [line.replace("7fffffff", "") for line in figures["lines"]]})
    ensure(shown["state"] == "succeeded" and len(shown["runs"]) == 2, f"the instance ended as {json.dumps(shown)[:400]}")
    found = Lake(house.room / "lake", "shop").read("visits")
    loaded(database, found)
    work.sabotage("a row that is missing", loaded, database, found.slice(1))
    work.sabotage("a row that is there twice", loaded, database, doubled(found))
    return (f"found on the dashboard as {figures['code']}, {BAD} rejected rows seen and downloaded as CSV and JSON lines, source mended, "
            f"run again from the page: {found.num_rows} rows in the lake, each as in the source")


def until_failed(project, instance):
    deadline = time.monotonic() + LONGEST_SECONDS
    while (state := project.ask("GET", f"/instances/{instance}")["state"]) != "failed":
        ensure(time.monotonic() < deadline and state != "succeeded", f"the instance is {state} instead of failed")
        time.sleep(0.1)


def understood(figures, shown):
    report = shown["runs"][-1]["report"] or {}
    first = min(shown["runs"], key=lambda run: run["number"])["report"] or report
    ensure(figures["code"] == first.get("code"), f"the page tells {figures['code']} instead of {first.get('code')}")
    words = " ".join((first.get("message") or "").split())
    ensure(words and words in figures["message"], f"the page tells {figures['message'][:200]} instead of {words}")


def downloaded(figures):
    rows = list(csv.DictReader(figures["csv"]))
    lines = [json.loads(line) for line in figures["lines"]]
    ensure(len(rows) == len(lines) == BAD, f"{len(rows)} rows as CSV and {len(lines)} as JSON lines instead of {BAD}")
    for row in [*rows, *lines]:
        told = {name: row.get(name) for name in ("column", "bytes-hex", "code")}
        ensure(told == {"column": "day", "bytes-hex": "7fffffff", "code": "DATE_INFINITY"}, f"a row tells {told}")
    ensure({row["row"] for row in rows} == {f"id={number}" for number in range(1, BAD + 1)}, f"not the rows that are wrong: {rows}")


def loaded(database, found):
    ensure(found is not None, "visits is not there")
    there = sorted(tuple(row) for row in database.query("SELECT id, day, note FROM visits"))
    arrived = sorted((str(row["id"]), str(row["day"]), row["note"]) for row in found.to_pylist())
    ensure(arrived == there, f"{len(arrived)} rows arrived, {len(there)} are there; or others")


def doubled(table):
    import pyarrow

    return pyarrow.concat_tables([table, table.slice(0, 1)])


def web_publish(work):
    house = House(work)
    lakes = {name: house.room / f"lake-{name}" for name in ("production", "development")}
    rows = {"production": 70, "development": 30}
    for environment, count in rows.items():
        with sqlite3.connect(house.room / f"{environment}.db") as connection:
            connection.execute("CREATE TABLE visits (id INTEGER PRIMARY KEY, note TEXT)")
            connection.executemany("INSERT INTO visits VALUES (?, ?)", [(n, f"{environment} {n}") for n in range(count)])
    figures = must_see(play(work, "publish", house.service, {"lakes": lambda: stands(lakes)}, task="shop_to_lake.main.visits",
                            sources=[str(house.room / f"{name}.db") for name in rows],
                            lakes=[str(lakes[name]) for name in rows]), "before", "differs")
    before, after = figures["before"], stands(lakes)
    apart(before, after, rows)
    work.sabotage("a run in development that reaches production", apart, {**before, "production": 30}, after, rows)
    work.sabotage("rows of development in production", apart, before, {**after, "production": 30}, rows)
    work.sabotage("a publication that never ran", apart, before, {**after, "production": None}, rows)
    project = house.door.ask("GET", "/projects")["items"][0]["id"]
    tasks = house.door.ask("GET", f"/projects/{project}/tasks")["items"]
    ensure(len(tasks) == 1 and tasks[0]["version"] == 2, f"production has {[(one['name'], one['version']) for one in tasks]}")
    return (f"submitted, run in development ({after['development']} rows there, none in production), published twice, the difference "
            f"seen before; run in production: its own {after['production']} rows by PyIceberg")


def stands(lakes):
    return {name: Lake(folder, "shop_to_lake").rows("visits") for name, folder in lakes.items()}


def apart(before, after, rows):
    ensure(before["production"] is None, f"production has {before['production']} rows before anything was published")
    ensure(before["development"] == rows["development"], f"development had {before['development']} rows")
    ensure(after == rows, f"in the end there are {after} rows")
