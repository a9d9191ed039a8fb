"""The proving ground: what only Rust can give to a claim, as a black box that prints one JSON document a line."""

import contextlib
import json
import subprocess
from pathlib import Path

from prove.claim import Missing, Refuted, one_line
from prove.godwit import binary

LONGEST_SECONDS = 600


def ground():
    path = Path(binary()).with_name("proving-ground")
    if not path.is_file():
        raise Missing(f"there is no {path}; build it first: make prove")
    return str(path)


def ask(*words, lines=(), seconds=LONGEST_SECONDS):
    """Runs it to its end; returns its documents. What it finds wrong refutes."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    try:
        result = subprocess.run([ground(), *words], input=text, capture_output=True, text=True, timeout=seconds,
                                check=False)
    except subprocess.TimeoutExpired:
        raise Refuted(f"{' '.join(words)} did not end within {seconds} s") from None
    if result.returncode:
        raise Refuted(f"{' '.join(words)}: {one_line(result.stderr, 400)}")
    return [json.loads(line) for line in result.stdout.splitlines()]


class FaultProxy:
    """A proxy before a server, which makes one kind of trouble."""

    def __init__(self, database, trouble="none", after=0, upwards=False, each=False):
        words = [ground(), "proxy", f"{database.host}:{database.port}", trouble, str(after),
                 *(["--upwards"] if upwards else []), *(["--each"] if each else [])]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.passed = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Ends it, and with it every connection; `passed` is what it has seen."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.passed = json.loads(self.process.stdout.read() or "{}")
        self.process.stdout.close()
        self.process.wait(20)
