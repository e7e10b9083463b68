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

import pytest

from plugbus_audit.sqlite import SqliteWriter
from plugbus_audit.store import EventTable


SECONDS = 30


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
    return json.dumps({"specversion": "1.0", **known, **attributes, "data": {"n": number}}).encode()


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
        """The recorded events in the order of the file; none if there is no file yet."""
        if not self.path.exists() or not self.select("SELECT 1 FROM sqlite_master WHERE name = 'events'"):
            return []
        return [json.loads(data) for (data,) in self.select("SELECT data FROM events ORDER BY seq")]

    def ids(self):
        return [record["id"] for record in self.records()]

    @contextmanager
    def locked(self):
        """Keep everybody else from writing, as a long transaction of another process does."""
        EventTable(self.path).connect().close()
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@pytest.fixture
def trail(tmp_path):
    return TrailFile(tmp_path / "audit.db")


@pytest.fixture
def make_writer(trail):
    """A function that makes a writer of the trail; all are closed at the end."""
    made = []

    def make(table=None, **options):
        defaults = {"flush_every": 100, "flush_interval": 3600.0, "buffer_size": 10_000, "buffer_timeout": 5.0}
        writer = SqliteWriter(
            table or EventTable(trail.path),
            name="the test's trail",
            rows="events",
            logger=logging.getLogger("plugbus.audit"),
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
