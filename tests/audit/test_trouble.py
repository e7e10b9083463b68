"""Trouble with the file: each a clear error, nothing silently gone, and the application goes on."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from plugbus import Event, EventBus
from plugbus_audit import verify


def happened(number=0):
    return Event(type="number.counted", payload={"n": number})


def later_format(trail):
    trail.fill()
    trail.select("PRAGMA user_version = 9")


def damaged(trail):
    trail.fill()
    content = trail.path.read_bytes()
    trail.path.write_bytes(content[:100] + bytes(len(content) - 100))


def another_program(trail):
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("CREATE TABLE mine (x)")


def a_folder(trail):
    trail.path.mkdir()


@pytest.mark.parametrize(
    ("make_trouble", "message"),
    [
        (later_format, "has format 9, and this plugbus-audit knows formats up to 2; upgrade plugbus-audit"),
        (damaged, "cannot write the audit trail"),
        (another_program, "is the database of another program, not an audit trail; give another path"),
        (a_folder, "is a folder, and the audit trail is a file"),
    ],
)
def test_where_audit_is_not_required_the_application_goes_on_and_is_told(
    trail, make_bus, caplog, make_trouble, message
):
    make_trouble(trail)
    bus = make_bus(required=False)
    handled = []
    bus.subscribe("number.counted", handled.append)
    assert bus.publish_sync(happened()).ok
    assert len(handled) == 1
    assert message in caplog.text


@pytest.mark.parametrize("durable", [True, False])
def test_a_trail_that_becomes_damaged_while_it_is_written_fails_publishes_once_the_buffer_is_full(
    trail, make_bus, caplog, durable, until
):
    bus = make_bus(flush_every=1, buffer_size=5, buffer_timeout=0.2, durable=durable)
    assert bus.publish_sync(happened(0)).ok
    bus.flush()
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("ALTER TABLE records RENAME TO gone")
    results = [bus.publish_sync(happened(number)) for number in range(1, 9)]
    assert not results[-1].ok, "nothing is dropped without a word"
    until(lambda: "cannot be written" in caplog.text)
    with closing(sqlite3.connect(trail.path)) as connection:
        connection.execute("ALTER TABLE gone RENAME TO records")
    bus.flush()
    numbers = [record["data"]["n"] for record in trail.records() if record["type"] == "number.counted"]
    taken = [number for number, result in enumerate(results, 1) if result.ok]
    assert {0, *taken} <= set(numbers)
    assert numbers == sorted(set(numbers)), "what waited was written in order, none twice"


def test_a_trail_that_is_removed_while_it_is_written_is_begun_anew_and_the_checkpoints_tell(trail, make_bus, tmp_path):
    checkpoints = tmp_path / "checkpoints"
    bus = make_bus(checkpoint_path=str(checkpoints))
    bus.publish_sync(happened(0))
    bus.flush()
    for path in trail.path.parent.glob("audit.db*"):
        path.unlink()
    bus.publish_sync(happened(1))
    bus.flush()
    opened, event = trail.bodies()[:2]
    assert (opened["kind"], opened["replaced"]["n"]) == ("opened", 2)
    assert event["data"] == {"n": 1}
    assert verify(trail.path).ok
    found = verify(trail.path, checkpoint_path=checkpoints)
    assert found.first_bad == 2, "two checkpoints of record 2, of one trail each"


def test_a_trail_that_is_damaged_is_found_by_its_verification(trail, record):
    for number in range(50):
        trail.fill(*(record(f"{number}-{part}") for part in range(10)))
    content = bytearray(trail.path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 8192] = b"x" * 8192
    trail.path.write_bytes(content)
    found = verify(trail.path)
    assert not found.ok
    assert "damaged" in str(found.problems)


def test_salts_that_cannot_be_saved_keep_their_records_from_being_written(trail, make_bus, tmp_path, until, caplog):
    (tmp_path / "salts").mkdir()
    bus = make_bus(commitments_path=str(tmp_path / "salts"), flush_every=1)
    bus.publish_sync(Event(type="user.login", payload={"pin": 1}))
    until(lambda: "cannot be written" in caplog.text)
    assert trail.records() == []
    (tmp_path / "salts").rmdir()
    bus.flush()
    assert len(trail.records()) == 1


def test_what_a_killed_process_has_lost_is_reported_when_the_next_starts(run_program, trail, caplog):
    run_program(
        """
        import os, signal
        from plugbus import Event, EventBus

        bus = EventBus.from_config({"plugins": {"audit": {"path": "audit.db", "flush_interval": "1h"}}})
        for number in range(7):
            bus.publish_sync(Event(type="number.counted", payload={"n": number}))
        bus.flush()
        for number in range(7, 12):
            bus.publish_sync(Event(type="number.counted", payload={"n": number}))
        os.kill(os.getpid(), signal.SIGKILL)
        """,
        code=-9,
    )
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(trail.path)}}})
    bus.publish_sync(happened())
    assert "a process was killed before it had written all that it had accepted; lost: 5" in caplog.text
    bus.stop_sync()
    first, second = (body for body in trail.bodies() if body["kind"] == "opened")
    (lost,) = second["lost"]
    assert lost["records"] == 5
    assert lost["chain"] == trail.select("SELECT chain FROM records WHERE seq = 1")[0][0]
    assert "lost" not in first
    assert sorted(path.name for path in trail.path.parent.glob("audit*")) == ["audit.db"]


def test_sigterm_loses_nothing_and_reports_nothing(run_program, trail, caplog):
    run_program(
        """
        import os, signal
        from plugbus import Event, EventBus

        bus = EventBus.from_config({"plugins": {"audit": {"path": "audit.db", "flush_interval": "1h"}}})
        for number in range(7):
            bus.publish_sync(Event(type="number.counted", payload={"n": number}))
        os.kill(os.getpid(), signal.SIGTERM)
        """,
        code=-15,
    )
    assert len([record for record in trail.records() if record["type"] == "number.counted"]) == 7
    bus = EventBus.from_config({"plugins": {"audit": {"path": str(trail.path)}}})
    bus.publish_sync(happened())
    bus.stop_sync()
    assert "lost" not in caplog.text


def test_what_a_killed_parent_has_lost_is_reported_although_its_child_lives_on(run_program, trail):
    run_program(
        """
        import logging, os, signal, sys
        from plugbus import Event, EventBus

        def make():
            return EventBus.from_config({"plugins": {"audit": {"path": "audit.db", "flush_interval": "1h"}}})

        reader, starter = os.pipe()
        parent = os.fork()
        if not parent:
            bus = make()
            bus.publish_sync(Event(type="number.counted", payload={"n": 0}))
            bus.flush()
            bus.publish_sync(Event(type="number.counted", payload={"n": 1}))
            if not os.fork():
                os.write(starter, b"%d" % os.getpid())
                os.close(starter)
                signal.alarm(60)
                signal.pause()
            os.kill(os.getpid(), signal.SIGKILL)
        os.close(starter)
        os.waitpid(parent, 0)
        child = int(os.read(reader, 20))
        bus = make()
        bus.publish_sync(Event(type="number.counted", payload={"n": 3}))
        bus.stop_sync()
        os.kill(child, signal.SIGKILL)
        """
    )
    lost = [one["records"] for body in trail.bodies() if body["kind"] == "opened" for one in body.get("lost", ())]
    assert lost == [1]
