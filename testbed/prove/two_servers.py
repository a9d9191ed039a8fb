"""Two servers on one PostgreSQL store, killed by turns while small tables are loaded by hand, date by date: every instance
ends, every load stands once in the lake and at MariaDB, and both servers tell the same of all of it."""

import bisect
import collections
import datetime
import http.client
import itertools
import threading
import time

from prove.claim import ensure
from prove.databases import MariaDb, PostgreSql
from prove.destinations import Lake
from prove.project import PASSWORD, Project
from prove.serving import LONGEST_SECONDS, Door, Service

FIRST = datetime.date(2024, 1, 1)
ROWS = 20  # of a table on one date
LAKE, COPIES = [f"lake_{number}" for number in range(7)], [f"copy_{number}" for number in range(3)]
GONE_SECONDS = 25  # by then a server that gives no sign of life is taken for gone
MEETING_SECONDS = 10  # so long it is waited for a server to be busy
LOST = (OSError, http.client.HTTPException)  # what asking a server comes to that dies meanwhile


def two_servers_once(work):
    days, (kills, seconds) = work.amount(6, 100), work.amount((2, 40), (10, 600))
    store, shop, copies = PostgreSql(work), MariaDb(work), MariaDb(work, "_copies")
    fill(shop, days)
    both = Both(work, store)
    tasks = published(both.project, shop, copies, work.folder)
    wanted = [(table, f"{FIRST + datetime.timedelta(number):%Y%m%d}") for table in tasks for number in range(days)]
    work.chance("order").shuffle(wanted)
    killer, begun, lost_answers = Killer(both, store, work.chance("kills"), kills, seconds), time.monotonic(), 0
    for number in range(kills):  # as many at once for each kill, which meets servers that are busy
        time.sleep(max(0.0, begun + number * seconds / kills - time.monotonic()))
        lost_answers += sum(both.run(tasks[table], date) for table, date in wanted[number::kills])
    killer.end()
    told = both.told()
    while not all(line["state"] in ("succeeded", "failed") for line in told["one"].values()):
        ensure(time.monotonic() - begun < seconds + LONGEST_SECONDS, f"instances are {states(told['one'])}")
        time.sleep(0.2)
        told = both.told()
    attempts = {number: both.project.ask("GET", f"/instances/{number}")["runs"] for number in told["one"]}
    lost = sum(attempt["outcome"] == "lost" for runs in attempts.values() for attempt in runs)
    check(work, told, attempts, tasks, wanted)
    check_destinations(work, shop, copies, attempts)
    check_store(work, store)
    for service in both.services.values():
        ensure(service.stop().code == 0, f"a server ended with {service.process.outcome.code}")
    return (f"{len(wanted):,} instances of {len(tasks)} tasks asked for by hand, each twice under one key, at two servers of one "
            f"store, {kills} times one of them killed and started again: {lost} attempts lost and made again, {lost_answers} "
            f"answers lost; each load once in the lake and at MariaDB, {len(wanted) * ROWS:,} rows by PyIceberg and mariadb; "
            f"both servers of one mind; {busiest(attempts):.1f} instances a second where most was done, the longest wait "
            f"{longest_wait(told['one'], attempts, killer):.0f} s")


class Both:
    """Two servers of one store, and a caller who asks now this one, now that one, whichever lives."""

    def __init__(self, work, store):
        address = f"postgresql://{store.user}:{store.password}@{store.host}:{store.port}/{store.database}"
        (work.folder / "address").write_text(address, encoding="utf-8")
        self.services = {}
        for name in ("one", "two"):
            service = Service(work.room(name), server=name, roots=[str(work.folder)], key_file="../keys",
                              store={"url": "${file:../address}"})
            work.at_the_end(lambda service=service: service.process.kill())
            self.services[name] = service
        first = self.services["one"]
        self.door, self.turns = Door(first.port), itertools.cycle(self.services.values())
        self.door.enter("/set-up", {"token": first.set_up_token(), "name": "ann", "password": PASSWORD})
        self.project = Project.made(self, "shop")

    def ask(self, method, path, body=None, **how):
        """Asks the other one where one is gone; not again what may have been done by one that died meanwhile."""
        deadline = time.monotonic() + LONGEST_SECONDS
        while True:
            self.door.port = next(self.turns).port
            try:
                return self.door.ask(method, path, body, **how)
            except LOST as failure:
                may_be_done = method != "GET" and not isinstance(failure, ConnectionRefusedError)
                if may_be_done or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def done(self, project, operation):
        return self.door.done(project, operation)

    def run(self, task, date):
        """Runs a task by hand, and asks for it again, at the other server, as if the answer had been lost: under the same key it
        is made once. How often an answer was lost indeed."""
        numbers, lost = [], 0
        while len(numbers) < 2:
            try:
                body = {"bizdate": date, "key": f"{task} {date}"}
                numbers.append(self.project.ask("POST", f"/tasks/{task}/instances", body)["instance"])
            except LOST:
                lost += 1
        ensure(numbers[0] == numbers[1], f"one key, two instances: {numbers}")
        return lost

    def told(self):
        """All instances by their numbers, as each of the servers tells them."""
        told = {}
        for name, service in self.services.items():
            self.door.port = service.port
            told[name] = {line["id"]: line for line in Project(self.door, self.project.id).every("/instances")}
        return told


