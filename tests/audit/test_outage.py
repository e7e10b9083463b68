from __future__ import annotations

import logging
import threading

import pytest

from plugbus.errors import BusOverloaded
from plugbus.writing import WriterOverloaded


SECONDS = 30


def test_when_the_buffer_stays_full_the_publisher_gets_an_error(trail, make_writer, record):
    writer = make_writer(flush_every=1, buffer_size=10, buffer_timeout=0.2)
    with trail.locked():
        for number in range(10):
            writer.put(record(number))
        with pytest.raises(WriterOverloaded, match=r"takes no more events: 10 wait .* within 0\.2 s") as caught:
            writer.put(record("refused"))
        assert isinstance(caught.value, BusOverloaded)
        assert writer.status().is_full
    writer.close(SECONDS)
    assert trail.ids() == [str(number) for number in range(10)]


@pytest.mark.timeout(60)
def test_as_long_as_nothing_is_written_only_the_first_publishers_wait(trail, make_writer, record):
    writer = make_writer(flush_every=1, buffer_size=1, buffer_timeout=2.0)
    with trail.locked():
        writer.put(record("kept"))
        for number in range(100):  # 200 s, if each of them waited
            with pytest.raises(WriterOverloaded):
                writer.put(record(number))


def test_a_publisher_that_waits_for_room_goes_on_when_there_is_some(trail, make_writer, record, until):
    writer = make_writer(flush_every=1, buffer_size=5, buffer_timeout=SECONDS)

    def publish(name):
        for number in range(10):
            writer.put(record(f"{name}-{number}"))

    threads = [threading.Thread(target=publish, args=(name,)) for name in range(4)]
    with trail.locked():
        for thread in threads:
            thread.start()
        until(lambda: writer._room.waiting == 4)
    for thread in threads:
        thread.join()
    writer.close(SECONDS)
    assert len(trail.records()) == 40


def test_rows_that_wait_too_long_for_another_process_are_reported_at_close(trail, make_writer, caplog, record, within):
    writer = make_writer()
    with trail.locked():
        for number in range(3):
            writer.put(record(number))
        writer.close(0.3)
        (message,) = [entry.getMessage() for entry in caplog.records if entry.levelno == logging.ERROR]
    assert message == "the test's trail: events not written: 3 (database is locked)"
    assert writer.flush(within()) == 0, "what is left is still written if there is another chance"
    assert len(trail.records()) == 3


def test_flush_returns_at_its_deadline_and_tells_what_is_left(trail, make_writer, record, within):
    writer = make_writer()
    with trail.locked():
        for number in range(3):
            writer.put(record(number))
        assert writer.flush(within(0.1)) == 3
    assert writer.flush(within()) == 0


DISK_FULL = """
    import logging, resource, sqlite3, sys, time
    from pathlib import Path
    from plugbus_audit import AuditSettings
    from plugbus.writing import WriterOverloaded
    from plugbus_audit.assembly import make_writer

    class Lines(logging.Handler):
        lines = []
        def emit(self, entry):
            self.lines.append(f"{entry.levelname} {entry.getMessage()}")

    logging.getLogger("plugbus").addHandler(Lines())
    logging.getLogger("plugbus").propagate = False
    path = Path("audit.db")
    settings = AuditSettings(path=path, flush_every=1, flush_interval=0.01, buffer_size=50, buffer_timeout=0.5)
    writer = make_writer(settings, logging.getLogger("plugbus.audit"), None)
    writer.open()

    def rows(first, last):
        return [b'{"id":"%d","type":"a.b","data":"%s"}' % (n, b"x" * 5000) for n in range(first, last)]

    def within(seconds):
        end = time.monotonic() + seconds
        return lambda: max(0.0, end - time.monotonic())

    for row in rows(0, 10):
        writer.put(row)
    assert writer.flush(within(30)) == 0

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))  # no file grows any more
    taken = 10
    for row in rows(10, 200):
        try:
            writer.put(row)
            taken += 1
        except WriterOverloaded as error:
            print(error)
            break
    assert taken < 200
    assert writer.status().is_full and writer.status().error is not None
    assert writer.flush(within(1)) > 0
"""


def test_while_the_disk_is_full_rows_wait_and_then_the_publisher_is_told_and_nothing_is_lost(run_program, within):
    done = run_program(
        DISK_FULL
        + """
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert writer.flush(within(30)) == 0
    for row in rows(taken, taken + 10):
        writer.put(row)
    writer.close(30)
    with sqlite3.connect(path) as connection:
        found = [int(id) for (id,) in connection.execute("SELECT id FROM records WHERE id IS NOT NULL ORDER BY seq")]
    assert found == list(range(taken + 10)), found
    print(*Lines.lines, sep="\\n")
    """
    )
    refusal, began, ended = done.stdout.splitlines()
    assert "takes no more records: 50 wait to be written, and within 0.5 s there was no room" in refusal
    assert began.startswith("ERROR the audit trail audit.db cannot be written: ")
    assert began.endswith("It is tried again; meanwhile up to 50 records wait")
    assert ended.startswith("WARNING the audit trail audit.db is written again, after ")


def test_what_a_full_disk_kept_from_being_written_is_reported_when_the_program_ends(run_program):
    done = run_program(
        DISK_FULL
        + """
    import atexit
    atexit._clear()
    writer.close(0.5)
    print(Lines.lines[-1], len(writer._buffer), sep="\\n")
    """
    )
    *_, report, left = done.stdout.splitlines()
    assert report.startswith(f"ERROR the audit trail audit.db: records not written: {left} (")
