"""What a claim is handed, and how it says that something is not so."""

import contextlib
import random
import shutil
from pathlib import Path


class Refuted(Exception):
    """The product did not do what it promises."""


class Missing(Exception):
    """The claim could not be tried here."""


class Unnoticed(Exception):
    """A saboteur got past the checker: the checker proves nothing."""


def ensure(true, message):
    if not true:
        raise Refuted(message)


def one_line(text, limit=300):
    text = " ".join(str(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Work:
    """One claim's folder, its amounts, and what its saboteurs did."""

    def __init__(self, name, folder, full, keep=False, rounds=0):
        self.name, self.full, self.keep, self.rounds = name, full, keep, rounds
        self.folder = Path(folder) / name
        self.sabotages = 0
        self._last = []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def amount(self, tenth, full):
        """How much: the full amount in a full run, about a tenth of it by default."""
        return full if self.full else tenth

    def chance(self, what=0):
        """Chance that is the same for each claim and purpose, and another one in each round."""
        return random.Random(f"{self.name} {self.rounds} {what}")

    def room(self, name):
        """A folder for one migration file, its data folder and its destination."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def at_the_end(self, function):
        """Run when the claim ends, however it ends, the latest first."""
        self._last.append(function)

    def end(self):
        for function in reversed(self._last):
            with contextlib.suppress(Exception):  # one that cannot be undone does not keep the others
                function()
        if not self.keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def sabotage(self, what, checker, *evidence):
        """Shows damaged evidence to a checker, which must refute it."""
        try:
            checker(*evidence)
        except Refuted as seen:
            self.sabotages += 1
            print(f"SABOTAGE  {self.name:<24} {what}: seen ({one_line(seen, 140)})", flush=True)
            return
        raise Unnoticed(what)
