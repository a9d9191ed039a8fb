"""Attacks by who may something, on what they may not: other people's things, roles and rights that are not theirs, passwords."""

import re
import statistics
import time
import uuid

from prove.attacks.attack import Attack
from prove.attacks.operations import operations
from prove.every_noun import DAY
from prove.project import PASSWORD

UNKNOWN = ("UNKNOWN_PROJECT",)
# What changes nothing although it is sent: checks and searches, for whoever sees the project.
READS = {"migrations_check", "migrations_preview", "pipelines_check"}


def others_things(house):
    """Every operation on things of a project that mallory does not see, and on these as if they were of her own."""
    ids = {noun: found[0] for noun, found in house.ids.items()}
    strange = {noun: 10 ** 12 if noun == "instance" else str(uuid.uuid4()) for noun in ids}
    before = house.everything()
    for operation in operations(house):
        if "project" not in operation.places:
            continue
        there = ids | {"project": house.project.id}
        nowhere = there | {"project": strange["project"]}
        yield Attack("foreign project", operation.name, lambda: operation.ask(house.mallory, there), (403, 404),
                     ("NO_RIGHT", *UNKNOWN), lambda: differs(house, operation, there, nowhere))
        if len(operation.places) > 1:
            own, none = ids | {"project": house.mine.id}, strange | {"project": house.mine.id}
            yield Attack("foreign id", f"{operation.name} under one's own project", lambda: operation.ask(house.mallory, own),
                         (404,), ("NOT_THERE", "UNKNOWN_TASK", "UNKNOWN_INSTANCE"), lambda: differs(house, operation, own, none))
    yield from ids_in_bodies(house, ids)
    bound = house.ann.ask("POST", "/resource-groups", {"name": "bound", "cpu-millis": 4000, "memory-mb": 4096,
                                                       "projects": [house.project.id]}).json["id"]
    shown = house.mallory.ask("GET", f"/projects/{house.mine.id}")
    body = {key: shown.json[key] for key in ("name", "time-zone", "members")}
    yield Attack("foreign id in a body", "a resource group that is bound to another project",
                 lambda: house.mallory.ask("PUT", f"/projects/{house.mine.id}", {**body, "default-group": bound},
                                           {"If-Match": shown.one("etag")}), (403, 404, 422))
    yield from things_of_people(house)
    yield Attack("foreign id", "all of them together", lambda: house.mallory.ask("GET", house.at()), (404,), UNKNOWN,
                 lambda: None if house.everything() == before else "what is in the project changed")


def differs(house, operation, ids, others):
    """What tells a thing that is there from one that is not."""
    def told(ids):
        answer = operation.ask(house.mallory, ids)
        text = re.sub(r'"instance":"[^"]*"', "", answer.text)
        for value in {str(ids[place]) for place in operation.places}:
            text = text.replace(f'\\"{value}\\"', "it")
        return answer.status, text
    return difference(told(ids), told(others))


def difference(there, nowhere):
    return None if there == nowhere else f"what is there is told from what is not: {there} and {nowhere}"


def ids_in_bodies(house, ids):
    """Ids of things that are not hers, where bodies and queries have them."""
    def attack(payload, method, path, body, answered, headers=None):
        return Attack("foreign id in a body", payload,
                      lambda: house.mallory.ask(method, f"/projects/{house.mine.id}{path}", body, headers), answered, (),
                      lambda: leaked(house), tells=lists)
    folder = house.mine.ask("POST", "/folders", {"name": "of mallory"})["id"]
    pipeline = house.mine.ask("POST", "/pipelines", {"name": "of mallory", "folder": folder})["id"]
    yield attack("a draft with the secrets of another's data source", "POST", "/data-sources/test",
                 {"data-source": {"type": "sqlite", "options": {"path": str(house.database.path)}}, "edits": ids["source"]},
                 (404,))
    yield attack("a pipeline in another's folder", "POST", "/pipelines", {"name": "x", "folder": ids["folder"]}, (404,))
    yield attack("a pipeline moved into another's folder", "PATCH", f"/pipelines/{pipeline}", {"folder": ids["folder"]}, (404,),
                 {"If-Match": '"1"'})
    for verb in ("submit", "publish", "unpublish"):
        yield attack(f"{verb} another's pipeline", "POST", f"/{verb}", {"pipelines": [ids["pipeline"]]}, (404, 422))
    yield attack("backfill another's task", "POST", "/backfills", {"backfill": {"task": ids["task"], "first": DAY, "last": DAY}},
                 (404,))
    for end in ("source", "destination"):
        yield attack(f"another's data source by name as {end}", "POST", "/migrations/check",
                     {"document": {"name": "x", end: {"data-source": "source"}}}, (200,))
    yield attack("pipelines of another's folder", "GET", f"/pipelines?folder={ids['folder']}", None, (404,))
    for payload, query in (("instances of another's task", f"/instances?task={ids['task']}"),
                           ("instances of another's backfill", f"/instances?origin={ids['backfill']}"),
                           ("work on another's object", f"/operations?object={ids['migration']}")):
        yield attack(payload, "GET", query, None, (200, 404))


