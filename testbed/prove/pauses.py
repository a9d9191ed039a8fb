"""SIGSTOP and SIGCONT: a process that stands still in any phase, as on a machine that is suspended, goes on as if
nothing had been; a second process that comes meanwhile is refused, and nobody takes the sleeper for dead."""

import time

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.journal import PHASES, tables_in_phase, watched
from prove.kills import check_copies
from prove.moments import Numbered

TRIES = 10


def paused_goes_on(work):
    """40 pauses in full, 4 by default, over the phases; servers and destinations take turns."""
    numbered = [Numbered(database, 20_000, tables=2, cut=True) for database in servers(work)]
    count, migrations, chance = work.amount(4, 40), {}, work.chance()
    paused, met, slept = 0, set(), 0.0
    for number in range(count):
        tables, kind = numbered[number % 2], ("lake", "files")[number // 2 % 2]
        pair = tables.database.kind, kind
        if pair not in migrations:
            migrations[pair] = Migration(work.room("-".join(pair)), tables.database, kind, tables.names,
                                         **tables.padded)
        phase, migration = PHASES[number % len(PHASES)], migrations[pair]
        for _ in range(TRIES):
            low = tables.last
            with tables:
                process, journal = watched(migration)
                hit = hold(process, journal, phase)
                if hit:
                    seconds = 0.3 + chance.random() * work.amount(1, 10)
                    time.sleep(seconds)
                    ensure(process.alive() and phase in tables_in_phase(journal.lines()).values(),
                           f"a process that stands still went on in {phase}")
                    slept += seconds
                    process.go_on()
                outcome = process.wait().expect(0)
                journal.close()
            destination = destination_of(migration)
            copies = {name: destination.read(name) for name in tables.names}
            evidence = [outcome.report, tables.base, low, tables.last + 1]
            check_copies(copies, *evidence)
            if hit:
                break
        paused += hit
        met |= {phase} if hit else set()
        if number == 0:
            name = tables.names[0]
            work.sabotage("a row lost while the process stood still", check_copies,
                          {**copies, name: copies[name].slice(1)}, *evidence)
    ensure(met == set(PHASES[:count]), f"met in {', '.join(sorted(met))} alone")
    ensure(paused == count, f"{paused} of {count} pauses met their phase")
    return f"{paused} pauses over {', '.join(PHASES)}, {slept:.0f} s in all: every run went on to its end, all tables of one moment"


def hold(process, journal, phase):
    """True with the process held in the phase."""
    while process.alive():
        if phase not in tables_in_phase(journal.lines()).values():
            continue
        process.stop()
        if process.alive() and phase in tables_in_phase(journal.lines()).values():
            return True
        process.go_on()
    return False
