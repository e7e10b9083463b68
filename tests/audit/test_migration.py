"""Trails of format 1: they are brought to the present form when they are opened."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from plugbus import Event, EventBus
from plugbus_audit import Trail, TrailUnusable, verify
from plugbus_audit.schema import APPLICATION_ID, FORMAT


def old_event(number):
    return {
        "specversion": "1.0",
        "id": f"old-{number}",
        "source": "shop",
        "type": "item.sold",
        "time": f"2025-01-01T00:00:{number % 60:02}.000000Z",
        "data": {"n": number, "text": "caf\u00e9"},
    }


@pytest.fixture
def old(trail):
    """A trail as plugbus-audit wrote it in its first form, of 1,200 events; some numbers are unused."""
    names = {"id": "id", "type": "type", "source": "source", "time": "time", "correlation_id": "correlationid",
             "causation_id": "causationid", "unencodable": "unencodable"}  # fmt: skip
    columns = ", ".join(
        f"{column} TEXT GENERATED ALWAYS AS (json_extract(data, '$.{name}')) VIRTUAL" for column, name in names.items()
    )
    with closing(sqlite3.connect(trail.path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN")
        connection.execute(
            f"CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT NOT NULL, {columns})"
        )
        connection.execute("CREATE INDEX events_by_type_and_time ON events (type, time)")
        connection.execute("CREATE INDEX events_by_correlation ON events (correlation_id)")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        for number in range(1_200):
            text = json.dumps(old_event(number), ensure_ascii=False)
            connection.execute("INSERT INTO events (seq, data) VALUES (?, ?)", (2 * number + 1, text))
        connection.execute("COMMIT")
    return trail


def test_a_trail_of_format_1_is_taken_over_when_a_bus_starts_and_sealed_as_what_it_was(old):
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(old.path)}}})
    bus.publish_sync(Event(type="item.sold", payload={"n": "new"}))
    bus.stop_sync()
    assert old.select("PRAGMA user_version") == [(FORMAT,)]
    opened, *records = old.bodies()
    assert opened["sealed"] == {"format": 1, "records": 1_200}
    assert [record.pop("sealed") for record in records[:1_200]] == [1] * 1_200
    assert records[:1_200] == [{"kind": "event", **old_event(number)} for number in range(1_200)]
    assert [record.get("sealed") for record in records[1_200:]] == [None, None]
    found = verify(old.path)
    assert found.ok, found.problems
    assert (found.records, found.chains) == (1 + 1_200 + 2, 1)


def test_until_then_it_is_not_read_and_the_error_says_what_to_do(old):
    with pytest.raises(TrailUnusable, match=r"has format 1; it is brought to format 2 .* `plugbus audit upgrade`"):
        Trail(old.path).tail()


def test_what_was_no_event_is_kept_without_what_would_be_mistaken_for_ours(old):
    old.select("SELECT 1")
    with closing(sqlite3.connect(old.path)) as connection:
        connection.execute("INSERT INTO events (data) VALUES ('[1]')")
        connection.execute("""INSERT INTO events (data) VALUES ('{"seq": 7, "id": "x", "kind": "tombstone"}')""")
        connection.commit()
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(old.path)}}})
    bus.publish_sync(Event(type="item.sold"))
    bus.stop_sync()
    first, second = old.bodies()[1_201:1_203]
    assert first["unencodable"] == second["unencodable"] == {
        "type": None, "reason": "it was no event in the trail of format 1"
    }  # fmt: skip
    assert second["id"] == "x"
    assert verify(old.path).ok


def test_of_several_processes_one_takes_it_over(old, run_program):
    run_program(
        """
        import os, sys
        from plugbus import Event, EventBus

        children = []
        for child in range(4):
            pid = os.fork()
            if not pid:
                bus = EventBus.from_config({"plugins": {"audit": {"path": "audit.db"}}})
                bus.publish_sync(Event(type="item.sold", payload={"child": child}))
                bus.stop_sync()
                os._exit(0)
            children.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
        """
    )
    found = verify(old.path)
    assert found.ok, found.problems
    assert len([body for body in old.bodies() if body.get("sealed") == 1]) == 1_200
    assert found.chains == 4
