"""The command line as users start it: a process in a folder of its own."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

import plugbus


PROGRAM = [sys.executable, "-m", "plugbus"]


def clean_environment(**more):
    """The environment without what would steer plugbus, rich or Python's output."""
    steering = ("PLUGBUS_", "PYTHON", "UV", "RICH")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(steering) or key == "PYTHONPATH"}
    for key in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "LINES"):
        kept.pop(key, None)
    return {**kept, "COLUMNS": "80", "TERM": "xterm-256color", **more}


class Folder:
    """A folder in which `plugbus` is run."""

    program = PROGRAM
    environment = staticmethod(clean_environment)

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip(), encoding="utf-8")
        return path

    def write_lines(self, name, lines):
        texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
        path = self.path / name
        path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        return path

    def run(self, *arguments, input=None, env=None, code=0):
        """Run `plugbus` to its end; `code` is the exit code that is expected."""
        done = subprocess.run(
            [*self.program, *map(str, arguments)],
            cwd=self.path,
            env=self.environment(**(env or {})),
            input=input.encode() if isinstance(input, str) else input or b"",
            capture_output=True,
            timeout=110,
            check=False,
        )
        done.out, done.err = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, f"exit code {done.returncode}\n{done.out}\n{done.err}"
        return done

    def start(self, *arguments, **options):
        """Start `plugbus` and do not wait."""
        return subprocess.Popen(
            [*self.program, *map(str, arguments)],
            cwd=self.path,
            env=self.environment(PYTHONUNBUFFERED="1"),
            bufsize=0,  # what readline() kept back, communicate() would not see
            **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        )

    def install_plugin(self, name, source="", *, version="1.0", module=None, project=None):
        """Put a distribution with one plugin beside the program, as an installer would leave it."""
        module = module or f"{name}_plugin"
        project = project or f"acme-{name}"
        self.write(f"{module}.py", source)
        record = f"{project.replace('-', '_')}-{version}.dist-info"
        self.write(f"{record}/METADATA", f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n")
        self.write(f"{record}/entry_points.txt", f"[plugbus.plugins]\n{name} = {module}:ThePlugin\n")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def bare(folder):
    """A folder where all is installed that is installed here, but for plugins."""
    site = folder.path / "site"
    site.mkdir()
    for package in {*map(Path, sysconfig.get_paths().values())}:
        if package.name == "site-packages":
            for entry in package.iterdir():
                if "plugbus" not in entry.name:
                    (site / entry.name).symlink_to(entry)
    (site / "plugbus").symlink_to(Path(plugbus.__file__).parent)
    folder.program = [sys.executable, "-S", "-m", "plugbus"]
    folder.environment = functools.partial(clean_environment, PYTHONPATH=str(site))
    return folder


@pytest.fixture
def shop(folder):
    """A folder with an application that has a handler for everything, one that fails, and two middlewares."""
    folder.write(
        "shop.py",
        """
        from plugbus import EventBus, envelope
        from plugbus.errors import Refusal

        bus = EventBus()

        @bus.on("*")
        def take(event):
            pass

        @bus.on("order.placed")
        async def send_mail(event):
            raise ConnectionError("no mail server")

        def drop_noise(event):
            return None if envelope(event).type == "noise.made" else event

        def guard(event):
            if envelope(event).type == "vault.opened":
                raise Refusal("not allowed")
            return event

        bus.add_middleware(drop_noise)
        bus.add_middleware(guard)
        """,
    )
    return folder
