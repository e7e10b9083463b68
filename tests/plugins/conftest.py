from __future__ import annotations

import importlib
import os
import subprocess
import sys
import textwrap

import attrs
import pytest

from plugbus.config import load_config
from plugbus.plugins.host import PluginHost


HEADER = "import attrs\nfrom plugbus.plugins import Health, Plugin, hookimpl, option\n"


@attrs.define
class Site:
    """A folder of installed distributions, as small as they can be."""

    folder: object
    counter: int = 0

    def add(self, project, source="", *, version="1.0", entry_points=None, module=None, name=None, requires=()):
        """Install a distribution; its one module defines the class P, which its one entry point names."""
        module = module or project.replace("-", "_").lower()
        (self.folder / f"{module}.py").write_text(HEADER + textwrap.dedent(source), encoding="utf-8")
        name = name or module.removeprefix("demo_")
        entry_points = {name: f"{module}:P"} if entry_points is None else entry_points
        lines = "".join(f"{name} = {value}\n" for name, value in entry_points.items())
        self.add_record(project, version, f"[plugbus.plugins]\n{lines}", requires)
        return module

    def add_record(self, project, version, entry_points, requires=()):
        info = self.folder / f"{project.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n{lines}", encoding="utf-8"
        )
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
        importlib.invalidate_caches()
        return info


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A site folder at the head of sys.path; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield Site(folder)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def configure(tmp_path, monkeypatch):
    """Write plugbus.toml into the current folder and read it."""
    folder = tmp_path / "app"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def configure(text, environ=None):
        (folder / "plugbus.toml").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_config(environ=environ or {})

    return configure


@pytest.fixture
def load(configure):
    """Load the plugins that a configuration wants."""
    return lambda text, environ=None, **kwargs: PluginHost.load(configure(text, environ), **kwargs)


@pytest.fixture
def report(load):
    """Return the report on a configuration that cannot be loaded."""

    def report(text, environ=None, **kwargs):
        with pytest.raises(ExceptionGroup) as caught:
            load(text, environ, **kwargs)
        return str(caught.value)

    return report


@pytest.fixture
def run_python(site, tmp_path):
    """Run a program in a fresh interpreter that sees the site folder; return what it prints."""

    def run(source, **environ):
        environment = {key: text for key, text in os.environ.items() if not key.startswith("PLUGBUS_")}
        path = [str(site.folder), *filter(None, [environment.get("PYTHONPATH")])]
        environment |= {"PYTHONPATH": os.pathsep.join(path), **environ}
        command = [sys.executable, "-c", textwrap.dedent(source)]
        return subprocess.run(
            command, env=environment, cwd=tmp_path, check=True, capture_output=True, text=True, timeout=60
        ).stdout

    return run
