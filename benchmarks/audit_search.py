"""
What it costs to find something in a large audit trail, beside the bare SELECT or the bare reading of the files.

    python benchmarks/audit_search.py [RECORDS]

By default a million records of a hundred types over ten days, in either form; `100000` is quick. Shown are seconds, the
best of three, and for what reads everything the records a second, with the memory that the process had grown by.
"""

from __future__ import annotations

import io
import logging
import platform
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from plugbus_audit import AuditSettings, Filter, Trail, export
from plugbus_audit.assembly import make_store


RECORDS = 1_000_000
TYPES = 100
BEGIN = datetime(2026, 11, 10, tzinfo=UTC)
SPAN = timedelta(days=10)
ROUNDS = 3

# Of one type, within an hour.
NARROW = Filter(type="shop.t42", since=BEGIN + SPAN / 2, until=BEGIN + SPAN / 2 + timedelta(hours=1))
# Of ten types, within a day.
WIDE = Filter(type="shop.t4.*", since=BEGIN + SPAN / 2, until=BEGIN + SPAN / 2 + timedelta(days=1))


class Nowhere(io.RawIOBase):
    """A file that counts what is written."""

    def __init__(self) -> None:
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, content) -> int:
        self.size += len(content)
        return len(content)


def row(number: int, total: int) -> bytes:
    time = (BEGIN + SPAN * number / total).isoformat(timespec="microseconds").replace("+00:00", "Z")
    name = f"shop.t{number % TYPES}" if number % TYPES // 10 != 4 else f"shop.t4.x{number % 10}"
    name = "shop.t42" if number % TYPES == 42 else name
    return (
        b'{"kind":"event","specversion":"1.0","id":"%032x","source":"shop","type":"%b","time":"%b",'
        b'"datacontenttype":"application/json","correlationid":"%032x","data":{"user_id":%d,"note":"to be left with '
        b'the neighbors","items":[{"sku":"A-1","count":2},{"sku":"B-7","count":1}]}}'
        % (number, name.encode(), time.encode(), number // 10 * 10, number % 9_973)
    )


def fill(path: Path, form: str, total: int) -> None:
    store = make_store(AuditSettings(path=path, format=form), logging.getLogger("plugbus.audit"))
    store.open()
    for start in range(0, total, 5_000):
        store.write([row(number, total) for number in range(start, min(total, start + 5_000))])
    store.close()
    store.end()


def memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def best(call: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, object]:
    times, found = [], None
    for _ in range(rounds):
        start = perf_counter()
        found = call()
        times.append(perf_counter() - start)
    return min(times), found


def say(what: str, took: float, found: object, total: int | None = None) -> None:
    rate = f"  {total / took:>10,.0f} records a second, peak {memory():.0f} MB" if total else ""
    print(f"  {what:<52} {took:9.4f} s  found {found:>9,}{rate}", flush=True)


def length(where: Filter, trail: Trail, **options) -> int:
    return sum(1 for _ in trail.search(where, **options))


def bare_select(path: Path, where: Filter) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(
            "SELECT body, hash FROM records WHERE type = ? AND time >= ? AND time < ?",
            (where.type, where.since, where.until),
        )
        return len(found.fetchall())


def bare_read(path: Path) -> int:
    if path.is_dir():
        return sum(1 for segment in path.glob("*.jsonl") for _ in segment.open("rb"))
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        return sum(1 for _ in connection.execute("SELECT body, hash FROM records ORDER BY seq"))


def measure(path: Path, total: int) -> None:
    trail = Trail(path)
    if path.is_file():
        say("bare SELECT, one type, an hour", *best(lambda: bare_select(path, NARROW)))
    say("search, one type, an hour", *best(lambda: length(NARROW, trail)))
    say("search, pattern of ten types, a day", *best(lambda: length(WIDE, trail)))
    say("search, correlation id", *best(lambda: length(Filter(correlation_id=f"{total // 20 * 10:032x}"), trail)))
    say("the newest 20", *best(lambda: len(trail.tail(20))))
    say("show an id", *best(lambda: len(trail.show(f"{total // 2:032x}"))))
    say("bare reading of everything", *best(lambda: bare_read(path), 1), total)
    say("search, a field's value", *best(lambda: length(Filter(fields={"user_id": 77}), trail), 1), total)
    say("search, text that is nowhere", *best(lambda: length(Filter(text="elephant"), trail), 1), total)
    say("statistics", *best(lambda: trail.stats().total, 1), total)
    for form in ("jsonl", "csv", "parquet"):
        try:
            say(f"export as {form}", *best(lambda form=form: export(path, Nowhere(), form), 1), total)
        except ImportError as error:
            print(f"  {error}")


def main() -> None:
    total = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {total:,} records")
    for form in ("sqlite", "jsonl"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "trail"
            start = perf_counter()
            fill(path, form, total)
            print(f"{form}, written in {perf_counter() - start:.1f} s, peak {memory():.0f} MB")
            measure(path, total)


if __name__ == "__main__":
    main()
