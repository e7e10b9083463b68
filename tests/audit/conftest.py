"""A trail in a folder of its own, and writers, buses and programs that write it."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
import textwrap
import time
from contextlib import closing, contextmanager
from types import SimpleNamespace

import pytest

from plugbus import EventBus
from plugbus.cli.app import run as main
from plugbus.writing import BufferedWriter
from plugbus_audit import AuditSettings
from plugbus_audit.assembly import make_store


SECONDS = 30
PLACE = {"seq", "chain", "n", "prev", "above", "recordedtime"}


def _within(seconds=SECONDS):
    end = time.monotonic() + seconds
    return lambda: max(0.0, end - time.monotonic())


def _until(condition):
    remaining = _within()
    while not condition():
        assert remaining(), "it did not happen"
        time.sleep(0.01)


def _record(number, **attributes):
    known = {"id": str(number), "type": "number.counted", "source": "test", "time": "2026-11-20T19:00:00.000000Z"}
    return json.dumps({"kind": "event", "specversion": "1.0", **known, **attributes, "data": {"n": number}}).encode()


@pytest.fixture
def within():
    """A function that makes what `flush` asks for: how many of so many seconds are left."""
    return _within


@pytest.fixture
def until():
    """A function that waits for something that another thread or process does."""
    return _until


@pytest.fixture
def record():
    """A function that makes the record of an event."""
    return _record


class TrailFile:
    """A trail, looked at past our own code."""

    def __init__(self, path):
        self.path = path

    def select(self, statement, *parameters):
        with closing(sqlite3.connect(self.path, timeout=SECONDS)) as connection:
            return connection.execute(statement, parameters).fetchall()

    def records(self):
        """The recorded events in the order of the file, without where they stand; none if there is no file yet."""
        return [record for record in self.bodies() if record.pop("kind", "event") == "event"]

    def bodies(self):
        """All records in the order of the file, without where they stand; none if there is no file yet."""
        if not self.path.exists() or not self.select("SELECT 1 FROM sqlite_master WHERE name = 'records'"):
            return []
        found = [json.loads(body) for (body,) in self.select("SELECT body FROM records ORDER BY seq")]
        return [{name: value for name, value in body.items() if name not in PLACE} for body in found]

    def ids(self):
        return [record["id"] for record in self.records()]

    def fill(self, *rows):
        """Put records into the trail, as a process of its own would."""
        store = make_store(AuditSettings(path=self.path), logging.getLogger("plugbus.audit"))
        store.open()
        if rows:
            store.write(rows)
        store.close()
        store.end()

    @contextmanager
    def locked(self):
        """Keep everybody else from writing, as a long transaction of another process does."""
        self.fill()
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@pytest.fixture
def trail(tmp_path):
    return TrailFile(tmp_path / "audit.db")


@pytest.fixture
def fill(trail):
    """A function that puts records into the trail."""
    return trail.fill


@pytest.fixture
def make_writer(trail):
    """A function that makes a writer of the trail; all are closed at the end."""
    made = []

    def make(store=None, **options):
        defaults = {"flush_every": 100, "flush_interval": 3600.0, "buffer_size": 10_000, "buffer_timeout": 5.0}
        logger = logging.getLogger("plugbus.audit")
        writer = BufferedWriter(
            lambda: store or make_store(AuditSettings(path=trail.path), logger),
            name="the test's trail",
            rows="events",
            logger=logger,
            **{**defaults, **options},
        )
        made.append(writer)
        return writer

    yield make
    for writer in made:
        writer.close(SECONDS)


@pytest.fixture
def configuration(tmp_path):
    """A `plugbus.toml` that switches audit on."""
    path = tmp_path / "plugbus.toml"
    path.write_text('[plugins.audit]\npath = "audit.db"\nflush_interval = "1h"\n', encoding="utf-8")
    return path


@pytest.fixture
def run_program(tmp_path):
    """A function that runs a program to its end, in the trail's folder."""

    def run(text, *, code=0):
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-W", "ignore::DeprecationWarning", str(program)],
            cwd=tmp_path,
            env={key: value for key, value in os.environ.items() if not key.startswith("PLUGBUS_")},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == code, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(params=["sqlite", "jsonl"])
def form(request):
    """The form of a trail: each in its turn."""
    return request.param


@pytest.fixture
def written(tmp_path, form):
    """A function that puts records into a trail of that form, as a process of its own would, and returns its path."""
    path = tmp_path / ("audit.db" if form == "sqlite" else "audit")

    def write(*rows, size=64 * 1024 * 1024):
        settings = AuditSettings(path=path, format=form, segment_size=size)
        store = make_store(settings, logging.getLogger("plugbus.audit"))
        store.open()
        for start in range(0, len(rows), 500):
            store.write(rows[start : start + 500])
        store.close()
        store.end()
        return path

    return write


@pytest.fixture
def called(tmp_path, monkeypatch, capfdbinary):
    """A function that runs `plugbus audit ...` in this process, in the folder of a configuration with the trail."""
    if not (tmp_path / "plugbus.toml").exists():
        (tmp_path / "plugbus.toml").write_text('[plugins.audit]\npath = "audit.db"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))  # commands put the current folder there
    for name in [name for name in os.environ if name.startswith(("PLUGBUS_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments, code=0, path=None, **environment):
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                patch.setenv(name, value)
            if path is not None:
                patch.setenv("PLUGBUS_PLUGINS__AUDIT__PATH", str(path))
            capfdbinary.readouterr()
            found = main(["audit", *arguments])
            sys.stdout.flush()
        out, err = (stream.decode() for stream in capfdbinary.readouterr())
        assert found == code, f"exit code {found}\n{out}\n{err}"
        return SimpleNamespace(out=out, err=err)

    return call


@pytest.fixture
def defaults():
    """What `make_bus` sets unless it is told otherwise; test modules may have their own."""
    return {}


@pytest.fixture
def make_bus(trail, defaults):
    """A function that makes a bus with audit and these settings; all are stopped at the end."""
    made = []

    def make(**settings):
        table = {"path": str(trail.path), **defaults, **settings}
        made.append(EventBus.from_config({"plugins": {"audit": table}}))
        return made[-1]

    yield make
    for bus in made:
        bus.stop_sync()
