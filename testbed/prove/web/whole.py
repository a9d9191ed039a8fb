"""From an empty server to rows that stand in the lake, by the page alone; then the lake is read by PyIceberg and compared value
by value with the sources."""

import datetime

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import Lake
from prove.project import PASSWORD
from prove.serving import Door, Service
from prove.web.stage import must_see, play

TABLES = ["datawork", "visits", "workplaces"]
TARGETS = ["ods_dataphin", "ods_visits", "ods_phinplaces"]
DAY = datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=1)
FIRST_KEY = 1_000


def web_whole(work):
    room = work.room("service")
    databases = servers(work)
    rows = work.amount(200, 20_000)
    for database in databases:
        fill(database, rows)
    service = Service(room)
    work.at_the_end(lambda: service.process.kill())
    figures = play(work, "whole", service, token=service.set_up_token(), day=str(DAY),
                   lake={"type": "Lake (Apache Iceberg)", "name": "lake", "options": {"Folder": str(room / "lake")}},
                   postgres=given("PostgreSQL", "shop_postgres", databases[0]), mysql=given("MySQL", "shop_mariadb", databases[1]),
                   moves=[move("PostgreSQL", "PostgreSQL", "shop_postgres"), move("MariaDB", "MySQL", "shop_mariadb")])
    must_see(figures, "proven", "instances")
    ensure(figures["proven"] == figures["instances"] == len(TABLES) * len(databases), f"proven: {figures}")
    compared = 0
    for database, title in zip(databases, ("PostgreSQL", "MariaDB"), strict=True):
        for table, target in zip(TABLES, TARGETS, strict=True):
            found = Lake(room / "lake", title.lower()).read(target)
            compared += equal(database, table, found)
            work.sabotage(f"{title}: {table} without its last row", equal, database, table, found.slice(0, found.num_rows - 1))
            work.sabotage(f"{title}: {table} with two columns exchanged", equal, database, table, exchanged(found))
    door = Door(service.port)
    door.enter("/session", {"name": "ann", "password": PASSWORD})
    ends = [one["state"] for one in door.ask("GET", f"/projects/{project_of(door)}/instances")["items"]]
    ensure(ends == ["succeeded"] * figures["instances"], f"the service itself tells {ends}")
    return (f"{len(figures['steps'])} steps in a browser from the set-up address to {figures['instances']} instances with their "
            f"proof, {figures['requests']} requests, no complaint in the console; {compared:,} values of PostgreSQL and MariaDB, "
            "0 differing in the lake by PyIceberg")


def project_of(door):
    return door.ask("GET", "/projects")["items"][0]["id"]


def given(kind, name, database):
    user = database.connection()["user"]
    return {"type": kind, "name": name, "options": {"Host": database.host, "Port": str(database.port), "User": user,
                                                    "Database": database.database, "Password": database.password}}


def move(title, kind, source):
    lower = title.lower()
    return {"source": {"type": kind, "name": source}, "migration": f"{lower} to the lake", "namespace": lower, "tables": TABLES,
            "targets": TARGETS, "tasks": [f"load_{lower}_{table}" for table in TABLES]}


def fill(database, rows):
    for table in TABLES:
        database.execute(
            f"CREATE TABLE {table} (id bigint PRIMARY KEY, day date NOT NULL, amount decimal(14,3), rate double precision, "
            f"note varchar(200));"
            f"INSERT INTO {table} SELECT n + {FIRST_KEY}, DATE '{DAY}', n / 7.0, n * 0.5, "
            f"CASE WHEN n % 9 = 0 THEN NULL ELSE concat('наметка ', n, ' 😀') END FROM {database.numbers(rows)};")


def equal(database, table, found):
    """How many values were compared."""
    ensure(found is not None, f"{table} is not there")
    ensure(found.column_names[:5] == ["id", "day", "amount", "rate", "remark"], f"{table} has {found.column_names}")
    null = "" if database.kind == "postgresql" else "NULL"
    there = sorted(tuple(row) for row in database.query(f"SELECT id, day, amount, note, rate FROM {table}"))
    arrived = sorted(tuple(null if row[name] is None else str(row[name]) for name in ("id", "day", "amount", "remark"))
                     + (f"{row['rate']:g}",) for row in found.to_pylist())
    ensure(len(arrived) == len(there), f"{table}: {len(arrived)} rows instead of {len(there)}")
    odd = next(((one, other) for one, other in zip(arrived, there) if one != other), None)
    ensure(odd is None, f"{table}: {odd and odd[0]} instead of {odd and odd[1]}")
    partitions = {str(value) for value in found["ds"].to_pylist()}
    ensure(partitions == {f"{DAY:%Y%m%d}"}, f"{table} stands in the partitions {partitions}")
    return len(there) * 5


def exchanged(found):
    names = ["rate" if name == "amount" else "amount" if name == "rate" else name for name in found.column_names]
    return found.rename_columns(names)
