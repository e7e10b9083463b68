from __future__ import annotations

from hashlib import sha256

import pytest

from plugbus.errors import InvalidPattern
from plugbus_audit import Filter, NoTrail, Trail, TrailUnusable
from plugbus_audit.schema import FORMAT


def test_tail_gives_the_newest_records_the_oldest_of_them_first(trail, fill, record):
    fill(*(record(number) for number in range(30)))
    opened = Trail(trail.path)
    assert [found.id for found in opened.tail(3)] == ["27", "28", "29"]
    assert len(opened.tail()) == 20
    assert opened.tail(0) == []


def test_a_record_shows_what_was_recorded(trail, fill, record):
    text = record(7, correlationid="c", causationid="e")
    fill(text)
    (found,) = Trail(trail.path).tail()
    assert (found.seq, found.id, found.type, found.source) == (2, "7", "number.counted", "test")
    assert (found.correlation_id, found.causation_id, found.unencodable) == ("c", "e", None)
    assert found.time == "2026-11-20T19:00:00.000000Z"
    assert found.data == {"n": 7}
    assert found.body.endswith(text[1:])
    assert sha256(found.body).hexdigest() == found.hash


def test_a_record_without_data_shows_why(trail, fill):
    fill(b'{"kind":"event","id":"1","type":"a.b","unencodable":{"reason":"it holds a socket"}}')
    (found,) = Trail(trail.path).tail()
    assert found.unencodable == "it holds a socket"
    assert found.data is None


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("*", ["0", "1", "2", "3"]),
        ("user.*", ["0", "1", "3"]),
        ("user.created", ["0", "3"]),
        ("*.created", ["0", "2", "3"]),
        ("user.login.*", ["1"]),
        ("order.shipped", []),
    ],
)
def test_tail_takes_the_patterns_that_handlers_take(trail, fill, record, pattern, ids):
    types = ["user.created", "user.login.failed", "item.created", "user.created"]
    fill(*(record(number, type=name) for number, name in enumerate(types)))
    assert [found.id for found in Trail(trail.path).tail(where=Filter(type=pattern))] == ids


def test_what_is_no_pattern_is_refused():
    with pytest.raises(InvalidPattern):
        Filter(type="user")


def test_stats_count_by_type_and_by_hour(trail, fill, record):
    fill(
        record(0, type="a.b", time="2026-11-20T18:59:59.999999Z"),
        record(1, type="c.d", time="2026-11-20T19:00:00.000000Z"),
        record(2, type="c.d", time="2026-11-20T19:30:00.000000Z"),
    )
    stats = Trail(trail.path).stats()
    assert (stats.total, stats.first, stats.last) == (3, "2026-11-20T18:59:59.999999Z", "2026-11-20T19:30:00.000000Z")
    assert list(stats.types.items()) == [("c.d", 2), ("a.b", 1)]
    assert list(stats.hours.items()) == [("2026-11-20T18", 1), ("2026-11-20T19", 2)]


def test_an_empty_trail_has_stats_too(trail, fill):
    fill()
    stats = Trail(trail.path).stats()
    assert (stats.total, stats.first) == (0, None)


def test_a_trail_is_read_while_it_is_written(trail, make_writer, record, within):
    writer = make_writer()
    writer.put(record(1))
    writer.flush(within())
    opened = Trail(trail.path)
    assert [found.id for found in opened.tail()] == ["1"]
    writer.put(record(2))
    writer.flush(within())
    assert [found.id for found in opened.tail()] == ["1", "2"]


def test_reading_writes_nothing(trail, fill, record):
    fill(record(1))
    before = trail.path.read_bytes()
    Trail(trail.path).stats()
    assert trail.path.read_bytes() == before


def test_where_there_is_no_trail_the_error_says_when_there_will_be_one(trail):
    with pytest.raises(NoTrail, match="it is made when a bus with the plugin audit starts"):
        Trail(trail.path).tail()
    assert not trail.path.exists()


def test_an_empty_file_holds_nothing_yet(trail):
    trail.path.touch()
    with pytest.raises(NoTrail, match="there is nothing in the audit trail"):
        Trail(trail.path).tail()


def test_what_is_no_trail_is_not_read(trail):
    trail.path.write_text("Dear diary, " * 500)
    with pytest.raises(TrailUnusable, match="is no SQLite database"):
        Trail(trail.path).tail()


def test_a_trail_of_a_later_form_is_not_read(trail, fill):
    fill()
    trail.select(f"PRAGMA user_version = {FORMAT + 1}")
    with pytest.raises(TrailUnusable, match="upgrade plugbus-audit"):
        Trail(trail.path).tail()


@pytest.mark.parametrize("start", [100, 4096], ids=["in its schema", "in its rows"])
def test_a_damaged_trail_is_an_error(trail, fill, record, start):
    fill(*(record(number) for number in range(500)))
    content = bytearray(trail.path.read_bytes())
    content[start:] = b"\xff" * (len(content) - start)
    trail.path.write_bytes(content)
    with pytest.raises(TrailUnusable, match=r"cannot read the audit trail .*malformed"):
        Trail(trail.path).tail()


def test_a_trail_in_a_folder_that_may_not_be_written_is_read(run_program):
    done = run_program(
        """
        import os, tempfile, urllib.parse
        import logging
        from pathlib import Path
        from plugbus_audit import AuditSettings, Trail
        from plugbus_audit.assembly import make_store

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "audit.db"
            store = make_store(AuditSettings(path=path), logging.getLogger())
            store.write([b'{"kind":"event","id":"1","type":"a.b"}'])
            store.close()
            store.end()
            path.chmod(0o444)
            Path(folder).chmod(0o555)
            if os.geteuid() == 0:
                os.seteuid(65534)
            print(*(record.id for record in Trail(path).tail()))
            os.seteuid(os.getuid())
            Path(folder).chmod(0o755)
        """
    )
    assert done.stdout == "1\n"