def leaked(house):
    tasks = house.ann.ask("GET", f"/projects/{house.mine.id}/tasks").json["items"]
    return f"there are tasks in the project: {tasks}" if tasks else None


def lists(answer):
    items = (answer.json or {}).get("items")
    return f"it shows {items}" if items else None


def things_of_people(house):
    """Users, sessions and tokens of others."""
    ann, mallory = house.users["ann"], house.mallory
    session = house.ann.ask("GET", "/sessions").json["items"][0]["id"]

    def alive():
        return None if house.ann.ask("GET", "/me").status == 200 else "ann is logged out"
    edition = {"If-Match": '"1"'}
    for payload, method, path, body, answered in (
            ("another's session", "DELETE", f"/sessions/{session}", None, (404,)),
            ("another's token", "DELETE", f"/tokens/{house.ids['token'][0]}", None, (404,)),
            ("another user", "GET", f"/users/{ann}", None, (403,)),
            ("another user's name", "PUT", f"/users/{ann}", {"name": "eve"}, (403,)),
            ("another user's removal", "DELETE", f"/users/{ann}", None, (403,)),
            ("another's password", "PUT", f"/users/{ann}/password", {"new": PASSWORD + " of mallory"}, (403,)),
            ("another's password with her own as the old one", "PUT", f"/users/{ann}/password",
             {"old": PASSWORD, "new": PASSWORD + " of mallory"}, (403,)),
            ("one's own password without the old one", "PUT", f"/users/{house.users['mallory']}/password",
             {"new": PASSWORD + " of mallory"}, (403,)),
            ("all users", "GET", "/users", None, (403,)),
            ("the audit log", "GET", "/audit", None, (403,)),
            ("whether the audit log holds", "GET", "/audit/verified", None, (403,)),
            ("another project's resource group", "GET", f"/resource-groups/{house.ids['group'][0]}", None, (403, 404)),
            ("another project's resource group, changed", "PUT", f"/resource-groups/{house.ids['group'][0]}",
             {"name": "of mallory", "cpu-millis": 1, "memory-mb": 1}, (403, 404))):
        yield Attack("foreign thing", payload, lambda: mallory.ask(method, path, body, edition), answered, (), alive)


def stolen_rights(house):
    """Rights that nobody gave them."""
    ids = {noun: found[0] for noun, found in house.ids.items()} | {"project": house.project.id}
    narrow = house.nobody()
    made = house.ann.ask("POST", "/tokens", {"name": "narrow", "scopes": ["view-project"]}).json
    narrow.bearer = made["token"]
    before = house.everything()
    for who, caller in (("a viewer", house.beside("vera")), ("an auditor", house.beside("audrey")), ("a narrow token", narrow)):
        for operation in operations(house):
            if "project" in operation.places and operation.method != "GET" and operation.id not in READS:
                yield Attack("role", f"{who}: {operation.name}", lambda: operation.ask(caller, ids), (403,), ("NO_RIGHT",))
    for who, caller in (("nobody", house.nobody()),):
        for operation in operations(house):
            if not operation.public:
                yield Attack("role", f"{who}: {operation.name}", lambda: operation.ask(caller, ids), (401,), ("UNAUTHENTICATED",))
    yield Attack("role", "all of them together", lambda: narrow.ask("GET", house.at()), (200,), (),
                 lambda: None if house.everything() == before else "what is in the project changed")
    yield from climbing(house)
    yield from scopes(house)


