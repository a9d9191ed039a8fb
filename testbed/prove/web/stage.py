"""Where scenarios are played: the browser's program, built from web/tests, told what to play and asked what it saw."""

import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

from prove.claim import Missing, Refuted, ensure, one_line
from prove.project import PASSWORD
from prove.serving import Door, Service

WEB = Path(__file__).resolve().parents[3] / "web"
TESTS = WEB / "tests"
PROGRAM = TESTS / "dist" / "run.js"
LONGEST_SECONDS = 900


def program():
    """The scenarios as one program for Node.js, made anew where their texts are newer."""
    node = shutil.which("node")
    if node is None or not (WEB / "node_modules").exists():
        raise Missing("there is no Node.js with the packages of web/package-lock.json: run web/build.sh")
    if browser() is None:
        raise Missing("there is no chromium: sudo apt-get install -y chromium, or name it by CHROMIUM")
    sources = [path for path in TESTS.rglob("*.ts") if "dist" not in path.parts]
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        built = subprocess.run([str(WEB / "node_modules" / ".bin" / "vite"), "build", "--config", "tests/vite.config.ts"],
                               cwd=WEB, capture_output=True, text=True, check=False)
        if built.returncode:
            raise Missing(f"web/tests cannot be built: {one_line(built.stderr or built.stdout, 600)}")
    return [node, str(PROGRAM)]


def browser():
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def declared():
    """{scenario: its steps}, as the scenarios themselves say."""
    listed = subprocess.run([*program(), "--list"], capture_output=True, text=True, check=True, cwd=WEB)
    return json.loads(listed.stdout)


def play(work, scenario, service, outside=None, **data):
    """Plays a scenario; its figures. `outside` are functions that it may ask for by their names while it is played."""
    job = {"scenario": scenario, "url": f"http://127.0.0.1:{service.port}", "folder": str(pictures(work)),
           "data": {"password": PASSWORD, **data}}
    environment = {**os.environ, "CHROMIUM": browser() or ""}
    process = subprocess.Popen(program(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               cwd=WEB, env=environment)
    work.at_the_end(process.kill)
    errors = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr), daemon=True)
    reader.start()
    clock = threading.Timer(LONGEST_SECONDS, process.kill)
    clock.start()
    try:
        return talk(process, scenario, job, outside or {}, errors)
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        reader.join(5)
        if os.environ.get("STEPS"):
            print("".join(errors), flush=True)


def talk(process, scenario, job, outside, errors):
    tell(process, job)
    for line in process.stdout:
        said = json.loads(line)
        if "ask" in said:
            answer = outside[said.pop("ask")](**said)
            tell(process, answer if isinstance(answer, dict) else {})
        elif said.get("ok"):
            Path(job["folder"], f"{scenario}.json").write_text(json.dumps(said["figures"], indent=2), encoding="utf-8")
            return said["figures"] | {"steps": said["passed"]}
        else:
            raise Refuted(complaint(scenario, said))
    raise Missing(f"the scenario {scenario} broke: {one_line(''.join(errors)[-800:], 800)}")


def tell(process, document):
    process.stdin.write(json.dumps(document) + "\n")
    process.stdin.flush()


def complaint(scenario, said):
    faults = "; ".join(said.get("faults", []))
    return (f"{scenario}: {said.get('step', '')}: {one_line(said.get('error', ''), 700)}"
            + (f" | {one_line(faults, 700)}" if faults and faults not in said.get("error", "") else "")
            + f" | at {said.get('url')}, picture {said.get('picture')}; it showed: {one_line(said.get('text', ''), 600)}")


def pictures(work):
    """Pictures of what went wrong stay where somebody can look at them."""
    folder = Path(os.environ.get("GODWIT_PICTURES") or work.folder / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class House:
    """A service with its first administrator, who stands at the door, too."""

    def __init__(self, work, room=None, **settings):
        self.room = room or work.room("service")
        self.service = Service(self.room, **settings)
        work.at_the_end(lambda: self.service.process.kill())
        self.door = Door(self.service.port)
        self.door.enter("/set-up", {"token": self.service.set_up_token(), "name": "ann", "password": PASSWORD})


def must_see(figures, *names):
    """Figures without which nothing was tried."""
    missing = [name for name in names if not figures.get(name)]
    ensure(not missing, f"the scenario tells nothing of {', '.join(missing)}")
    return figures