class Killer(threading.Thread):
    """Kills one of both servers in each part of the time, while it carries something out, and starts it again: soon, and each
    second time only after the other one has taken it for gone."""

    def __init__(self, both, store, chance, kills, seconds):
        super().__init__(daemon=True)
        part = seconds / kills
        self.plan = [(part * (number + chance.uniform(0, 0.05)), chance.choice(list(both.services)), chance.uniform(0, 0.2),
                      chance.uniform(0, 3) + GONE_SECONDS * (number % 2)) for number in range(kills)]
        self.both, self.store, self.kills, self.failure = both, store, [], None
        self.start()

    def run(self):
        begun = time.monotonic()
        try:
            for when, name, into, pause in self.plan:
                time.sleep(max(0.0, begun + when - time.monotonic()))
                while not self.is_busy(name) and time.monotonic() < begun + when + MEETING_SECONDS:
                    time.sleep(0.01)
                time.sleep(into)
                self.kills.append(time.time())
                self.both.services[name].process.kill()
                time.sleep(pause)
                self.both.services[name].begin()
        except Exception as failure:  # told by whoever waits for the end
            self.failure = failure

    def is_busy(self, name):
        return self.store.query(f"SELECT 1 FROM instances WHERE state = 'running' AND server LIKE '{name}#%' LIMIT 1") != []

    def end(self):
        self.join()
        if self.failure:
            raise self.failure


def fill(shop, days):
    for table in LAKE + COPIES:
        shop.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, day date NOT NULL, note varchar(40) NOT NULL);"
                     f"INSERT INTO {table} SELECT n, DATE '{FIRST}' + INTERVAL n % {days} DAY, MD5(CONCAT('{table}', n)) "
                     f"FROM {shop.numbers(days * ROWS)};")


def published(project, shop, copies, folder):
    """The task of each table, by the table's name."""
    project.collect(project.database("shop", shop))
    project.data_source("lake", "lake", path=str(folder / "lake"))
    project.database("copies", copies)
    to_lake = {"data-source": "lake", "namespace": "copied", "keep-snapshots": 1000}
    to_copies = {"data-source": "copies", "namespace": copies.database}
    by_date = {"partition": {"daily": "ds=${bizdate}"}}
    for tables, destination, method in ((LAKE, to_lake, by_date), (COPIES, to_copies, {})):
        project.generate(project.migration(f"to_{destination['data-source']}", {
            "source": {"data-source": "shop", **shop.options()}, "destination": {**destination, "loading-policy": "append"},
            "tables": {"listed": [shop.table(table) for table in tables]}, "method": {"kind": "daily", **method},
            "filter": {"daily": "day = '${yyyy-MM-dd}'"}, "run": {"reruns": 0}}),
            # A table made ahead stands there as a load of its own; here each load is one of a run.
            **{"create-tables": False})
    return {task["body"]["runs"]["table"]["table"]: task["id"] for task in project.submit()}


def states(lines):
    return dict(collections.Counter(line["state"] for line in lines.values()))


def check(work, told, attempts, tasks, wanted):
    """What the servers tell: each instance that was asked for is there once and succeeded, by one attempt."""
    lines = told["one"]
    expected = collections.Counter((tasks[table], date) for table, date in wanted)
    number = next(iter(lines))
    all_succeeded(lines, expected)
    work.sabotage("an instance that runs on", all_succeeded, {**lines, number: {**lines[number], "state": "running"}}, expected)
    work.sabotage("an instance that is not there", all_succeeded, without(lines, number), expected)
    work.sabotage("an instance made twice", all_succeeded, {**lines, -1: lines[number]}, expected)
    of_one_mind(told["one"], told["two"])
    work.sabotage("a server that knows of one attempt more", of_one_mind, lines,
                  {**lines, number: {**lines[number], "attempts": 9}})
    succeeded_once(attempts)
    work.sabotage("an instance that succeeded twice", succeeded_once, {**attempts, number: attempts[number] * 2})


