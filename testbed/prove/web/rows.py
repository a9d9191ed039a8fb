"""The wizard, row by row of docs/requirements.md; and for each row the page and the scenario that show it."""

import json
import re
import subprocess

from prove.circumstances import REPOSITORY
from prove.claim import ensure
from prove.databases import PostgreSql
from prove.godwit import Migration, binary
from prove.project import Project
from prove.web.stage import TESTS, House, declared, must_see, play
from prove.web.whole import given

TABLE = TESTS / "requirements.md"
ROW = re.compile(r"^\| (R\d\.\d\d) \| (.+?)\s*\| (.+?)\s*\|$")
PLACE = re.compile(r"^([a-z-]+): (.+)$")
NOT_A_PAGE = "not a page"


def web_wizard(work):
    house = House(work)
    source, target = PostgreSql(work), PostgreSql(work, "_target")
    source.execute("CREATE SCHEMA more;" + "".join(f"CREATE TABLE {name} (id int PRIMARY KEY, day date);" for name in (
        "visits", "calls", "\"odd name\"", "more.extra")))
    target.execute("CREATE SCHEMA rows;")
    before = house.room / "before"
    before.mkdir()
    loaded = Migration(before, source, "lake", ["visits"], write={"namespace": "rows"})
    loaded.run()
    project = Project(house.door, house.door.ask("POST", "/projects", {"name": "rows", "time-zone": "UTC"})["id"])
    house.door.ask("POST", "/resource-groups", {"name": "night", "cpu-millis": 4000, "memory-mb": 4096, "projects": [project.id],
                                                "daily-scheduling": True})
    project.database("shop", source)
    project.database("warehouse", target)
    project.data_source("folder", "files", path=str(house.room / "files"))
    document = {}

    def look():
        (made,) = project.every("/migrations")
        document.update(project.ask("GET", f"/migrations/{made['id']}")["document"])
        return {"keys": sorted(document)}

    figures = must_see(play(work, "wizard", house.service, {"document": look}, project=f"/p/{project.id}/migrations",
                            postgres=given("PostgreSQL", "shop", source), database=given("PostgreSQL", "warehouse", target),
                            files={"type": "Parquet files", "name": "folder", "options": {}},
                            lake={"type": "Lake (Apache Iceberg)", "name": "lake", "options": {"Folder": str(loaded.folder)}}),
                       "document", "imported", "zone")
    kept(document)
    work.sabotage("another zone than was chosen", kept, {**document, "source": {**document["source"], "time-zone": "GMT+8"}})
    work.sabotage("a time limit that was lost", kept, {**document, "run": {**document["run"], "timeout-hours": 48}})
    work.sabotage("tables that are dropped unasked", kept, {**document, "existing-tables": "recreate"})
    documents = {one["name"]: project.ask("GET", f"/migrations/{one['id']}")["document"] for one in project.every("/migrations")}
    same(documents)
    work.sabotage("a copy that lost its filter", same, {**documents, "rows again": {**documents["rows again"], "filter": None}})
    return (f"{len(figures['steps'])} steps through the seven sections; what was chosen there stands in the document, and "
            f"{len(documents)} migrations, exported, imported and copied, say the same")


def kept(document):
    run, schedule = document["run"], document["schedule"]
    told = {"zone": document["source"]["time-zone"], "schemas": document["source"]["schemas"], "timeout": run["timeout-hours"],
            "reruns": run["reruns"], "interval": run["rerun-interval-minutes"], "batch": schedule["tasks-per-batch"],
            "hours": schedule["every-hours"], "group": schedule["resource-group"], "rule": document["task-names"],
            "method": document["method"]["kind"], "partition": document["method"]["partition"]["one-time"],
            "filter": document["filter"]["daily"], "existing": document.get("existing-tables", "keep"),
            "tables": len(document["tables"]["listed"])}
    expected = {"zone": "Europe/Berlin", "schemas": ["public", "more"], "timeout": 1.25, "reruns": 3, "interval": 7, "batch": 1,
                "hours": 1, "group": "night", "rule": "load_${source_table_name}", "method": "daily-and-one-time",
                "partition": "20230330", "filter": "day = '${yyyy-MM-dd}'", "existing": "keep", "tables": 2}
    wrong = {name: value for name, value in told.items() if value != expected[name]}
    ensure(not wrong, f"the document says {wrong}")


def same(documents):
    ensure(len(documents) == 3, f"migrations: {sorted(documents)}")
    first = documents["rows"]
    for name, document in documents.items():
        differing = sorted(key for key in {*first, *document} if key != "name" and first.get(key) != document.get(key))
        ensure(not differing, f"{name} differs in {', '.join(differing)}")


def web_requirements(work):
    ids = set(re.findall(r"^\| (R\d\.\d\d) \|", (REPOSITORY / "docs" / "requirements.md").read_text(encoding="utf-8"), re.M))
    text, steps = TABLE.read_text(encoding="utf-8"), declared()
    pages, places = shown(ids, text, steps)
    for number, (page, where) in rows_of(text).items():
        print(f"  {number}  {page}: {where}")
    titles = [one["title"] for one in json.loads(subprocess.run([binary(), "source", "types", "--json"], check=True,
                                                                stdout=subprocess.PIPE).stdout)]
    still_absent(text, titles)
    work.sabotage("a connector that came, and whose rows say that there is none", still_absent, text, [*titles, "Oracle"])
    one = next(line for line in text.splitlines() if ROW.match(line) and NOT_A_PAGE not in line)
    work.sabotage("a requirement without its row", shown, ids, text.replace(one, ""), steps)
    work.sabotage("a requirement that nobody has heard of", shown, {*ids, "R9.99"}, text, steps)
    work.sabotage("a step that no scenario has", shown, ids, text.replace(one, one[:-2] + "; entry: flies |"), steps)
    work.sabotage("a reason that is none", shown, ids, text.replace(one, f"| {one[2:7]} | {NOT_A_PAGE} | no |"), steps)
    return (f"{len(ids)} requirements, each with its row: {pages} seen on a page by {places} steps of scenarios, "
            f"{len(ids) - pages} {NOT_A_PAGE}, with the reason")


def rows_of(text):
    """What the table says, by requirement: the page, and where it is seen or why it is not."""
    return {found[1]: (found[2], found[3]) for line in text.splitlines() if (found := ROW.match(line))}


def still_absent(text, titles):
    """Rows that wait for a connector go with its coming."""
    for number, (page, where) in rows_of(text).items():
        waited = re.search(r"there is no connector to (.+?) yet", where)
        if page == NOT_A_PAGE and waited:
            come = [name for name in re.split(r" or |, ", waited[1]) if any(name in title for title in titles)]
            ensure(not come, f"{number}: there is a connector to {', '.join(come)} now")


def shown(ids, text, steps):
    """How many requirements are seen on a page, and by how many steps."""
    rows = rows_of(text)
    ensure(set(rows) == ids, f"without a row, or without a requirement: {', '.join(sorted(set(rows) ^ ids))}")
    pages, named = 0, set()
    for number, (page, where) in rows.items():
        if page == NOT_A_PAGE:
            ensure(len(where.split()) >= 4, f"{number}: the reason is too short: {where}")
            continue
        pages += 1
        for place in re.split(r"\s*; ", where):
            found = PLACE.match(place)
            ensure(found and found[2] in steps.get(found[1], []), f"{number}: no scenario has the step {place!r}")
            named.add(place)
    return pages, len(named)
