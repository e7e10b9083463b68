"""
What an audit trail costs, beside the raw work that it cannot do without.

    python benchmarks/audit.py [ROUNDS]

Three comparisons, each in interleaved rounds in one process, so that what slows the machine down slows all alike. Shown
are the minima of all rounds and their ratio.

- publish: what the audit handler adds to a publish, while records are buffered, beside making the envelope, redacting,
  encoding and appending to a list. Measured with a writer that waits (the publisher's own path), and with one that
  writes meanwhile on the same interpreter.
- write: 100,000 events from the first publish to the last record on disk, beside one bare thread that redacts, encodes,
  hashes and inserts the same rows into the same table, in batches of 100.
- verify: a trail of 100,000 records, beside a bare SELECT of the bodies with SHA-256; with the comparison of the
  indexes, and without.
"""

from __future__ import annotations

import gc
import logging
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from plugbus import Event, EventBus
from plugbus.redaction import Redactor
from plugbus_audit import AuditSettings, verify
from plugbus_audit.assembly import make_writer
from plugbus_audit.handler import AuditLogHandler
from plugbus_audit.records import Recorder
from plugbus_audit.schema import STATEMENTS


ROUNDS = 5
BURST = 2_000
EVENTS = 100_000
BATCH = 100

PAYLOAD = {
    "user": "ada",
    "items": [{"sku": "A-1", "count": 2}, {"sku": "B-7", "count": 1}],
    "total": 12.5,
    "address": {"street": "1 Main Street", "city": "London"},
    "note": "to be left with the neighbors",
    "password": "hunter2",
}


def event() -> Event:
    return Event(type="order.placed", payload=PAYLOAD, source="shop")


def timed(call: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    start = perf_counter()
    call()
    took = perf_counter() - start
    gc.enable()
    return took


class Best:
    """The best times of several ways to do the same, measured in turns."""

    def __init__(self, **ways: Callable[[], float]) -> None:
        self.ways = ways
        self.times = dict.fromkeys(ways, float("inf"))

    def run(self, rounds: int) -> dict[str, float]:
        for _ in range(rounds):
            for name, way in self.ways.items():
                self.times[name] = min(self.times[name], way())
        return self.times


def settings(folder: Path, **changes: object) -> AuditSettings:
    return AuditSettings(path=folder / "audit.db", **{"buffer_size": 1_000_000, "flush_interval": 3600.0, **changes})


def audited(folder: Path, **changes: object):
    writer = make_writer(settings(folder, **changes), logging.getLogger("plugbus.audit"), None)
    writer.open()
    bus = EventBus()
    bus.subscribe(AuditLogHandler(writer, Recorder(Redactor())))
    return bus, writer


def forever() -> float:
    return 3600.0


def publish(folder: Path, rounds: int) -> None:
    recorder = Recorder(Redactor())

    def bare_work() -> float:
        events = [event() for _ in range(BURST)]
        rows: list[bytes] = []
        return timed(lambda: [rows.append(recorder.event(one)) for one in events])

    def published(bus: EventBus, writer=None) -> float:
        events = [event() for _ in range(BURST)]
        took = timed(lambda: [bus.publish_sync(one) for one in events])
        if writer is not None:
            writer.flush(forever)
        return took

    without = EventBus()
    without.subscribe("*", lambda _: None)
    waiting, waiting_writer = audited(folder, flush_every=100_000)
    writing, writing_writer = audited(folder, flush_every=100)
    for bus in (without, waiting, writing):
        published(bus)
    times = Best(
        bare=bare_work,
        without=lambda: published(without),
        waiting=lambda: published(waiting, waiting_writer),
        writing=lambda: published(writing, writing_writer),
    ).run(rounds * 4)
    each = {name: 1e6 * time / BURST for name, time in times.items()}
    print(f"publish, microseconds an event: bare work {each['bare']:.2f}, publish without audit {each['without']:.2f}")
    for name in ("waiting", "writing"):
        added = each[name] - each["without"]
        print(f"  audit adds {added:.2f} while the writer is {name}: ratio {added / each['bare']:.2f}")
    for writer in (waiting_writer, writing_writer):
        writer.close(60)


def write(folder: Path, rounds: int) -> None:
    recorder = Recorder(Redactor())
    number = 0

    def bare_thread() -> float:
        nonlocal number
        number += 1
        connection = sqlite3.connect(folder / f"bare-{number}.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        for statement in STATEMENTS:
            connection.execute(statement)
        events = [event() for _ in range(EVENTS)]

        def work() -> None:
            previous, seq = "0" * 64, 0
            for start in range(0, EVENTS, BATCH):
                rows = []
                for one in events[start : start + BATCH]:
                    seq += 1
                    place = f'{{"seq":{seq},"chain":"0123456789abcdef","n":{seq},"prev":"{previous}",'
                    time = '"recordedtime":"2026-11-20T19:00:00.000000Z",'
                    body = f"{place}{time}{recorder.event(one)[1:].decode()}"
                    previous = sha256(body.encode()).hexdigest()
                    rows.append((seq, body, previous))
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany("INSERT INTO records (seq, body, hash) VALUES (?, ?, ?)", rows)
                connection.execute("COMMIT")

        took = timed(work)
        connection.close()
        return took

    def through_the_bus() -> float:
        nonlocal number
        number += 1
        bus, writer = audited(folder / str(number), flush_every=BATCH)
        events = [event() for _ in range(EVENTS)]

        def work() -> None:
            for one in events:
                bus.publish_sync(one)
            writer.flush(forever)

        took = timed(work)
        writer.close(60)
        return took

    times = Best(bare=bare_thread, audit=through_the_bus).run(rounds)
    print(f"write {EVENTS:,} events: bare thread {times['bare']:.2f} s, audit {times['audit']:.2f} s")
    print(f"  ratio {times['audit'] / times['bare']:.2f}")


def examine(folder: Path, rounds: int) -> None:
    bus, writer = audited(folder, flush_every=1_000)
    for _ in range(EVENTS):
        bus.publish_sync(event())
    writer.close(60)
    path = folder / "audit.db"

    def bare_select() -> float:
        connection = sqlite3.connect(path)
        connection.text_factory = bytes

        def work() -> None:
            for (body,) in connection.execute("SELECT body FROM records ORDER BY seq"):
                sha256(body).digest()

        took = timed(work)
        connection.close()
        return took

    times = Best(
        bare=bare_select,
        verify=lambda: timed(lambda: verify(path)),
        without_indexes=lambda: timed(lambda: verify(path, indexes=False)),
    ).run(rounds)
    print(f"verify {EVENTS:,} records: bare SELECT with SHA-256 {times['bare']:.2f} s")
    for name in ("verify", "without_indexes"):
        print(f"  {name.replace('_', ' ')} {times[name]:.2f} s, at {times['bare'] / times[name]:.2f} of the speed")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {rounds} rounds")
    for measure in (publish, write, examine):
        with tempfile.TemporaryDirectory() as folder:
            measure(Path(folder), rounds)


if __name__ == "__main__":
    main()