def climbing(house):
    """People who give themselves more."""
    project = house.ann.ask("GET", house.at()).json

    def members(name, role):
        return {"name": "shop", "time-zone": "UTC", "default-group": project["default-group"],
                "members": {**project["members"], house.users[name]: role}}
    recreate = {"name": "drops", "existing-tables": "recreate", "recreate": ["shop.visits"]}
    for name, may in (("olga", "an operator"), ("dora", "a developer"), ("vera", "a viewer"),
                      ("mallory", "another's administrator")):
        caller, own = house.beside(name), house.users[name]
        rows = [("another role in the installation", "PUT", f"/users/{own}", {"name": name, "role": "administrator"}),
                ("a user", "POST", "/users", {"name": f"made by {name}", "password": PASSWORD}),
                ("a project", "POST", "/projects", {"name": f"made by {name}"}),
                ("a resource group", "POST", "/resource-groups", {"name": f"by {name}", "cpu-millis": 1, "memory-mb": 1}),
                ("its project's removal", "DELETE", f"/projects/{house.mine.id if name == 'mallory' else house.project.id}",
                 None)]
        if name != "mallory":
            rows += [("another role in the project", "PUT", house.at(), members(name, "project-admin")),
                     ("a data source", "POST", house.at("/data-sources"),
                      {"name": name, "type": "lake", "options": {"path": "/x"}}),
                     ("a test of a draft", "POST", house.at("/data-sources/test"),
                      {"data-source": {"type": "lake", "options": {"path": "/x"}}}),
                     ("the project's audit log", "GET", house.at("/audit"), None),
                     ("the dropping of tables", "POST", house.at("/migrations"), {"name": f"of {name}", "document": recreate})]
        if name == "dora":
            rows += [("a publication", "POST", house.at("/submit"), {"pipelines": house.ids["pipeline"]}),
                     ("an unpublication", "POST", house.at("/unpublish"), {"pipelines": house.ids["pipeline"]})]
        for payload, method, path, body in rows:
            yield Attack("climbing", f"{may}: {payload}", lambda: caller.ask(method, path, body, {"If-Match": '"1"'}), (403,),
                         ("NO_RIGHT",))
    for role in ("administrator", "auditor"):
        yield Attack("climbing", f"a member who is {role}",
                     lambda: house.mallory.ask("PUT", f"/projects/{house.mine.id}",
                                               {"name": "mine", "members": {house.users["mallory"]: role}}, {"If-Match": '"2"'}),
                     (422,), ("BAD_ROLE",))
    for role in ("project-admin", "operator"):
        yield Attack("climbing", f"a role {role} in the installation",
                     lambda: house.ann.ask("POST", "/users", {"name": f"of {role}", "password": PASSWORD, "role": role}), (422,))
    olga = house.beside("olga")
    watching = olga.watch(house.at("/events"))
    house.give_roles(house.project.id, {"dora": "developer", "vera": "viewer"})
    yield Attack("climbing", "a role that was taken away", lambda: olga.ask("GET", house.at()), (404,), UNKNOWN)
    yield Attack("climbing", "a stream that was opened with a role that was taken away",
                 lambda: house.ann.ask("POST", house.at("/folders"), {"name": "after olga"}), (201,), (),
                 lambda: "it goes on" if b"after olga" in watching() else None)
    house.give_roles(house.project.id, {"olga": "operator", "dora": "developer", "vera": "viewer"})


