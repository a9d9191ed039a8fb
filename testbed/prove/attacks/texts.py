"""Attacks by texts that people write: filters that are more than one condition, parameters that end a literal, names that are
shown to others, rules and texts that grow without end."""

import urllib.parse

from prove.attacks.attack import Attack, shown
from prove.attacks.bodies import Costs
from prove.project import PASSWORD

# Each is to be refused when it is planned: more than one condition, or none, by what each database reads.
FILTERS = ["1=1) UNION SELECT * FROM payroll --", "1=1) UNION SELECT 1, 2, 3 FROM payroll WHERE (1=1", "1=1) OR (1=1",
           ") OR (1=1", "(1=1", "1=1)", "1=1; DROP TABLE payroll", "1=1; DROP TABLE payroll; --", ";", "1=1;",
           "1=1 UNION SELECT 1", "1=1 UNION ALL (SELECT 1)", "1=1 INTERSECT SELECT 1", "1=1 EXCEPT SELECT 1", "1=1 ORDER BY 1",
           "1=1 GROUP BY id", "1=1 HAVING 1=1", "1=1 LIMIT 1", "1=1 LIMIT 1 OFFSET 1", "1=1 FOR UPDATE",
           "1=1 INTO OUTFILE '/tmp/godwit-out'", "1=1 FROM payroll", "SELECT 1", "DROP TABLE payroll",
           "UPDATE payroll SET what = 'x'", "DELETE FROM payroll", "INSERT INTO payroll VALUES (1)",
           "ATTACH DATABASE '/tmp/x' AS x", "PRAGMA writable_schema = 1", "VACUUM", "COPY payroll TO PROGRAM 'id'", "1=1) /*",
           "1=1 /*", "/* 1=1", "1=1 */", "'", "''' OR '1'='1", "\"", "`", "1=1 '", "note = 'x' OR '", "1=1\\", "?", "note = ?",
           "id = :id", "id = $1", "id = @id AND ?1", "1, 2", "1 AS x", "*", "-- 1=1", "/* nothing */", "1=1) -- (",
           "1=1\n) OR (1=1", "$$", "$x$ OR 1=1", "1=1 $$) OR (1=1$$", "no_such_column = 1", "no_such_function(1)", "visits",
           "(SELECT 1, 2)", "1 = (SELECT what FROM payroll; DELETE FROM payroll)", "EXISTS (DELETE FROM payroll RETURNING 1)",
           "1=1 WINDOW w AS ()", "count(*) > 0", "1=1 RETURNING 1", "CASE WHEN 1=1 THEN", "1 IN (", "((((1=1)))", "1=1 AND",
           "AND 1=1", "WHERE 1=1", "1=1 WHERE 1=1", "note LIKE 'x' ESCAPE", "1=1 COLLATE", "[id", "{fn now()", "id = 1 id = 2"]
# Of one database: comments with code, readers of files, sleepers in places where none may be.
OF_POSTGRES = ["1=1); COPY payroll TO PROGRAM 'id'; --", "1=1]) OR (true", "true])[1] FROM payroll) OR (true",
               "1=1 \\; SELECT 1", "E'\\'' OR 1=1 --'", "U&'\\0027' UESCAPE '!' OR",
               "DO $$ BEGIN PERFORM pg_sleep(30); END $$", "1=1::", "1 = ANY(", "$1::int = 1", "pg_sleep(30)",
               "1=1 TABLESAMPLE SYSTEM (1)", "(TABLE payroll)", "1=1 FETCH FIRST 1 ROW ONLY", "1=1 FOR SHARE NOWAIT"]
OF_MARIADB = ["1=1 /*!50000 UNION SELECT 1 */", "1=1) /*!50000 OR (1=1 */", "/*!50000 1=1) OR (1=1 */", "/*!99999 1=1",
              "1=1 /*M! ) OR (1=1 */", "1=1) # (", "1=1 PROCEDURE ANALYSE()", "1=1 INTO DUMPFILE '/tmp/godwit-dump'",
              "1=1 INTO @x", "1=1 LOCK IN SHARE MODE", "1=1 LIMIT 1 --", "HANDLER payroll OPEN",
              "LOAD DATA INFILE '/etc/passwd' INTO TABLE payroll", "1=1 FOR SYSTEM_TIME ALL", "DELIMITER ;",
              "1=1) AS x, (SELECT 1"]
