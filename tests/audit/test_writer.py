from __future__ import annotations

import json
import logging
import threading

import pytest

from plugbus.sqlite import SqliteStore
from plugbus.writing import WriterUnusable
from plugbus_audit import AuditSettings
from plugbus_audit.assembly import make_ledger
from plugbus_audit.store import RecordTable


SECONDS = 30


class Witness(RecordTable):
    """Remembers which threads have written."""

    def __init__(self, path, logger):
        super().__init__(make_ledger(AuditSettings(path=path), logger))
        self.threads = set()

    def insert(self, connection, rows):
        self.threads.add(threading.get_ident())
        super().insert(connection, rows)


def test_nothing_is_opened_and_no_thread_started_before_the_first_row(trail, make_writer):
    before = threading.active_count()
    make_writer()
    assert threading.active_count() == before
    assert not trail.path.exists()


def test_rows_are_written_by_the_writers_own_thread(trail, make_writer, record, within):
    logger = logging.getLogger("plugbus.audit")
    table = Witness(trail.path, logger)
    writer = make_writer(SqliteStore(table, logger), flush_every=10)
    for number in range(100):
        writer.put(record(number))
    assert writer.flush(within()) == 0
    assert len(table.threads) == 1
    assert threading.get_ident() not in table.threads


def test_enough_rows_are_written_without_waiting_for_the_interval(trail, make_writer, record, until):
    writer = make_writer(flush_every=10, flush_interval=3600.0)
    for number in range(10):
        writer.put(record(number))
    until(lambda: len(trail.records()) == 10)


def test_fewer_rows_are_written_when_the_interval_is_over(trail, make_writer, record, until):
    writer = make_writer(flush_every=100, flush_interval=0.05)
    for number in range(3):
        writer.put(record(number))
        until(lambda written=number + 1: len(trail.records()) == written)


def test_fewer_rows_than_enough_wait_for_the_interval(trail, make_writer, record):
    writer = make_writer(flush_every=100, flush_interval=3600.0)
    writer.open()
    for number in range(99):
        writer.put(record(number))
    assert writer.status().waiting == 99
    assert trail.records() == []


def test_a_buffer_smaller_than_a_batch_is_written_when_it_is_full(trail, make_writer, record, until):
    writer = make_writer(flush_every=100, buffer_size=5)
    for number in range(20):
        writer.put(record(number))
    until(lambda: len(trail.records()) == 20)


def test_flush_returns_when_everything_is_on_disk(trail, make_writer, record, within):
    writer = make_writer()
    for number in range(7):
        writer.put(record(number))
    assert writer.flush(within()) == 0
    assert len(trail.records()) == 7
    assert writer.flush(within(0)) == 0


def test_close_writes_what_is_left_and_ends_the_thread(trail, make_writer, record, until):
    before = threading.active_count()
    writer = make_writer()
    for number in range(7):
        writer.put(record(number))
    writer.close(SECONDS)
    assert len(trail.records()) == 7
    until(lambda: threading.active_count() == before)


def test_after_close_no_file_beside_the_trail_is_left(trail, make_writer, record):
    writer = make_writer()
    writer.put(record(1))
    writer.close(SECONDS)
    writer.put(record(2))
    assert [path.name for path in trail.path.parent.iterdir()] == [trail.path.name]


def test_a_row_that_comes_after_close_is_on_disk_when_put_returns(trail, make_writer, record):
    writer = make_writer()
    writer.open()
    writer.close(SECONDS)
    writer.put(record("late"))
    assert trail.ids() == ["late"]


def test_a_row_that_comes_after_close_and_cannot_be_written_is_an_error(trail, make_writer, record):
    writer = make_writer(buffer_timeout=0.1)
    writer.open()
    writer.close(SECONDS)
    with (
        trail.locked(),
        pytest.raises(WriterUnusable, match=r"the test's trail could not be written: database is locked"),
    ):
        writer.put(record("late"))


def test_a_writer_can_be_opened_again(trail, make_writer, record):
    writer = make_writer()
    for number in range(5):
        writer.open()
        writer.put(record(number))
        writer.close(SECONDS)
    assert trail.ids() == ["0", "1", "2", "3", "4"]


def test_the_rows_of_a_thread_keep_their_order(trail, make_writer, record):
    writer = make_writer(flush_every=7)
    for number in range(2_500):
        writer.put(record(number))
    writer.close(SECONDS)
    assert trail.ids() == [str(number) for number in range(2_500)]


def test_each_row_of_many_threads_is_written_once(trail, make_writer, record):
    writer = make_writer(flush_every=10, buffer_size=50)

    def publish(name):
        for number in range(200):
            writer.put(record(f"{name}-{number}"))

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close(SECONDS)
    assert sorted(trail.ids()) == sorted(f"{name}-{number}" for name in range(20) for number in range(200))


def test_nothing_is_lost_when_the_writer_is_closed_and_opened_while_others_publish(trail, make_writer, record):
    writer = make_writer(flush_every=10)
    done = threading.Event()
    counts = [0] * 4

    def publish(name):
        while not done.is_set():
            writer.put(record(f"{name}-{counts[name]}"))
            counts[name] += 1

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        writer.open()
        writer.close(SECONDS)
    done.set()
    for thread in threads:
        thread.join()
    writer.close(SECONDS)
    assert sorted(trail.ids()) == sorted(f"{name}-{number}" for name in range(4) for number in range(counts[name]))


def test_where_no_thread_can_be_started_rows_are_written_by_the_publisher(
    trail, make_writer, monkeypatch, record, within, until
):
    def refuse(thread):
        raise RuntimeError("can't start new thread")

    writer = make_writer()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        writer.put(record("alone"))
        assert trail.ids() == ["alone"]
    writer.put(record("again"))
    until(lambda: writer.flush(within()) == 0)
    assert trail.ids() == ["alone", "again"]


def test_a_row_that_the_database_refuses_is_replaced_and_the_others_are_kept(trail, make_writer, record, within):
    writer = make_writer()
    rows = [record(number) for number in range(300)]
    rows[7] = b"{no JSON"
    rows[260] = json.dumps({"id": "x", "type": "deep.made", "data": "?"}).encode()[:-2]
    for row in rows:
        writer.put(row)
    assert writer.flush(within()) == 0
    written = trail.records()
    assert [row["id"] for row in written[:7]] == [str(number) for number in range(7)]
    assert len(written) == 300
    unencodable = {"type": None, "reason": "SQLite refused it: malformed JSON"}
    assert written[7] == {"specversion": "1.0", "unencodable": unencodable}
    assert written[260]["unencodable"] == unencodable


def test_a_trail_that_is_removed_is_made_anew(trail, make_writer, caplog, record, within):
    writer = make_writer()
    writer.put(record("before"))
    writer.flush(within())
    for path in trail.path.parent.glob("audit.db*"):
        path.unlink()
    writer.put(record("after"))
    writer.flush(within())
    assert trail.ids() == ["after"]
    assert "was removed or replaced" in caplog.text
