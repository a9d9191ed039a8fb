"""The same filter under three zones selects the rows that a person there means."""

import datetime
import zoneinfo

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration

# The day of New York's change to summer time has 23 hours there, and begins 13 hours earlier in GMT+8.
FIRST, LAST = datetime.datetime(2024, 3, 10), datetime.datetime(2024, 3, 11)
FILTER = f"happened >= '{FIRST}' AND happened < '{LAST}'"
ZONES = {
    "GMT+8": datetime.timezone(datetime.timedelta(hours=8)),
    "UTC": datetime.timezone.utc,
    "America/New_York": zoneinfo.ZoneInfo("America/New_York"),
}
BEGIN = datetime.datetime(2024, 3, 9, tzinfo=datetime.timezone.utc)
ROWS = 3 * 24 * 4  # every quarter of an hour for three days
TYPES = {"postgresql": "timestamptz", "mysql": "timestamp"}


def instant(number):
    return BEGIN + datetime.timedelta(minutes=15 * number)


def meant(zone):
    """The ids that a person in the zone means: whose wall clock is within the day."""
    def there(number):
        return instant(number).astimezone(ZONES[zone]).replace(tzinfo=None)

    return {number for number in range(ROWS) if FIRST <= there(number) < LAST}


def filter_zones(work):
    figures = []
    for database in servers(work):
        values = ", ".join(f"({number}, '{instant(number):%Y-%m-%d %H:%M:%S}')" for number in range(ROWS))
        # both clients' sessions are in UTC
        database.execute(f"CREATE TABLE events (id int NOT NULL PRIMARY KEY, happened {TYPES[database.kind]} NOT NULL);"
                         f"INSERT INTO events VALUES {values};")
        counts = []
        for zone in ZONES:
            room = work.room(f"{database.kind}-{zone.replace('/', '-')}")
            migration = Migration(room, database, "files", ["events"], read={"time-zone": zone},
                                  filter={"one-time": FILTER})
            migration.run()
            table = destination_of(migration).read("events")
            selects(database, zone, table, meant(zone))
            for other in ZONES:
                if other != zone:
                    work.sabotage(f"{database.title}: what {other} means, where {zone} was asked for", selects,
                                  database, zone, table, meant(other))
            counts.append(f"{zone} {table.num_rows}")
        figures.append(f"{database.title}: {', '.join(counts)} of {ROWS} rows, each the ones meant")
    return "; ".join(figures)


def selects(database, zone, table, expected):
    found = table["id"].to_pylist()
    ensure(len(found) == len(set(found)), f"{database.title}, {zone}: rows came twice")
    wrong = set(found) ^ expected
    ensure(not wrong, f"{database.title}, {zone}: {len(set(found) - expected)} rows too many, "
                      f"{len(expected - set(found))} missing")
    for row in table.to_pylist():
        ensure(row["happened"] == instant(row["id"]), f"{database.title}, {zone}: id {row['id']} is {row['happened']}")