def all_succeeded(lines, expected):
    ensure(states(lines).keys() == {"succeeded"}, f"instances ended as {states(lines)}")
    found = collections.Counter((line["task"], line["bizdate"]) for line in lines.values() if line["kind"] == "manual")
    ensure(found == expected, f"not the instances that were asked for: {(found - expected) + (expected - found)}")


def of_one_mind(one, two):
    differ = [(one.get(number), two.get(number)) for number in one.keys() | two.keys() if one.get(number) != two.get(number)]
    ensure(not differ, f"the servers tell {len(differ)} instances otherwise: {differ[:1]}")


def succeeded_once(attempts):
    for number, runs in attempts.items():
        outcomes = collections.Counter(run["outcome"] for run in runs)
        ensure(outcomes["succeeded"] == 1 and outcomes.keys() <= {"succeeded", "lost", "outdated"},
               f"instance {number}: attempts ended as {dict(outcomes)}")


def check_destinations(work, shop, copies, attempts):
    """What stands there: the rows of each date once, by one load of each instance."""
    runs = collections.defaultdict(collections.Counter)
    for run in (run for of_instance in attempts.values() for run in of_instance if run["outcome"] == "succeeded"):
        runs[run["report"]["source"].rpartition(".")[2]][run["run"]] += 1
    ensure(runs.keys() == {*LAKE, *COPIES}, f"instances of {len(runs)} tables")
    for table in LAKE:
        loads, rows = in_lake(work.folder / "lake", table)
        loaded_once(loads, runs[table])
        stands_once(shop, table, rows)
    work.sabotage("a load published twice", loaded_once, loads + loads[:1], runs[table])
    work.sabotage("a load that is missing", loaded_once, loads[1:], runs[table])
    for table in COPIES:
        rows = at_server(copies, table)
        stands_once(shop, table, rows)
    work.sabotage("a date loaded twice", stands_once, shop, table, rows + rows[:ROWS])
    work.sabotage("a row missing", stands_once, shop, table, rows[1:])


def in_lake(folder, table):
    """The load of each snapshot, and all rows, each with the date whose partition it stands in."""
    found = Lake(folder, "copied").table(table)
    rows = [(row["id"], str(row["day"]), row["note"], row["ds"]) for row in found.scan().to_arrow().to_pylist()]
    return [snapshot.summary["godwit.load-id"] for snapshot in found.metadata.snapshots], rows


def at_server(copies, table):
    """All rows, each with its date: MariaDB keeps the id of a load as a key, so that only rows tell of one that came twice."""
    rows = copies.query(f"SELECT id, day, note, DATE_FORMAT(day, '%Y%m%d') FROM {table}")
    return [(int(key), *others) for key, *others in rows]


def loaded_once(loads, expected):
    found = collections.Counter(load.partition("_")[0] for load in loads)
    ensure(found == expected, f"loads that nobody told of: {found - expected}; that are not there: {expected - found}")


def stands_once(shop, table, rows):
    expected = shop.query(f"SELECT id, day, note, DATE_FORMAT(day, '%Y%m%d') FROM {table}")
    expected = collections.Counter((int(key), *others) for key, *others in expected)
    found = collections.Counter(rows)
    many, missing = (found - expected).total(), (expected - found).total()
    ensure(not many and not missing, f"{table}: {many} rows too many, {missing} missing")


def check_store(work, store):
    """What the store keeps: nothing is open."""
    asked = {"instances": "state NOT IN ('succeeded', 'failed')", "attempts": "ended_at IS NULL", "runs": "state = 'running'"}
    left = {table: int(store.query(f"SELECT count(*) FROM {table} WHERE {how}")[0][0]) for table, how in asked.items()}
    nothing_open(left)
    work.sabotage("a run that never ended", nothing_open, {**left, "runs": 1})


def nothing_open(left):
    ensure(not any(left.values()), f"the store says that something is open: {left}")


def busiest(attempts, seconds=10):
    """The most instances that ended in a second, over some seconds."""
    ends = sorted(moment(run["ended-at"]) for runs in attempts.values() for run in runs if run["outcome"] == "succeeded")
    return max(bisect.bisect_left(ends, end + seconds) - place for place, end in enumerate(ends)) / seconds


def longest_wait(lines, attempts, killer):
    """The longest time from when an instance was asked for, or its server killed, to the start of its next attempt."""
    waits = []
    for number, runs in attempts.items():
        since = moment(lines[number]["planned-at"])
        for run in sorted(runs, key=lambda run: run["number"]):
            started = moment(run["started-at"])
            waits.append(started - since)
            since = max((kill for kill in killer.kills if kill <= moment(run["ended-at"])), default=started)
    return max(waits)


def moment(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def without(lines, number):
    return {key: line for key, line in lines.items() if key != number}
