from __future__ import annotations

import importlib
import sys
import textwrap

import pytest

from plugbus import EventBus
from plugbus.testing.contract import PluginContract
from plugbus.testing.contract._subject import Subject


HEADER = """\
from __future__ import annotations

import asyncio, contextlib, functools, logging, os, signal, socket, sys, threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs

from plugbus import Event, EventBase, EventBus, EventHandler, envelope, event, on_event
from plugbus.handlers import Options, Subscription
from plugbus.middleware import Monitor
from plugbus.plugins import Deadline, Health, Plugin, hookimpl, option
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed distributions at the head of sys.path; what is imported from it is forgotten in the end."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]
    EventBus.reset()


@pytest.fixture
def install(site):
    """Install a distribution with one module and the given entry points; return the module."""

    def install(source, entry_points=None, module="contract_demo"):
        entry_points = f"probe = {module}:ProbePlugin" if entry_points is None else entry_points
        (site / f"{module}.py").write_text(HEADER + textwrap.dedent(source), encoding="utf-8")
        info = site / "demo-1.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        info.joinpath("entry_points.txt").write_text(f"[plugbus.plugins]\n{entry_points}\n")
        importlib.invalidate_caches()
        return importlib.import_module(module)

    return install


@pytest.fixture
def check(install, tmp_path):
    """Run one check of the contract for a plugin that is installed from its source."""

    def check(name, source, **fields):
        installed = {key: fields.pop(key) for key in ("entry_points", "module") if key in fields}
        module = install(source, **installed)
        home = tmp_path / "home"
        home.mkdir()
        events = [eval(text, vars(module)) for text in fields.pop("events", ())]
        subject = Subject(module.ProbePlugin, fields.pop("settings", {}), home, events=events, **fields)
        return getattr(PluginContract(), name)(subject)

    return check
