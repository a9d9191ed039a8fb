"""Under which circumstances a figure was measured: commit, machine, time."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def circumstances():
    """One line: `2026-01-31 12:00 UTC, commit 0123456789ab`."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return f"{now:%Y-%m-%d %H:%M} UTC, commit {commit()}"


def today():
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", str(REPOSITORY), *words], capture_output=True, text=True,
                              check=False).stdout.strip()

    # pages that proofs and benches write say what was measured, and change nothing of it
    written = [":!docs", ":!README.md", ":!benches/RESULTS.md", ":!benches/results"]
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", *written)
    return git("rev-parse", "--short=12", "HEAD") + (" with changes not committed" if changed else "")


def machine():
    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    model = models[0] if models else platform.machine()
    return f"{len(os.sched_getaffinity(0))} cores ({model}), {memory / 1e9:.0f} GB, Linux {platform.release()}"
