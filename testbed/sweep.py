#!/usr/bin/env python3
"""Keeps the cache small: drops what was not used for a month, and a build folder that outgrew its limit.

Removes below $GODWIT_CACHE only, never follows a link, and leaves a build folder alone while cargo works in it.
"""

import contextlib
import fcntl
import os
import shutil
import sys
import time
from pathlib import Path

UNUSED_DAYS = 30
TARGET_LIMIT_BYTES = 15 * 1000**3
AGING_FOLDERS = ["python", "node", "web", "jars"]


def main():
    cache = Path(os.environ.get("GODWIT_CACHE") or Path.home() / ".cache" / "godwit")
    if not cache.is_dir():
        return
    cache = cache.resolve()
    for name in AGING_FOLDERS:
        for entry in unused_entries(cache / name):
            remove(cache, entry)
    sweep_target(cache, cache / "target")


def unused_entries(folder):
    """Entries by their own modification time: whoever uses one touches it."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    oldest = time.time() - UNUSED_DAYS * 24 * 3600
    return [entry for entry in folder.iterdir() if entry.lstat().st_mtime < oldest and entry.name != "lock"]


def sweep_target(cache, target):
    if target.is_symlink() or not target.is_dir() or size_bytes(target) <= TARGET_LIMIT_BYTES or cargo_works_in(target):
        return
    for incremental in [*target.glob("*/incremental"), *target.glob("*/*/incremental")]:
        remove(cache, incremental)
    if size_bytes(target) > TARGET_LIMIT_BYTES:
        remove(cache, target)


def cargo_works_in(target):
    """Cargo holds a lock on a file of each profile's folder while it builds."""
    for lock in [*target.glob("*/.cargo-lock"), *target.glob("*/*/.cargo-lock")]:
        with open(lock, "rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
    return False


def size_bytes(folder):
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def remove(cache, path):
    if cache not in path.parent.resolve().parents and path.parent.resolve() != cache:
        raise SystemExit(f"sweep.py: {path} is outside of {cache}")
    print(f"sweeps {path}", file=sys.stderr)
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    main()
