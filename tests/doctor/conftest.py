from __future__ import annotations

import importlib
import sys
import textwrap

import pytest

from plugbus import EventBus
from plugbus.config import load_config
from plugbus.doctor import examine


HEADER = "import attrs\nfrom plugbus import *\nfrom plugbus.plugins import Health, Plugin, hookimpl, option\n"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a distribution whose one module defines the class P, a plugin."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def install(name, source, *, project=None, requires=()):
        project = project or f"demo-{name}"
        module = project.replace("-", "_")
        (folder / f"{module}.py").write_text(HEADER + textwrap.dedent(source), encoding="utf-8")
        info = folder / f"{module}-1.0.dist-info"
        info.mkdir()
        lines = "".join(f"Requires-Dist: {line}\n" for line in requires)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n{lines}")
        (info / "entry_points.txt").write_text(f"[plugbus.plugins]\n{name} = {module}:P\n")
        importlib.invalidate_caches()
        return info

    yield install
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def configure(tmp_path, monkeypatch):
    """Write plugbus.toml into the current folder and read it."""
    folder = tmp_path / "app"
    folder.mkdir(mode=0o755)
    monkeypatch.chdir(folder)
    for name in ("PLUGBUS_CONFIG", "PLUGBUS_DISABLE"):
        monkeypatch.delenv(name, raising=False)

    def configure(text, environ=None):
        path = folder / "plugbus.toml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        path.chmod(0o600)
        return load_config(environ=environ or {})

    return configure


@pytest.fixture
def found():
    """The findings of some numbers, as text; by default those on a bus without plugins."""

    def found(numbers, bus=None, *args, **options):
        report = examine(bus or EventBus(), *args, **options)
        return [str(one.message) for one in report.findings if one.number in numbers.split()]

    return found
