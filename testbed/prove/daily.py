"""Daily and one-time parts of one file: each business date's rows in the partition of that date, read back by readers that
are not ours and compared with what the source has of it."""

import datetime

from pyarrow import dataset

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration

FIRST = datetime.date(2024, 2, 27)  # a leap day is among the days
HISTORY = 20240226
DAYS = 4
METHOD = {"kind": "daily-and-one-time", "partition": {"one-time": f"ds={HISTORY}"}}
FILTERS = {"one-time": "day < '${yyyy-MM-dd}'", "daily": "day = '${yyyy-MM-dd}'"}


def bizdate(day):
    return f"{day:%Y%m%d}"


def daily_partitions(work):
    rows, figures = work.amount(2_000, 50_000), []
    days = [FIRST + datetime.timedelta(days=number) for number in range(DAYS)]
    for database in servers(work):
        fill(database, rows)
        for kind in ("lake", "files"):
            migration = Migration(work.room(f"{database.kind}-{kind}"), database, kind, ["visits"], method=METHOD,
                                  filter=FILTERS)
            refused = migration.run(expect=2)
            ensure("part" in refused.complaint(), f"without a part: {refused.complaint()}")
            migration.run("--part", "one-time", "--bizdate", bizdate(FIRST))
            for day in days:
                migration.run("--part", "daily", "--bizdate", bizdate(day))
            before = partitions(migration)
            agree(database, before, days)
            again(database, migration, days, before)
            work.sabotage(f"{database.title} to {kind}: a day in its neighbour's partition", agree, database,
                          {**before, bizdate(days[0]): before[bizdate(days[1])]}, days)
        figures.append(f"{database.title}: {rows:,} rows, history and {DAYS} days into lake and files, each in its partition, "
                       "one day loaded again after rows changed, the others untouched")
    return "; ".join(figures)


def fill(database, rows):
    """Rows of some thirty days up to the last one that is loaded."""
    last = FIRST + datetime.timedelta(days=DAYS - 1)
    series = (f"SELECT g, DATE '{last}' - g % 30, md5(g::text) FROM generate_series(1, {rows}) g" if database.kind == "postgresql"
              else f"SELECT seq, DATE '{last}' - INTERVAL seq % 30 DAY, MD5(seq) FROM seq_1_to_{rows}")
    database.execute(f"CREATE TABLE visits (id int NOT NULL PRIMARY KEY, day date NOT NULL, note varchar(40) NOT NULL);"
                     f"INSERT INTO visits {series};")


def again(database, migration, days, before):
    """Rows of all days change; one day is loaded again, and is the only one that differs."""
    database.execute("UPDATE visits SET note = concat(note, '!');")
    migration.run("--part", "daily", "--bizdate", bizdate(days[1]))
    after = partitions(migration)
    agree(database, {bizdate(days[1]): after[bizdate(days[1])]}, days[1:2])
    ensure({**after, bizdate(days[1]): before[bizdate(days[1])]} == before, "a day that was not loaded again has changed")
    ensure(after != before, "the day that was loaded again has its old rows")
    database.execute("UPDATE visits SET note = replace(note, '!', '');")


def partitions(migration):
    """By the value of ds, which files carry in the name of their folder: what stands in it."""
    if migration.kind == "files":
        table = dataset.dataset(migration.folder / "visits", partitioning="hive").to_table()
    else:
        table = destination_of(migration).read("visits")
    found = {}
    for row in table.to_pylist():
        found.setdefault(str(row.pop("ds")), set()).add(tuple(row.values()))
    return found


def agree(database, found, days):
    wanted = {bizdate(day): meant(database, f"day = '{day}'") for day in days}
    if str(HISTORY) in found or len(days) > 1:
        wanted[str(HISTORY)] = meant(database, f"day < '{FIRST}'")
    ensure(set(found) == set(wanted), f"partitions {sorted(found)} instead of {sorted(wanted)}")
    for value, rows in wanted.items():
        ensure(rows, f"{value}: the source has no row of it")
        ensure(found[value] == rows, f"{database.title}, {value}: {len(found[value] ^ rows)} rows differ")


def meant(database, condition):
    rows = database.query(f"SELECT id, day, note FROM visits WHERE {condition}")
    return {(int(number), datetime.date.fromisoformat(str(day)), note) for number, day, note in rows}