def scopes(house):
    """API tokens that want more than they were made for, or than who made them may."""
    token = house.nobody()
    token.bearer = house.token
    for payload, method, path, body in (
            ("another token", "POST", "/tokens", {"name": "child", "scopes": ["view-project"]}),
            ("the list of tokens", "GET", "/tokens", None),
            ("the removal of a token", "DELETE", f"/tokens/{house.ids['token'][0]}", None),
            ("the list of sessions", "GET", "/sessions", None),
            ("the end of a session", "DELETE", f"/sessions/{house.ids['session'][0]}", None),
            ("its owner's password", "PUT", f"/users/{house.users['ann']}/password", {"old": PASSWORD, "new": PASSWORD + "x"}),
            ("another's password", "PUT", f"/users/{house.ids['user'][0]}/password", {"new": PASSWORD + "x"}),
            ("an administrator", "POST", "/users", {"name": "by token", "password": PASSWORD, "role": "administrator"}),
            ("another's role", "PUT", f"/users/{house.ids['user'][1]}", {"name": "cleo", "role": "administrator"})):
        yield Attack("scope", f"a token with all scopes: {payload}", lambda: token.ask(method, path, body, {"If-Match": '"1"'}),
                     (403,), ("NO_RIGHT",))
    wide = house.mallory.ask("POST", "/tokens", {"name": "wide",
                                                 "scopes": ["manage-system", "manage-users", "view-project", "operate"]})
    widened = house.nobody()
    widened.bearer = wide.json["token"]
    for payload, method, path, body, answered in (
            ("all users", "GET", "/users", None, 403), ("a user", "POST", "/users", {"name": "wide", "password": PASSWORD}, 403),
            ("a project", "POST", "/projects", {"name": "wide"}, 403), ("another's project", "GET", house.at(), None, 404),
            ("another's task", "POST", house.at(f"/tasks/{house.ids['task'][0]}/suspend"), None, 404)):
        yield Attack("scope", f"a scope that its owner lacks: {payload}", lambda: widened.ask(method, path, body), (answered,),
                     ("NO_RIGHT", "UNKNOWN_PROJECT"))
    for payload, body in (("no scope", {"scopes": []}), ("a scope that is none", {"scopes": ["all"]}),
                          ("a star", {"scopes": ["*"]}),
                          ("no end", {"scopes": ["operate"], "days": 0}),
                          ("an end in millennia", {"scopes": ["operate"], "days": 10 ** 6}),
                          ("an end before now", {"scopes": ["operate"], "days": -1}), ("no scopes at all", {})):
        yield Attack("scope", f"a token with {payload}", lambda: house.mallory.ask("POST", "/tokens", {"name": "odd", **body}),
                     (422,))


def guessed_passwords(house):
    """Passwords tried one after the other. The last kind: nobody logs in from this address any more."""
    nobody = house.nobody()

    def tried(name, password="wrong password", **headers):
        started = time.monotonic()
        answer = nobody.ask("POST", "/session", {"name": name, "password": password}, headers)
        return answer, time.monotonic() - started
    known, unknown, said = [], [], set()
    for number in range(5):
        for name, times in (("ben", known), (f"nobody {number}", unknown)):
            answer, seconds = tried(name)
            times.append(seconds)
            said.add(re.sub(r'"instance":"[^"]*"', "", f"{answer.status} {answer.text}"))
    yield Attack("password", "five for a user and five for nobody", lambda: tried("ben")[0], (401, 429), (),
                 lambda: None if len(said) == 1 and alike(known, unknown) else f"told apart: {said} {known} {unknown}")
    for number in range(20):
        yield Attack("password", f"the {number + 7}th for one user", lambda: tried("ben")[0], (429,), ("TOO_MANY_ATTEMPTS",))
    for payload, name in (("in upper case", "BEN"), ("with blanks", "  ben ")):
        yield Attack("password", f"another for that user {payload}", lambda: tried(name)[0], (429,), ("TOO_MANY_ATTEMPTS",))
    for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "True-Client-IP", "X-Client-IP", "CF-Connecting-IP"):
        yield Attack("password", f"another from elsewhere by {header}", lambda: tried("ben", **{header: "203.0.113.9"})[0],
                     (429,), ("TOO_MANY_ATTEMPTS",))
    yield Attack("password", "the right one, guessed too late", lambda: tried("ben", PASSWORD)[0], (429,), ("TOO_MANY_ATTEMPTS",))
    for number in range(12):
        tried(f"sprayed {number}")
    yield Attack("password", "one password for many users", lambda: tried("cleo")[0], (429,), ("TOO_MANY_ATTEMPTS",))
    yield Attack("password", "the old one, guessed by who holds a session",
                 lambda: house.mallory.ask("PUT", f"/users/{house.users['mallory']}/password",
                                           {"old": "wrong password", "new": PASSWORD + "x"}), (429,), ("TOO_MANY_ATTEMPTS",))


def alike(known, unknown):
    """Whether what is looked up takes as long as what is not there."""
    return min(unknown) > 0.5 * min(known) and statistics.median(unknown) < 3 * statistics.median(known) + 0.2

