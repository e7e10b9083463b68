"""
Uses the distributions as somebody who has none of this repository: wheels, a fresh environment, an empty folder.

    python tests/wheels/smoke.py

Each wheel is built from the sdist that is built from the checkout. Needs `build` and `hatchling` (`tox -e wheels`).
"""

from __future__ import annotations

import os
import runpy
import sqlite3
import subprocess
import sys
import tempfile
import venv
from contextlib import closing
from pathlib import Path
from zipfile import ZipFile


ROOT = Path(__file__).resolve().parents[2]
VERSION = runpy.run_path(str(ROOT / "core/src/plugbus/_version.py"))["__version__"]

CONFIGURATION = """\
[plugins.guards]
[[plugins.guards.rules]]
events = ["user.deleted"]
all = ["authenticated", {guard = "age", minimum = 18}]

[plugins.audit]
path = "trail/audit.db"
"""

PROGRAM = """\
from plugbus import Event, EventBase, EventBus, event
from plugbus_guards.errors import AuthenticationRequired

@event("order.placed")
class OrderPlaced(EventBase):
    number: int

bus = EventBus.from_config("plugbus.toml")
for number in range(1050):
    bus.publish_sync(OrderPlaced(number=number))
bus.publish_sync(Event(type="user.login", payload={"user": 1}))
try:
    bus.publish_sync(Event(type="user.deleted", payload={}))
except AuthenticationRequired:
    print("denied")
"""


def run(*command, folder=ROOT, environment=None):
    """Run a command, show it, and return what it printed; end the script if it fails."""
    print("$", *(Path(part).name if os.sep in str(part) else part for part in command), flush=True)
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
    )
    if finished.returncode:
        raise SystemExit(f"{finished.stdout}\nexit code {finished.returncode}")
    return finished.stdout


def build(out):
    """Build all distributions and return the wheels; the tools are those of this environment, to fetch none twice."""
    for folder in (ROOT / "core", *sorted(path.parent for path in ROOT.glob("plugins/*/pyproject.toml"))):
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, folder)
    wheels = sorted(out.glob("*.whl"))
    for wheel in wheels:
        package = wheel.name.partition("-")[0]
        names = ZipFile(wheel).namelist()
        assert f"-{VERSION}-" in wheel.name, wheel.name
        assert f"{package}/py.typed" in names, f"{wheel.name} has no py.typed"
        assert any(name.endswith("licenses/LICENSE") for name in names), f"{wheel.name} has no license"
    return wheels


def install(wheels, home):
    """Make an environment that holds the wheels and what they require, and return where its programs are."""
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    programs = home / ("Scripts" if os.name == "nt" else "bin")
    wanted = [f"{wheel}[cli]" if wheel.name.startswith("plugbus-") else wheel for wheel in wheels]
    run(sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet", *wanted)
    return programs


def use(programs, folder):
    """Do what the README shows, and look at the trail."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("PLUGBUS_", "PYTHON"))}
    outside["PATH"] = os.pathsep.join([str(programs), os.environ["PATH"]])

    def call(program, *arguments):
        return run(programs / program, *arguments, folder=folder, environment=outside)

    (folder / "plugbus.toml").write_text(CONFIGURATION, encoding="utf-8")
    (folder / "shop.py").write_text(PROGRAM, encoding="utf-8")

    assert VERSION in call("plugbus", "--version")
    assert "audit" in call("plugbus", "plugins")

    assert "fine, 2 plugins on (guards, audit)" in call("plugbus", "config", "check")
    assert "audit" in call("plugbus", "doctor", "--live")
    assert "plugin audit" in call("plugbus", "events", "--format", "text", "user.login")

    assert "user.deleted" in call("plugbus", "guards", "list")
    assert "depends: age" in call("plugbus", "guards", "matrix", "--type", "user.deleted", "--format", "csv")

    assert call("python", "shop.py") == "denied\n"
    with closing(sqlite3.connect(folder / "trail/audit.db")) as trail:
        rows = dict(trail.execute("SELECT type, count(*) FROM records WHERE kind = 'event' GROUP BY type"))
    assert rows.get("order.placed") == 1050, rows
    assert rows.get("user.login") == 1, rows
    assert rows.get("audit.log") == 1, rows

    stats = call("plugbus", "audit", "stats")
    assert "order.placed" in stats, stats
    assert "1050" in stats.replace(",", ""), stats

    print(call("plugbus", "demo"))


def main():
    with tempfile.TemporaryDirectory(prefix="plugbus-wheels-") as name:
        home = Path(name)
        for folder in ("dist", "empty"):
            (home / folder).mkdir()
        programs = install(build(home / "dist"), home / "venv")
        use(programs, home / "empty")


if __name__ == "__main__":
    main()
