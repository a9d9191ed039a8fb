"""kill -9 at every phase, while rows are written at the source and a reader looks at the destination all the while."""

import collections
import time

from prove.claim import Refuted, ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration
from prove.journal import PHASES, nobody_writes, tables_in_phase, watched
from prove.moments import Numbered, fingerprint, moment_of
from prove.reader import Reader, check_seen

TRIES = 12


def kills(work):
    """50 kills in full, 5 by default, spread over the phases; sources and destinations take turns."""
    numbered = [Numbered(database, work.amount(20_000, 40_000), cut=True) for database in servers(work)]
    count, migrations = work.amount(5, 50), {}
    hits, moments, looks, first_loads, through = collections.Counter(), set(), 0, 0, 0
    for number in range(count):
        tables = numbered[number % 2]
        # by default PostgreSQL into a lake and MariaDB into files; in full all four pairs
        kind = ("lake", "files")[(number + (number // 2 if work.full else 0)) % 2]
        pair = tables.database.kind, kind
        if pair not in migrations:
            room = work.room("-".join(pair))
            migrations[pair] = Migration(room, tables.database, kind, tables.names, **tables.padded)
        phase = PHASES[number * len(PHASES) // count]
        trial = Trial(migrations[pair], tables, phase, work.chance(number))
        with tables:
            trial.fly()
        if number == 0:
            sabotage(work, trial)
        hits[trial.phase] += 1
        moments |= {(pair[0], moment) for moment in trial.moments.values()}
        looks, through = looks + trial.looks, through + trial.through
        first_loads += "absent" in trial.old.values()
    spread = ", ".join(f"{hits[phase]} in {phase}" for phase in PHASES)
    return (f"{count} kills ({spread}; {first_loads} at a first load; {through} runs went through unhit), after "
            f"a resume every table at one of its moments ({len(moments)} in all); {looks:,} looks by readers, each at "
            "the old or the new state")


class Trial:
    """One kill, its resume, and what they left."""

    def __init__(self, migration, numbered, phase, chance):
        self.migration, self.numbered, self.phase, self.chance = migration, numbered, phase, chance
        self.destination = destination_of(migration)
        self.looks = self.through = 0

    def fly(self):
        """Runs until one run was met in the phase; those that went through before are checked all the same."""
        for _ in range(TRIES):
            self.old, low = self.fingerprints(), self.numbered.last
            reader = Reader(self.migration)
            try:
                reader.ready()
                process, journal = watched(self.migration)
                hit = self.meet(process, journal)
                journal.close()
                if hit:
                    process.kill()
                    outcome = self.migration.run("--resume")
                else:
                    outcome = process.wait().expect(0)
            finally:
                self.seen, looks = reader.end()
            self.looks += looks
            self.new, self.report = self.fingerprints(), outcome.report
            self.moments = check_copies(self.tables(), self.report, self.numbered.base, low, self.numbered.last + 1)
            check_seen(self.seen, self.old, self.new)
            if hit:
                return
            self.through += 1
        raise Refuted(f"{TRIES} runs went through without being met in {self.phase}")

    def tables(self):
        return {name: self.destination.read(name) for name in self.numbered.names}

    def fingerprints(self):
        return {name: fingerprint(table) for name, table in self.tables().items()}

    def meet(self, process, journal):
        """Watches the journal; True with the process held while one table is in the phase by the journal's lines.

        Which table is met, in their order, is chance; the last ones of a run may be gone before."""
        tables = 1 if self.phase == "move" else len(self.numbered.names)  # only one is cut into several splits
        skip, met = self.chance.randrange(tables), set()
        by_store = self.phase == "commit" and self.chance.random() < 0.5
        while process.alive():
            met |= self.here(journal)
            if len(met) <= skip or not self.here(journal):
                continue
            if by_store:
                with nobody_writes(self.migration.data):
                    time.sleep(0.2 + self.chance.random() * 0.3)
                    process.stop()
            else:
                process.stop()
            if process.alive() and self.here(journal):
                return True
            process.go_on()
        return False

    def here(self, journal):
        return {table for table, phase in tables_in_phase(journal.lines()).items() if phase == self.phase}


def check_copies(tables, report, base, low, high):
    """Every table is of one moment while the run lasted; tables of the same snapshot are of the same moment."""
    by_snapshot, moments = collections.defaultdict(dict), {}
    for line in report["tables"]:
        name = line["source"].split(".")[-1]
        ensure(line["state"] == "succeeded", f"{name} is {line['state']}: {line['message']}")
        try:
            moments[name] = moment_of(tables[name], base)
        except Refuted as refuted:
            raise Refuted(f"{name}: {refuted}") from None
        ensure(low <= moments[name] <= high, f"{name} is of transaction {moments[name]}; the run saw {low} to {high}")
        ensure(line["rows_written"] == tables[name].num_rows, f"{name}: the report counts {line['rows_written']} rows")
        ensure(line["snapshot"], f"{name} names no snapshot")
        by_snapshot[line["snapshot"]][name] = moments[name]
    for snapshot, found in by_snapshot.items():
        ensure(len(set(found.values())) == 1, f"snapshot {snapshot} names several moments: {found}")
    counted = report["moments"]
    ensure(counted == len(by_snapshot), f"the report counts {counted} moments where its tables name {len(by_snapshot)}")
    ensure(set(moments) == set(tables), f"the report has {sorted(moments)}")
    return moments


def sabotage(work, trial):
    tables, report, base = trial.tables(), trial.report, trial.numbered.base
    low, high = min(trial.moments.values()), max(trial.moments.values())
    name, table = next(iter(tables.items()))
    cells = table["tx"].to_pylist()
    cells[cells.index(max(cells))] -= 1
    index = table.column_names.index("tx")
    torn = table.set_column(index, table.schema.field(index), [cells])
    work.sabotage("one cell of a copy from a moment before", check_copies, {**tables, name: torn}, report, base, low,
                  high)
    work.sabotage("one row lost", check_copies, {**tables, name: table.slice(1)}, report, base, low, high)
    earlier = earlier_copy(table, base)
    two = {**report, "tables": [dict(line, rows_written=earlier.num_rows) if line["source"].endswith(name) else line
                                for line in report["tables"]]}
    work.sabotage("a snapshot that names two moments", check_copies, {**tables, name: earlier}, two, base, 0, high)
    half = {name: [trial.old[name], fingerprint(table.slice(0, 10)), trial.new[name]]}
    work.sabotage("a reader shown a state neither old nor new", check_seen, half, trial.old, trial.new)


def earlier_copy(table, base):
    """A faultless copy of the moment before."""
    rows = [row for row in table.to_pylist()]
    latest = max(row["tx"] for row in rows)
    kept = [dict(row, tx=row["tx"] - (row["tx"] == latest)) for row in rows if row["id"] != base + latest]
    return type(table).from_pylist(kept, schema=table.schema)