# Conditions that are one, and do something when they are run: to be planned without being run.
SLEEPERS = {"postgresql": ["pg_sleep(30) IS NULL", "(SELECT pg_sleep(30)) IS NULL"],
            "mysql": ["sleep(30) = 0", "benchmark(1000000000, md5('x')) = 0"],
            "sqlite": ["(WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c) > 0",
                       "length(randomblob(900000000)) > 0", "load_extension('/tmp/x.so') IS NULL"]}


def filters(house, kind, execute, count):
    """All filters of a database in one plan, each of a table of its own."""
    schema = {"postgresql": "public", "sqlite": "main"}.get(kind) or execute("SELECT DATABASE()").strip()
    refused = FILTERS + {"postgresql": OF_POSTGRES, "mysql": OF_MARIADB, "sqlite": []}[kind]
    payloads = [text.replace("payroll", f"{schema}.payroll") for text in refused] + SLEEPERS[kind]
    tables = [f"f{number}" for number in range(len(payloads))]
    made = "CREATE TABLE {0} (id int PRIMARY KEY, note varchar(20)); INSERT INTO {0} VALUES (1, 'x');"
    execute("CREATE TABLE payroll (who varchar(20), what varchar(20)); INSERT INTO payroll VALUES ('a', 'b');"
            + "".join(made.format(table) for table in tables))
    each = [{"table": f"{schema}.{table}", "filter": {"one-time": text}} for table, text in zip(tables, payloads)]
    plan = []

    def planned():
        """Made once; the first row waits for it."""
        if not plan:
            plan.append(house.planned("files", {"each": each}, f"filters-{kind}", [f"{schema}.{table}" for table in tables]))
        return plan[0]

    def harm(number):
        result = planned().json.get("result") or {}
        places = [one["at"] for one in result.get("findings", []) if one["severity"] == "blocker"]
        if f"migration.each[{number}].filter.one-time" in places or number >= len(refused):
            return None
        return f"it would be read with it: {shown(planned())}"
    for number, text in enumerate(payloads):
        yield Attack("filter", f"{kind}: {text}", planned, (200,), (), lambda: harm(number))
    yield Attack("filter", f"{kind}: all of them together", planned, (200,), (),
                 lambda: None if count("payroll") == 1 else "a table is gone")


# Conditions on SQLite, which is read within the service, that would take its memory.
HUNGRY = ["length(randomblob(900000000)) > 0", "length(zeroblob(999999999)) > 0", "length(hex(randomblob(450000000))) > 0",
          "length(printf('%.*c', 900000000, 'x')) > 0", "length(replace(hex(zeroblob(5000000)), '0', hex(zeroblob(50)))) > 0"]


def hungry_filters(house):
    """Pipelines with such filters, tried; and one with a modest filter, for what these trials would read."""
    costs, project = Costs(house), f"/projects/{house.mine.id}"
    folder = house.mine.ask("POST", "/folders", {"name": "hungry"})["id"]

    def trial(number, text):
        document = {"name": "hungry", "source": {"data-source": "from"}, "destination": {"data-source": "to-lake"},
                    "tables": {"listed": ["main.visits"]}, "filter": {"one-time": text}}
        made = house.mine.ask("POST", "/pipelines", {"name": f"hungry {number}", "folder": folder, "document": document})["id"]
        return costs.of(lambda: house.mallory.ask("POST", f"{project}/pipelines/{made}/try", {}, seconds=60))
    yield Attack("filter", "sqlite: what is tried", trial(0, "length(note) > 0"), (200,), (),
                 tells=lambda answer: None if answer.json["rows"] else f"nothing is read: {shown(answer)}")
    for number, text in enumerate(HUNGRY, 1):
        yield Attack("filter", f"sqlite: {text}, tried", trial(number, text), (200, 422), (), costs.bounded)


