"""Attackers at the door of a service: forged requests, other people's things, stolen rights, places and paths that are closed,
filters that are more than that, bodies without end. Each is answered as it must be, and none does anything."""

import collections
import socket
import sqlite3
import time
from dataclasses import replace

from prove.attacks import access, bodies, browsers, ledger, network, paths, races, rogues, texts, wire
from prove.attacks.attack import HEADERS, Attack, made_up, withstood
from prove.attacks.house import House
from prove.claim import Refuted, ensure, one_line
from prove.databases import servers
from prove.serving import Service

SHOWN = 12


def rest_attacks(work):
    counts, through = collections.Counter(), []
    decoy = network.Decoy(work)
    closed = House(work, work.room("closed"), environment=network.lying_names(work.folder))
    outside = paths.Outside(closed, work.folder / "outside")
    holding = wire.begin_holding(closed, work.amount(100, 500), work.full)
    closed.kept_for_plans()
    tables = [
        browsers.forged_requests(closed), browsers.sessions(closed), browsers.figures(closed),
        browsers.cookies(closed.port, ["ann"], behind_tls=False),
        access.others_things(closed), access.stolen_rights(closed),
        network.places(closed, decoy), network.lying(closed, decoy), network.webhooks(closed, decoy),
        paths.roots(closed, outside), paths.written_names(closed, outside), paths.parameters_by_hand(closed, outside),
        texts.odd_names(closed), bodies.sizes_and_types(closed), bodies.small_and_costly(closed),
        texts.hungry_filters(closed), wire.heads(closed),
        ledger.audit_lines(closed), ledger.exchanged_secrets(closed),
    ]
    attack_all(closed.service, tables, counts, through)
    fresh = Service(work.room("fresh"), behind_tls_proxy=True)
    work.at_the_end(lambda: fresh.process.kill())
    names = []
    attack_all(fresh, [races.first_administrators(fresh, names), browsers.cookies(fresh.port, names, behind_tls=True)], counts,
               through)
    opened = House(work, work.room("open"), loopback=True)
    opened.kept_for_plans()
    tables = [network.own_ports(opened, decoy), rogues.rogue_servers(opened, rogues.Rogues(work))]
    tables += [texts.filters(opened, *database) for database in databases(work, opened)]
    if work.full:
        tables.append(wire.slow_readers(opened, 100))
    attack_all(opened.service, [*tables, races.races(opened), wire.files_run_out(opened)], counts, through)
    attack_all(closed.service, [wire.held(closed, holding), access.guessed_passwords(closed)], counts, through)
    shown = "; ".join(one_line(one, 200) for one in through[:SHOWN])
    ensure(not through, f"{len(through)} of {counts.total():,} attacks were not withstood: {shown}")
    damage(work, closed, decoy, outside)
    told = ", ".join(f"{number:,} {kind}" for kind, number in sorted(counts.items()))
    return f"{counts.total():,} attacks of {len(counts)} kinds, none through ({told})"


def attack_all(service, tables, counts, through):
    """Makes all attacks on a service, for as long as it stands."""
    for table in tables:
        for attack in table:
            counts[attack.kind] += 1
            try:
                answer = attack.send()
                withstood(attack, answer, attack.harm())
            except Refuted as seen:
                through.append(str(seen))
            ensure(service.process.alive(), f"{attack}: the service is gone; before: {through[:SHOWN]}")


def databases(work, house):
    """Each database that filters are for, with tables of its own: its kind, what runs statements in it, what counts rows."""
    path = house.room / "filters.db"

    def execute(text):
        with sqlite3.connect(path) as connection:
            connection.executescript(text)

    def count(table):
        with sqlite3.connect(path) as connection:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    execute("")
    house.mine.data_source("filters-sqlite", "sqlite", path=str(path))
    yield "sqlite", execute, count
    for database in servers(work):
        house.mine.database(f"filters-{database.kind}", database)
        yield (database.kind, database.execute,
               lambda table, database=database: int(database.query(f"SELECT count(*) FROM {table}")[0][0]))


def damage(work, house, decoy, outside):
    """What would be seen if an attack went through."""
    refused = house.ann.ask("POST", house.at("/folders"), {"name": "x"}, {"X-CSRF-Token": None})
    done = house.ann.ask("POST", house.at("/folders"), {"name": f"done {next(house.numbers)}"})
    forged = Attack("forged request", "no token", lambda: refused, (403,), ("CSRF_TOKEN",))
    withstood(forged, refused, None)
    work.sabotage("a forged request that is answered with 201", withstood, forged, done, None)
    work.sabotage("a forged request that is refused for another reason", withstood, forged,
                  made_up(refused, content=refused.content.replace(b"CSRF_TOKEN", b"NO_RIGHT")), None)
    work.sabotage("an answer with 500", withstood, forged, made_up(refused, status=500), None)
    work.sabotage("no answer at all", withstood, forged, made_up(refused, status=0), None)
    for name in [*HEADERS, "content-security-policy", "x-request-id", "cache-control"]:
        work.sabotage(f"an answer without {name}", withstood, forged, made_up(refused, without=name), None)
    shared = made_up(refused)
    shared.headers.append(("Access-Control-Allow-Origin", "*"))
    work.sabotage("an answer that other sites may read", withstood, forged, shared, None)
    work.sabotage("a refused request that did something", withstood, forged, refused, house.has_folder(done.json["name"]))
    with socket.create_connection(("127.0.0.1", decoy.port), 5) as connection:
        connection.recv(1)
    work.sabotage("a connection to this machine", withstood, forged, refused, decoy.visited())
    (outside.folder / "evil").mkdir()
    work.sabotage("a folder outside of the root", withstood, forged, refused, outside.touched())
    work.sabotage("a plan that would write it", withstood, replace(forged, tells=paths.unblocked), refused, None)
    told = made_up(refused, content=b'{"reachable": false, "message": "' + network.Decoy.BANNER[:-2] + b'"}')
    work.sabotage("an answer that tells who listens there", withstood, replace(forged, codes=(), tells=network.reveals), told,
                  None)
    verified = made_up(refused, content=b'{"broken-at": null}')
    work.sabotage("a changed audit log that nobody sees", withstood, replace(forged, codes=(), tells=ledger.unseen), verified,
                  None)
    told = house.nobody().ask("GET", house.at())
    work.sabotage("a thing that is told from one that is not there", withstood, forged, refused,
                  access.difference((told.status, told.text), (404, "there is no project")))
    work.sabotage("a user who is told from nobody by the time it takes", withstood, forged, refused,
                  None if access.alike([0.2] * 5, [0.001] * 5) else "told apart")
    race = races.raced("a race that all win", lambda number: done, 201, {409}, 2)
    work.sabotage("a race that all win", withstood, race, race.send(), race.harm())
    slow = bodies.Costs(house)
    slow.of(lambda: time.sleep(bodies.SECONDS + 0.1))()
    work.sabotage("a request that takes too long", withstood, forged, refused, slow.bounded())
    work.sabotage("a connection that stays open", withstood, forged, refused,
                  wire.Held(house, "held", 1, b"G", seconds=0).outcome())
