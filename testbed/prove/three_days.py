"""Three days of a service, whose clock is set from outside: a Dev-Prod project moves the TPC-H database into the lake, each
day and once. Each midnight of the project's zone is passed, the last one an hour early by its summer time. Every partition is
read back by PyIceberg and compared with what the source held that day."""

import collections
import contextlib
import datetime
import json
import subprocess
import time
import zoneinfo
from pathlib import Path

from prove import tpch
from prove.claim import Missing, ensure
from prove.databases import MariaDb, PostgreSql
from prove.destinations import Lake
from prove.godwit import binary, yaml
from prove.serving import Door

ZONE = zoneinfo.ZoneInfo("America/New_York")  # its clocks go ahead on the last of the three days
DATES = [datetime.date(2024, 3, 8), datetime.date(2024, 3, 9), datetime.date(2024, 3, 10)]
BACKFILLED = [datetime.date(2024, 3, 2) + datetime.timedelta(days=number) for number in range(5)]
HISTORY = "20240229"
TABLES = {"postgresql": tpch.TABLES, "mysql": ["customer", "orders"]}
AT_ONCE = 2  # what the group has room for
LONGEST_SECONDS = 120


class ServiceAt:
    """The service, in a process whose clock is told what time it is."""

    def __init__(self, room, moment):
        program = Path(binary()).parent / "examples" / "service_at"
        if not program.is_file():
            raise Missing(f"there is no {program}; build it first: make prove")
        self.log = room / "service.log"
        configuration = room / "serve.yaml"
        configuration.write_text(yaml({"listen": "127.0.0.1:0", "server": "one", "roots": [str(room)], "session-hours": 1000,
                                       "network": {"allow-loopback": True}}) + "\n", encoding="utf-8")
        words = [str(program), str(configuration), str(room / "data"), written(moment)]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(words, cwd=room, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        ensure(line, f"it does not serve: {self.log.read_text()[-600:]}")
        told = json.loads(line)
        self.door, self.token = Door(told["port"]), told["token"]

    def set(self, moment):
        self.process.stdin.write(written(moment) + "\n")
        self.process.stdin.flush()
        ensure(self.process.stdout.readline(), f"the service is gone: {self.log.read_text()[-600:]}")

    def end(self):
        self.process.stdin.close()
        self.process.wait(30)


class Project:
    """What is asked of one project."""

    def __init__(self, door, project):
        self.door, self.id = door, project

    def get(self, path):
        return self.door.ask("GET", f"/projects/{self.id}{path}")

    def post(self, path, body=None, **how):
        return self.door.ask("POST", f"/projects/{self.id}{path}", body or {}, **how)

    def instances(self, **search):
        search = "&".join(f"{key}={value}" for key, value in {"limit": 500, **search}.items())
        return self.get(f"/instances?{search}")["items"]

    def until(self, what, met, **search):
        """The instances, once they are so."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while not met(found := self.instances(**search)):
            states = collections.Counter(one["state"] for one in found)
            ensure(time.monotonic() < deadline, f"{what}: instances are {dict(states)}: {self.why(found)}")
            time.sleep(0.1)
        return found

    def until_ended(self, what, count, **search):
        return self.until(what, lambda found: len(found) == count and all(is_ended(one) for one in found), **search)

    def why(self, found):
        open_ones = [one for one in found if one["state"] != "succeeded"][:2]
        return json.dumps([self.get(f"/instances/{one['id']}") for one in open_ones])[:1500]

    def operate(self, instance, operation):
        self.post(f"/instances/{instance['id']}/operations", {"operation": operation})


def is_ended(instance):
    return instance["state"] in ("succeeded", "failed")


def written(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def bizdate(date):
    return f"{date:%Y%m%d}"


def midnight_after(date):
    return datetime.datetime.combine(date + datetime.timedelta(days=1), datetime.time(), ZONE)


def three_days(work):
    room = work.room("service")
    shop = tpch.make_shop(work.folder / "demo", work.amount(0.001, 0.01))
    databases = [PostgreSql(work), MariaDb(work)]
    for database in databases:
        tpch.load(database, shop, work.room("csv"))
    service = ServiceAt(room, datetime.datetime(2024, 3, 8, 12, tzinfo=ZONE))
    work.at_the_end(service.process.kill)
    service.door.enter("/set-up", {"token": service.token, "name": "ann", "password": "a password of nobody else"})
    project = dev_prod(service.door)
    pipelines = [made for database in databases for made in generate(project, database, room)]
    tasks = go_live(project, pipelines)
    tried = try_in_development(project, tasks, room)
    truth = {}  # by database, table and date: the rows that its partition must have
    history(project, tasks, databases, truth)
    days = [first_day, day_that_fails, day_that_is_stopped]
    for date, day in zip(DATES, days, strict=True):
        change(databases, date)
        note(truth, databases, bizdate(date))
        day(service, project, databases, date)
    backfill(project, tasks, databases, truth)
    ran = runs(project)
    most = never_more_at_once(ran, AT_ONCE)
    ensure(most == AT_ONCE, f"at most {most} ran at once, though there is room for {AT_ONCE}")
    work.sabotage("a third one at work at the same time", never_more_at_once, ran * 2, AT_ONCE)
    found = lake(room, databases)
    compared = agree(found, truth)
    sabotage(work, found, truth)
    service.end()
    made = project_counts(ran)
    return (f"{len(pipelines)} tasks of {daily_count()} tables of PostgreSQL and MariaDB published from development ({tried} tried there first), "
            f"{made['recurring']} instances of 3 days, {made['manual']} by hand, {made['backfill']} of a backfill in 2 groups, "
            f"at most {most} at once; one failed twice and was rerun, one stopped and rerun; the day of 23 hours made at its "
            f"midnight; {len(truth)} partitions, {compared:,} rows, 0 differing from the source of their day by PyIceberg")


def dev_prod(door):
    small = {"cpu-millis": 1000 * AT_ONCE, "memory-mb": 1024 * AT_ONCE, "daily-scheduling": True}
    night = door.ask("POST", "/resource-groups", {"name": "night", **small})["id"]
    tests = door.ask("POST", "/resource-groups", {"name": "tests", **small})["id"]
    return Project(door, door.ask("POST", "/projects", {
        "name": "shop", "mode": "dev-prod", "time-zone": "America/New_York", "default-group": night,
        "development-group": tests})["id"])


def generate(project, database, room):
    """Data sources with both environments, metadata, a migration, its pipelines."""
    connection = database.connection()
    name = f"shop_{database.kind}"
    source = {"name": name, "type": connection.pop("type"), "options": {**connection, "password": database.password},
              "development": {}}
    source = project.post("/data-sources", source)["id"]
    target = {"name": f"lake_{database.kind}", "type": "lake", "options": {"path": str(room / "lake")},
              "development": {"path": str(room / "lake-development")}}
    project.post("/data-sources", target)
    tested = project.post(f"/data-sources/{source}/test")
    ensure(tested, "the data source cannot be tested")
    collected = project.door.done(project.id, project.post(f"/data-sources/{source}/metadata"))
    tables = TABLES[database.kind]
    ensure(collected["tables"] >= len(tables), f"collected: {collected}")
    document = {"source": {"data-source": name, "time-zone": "America/New_York", **database.options()},
                "destination": {"data-source": f"lake_{database.kind}", "namespace": name},
                "tables": {"listed": [database.table(table) for table in tables]},
                "names": {"table-prefix": "ODS_", "table-rules": [{"replace": "lineitem", "with": "line_item"}],
                          "field-rules": [{"replace": "comment", "with": "remark"}]},
                "task-names": "load_${source_data_source_name}_${source_table_name}",
                "method": {"kind": "daily-and-one-time", "partition": {"one-time": f"ds={HISTORY}", "daily": "ds=${bizdate}"}},
                "run": {"reruns": 1, "rerun-interval-minutes": 1}}
    made = project.post("/migrations", {"name": f"{name}_to_lake", "document": document})["id"]
    checked = project.get(f"/migrations/{made}/check")
    ensure(not [one for one in checked["findings"] if one["severity"] == "blocker"], f"the migration is refused: {checked}")
    project.door.done(project.id, project.post(f"/migrations/{made}/generate"))
    rows = project.get(f"/migrations/{made}/results?limit=100")
    rows = rows["items"] if "items" in rows else rows["rows"]
    ensure(len(rows) == 2 * len(tables), f"{len(rows)} results: {json.dumps(rows)[:400]}")
    pipelines = [row["pipeline"] for row in rows]
    ensure(all(pipelines), f"a table has no pipeline: {json.dumps(rows)[:800]}")
    return pipelines


def go_live(project, pipelines):
    """Submitted to development, then published; the tasks of production by their names."""
    project.door.done(project.id, project.post("/submit", {"pipelines": pipelines, "remark": "the first"}))
    ensure(not project.get("/tasks?limit=500")["items"], "what was submitted is live before it is published")
    waiting = project.get("/to-be-published")["items"]
    ensure(len(waiting) == len(pipelines), f"{len(waiting)} wait to be published instead of {len(pipelines)}")
    out = project.door.done(project.id, project.post("/publish", {"pipelines": pipelines}))["items"]
    ensure(all(one.get("version") == 1 for one in out), f"published: {json.dumps(out)[:800]}")
    tasks = {task["name"]: task["id"] for task in project.get("/tasks?limit=500")["items"]}
    ensure(len(tasks) == len(pipelines), f"{len(tasks)} tasks instead of {len(pipelines)}")
    return tasks


def try_in_development(project, tasks, room):
    """One table by hand in development, which production must not show."""
    name = "load_shop_postgresql_nation_daily"
    development = {task["name"]: task["id"] for task in project.get("/tasks?environment=development&limit=500")["items"]}
    ensure(set(development) == set(tasks), f"development has {sorted(development)}")
    project.post(f"/tasks/{development[name]}/instances?environment=development", {"bizdate": "20240307"})
    ended = project.until_ended("development", 1, environment="development")
    ensure(ended[0]["state"] == "succeeded", f"development: {project.why(ended)}")
    tried = Lake(room / "lake-development", "shop_postgresql").rows("ods_nation")
    ensure(tried == 25, f"development has {tried} nations")
    ensure(Lake(room / "lake", "shop_postgresql").read("ods_nation") is None, "what ran in development is in production")
    return len(ended)


def history(project, tasks, databases, truth):
    """The one-time tasks, by hand."""
    once = [task for name, task in tasks.items() if name.endswith("_one_time")]
    for task in once:
        project.post(f"/tasks/{task}/instances")
    ended = project.until_ended("one-time", len(once), kind="manual")
    ensure(all(one["state"] == "succeeded" for one in ended), f"one-time: {project.why(ended)}")
    note(truth, databases, HISTORY)


def change(databases, date):
    """Each day has other rows than the day before."""
    for database in databases:
        database.execute(f"UPDATE customer SET c_acctbal = c_acctbal + {date.day}, c_comment = 'seen on {date}' "
                         f"WHERE c_custkey % 3 = {date.day % 3};"
                         f"DELETE FROM orders WHERE o_orderkey % 11 = {date.day};")


def note(truth, databases, when):
    for database in databases:
        for table in TABLES[database.kind]:
            truth[(database.kind, table, when)] = source_rows(database, table)


def source_rows(database, table):
    return sorted(tuple(row) for row in database.query(f"SELECT * FROM {table}"))


def first_day(service, project, databases, date):
    """Nothing before midnight, all of it after, as many at once as there is room for."""
    last = datetime.timedelta(seconds=20)
    service.set(midnight_after(date) - last)
    time.sleep(2.5)  # the scheduler looks each second
    ensure(not project.instances(kind="recurring"), "a day is made before it is over")
    end_well(service, project, date, datetime.timedelta(seconds=1))


def end_well(service, project, date, after):
    service.set(midnight_after(date) + after)
    ended = project.until_ended(bizdate(date), daily_count(), kind="recurring", bizdate=bizdate(date))
    ensure(all(one["state"] == "succeeded" for one in ended), f"{date}: {project.why(ended)}")


def daily_count():
    return sum(len(tables) for tables in TABLES.values())


def day_that_fails(service, project, databases, date):
    """A date that no table can hold is in one for a while: it alone fails, is tried again by itself, and then by a person."""
    postgres = databases[0]
    key, day = postgres.query("SELECT o_orderkey, o_orderdate FROM orders ORDER BY 1 LIMIT 1")[0]
    postgres.execute(f"UPDATE orders SET o_orderdate = 'infinity' WHERE o_orderkey = {key};")
    service.set(midnight_after(date) + datetime.timedelta(seconds=1))
    of_day = {"kind": "recurring", "bizdate": bizdate(date)}
    project.until("waiting to be tried again", lambda found: len(found) == daily_count() and {one["state"] for one in found} == {
        "succeeded", "waiting-for-time"}, **of_day)
    service.set(midnight_after(date) + datetime.timedelta(minutes=10))
    ended = project.until_ended("failed twice", daily_count(), **of_day)
    failed = [one for one in ended if one["state"] == "failed"]
    ensure([(one["task-name"], one["attempts"]) for one in failed] == [("load_shop_postgresql_orders_daily", 2)],
           f"failed: {json.dumps(failed)[:600]}")
    postgres.execute(f"UPDATE orders SET o_orderdate = '{day}' WHERE o_orderkey = {key};")
    project.operate(failed[0], "rerun")
    end_well(service, project, date, datetime.timedelta(minutes=20))


def day_that_is_stopped(service, project, databases, date):
    """A table is held by another: its instance is stopped while it runs, and leaves nothing; then it is rerun."""
    postgres = databases[0]
    holder = postgres.session()
    with contextlib.closing(holder):
        ensure(holder.execute("BEGIN; LOCK TABLE supplier IN ACCESS EXCLUSIVE MODE;"), "the table cannot be locked")
        service.set(midnight_after(date) - datetime.timedelta(seconds=20))
        time.sleep(2.5)
        of_day = {"kind": "recurring", "bizdate": bizdate(date)}
        ensure(not project.instances(**of_day), "the day of 23 hours is made too early")
        service.set(midnight_after(date) + datetime.timedelta(seconds=1))
        name = "load_shop_postgresql_supplier_daily"
        held = project.until("the held one runs", lambda found: [one for one in found if one["task-name"] == name
                                                                  and one["state"] == "running"], **of_day)
        held = next(one for one in held if one["task-name"] == name)
        project.operate(held, "stop")
        project.until("stopped", lambda found: [one for one in found if one["id"] == held["id"] and one["state"] == "failed"],
                      **of_day)
    stopped = project.get(f"/instances/{held['id']}")
    ensure(stopped["runs"][0]["outcome"] == "stopped", f"it ended as {json.dumps(stopped['runs'][0])[:400]}")
    project.until_ended("all but the stopped one", daily_count(), **of_day)
    project.operate(held, "rerun")
    end_well(service, project, date, datetime.timedelta(minutes=10))


def backfill(project, tasks, databases, truth):
    """Five days of one table in two groups: each with what the source has now."""
    asked = {"task": tasks["load_shop_postgresql_customer_daily"], "groups": 2, "first": bizdate(BACKFILLED[0]),
             "last": bizdate(BACKFILLED[-1])}
    project.post("/backfills", {"backfill": asked})
    ended = project.until_ended("backfill", len(BACKFILLED), kind="backfill")
    ensure(all(one["state"] == "succeeded" for one in ended), f"backfill: {project.why(ended)}")
    for date in BACKFILLED:
        truth[("postgresql", "customer", bizdate(date))] = source_rows(databases[0], "customer")


def runs(project):
    """Each time that something ran in production: from when to when, and as what."""
    found = []
    for instance in project.instances():
        for run in project.get(f"/instances/{instance['id']}")["runs"]:
            begun, ended = (datetime.datetime.fromisoformat(run[key]) for key in ("started-at", "ended-at"))
            found.append((begun, ended, instance["kind"], instance["id"]))
    return found


def never_more_at_once(ran, room):
    """How many ran at once, at most; more than the group has room for are refused."""
    ends = sorted([(begun, 1) for begun, *_ in ran] + [(ended, -1) for _, ended, *_ in ran])
    most = at_once = 0
    for _, step in ends:
        at_once += step
        most = max(most, at_once)
    ensure(most <= room, f"{most} ran at once, though there is room for {room}")
    return most


def project_counts(ran):
    return collections.Counter(kind for kind, _ in {(kind, instance) for _, _, kind, instance in ran})


def lake(room, databases):
    """By database, table and partition: the rows, in the texts that the source's client would give."""
    found = collections.defaultdict(list)
    for database in databases:
        for table in TABLES[database.kind]:
            name = "ods_" + table.replace("lineitem", "line_item")
            arrived = Lake(room / "lake", f"shop_{database.kind}").read(name)
            ensure(arrived is not None, f"{name} is not there")
            ensure(not [column for column in arrived.column_names if column.endswith("comment")], "a column's name is as it was")
            for row in arrived.to_pylist():
                when = str(row.pop("ds"))
                found[(database.kind, table, when)].append(tuple(str(value) for value in row.values()))
    return {key: sorted(rows) for key, rows in found.items()}


def agree(found, truth):
    """How many rows were compared."""
    wrong = sorted(set(truth) ^ set(found))
    ensure(not wrong, f"partitions missing or too many: {wrong}")
    for key, rows in truth.items():
        ensure(rows, f"{key}: the source had no row")
        if found[key] != rows:
            odd = sorted(set(found[key]) ^ set(rows))[:2]
            ensure(False, f"{key}: {len(found[key])} rows instead of {len(rows)}, or other ones: {odd}")
    return sum(len(rows) for rows in truth.values())


def sabotage(work, found, truth):
    one, other = (("postgresql", "customer", bizdate(date)) for date in DATES[:2])
    work.sabotage("yesterday's rows in today's partition", agree, {**found, other: found[one]}, truth)
    work.sabotage("a day loaded twice", agree, {**found, one: sorted(found[one] * 2)}, truth)
    work.sabotage("a day that was not loaded", agree, {key: rows for key, rows in found.items() if key != one}, truth)
    work.sabotage("a row lost", agree, {**found, one: found[one][1:]}, truth)
