"""Flushed from a signal handler that has interrupted the publisher in its own thread, between any two bytecodes."""

from __future__ import annotations

import pytest


PROGRAM = """
    import logging, signal, sqlite3, sys, time
    from pathlib import Path
    from plugbus_audit import AuditSettings
    from plugbus_audit.assembly import make_writer

    def within(seconds):
        end = time.monotonic() + seconds
        return lambda: max(0.0, end - time.monotonic())

    def flush(number, frame):
        left.append(writer.flush(within(20)))

    left = []
    writer = make_writer(AuditSettings(path=Path("audit.db"), flush_every=100,
        flush_interval=3600.0, buffer_size={size}, buffer_timeout=20.0), logging.getLogger(), None)
    signal.signal(signal.SIGALRM, flush)
    writer.open()
    {before}
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    count = 0
    while len(left) < {flushes}:
        writer.put(b'{{"id":"%d","type":"a.b"}}' % count)
        count += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    writer.close(30)
    with sqlite3.connect("audit.db") as connection:
        found = [int(id) for (id,) in connection.execute("SELECT id FROM records WHERE id IS NOT NULL ORDER BY seq")]
    assert found == list(range(count)), (len(found), count)
    print(max(left))
"""


@pytest.mark.parametrize("size", [10_000, 7], ids=["room", "full"])
def test_a_flush_in_the_midst_of_a_publish_writes_everything_and_never_waits_for_itself(run_program, size):
    done = run_program(
        PROGRAM.format(size=size, before="while not writer._worker.is_running: time.sleep(0.001)", flushes=500)
    )
    assert done.stdout.strip() == "0"


def test_a_flush_in_the_midst_of_a_write_of_its_own_thread_leaves_that_write_alone(run_program):
    run_program(PROGRAM.format(size=10_000, before="writer.close(20)", flushes=200))
