"""Real wheels of small plugins, installed by pip into environments that hold nothing but core and what core needs."""

from __future__ import annotations

import base64
import hashlib
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import textwrap
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import attrs
import pytest


HEADER = """\
import attrs
from plugbus.plugins import Health, Plugin, hookimpl, option
"""

# Builds the bus, starts and stops it, and tells what came of it.
PROGRAM = """
import asyncio, json, logging, sys
from plugbus import EventBus
from plugbus.config.report import as_json
from plugbus.errors import ConfigurationError

told = []
logging.getLogger("plugbus").addHandler(type("Told", (logging.Handler,), {"emit": lambda _, record: told.append(
    f"{record.levelname} {record.getMessage()}")})())
logging.getLogger("plugbus").propagate = False

async def main():
    bus = report = data = None
    try:
        bus = EventBus.from_config()
        async with bus:
            states = {record.name: str(record.state) for record in bus.plugins}
    except ConfigurationError as error:
        report, data, states = str(error), as_json(error), {}
    except Exception as error:
        report, states = f"{type(error).__name__}: {error}", {record.name: str(record.state) for record in bus.plugins}
    modules = sorted(name for name in sys.modules if name.startswith("demo_"))
    json.dump({"report": report, "data": data, "states": states, "told": told, "modules": modules}, sys.stdout)

asyncio.run(main())
"""


@attrs.frozen
class Project:
    """A distribution of one module, which holds the class P."""

    name: str
    plugin: str
    source: str
    requires: tuple[str, ...] = ()

    def build(self, folder):
        """Write its wheel."""
        module = self.name.replace("-", "_")
        info = f"{module}-1.0.dist-info"
        requires = "".join(f"Requires-Dist: {line}\n" for line in self.requires)
        files = {
            f"{module}.py": HEADER + textwrap.dedent(self.source),
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {self.name}\nVersion: 1.0\n{requires}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/entry_points.txt": f"[plugbus.plugins]\n{self.plugin} = {module}:P\n",
        }
        path = folder / f"{module}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for name, text in files.items():
                wheel.writestr(name, text)
            lines = [f"{name},sha256={_digest(text)},{len(text.encode())}" for name, text in files.items()]
            wheel.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,", ""]))
        return path


def _digest(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


@attrs.frozen
class Environment:
    """A virtual environment."""

    home: Path

    @property
    def python(self):
        return self.home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def site(self):
        return next(self.home.rglob("site-packages"))

    def pip(self, *arguments):
        """Let the pip of the tests work on this environment."""
        command = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check", *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=60)

    def call(self, folder, *arguments, **environ):
        """Run its Python in a folder, isolated from the environment of the tests."""
        clean = {name: text for name, text in os.environ.items() if not name.startswith(("PLUGBUS_", "PYTHON"))}
        return subprocess.run(
            [self.python, "-I", *arguments],
            env=clean | environ,
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def run(self, folder, configuration, **environ):
        """Build, start and stop the bus that a configuration describes; return what came of it."""
        (folder / "plugbus.toml").write_text(textwrap.dedent(configuration), encoding="utf-8")
        finished = self.call(folder, "-c", PROGRAM, **environ)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout.replace(json.dumps(str(self.site))[1:-1], "SITE"))


@attrs.define
class Environments:
    """Makes environments, each once."""

    folder: Path
    core: Path
    made: dict[tuple[object, ...], Environment] = attrs.Factory(dict)

    def of(self, *projects):
        """Return the environment that holds some projects, each given as the arguments of `Project`, and no other."""
        if projects not in self.made:
            self.made[projects] = self._make(len(self.made), [Project(*project) for project in projects])
        return self.made[projects]

    def _make(self, number, projects):
        wheels = self.folder / f"wheels{number}"
        wheels.mkdir()
        environment = Environment(self.folder / f"environment{number}")
        venv.create(environment.home, with_pip=False, symlinks=os.name != "nt")
        (environment.site / "core.pth").write_text(f"{self.core}\n")
        if projects:
            built = [project.build(wheels) for project in projects]
            environment.pip("install", "--no-deps", "--no-index", "--no-compile", *built)
        return environment


@pytest.fixture(scope="session")
def environments(tmp_path_factory, require_service):
    """Fresh environments that hold core, what core needs, and the projects that are asked for."""
    require_service("pip", lambda: importlib.import_module("pip"))
    folder = tmp_path_factory.mktemp("distributions")
    core = folder / "core"
    core.mkdir()
    for path in {*_files_of("plugbus[cli]", set()), *_package()}:
        (core / path.name).symlink_to(path)
    return Environments(folder, core)


def _package():
    """The package itself, which an editable installation does not list."""
    return [Path(importlib.util.find_spec("plugbus").origin).parent]


def _files_of(requirement, seen):
    """What a distribution and all that it requires have put directly into site-packages."""
    from packaging.requirements import Requirement

    wanted = Requirement(requirement)
    name = re.sub(r"[-_.]+", "-", wanted.name).lower()
    if name in seen:
        return
    seen.add(name)
    distribution = metadata.distribution(name)
    for top in {file.parts[0] for file in distribution.files if file.parts[0] not in {"..", "__pycache__"}}:
        if not top.endswith(".pth"):
            yield Path(distribution.locate_file(top))
    for line in distribution.requires or ():
        below = Requirement(line)
        extras = wanted.extras or {""}
        if below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in extras):
            yield from _files_of(line, seen)
