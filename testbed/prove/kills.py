"""kill -9 at every phase, while rows are written at the source and a reader looks at the destination all the while."""

import collections
import random

from prove.claim import Refuted, ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.journal import PHASES, Journal, nobody_writes, tables_in_phase
from prove.moments import Numbered, fingerprint, moment_of
from prove.reader import Reader, check_seen

SEED = 20_260_000
TRIES = 12


def kills(work):
    """20 kills in full, 4 by default, spread over the phases; sources and destinations take turns."""
    databases = servers(work)
    numbered = [Numbered(database, work.amount(8_000, 30_000)) for database in databases]
    count, hits, moments, looks, first_loads = work.amount(4, 20), collections.Counter(), set(), 0, 0
    migrations = {}
    for number in range(count):
        phase, tables = PHASES[number % 4], numbered[(number + number // 4) % 2]
        kind = ("lake", "files")[number // 2 % 2] if work.full else ("lake", "files")[number % 2]
        key = (tables.database.kind, kind)
        first = key not in migrations
        if first:
            migrations[key] = Migration(work.room("-".join(key)), tables.database, kind, tables.names)
            first_loads += 1
        with tables:
            trial = Trial(migrations[key], tables, phase, random.Random(SEED + number))
            trial.fly()
            if number == 0:
                trial.sabotage(work)
        hits[phase] += 1
        moments |= trial.moments
        looks += trial.looks
    spread = ", ".join(f"{hits[phase]} in {phase}" for phase in PHASES)
    return (f"{count} kills ({spread}), {first_loads} at a first load; every table at one of its moments after the "
            f"resume ({len(moments)} moments), {looks:,} looks by readers, each at the old or the new state")


class Trial:
    """One kill, its resume, and what they left."""

    def __init__(self, migration, numbered, phase, chance):
        self.migration, self.numbered, self.phase, self.chance = migration, numbered, phase, chance
        self.destination = destination_of(migration)
        self.moments, self.looks = set(), 0

    def fly(self):
        self.old = self.fingerprints()
        self.earlier = {} if "absent" in self.old.values() else self.moments_now()
        self.lowest = self.numbered.last
        reader = Reader(self.migration)
        try:
            reader.ready()
            self.kill_in_phase()
            outcome = self.migration.run("--resume")
            self.highest = self.numbered.last + 1
        finally:
            self.seen, self.looks = reader.end()
        self.new = self.fingerprints()
        self.report = outcome.report
        self.check_copies(self.tables_now(), self.report)
        check_seen(self.seen, self.old, self.new)

    def tables_now(self):
        return {name: self.destination.read(name) for name in self.numbered.names}

    def fingerprints(self):
        return {name: fingerprint(table) for name, table in self.tables_now().items()}

    def moments_now(self):
        return {name: moment_of(table, self.numbered.base) for name, table in self.tables_now().items()}

    def kill_in_phase(self):
        """Watches the journal until a table is in the phase, holds the process, looks again, kills."""
        for attempt in range(TRIES):
            journal = Journal(self.migration.data)
            process = self.migration.start(*(["--resume"] if attempt and self.unfinished else []))
            self.unfinished = False
            if self.watch(process, journal):
                process.kill()
                journal.close()
                return
            outcome = process.wait()
            journal.close()
            outcome.expect(0)
            self.old = self.fingerprints()  # a run that went through made a new old state
            self.restart_reader_state()
        raise Refuted(f"{TRIES} runs went through without being met in {self.phase}")

    def restart_reader_state(self):
        self.through = getattr(self, "through", []) + [self.old]

    def watch(self, process, journal):
        """True with the process held in the phase."""
        skip = self.chance.randrange(len(self.numbered.names))
        met = set()
        while process.alive():
            phases = tables_in_phase(journal.lines())
            here = {table for table, phase in phases.items() if phase == self.phase}
            met |= here
            if not here or len(met) <= skip and len(met) < self.still_to_come(journal):
                continue
            if self.phase == "commit" and self.chance.random() < 0.5:
                return self.hold_store(process)
            process.stop()
            if self.phase in tables_in_phase(journal.lines()).values() and process.alive():
                return True
            process.go_on()
        return False

    def still_to_come(self, journal):
        """How many tables can be met in a phase at all: those that have not committed."""
        committed = sum(kind == "committed" for kind, _ in journal.lines())
        return len(self.numbered.names) - committed

    def hold_store(self, process):
        """Lets the destination publish what cannot be journalled any more, then holds the process."""
        with nobody_writes(self.migration.data):
            process_alive = process.alive()
            self.chance.random()
            import time
            time.sleep(0.3)
            process.stop()
        return process_alive and process.alive()
