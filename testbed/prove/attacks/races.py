"""Attacks that ask for one thing many times at once: what may be had once is had once."""

import collections
import contextlib
import threading

from prove.attacks.attack import Attack
from prove.caller import Caller
from prove.project import PASSWORD

AT_ONCE = 20
MOST_TOKENS = 100


def at_once(send, count=AT_ONCE):
    """The answers to what is sent by so many at the same moment."""
    answers, ready = [None] * count, threading.Barrier(count)

    def sent(number):
        ready.wait()
        answers[number] = send(number)
    threads = [threading.Thread(target=sent, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def raced(payload, send, won, lost, count=AT_ONCE):
    """That one alone gets it, and the others are told so."""
    answers = []

    def winner():
        answers.extend(at_once(send, count))
        return next((answer for answer in answers if answer.status == won), answers[0])

    def harm():
        statuses = collections.Counter(answer.status for answer in answers)
        right = statuses[won] == 1 and set(statuses) <= {won, *lost}
        return None if right else f"answered {dict(statuses)}"
    return Attack("at once", payload, winner, (won,), (), harm)


def first_administrators(service, won):
    """The first one is made once, whoever has the token; who was first is kept."""
    token = service.set_up_token()

    def set_up(number):
        entered = {"token": token, "name": f"first {number}", "password": PASSWORD}
        answer = Caller(service.port).ask("POST", "/set-up", entered)
        won.extend([entered["name"]] * (answer.status == 200))
        return answer
    yield raced("first administrators", set_up, 200, {403, 409, 429})


def races(house):
    """Each is won by one."""
    folder = house.at("/folders")
    yield raced("folders of one name", lambda number: house.ann.ask("POST", folder, {"name": "raced for"}), 201, {409})
    made = house.ann.ask("GET", folder + "?containing=raced+for").json["items"][0]["id"]
    yield raced("edits of one edition", lambda number: house.ann.ask("PUT", f"{folder}/{made}", {"name": f"raced for {number}"},
                                                                      {"If-Match": '"1"'}), 200, {412})
    yield raced("removals of one folder", lambda number: house.ann.ask("DELETE", f"{folder}/{made}", None, {"If-Match": '"2"'}),
                 200, {404, 412})
    yield raced("users of one name",
                 lambda number: house.ann.ask("POST", "/users", {"name": "raced", "password": PASSWORD}), 201, {409}, 6)
    tokens = len(house.mallory.ask("GET", "/tokens").json["items"])
    for number in range(tokens, MOST_TOKENS - 1):
        house.mallory.ask("POST", "/tokens", {"name": f"token {number}", "scopes": ["operate"]})
    yield raced("the last token that a person may have",
                 lambda number: house.mallory.ask("POST", "/tokens", {"name": f"raced {number}", "scopes": ["operate"]}), 201,
                 {422})
    yield last_administrators(house)


def last_administrators(house):
    """All administrators who are no more, by each other's hand: one is left."""
    others = [house.ann.ask("POST", "/users", {"name": f"chief {number}", "password": PASSWORD, "role": "administrator"}).json
              for number in range(3)]
    ann = house.ann.ask("GET", f"/users/{house.users['ann']}").json
    everybody = [ann, *others]

    def demoted():
        at_once(lambda number: house.ann.ask("PUT", f"/users/{everybody[number]['id']}", {"name": everybody[number]["name"]},
                                             {"If-Match": f'"{everybody[number]["edition"]}"'}), len(everybody))
        return house.nobody().ask("GET", "/healthz", prefix="")

    def left():
        with contextlib.closing(house.open_store()) as store:
            rows = store.execute("SELECT name, body FROM objects WHERE kind = 'user'").fetchall()
            store.execute("UPDATE objects SET body = ?, edition = edition + 1 WHERE kind = 'user' AND name = 'ann'",
                          ('{"role": "administrator"}',))
            store.commit()
        chiefs = [name for name, body in rows if '"administrator"' in body]
        return None if chiefs else "nobody administers any more"
    return Attack("at once", "all administrators no more", demoted, (200,), (), left)