# Names that show otherwise than they are, or do something where they are shown.
ODD = {"a script": "<script>alert(1)</script>", "an image": "<img src=x onerror=alert(1)>",
       "an attribute": "x\" onmouseover=\"alert(1)",
       "a template": "{{7*7}}", "a formula": "=cmd|' /C calc'!A0", "a NUL": "a\0b", "a line's end": "a\r\nSet-Cookie: x=y",
       "an escape": "a\x1b[31mb",
       "a tabulator": "a\tb", "delete": "a\x7fb", "nothing": "", "blanks": "   ", "a blank before": " a", "a blank behind": "a ",
       "no-break": "\u00a0",
       "a line of Unicode": "a\u2028b", "too many": "x" * 257, "thousands": "x" * 10_000, "a slash": "a/b", "a backslash": "a\\b",
       "a star": "a*b",
       "to the left": "a\u202egpj.exe", "an isolate": "a\u2066b\u2069", "a mark to the right": "a\u200fb", "no width": "a\u200bb",
       "a joiner": "a\u2060b",
       "a byte order mark": "\ufeff", "a dot": ".", "two dots": ".."}
# Names that are names, whatever they would be in SQL, in a shell or in JavaScript.
PLAIN = {"SQL": "'; DROP TABLE objects; --", "SQL's wildcards": "%_%", "a shell": "$(id) `id` & ; #", "a prototype": "__proto__",
         "a constructor": "constructor",
         "an escape of URLs": "%00%2e%2e", "a placeholder": "${bizdate}", "another alphabet": "编号 données",
         "a face": "\U0001f600", "null": "null"}


def odd_names(house):
    """Names of folders, migrations, virtual nodes and users, as their lists show them."""
    nouns = {"folders": {}, "migrations": {"document": {}}, "virtual-nodes": {}}
    for noun, more in nouns.items():
        path = f"/projects/{house.mine.id}/{noun}"
        for payload, name in ODD.items():
            yield Attack("name", f"{noun}: {payload}", lambda: house.mallory.ask("POST", path, {"name": name, **more}), (422,),
                         ("BAD_NAME",))
        for payload, name in PLAIN.items():
            yield Attack("name", f"{noun}: {payload}, which is one",
                         lambda: house.mallory.ask("POST", path, {"name": name, **more}), (201,), (),
                         lambda: listed(house, path, name))
    for payload, name in ODD.items():
        if name.strip() != name:  # who logs in is not asked for blanks
            continue
        yield Attack("name", f"a user: {payload}", lambda: house.ann.ask("POST", "/users", {"name": name, "password": PASSWORD}),
                     (422,), ("BAD_NAME",))
    for surrogate in ("\\ud800", "\\udfff", "\\ud800\\ud800"):
        yield Attack("name", f"half a character {surrogate}",
                     lambda: house.mallory.ask("POST", f"/projects/{house.mine.id}/folders",
                                               f'{{"name": "a{surrogate}b"}}'.encode()), (400,), ("BAD_JSON",))
    for pattern in ("%", "_", "%%", "' OR '1'='1", "\\", "*", "[a-z]", "\0"):
        query = urllib.parse.urlencode({"containing": pattern, "limit": 500})
        yield Attack("name", f"a search for {pattern!r}",
                     lambda: house.mallory.ask("GET", f"/projects/{house.mine.id}/folders?{query}"), (200,),
                     tells=lambda answer: only_with(answer, pattern))


def listed(house, path, name):
    found = [one["name"] for one in house.mallory.ask("GET", f"{path}?limit=500").json["items"]]
    return None if name in found else f"it is not shown as it is: {found}"


def only_with(answer, text):
    strangers = [one["name"] for one in answer.json["items"] if text not in one["name"]]
    return f"it finds {strangers}" if strangers else None
