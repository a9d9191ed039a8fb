"""Instances that nobody waited for: written straight into the store's tables, as if a service had run for a month."""

import datetime

DAY = 86_400_000  # in milliseconds
COLUMNS = ("id, project, environment, task, task_name, version, bizdate, slot, kind, origin, state, paused, forced, planned_at, "
           "not_before, since, priority, resource_group, cpu_millis, memory_mb, timeout_seconds, reruns, rerun_seconds, "
           "rerun_after_timeout, reruns_used, attempts, server, change")
REPORT = ('{"bytes":812,"code":null,"destination":"shop.m","hint":null,"message":null,"notices":[],"resumed":false,'
          '"rows_filtered":0,"rows_read":10,"rows_rejected":0,"rows_written":10,"seconds":0.21,"snapshot":null,'
          '"source":"main.m","state":"succeeded","verified":"counts"}')


def numbers(count):
    """A FROM item whose column n counts from 0, for SQLite and PostgreSQL."""
    return ("(WITH RECURSIVE c(n) AS (SELECT CAST(0 AS bigint) UNION ALL "
            f"SELECT n + 1 FROM c WHERE n + 1 < {count}) SELECT n FROM c) AS numbers")


def midnight(days_ago=0):
    """When a day in UTC began, in milliseconds since 1970."""
    today = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    return round((today - datetime.timedelta(days_ago)).timestamp() * 1000)


def bizdate(millis):
    return f"{datetime.datetime.fromtimestamp(millis / 1000, datetime.timezone.utc):%Y%m%d}"


def past(tasks, days, slots):
    """Of each task so many a day, on each of the days before today: most by the calendar, of each 20 one by a backfill,
    of each 1,000 one by hand; of each 33 one failed; most waited for another one."""
    count, first = tasks * days * slots, midnight(days)
    dates = ", ".join(f"({number}, '{bizdate(first + (number - 1) * DAY)}')" for number in range(days))
    at = f"{first} + n * {days * DAY // count}"
    return (
        f"WITH dates(place, bizdate) AS (VALUES {dates}), "
        "live AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM tasks) "
        f"INSERT INTO instances ({COLUMNS}) SELECT n + 1, project, environment, live.id, name, version, dates.bizdate, "
        f"n / {tasks} % {slots}, CASE WHEN n % 1000 = 7 THEN 'manual' WHEN n % 20 = 3 THEN 'backfill' ELSE 'recurring' END, "
        "CASE WHEN n % 1000 = 7 THEN 'm' || n WHEN n % 20 = 3 THEN 'b' || (n / 1000) ELSE '' END, "
        f"CASE WHEN n % 33 = 5 THEN 'failed' ELSE 'succeeded' END, 0, 0, {at}, {at}, {at} + 900, priority, '', 1000, 512, "
        f"172800, 0, 300, 0, 0, 1, NULL, n + 1 FROM {numbers(count)} JOIN live ON live.place = n % {tasks} "
        f"JOIN dates ON dates.place = n / {tasks * slots};"
        "INSERT INTO attempts (instance, number, server, run, started_at, ended_at, outcome, report) "
        "SELECT id, 1, 'one#1', 'past-' || id, since - 500, since, state, "
        f"'{REPORT}' FROM instances WHERE id <= {count};"
        f"INSERT INTO instance_upstream (instance, upstream) SELECT id, id - 1 FROM instances WHERE id <= {count} AND id % 4 > 0 "
        "AND id > 1;"
        f"UPDATE counters SET value = {count} WHERE name IN ('instance', 'change');")


def due(count, tasks, first, millis):
    """Instances that are open: one after the other comes due, each so many milliseconds after the one before."""
    return (
        "WITH live AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM tasks), "
        "until AS (SELECT value AS last FROM counters WHERE name = 'instance') "
        f"INSERT INTO instances ({COLUMNS}) SELECT last + n + 1, project, environment, live.id, name, version, "
        f"'{bizdate(first - DAY)}', 1000 + n / {tasks}, 'recurring', '', 'not-run', 0, 0, {first} + n * {millis}, "
        f"{first} + n * {millis}, {first}, priority, (SELECT id FROM objects WHERE kind = 'resource-group'), 1000, 512, 172800, "
        f"0, 300, 0, 0, 0, NULL, last + n + 1 FROM {numbers(count)} JOIN live ON live.place = n % {tasks} CROSS JOIN until;"
        f"UPDATE counters SET value = value + {count} WHERE name IN ('instance', 'change');")
