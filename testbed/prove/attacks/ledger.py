"""Attacks of who can write to the store: audit lines changed, secrets exchanged. They are seen, and open nothing."""

import contextlib

from prove.attacks.attack import Attack
from prove.project import PASSWORD

OTHER = "the password of somebody else"


def audit_lines(house):
    """Lines that are not any more what was written."""
    def tampered(*statements):
        with contextlib.closing(house.open_store()) as store:
            before = store.execute("SELECT * FROM audit").fetchall()
            for statement in statements:
                store.execute(statement)
            store.commit()
            answer = house.ann.ask("GET", "/audit/verified")
            store.execute("DELETE FROM audit")
            store.executemany(f"INSERT INTO audit VALUES ({', '.join('?' * len(before[0]))})", before)
            store.commit()
        return answer

    for column, value in (("at", "at + 1"), ("person", "'somebody'"), ("action", "'nothing'"), ("project", "'x'"),
                          ("subject", "subject || 'x'"),
                          ("detail", "'{}'"), ("address", "'203.0.113.9'"), ("request", "''"), ("digest", "'0'"),
                          ("digest", "(SELECT digest FROM audit LIMIT 1)")):
        yield Attack("audit", f"{column} of a line is {value}",
                     lambda: tampered(f"UPDATE audit SET {column} = {value} WHERE sequence = 5"), (200,), tells=unseen)
    for payload, statements in (
            ("a line is gone", ["DELETE FROM audit WHERE sequence = 5"]),
            ("the last line is gone", ["DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)"]),
            ("the last lines are gone", ["DELETE FROM audit WHERE sequence > 9"]), ("all lines are gone", ["DELETE FROM audit"]),
            ("a line is gone, and those after it moved", ["DELETE FROM audit WHERE sequence = 5",
                                                          "UPDATE audit SET sequence = -sequence + 1 WHERE sequence > 5",
                                                         "UPDATE audit SET sequence = -sequence WHERE sequence < 0"]),
            ("two lines are exchanged", ["UPDATE audit SET sequence = -5 WHERE sequence = 5",
                                         "UPDATE audit SET sequence = 5 WHERE sequence = 6",
                                         "UPDATE audit SET sequence = 6 WHERE sequence = -5"]),
            ("a line is there twice",
             ["INSERT INTO audit SELECT (SELECT max(sequence) + 1 FROM audit), at, person, action, project, subject, detail, "
              "address, request, digest FROM audit WHERE sequence = 5"])):
        yield Attack("audit", payload, lambda: tampered(*statements), (200,), tells=unseen)
    yield Attack("audit", "none, at last", lambda: house.ann.ask("GET", "/audit/verified"), (200,),
                 tells=lambda answer: None if answer.json["broken-at"] is None else "it sees what is not")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("/audit", "/audit/5", "/audit/verified", house.at("/audit")):
            yield Attack("audit", f"{method} {path}", lambda: house.ann.ask(method, path, {}), (404, 405))


def unseen(answer):
    return "nobody sees it" if answer.json["broken-at"] is None else None


def exchanged_secrets(house):
    """Sealed texts of one thing at the place of another's."""
    other = house.ann.ask("POST", "/users", {"name": "zoe", "password": OTHER}).json["id"]

    def exchanged(one, another):
        with contextlib.closing(house.open_store()) as store:
            (first,), (second,) = (store.execute("SELECT sealed FROM secrets WHERE object = ?",
                                                 (place,)).fetchone() for place in (one, another))
            for sealed, place in ((second, one), (first, another)):
                store.execute("UPDATE secrets SET sealed = ? WHERE object = ?", (sealed, place))
            store.commit()
    exchanged(house.users["ann"], other)
    for name, password in (("ann", OTHER), ("zoe", PASSWORD)):
        yield Attack("exchanged secret", f"{name} with the other's password",
                     lambda: house.nobody().ask("POST", "/session", {"name": name, "password": password}), (401, 422, 500, 503))
    exchanged(house.users["ann"], other)
    yield Attack("exchanged secret", "none, at last",
                 lambda: house.nobody().ask("POST", "/session", {"name": "zoe", "password": OTHER}), (200,))
