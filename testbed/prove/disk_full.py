"""A disk that is full: at any byte, on the destination's disk and on that of the data folder. The run fails and says so,
readers see what they saw, and when there is room again the run is taken up.

A small disk is a tmpfs where this user may mount one. Else a limit on the size of files stands for it: a write comes
back short and the next one fails, as on a full disk.
"""

import os
import shutil
import subprocess

from prove.claim import ensure
from prove.databases import servers
from prove.destinations import destination_of
from prove.godwit import Migration, Process, binary
from prove.moments import Numbered, fingerprint, moment_of

REASONS = ("DISK_FULL", "DISK_ERROR", "CATALOG_FAILED", "DATA_FOLDER", "STORE", "STORE_BUSY", "WRITE_FAILED")


def disk_full(work):
    """30 full disks for each destination in full, 3 by default: its own, that of the data folder, small files by turns."""
    database = servers(work)[0]
    numbered = Numbered(database, work.amount(1_500, 10_000), tables=2)
    figures = []
    for kind in ("lake", "files"):
        migration = Migration(work.room(kind), database, kind, numbered.names)
        trial = Trial(work, migration, numbered)
        trial.through()
        failed = sum(trial.fill(number) for number in range(work.amount(3, 30)))
        ensure(failed, f"{kind}: no disk was ever full")
        figures.append(f"{kind}: {work.amount(3, 30)} disks full at some byte: {failed} runs failed clean, named the disk "
                       f"and were brought to their end with room again")
        if kind == "files":
            trial.damage()
    return f"{'; '.join(figures)} (by {'a tmpfs' if trial.mounts else 'a limit on the size of files'})"


class Trial:
    def __init__(self, work, migration, numbered):
        self.work, self.migration, self.numbered = work, migration, numbered
        self.chance = work.chance(migration.kind)
        self.mounts = can_mount(work.room("disk"))

    def destination(self):
        """Opened anew: the disk below it may be another one."""
        return destination_of(self.migration)

    def states(self):
        destination = self.destination()
        return {name: fingerprint(destination.read(name)) for name in self.migration.tables}

    def through(self):
        """Once with room, to learn how much a load takes."""
        self.migration.run()
        before = used(self.migration.folder)
        self.numbered.write(1)
        self.migration.run()
        self.takes = used(self.migration.folder) - before

    def fill(self, number):
        """One full disk; 1 where the run met its end."""
        self.numbered.write(1)
        old = self.states()
        share = self.chance.random()
        if self.mounts and number % 3 == 0:
            room = used(self.migration.folder) + int(max(self.takes, 1 << 16) * share * 0.7)
            outcome = self.on_small_disk(self.migration.folder, room)
        elif self.mounts and number % 3 == 1:
            outcome = self.on_small_disk(self.migration.data, used(self.migration.data) + int((96 << 10) * share))
        else:
            outcome = self.with_limit(share)
        hit = self.judge(outcome, old)
        if hit and self.migration.start("--resume").wait().code:
            self.migration.run()  # it had not begun: there was nothing to take up
        destination = self.destination()
        for name in self.migration.tables:
            ensure(moment_of(destination.read(name), self.numbered.base) == self.numbered.last,
                   f"{name} is not of the last transaction")
        return hit

    def judge(self, outcome, old):
        """A run that has no place left for its report may have published: readers see the old or the new state."""
        if "tables" in outcome.report:
            return check_full(outcome.code, outcome.report, old, self.states())
        destination = self.destination()
        for name, state in old.items():
            table = destination.read(name)
            ensure(fingerprint(table) == state or moment_of(table, self.numbered.base) == self.numbered.last,
                   f"{name} is neither as it was nor as it will be")
        return check_full(outcome.code, outcome.report, old, old)

    def on_small_disk(self, folder, room):
        """The folder moves to a disk with so much room, and back."""
        aside = folder.with_name("aside")
        folder.rename(aside)
        folder.mkdir()
        mount(folder, room)
        try:
            subprocess.run(["cp", "-a", f"{aside}/.", str(folder)], check=True)
            outcome = self.migration.start().wait()
            shutil.rmtree(aside)
            subprocess.run(["cp", "-a", str(folder), str(aside)], check=True)
        finally:
            subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()
        aside.rename(folder)
        return outcome

    def with_limit(self, share):
        largest = max(path.stat().st_size for path in self.destination().live_files(self.migration.tables[0]))
        words = ["run", str(self.migration.path), "--data", str(self.migration.data), "--json"]
        limit = max(int(largest * share), 4096)
        program = ["env", "--ignore-signal=XFSZ", "prlimit", f"--fsize={limit}", binary()]
        return Process(words, self.migration.room, program=program).wait()

    def damage(self):
        outcome, old = self.migration.run(), self.states()
        lied = {**outcome.report, "tables": [dict(line, state="failed", code="DISK_FULL", message="full")
                                             for line in outcome.report["tables"]]}
        check_full(1, lied, old, old)
        name = self.migration.tables[0]
        self.work.sabotage("a full disk that left half a table", check_full, 1, lied, old, {**old, name: "half"})
        nameless = {**lied, "tables": [dict(line, code="INTERNAL") for line in lied["tables"]]}
        self.work.sabotage("a full disk that nobody names", check_full, 1, nameless, old, old)


def check_full(code, report, old, new):
    """1 where at least one table failed, which is as it was and names the disk."""
    lines = {line["source"].split(".")[-1]: line for line in report.get("tables", [])}
    failed = [name for name in old if name not in lines or lines[name]["state"] != "succeeded"]
    for name in failed:
        ensure(new[name] == old[name], f"{name} did not succeed, and is not as it was")
        reason = lines.get(name) or report.get("error") or {}
        ensure(reason.get("code") in REASONS, f"{name}: {reason.get('code')}: {reason.get('message')}")
    for name in set(old) - set(failed):
        ensure(new[name] != old[name], f"{name} succeeded, and is as it was")
    ensure((code == 0) == (not failed), f"exit code {code} with {len(failed)} failed tables")
    return int(bool(failed))


def used(folder):
    """Bytes in whole pages, as a file system counts them."""
    return sum(-(-os.lstat(os.path.join(parent, name)).st_size // 4096) * 4096 + 4096
               for parent, folders, names in os.walk(folder) for name in [*names, *folders])


def mount(folder, size):
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def can_mount(folder):
    try:
        mount(folder, 1 << 20)
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
    subprocess.run(["umount", str(folder)], check=True)
    return True
