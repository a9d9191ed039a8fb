"""Data sources that do not work, and one of ten thousand tables."""

import os
import socket

from prove.claim import ensure
from prove.databases import PostgreSql
from prove.project import Project
from prove.web.stage import House, must_see, play
from prove.web.whole import given

TABLES = 10_000
MOST_MS, MOST_ROWS = 100, 200


def web_failing_source(work):
    house = House(work)
    database = PostgreSql(work)
    figures = play(work, "failing-source", house.service, {"data sources": lambda: {"count": len(kept(house))}},
                   postgres=given("PostgreSQL", "shop", database), closed=str(closed_port()))
    told(figures)
    work.sabotage("a failure without a reason", told, {**figures, "reasons": figures["reasons"][:2]})
    work.sabotage("three times the same reason", told, {**figures, "reasons": figures["reasons"][:1] * 3})
    sources = kept(house)
    stands(sources, database)
    work.sabotage("a host that was tried and did not work", stands,
                  [{**sources[0], "options": {**sources[0]["options"], "host": "nowhere.invalid"}}], database)
    work.sabotage("a second data source", stands, sources * 2, database)
    said = house.door.said
    hidden(database.password, said)
    work.sabotage("a password in an answer", hidden, database.password, [*said, f'{{"password": "{database.password}"}}'])
    return (f"no host, no server, a wrong password: {len(figures['reasons'])} reasons shown, nothing kept; mended, tested and made: "
            "one data source as it was filled in, its password in no field and no answer")


def kept(house):
    projects = house.door.ask("GET", "/projects")["items"]
    return house.door.ask("GET", f"/projects/{projects[0]['id']}/data-sources")["items"]


def closed_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def told(figures):
    reasons = figures["reasons"]
    ensure(len(reasons) >= 3, f"only these reasons were told: {reasons}")
    ensure(len(set(reasons)) >= 3, f"the reasons do not differ: {reasons}")
    ensure(figures["kept"] == 0, "something was kept that did not work")


def stands(sources, database):
    ensure(len(sources) == 1, f"{len(sources)} data sources")
    options = sources[0]["options"]
    expected = {"host": database.host, "port": int(database.port), "user": database.user, "database": database.database}
    wrong = {name: options.get(name) for name, value in expected.items() if options.get(name) != value}
    ensure(not wrong, f"the data source has {wrong}")


def hidden(password, texts):
    ensure(not [text for text in texts if password in text], "a password is shown")


def web_ten_thousand(work):
    house = House(work)
    database = PostgreSql(work)
    step = 500
    for first in range(0, TABLES, step):
        database.execute("".join(f"CREATE TABLE table_{number:05} (id int PRIMARY KEY);"
                                 for number in range(first, first + step)))
    project = Project(house.door, house.door.ask("POST", "/projects", {"name": "many", "time-zone": "UTC"})["id"])
    project.collect(project.database("many", database))
    project.data_source("lake", "lake", path=str(house.room / "lake"))
    figures = play(work, "ten-thousand", house.service, project=f"/p/{project.id}/migrations",
                   source={"type": "PostgreSQL", "name": "many", "options": {}},
                   lake={"type": "Lake (Apache Iceberg)", "name": "lake", "options": {}})
    must_see(figures, "tasks", "rows", "search", "select")
    quick(figures)
    slow = {**figures["tasks"], "scrolling": {"cpu": MOST_MS + 1, "wall": MOST_MS + 1}}
    work.sabotage("a task that holds the page up", quick, {**figures, "tasks": slow})
    work.sabotage("every row in the page at once", quick, {**figures, "rows": TABLES})
    work.sabotage("a search that is late", quick, {**figures, "search": {**figures["search"], "best": MOST_MS + 1}})
    saved = project.every("/migrations")[0]
    listed = project.ask("GET", f"/migrations/{saved['id']}")["document"]["tables"]["listed"]
    selected(listed)
    work.sabotage("a table that was not selected", selected, [*listed, "public.table_07777"])
    work.sabotage("a table that is missing", selected, listed[1:])
    tasks = ", ".join(f"{name} {task['cpu']} ({task['wall']})" for name, task in figures["tasks"].items())
    return (f"{TABLES:,} tables: at most {figures['rows']} rows in the page; longest task of the main thread, in ms of its own (of the "
            f"wall's) clock: {tasks}; painted "
            f"after {figures['search']['best']} ms at best (median {figures['search']['median']}) for a search, "
            f"{figures['select']['best']} ({figures['select']['median']}) for all selected, at a load of {os.getloadavg()[0]:.1f}; "
            f"saved: {len(listed):,} tables, all but the one that was taken out")


def quick(figures):
    slow = {name: task for name, task in figures["tasks"].items() if task["cpu"] > MOST_MS}
    ensure(not slow, f"tasks of the main thread above {MOST_MS} ms: {slow}")
    ensure(figures["rows"] <= MOST_ROWS, f"{figures['rows']} rows are in the page at once")
    for what in ("search", "select"):
        ensure(figures[what]["best"] <= MOST_MS, f"{what} is painted after {figures[what]} ms")


def selected(listed):
    expected = {f"public.table_{number:05}" for number in range(TABLES)} - {"public.table_07777"}
    found = {one if isinstance(one, str) else f"{one['schema']}.{one['table']}" for one in listed}
    ensure(len(listed) == len(found), "a table is listed twice")
    ensure(found == expected, f"{len(found)} tables are listed; odd ones: {sorted(found ^ expected)[:3]}")
