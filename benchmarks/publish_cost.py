"""
What a publish costs, beside the raw loop of calls that it stands for.

    python benchmarks/publish_cost.py [ROUNDS]

Everything is timed in one process and in interleaved rounds, so that what slows the machine down slows all alike. The
garbage collector is off while the clock runs. Shown are the minima of all rounds, in microseconds for one publish, and
how many times the minimum of the raw loop that is. Handlers do nothing and return None; the event is made once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import platform
import sys
import threading
from collections.abc import Awaitable, Callable
from itertools import repeat
from time import perf_counter_ns
from typing import Any

import attrs

from plugbus import EventBase, EventBus, event


ROUNDS = 40
# Nanoseconds that one sample takes at least, so that the clock's own cost does not count.
SAMPLE = 2_000_000

Call = Callable[[Any], Any]
# Times so many calls; returns nanoseconds for all of them.
Timer = Callable[[Call, int], int]


@event("benchmark.run")
class BenchmarkRun(EventBase):
    number: int


EVENT = BenchmarkRun(number=1)


@attrs.define
class Measured:
    """One thing that is timed, and its best time so far in nanoseconds."""

    call: Call
    timer: Timer
    number: int = 1
    best: float = float("inf")

    def calibrate(self) -> None:
        self.timer(self.call, 1)  # the first publish starts the bus and compiles its plan
        while self.timer(self.call, self.number) < SAMPLE:
            self.number *= 2

    def sample(self) -> None:
        self.best = min(self.best, self.timer(self.call, self.number) / self.number)


@attrs.frozen
class Row:
    """A line of the table: a raw loop and what is compared with it."""

    verb: str
    handlers: str
    raw: Measured
    correlated: Measured
    uncorrelated: Measured
    gathered: Measured | None = None

    @property
    def all(self) -> list[Measured]:
        return [one for one in (self.raw, self.correlated, self.uncorrelated, self.gathered) if one is not None]


def time_calls(call: Call, number: int) -> int:
    given = EVENT
    start = perf_counter_ns()
    for _ in repeat(None, number):
        call(given)
    return perf_counter_ns() - start


async def time_awaits(call: Callable[[Any], Awaitable[Any]], number: int) -> int:
    given = EVENT
    start = perf_counter_ns()
    for _ in repeat(None, number):
        await call(given)
    return perf_counter_ns() - start


def sync_handlers(count: int) -> list[Call]:
    def make() -> Call:
        def handler(event: BenchmarkRun) -> None:
            pass

        return handler

    return [make() for _ in range(count)]


def async_handlers(count: int) -> list[Call]:
    def make() -> Call:
        async def handler(event: BenchmarkRun) -> None:
            pass

        return handler

    return [make() for _ in range(count)]


def bus_with(handlers: tuple[Call, ...], *, correlation: bool) -> EventBus:
    bus = EventBus(correlation=correlation)
    for handler in handlers:
        bus.subscribe(BenchmarkRun, handler)
    return bus


@attrs.frozen
class Bench:
    """Makes the rows of the table; awaits run on one loop, hand-overs of the raw loop on another thread's."""

    loop: asyncio.AbstractEventLoop
    other_loop: asyncio.AbstractEventLoop

    def rows(self) -> list[Row]:
        return [
            *map(self.called, (0, 1, 10, 100)),
            *map(self.called_from_async, (0, 1, 10, 100)),
            *map(self.awaited, (1, 10)),
            *map(self.handed_over, (1, 10)),
        ]

    def called(self, count: int) -> Row:
        handlers = tuple(sync_handlers(count))

        def raw(event: BenchmarkRun) -> None:
            for handler in handlers:
                handler(event)

        return Row("publish_sync", f"{count} sync", Measured(raw, time_calls), *self._both(handlers, "publish_sync"))

    def called_from_async(self, count: int) -> Row:
        handlers = tuple(sync_handlers(count))

        async def raw(event: BenchmarkRun) -> None:
            for handler in handlers:
                handler(event)

        return Row("publish", f"{count} sync", Measured(raw, self._time_awaits), *self._both(handlers, "publish"))

    def awaited(self, count: int) -> Row:
        handlers = tuple(async_handlers(count))

        async def raw(event: BenchmarkRun) -> None:
            for handler in handlers:
                await handler(event)

        async def gathered(event: BenchmarkRun) -> None:
            await asyncio.gather(*[handler(event) for handler in handlers])

        one, other = Measured(raw, self._time_awaits), Measured(gathered, self._time_awaits)
        return Row("publish", f"{count} async", one, *self._both(handlers, "publish"), other)

    def handed_over(self, count: int) -> Row:
        handlers = tuple(async_handlers(count))

        async def each(event: BenchmarkRun) -> None:
            for handler in handlers:
                await handler(event)

        def raw(event: BenchmarkRun) -> None:
            asyncio.run_coroutine_threadsafe(each(event), self.other_loop).result()

        return Row("publish_sync", f"{count} async", Measured(raw, time_calls), *self._both(handlers, "publish_sync"))

    def _both(self, handlers: tuple[Call, ...], verb: str) -> tuple[Measured, Measured]:
        timer = self._time_awaits if verb == "publish" else time_calls
        on, off = (getattr(bus_with(handlers, correlation=value), verb) for value in (True, False))
        return Measured(on, timer), Measured(off, timer)

    def _time_awaits(self, call: Call, number: int) -> int:
        return self.loop.run_until_complete(time_awaits(call, number))


def run(table: list[Row], rounds: int) -> None:
    measured = [one for row in table for one in row.all]
    for one in measured:
        one.calibrate()
    for number in range(rounds):
        gc.collect()
        gc.disable()
        # Each round begins elsewhere: nobody always comes after the same neighbor.
        start = number % len(measured)
        for one in measured[start:] + measured[:start]:
            one.sample()
        gc.enable()


def show(table: list[Row], rounds: int) -> None:
    print(f"{platform.python_implementation()} {platform.python_version()}, {rounds} rounds, microseconds\n")
    print("| verb | handlers | raw loop | correlation | x raw | no correlation | x raw | gather | x gather |")
    print("|---|---|--:|--:|--:|--:|--:|--:|--:|")
    for row in table:
        cells = [f"{row.raw.best / 1000:.3f}"]
        for one in (row.correlated, row.uncorrelated):
            cells += [f"{one.best / 1000:.3f}", f"{one.best / row.raw.best:.2f}"]
        if row.gathered is None:
            cells += ["", ""]
        else:
            cells += [f"{row.gathered.best / 1000:.3f}", f"{row.correlated.best / row.gathered.best:.2f}"]
        print(f"| `{row.verb}` | {row.handlers} | {' | '.join(cells)} |")
    print("\nWith async handlers the raw loop of `publish_sync` runs on another thread's loop, as those of the bus do.")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    logging.getLogger("plugbus").setLevel(logging.WARNING)
    loop, other_loop = asyncio.new_event_loop(), asyncio.new_event_loop()
    threading.Thread(target=other_loop.run_forever, daemon=True).start()
    table = Bench(loop, other_loop).rows()
    run(table, rounds)
    show(table, rounds)
    loop.close()


if __name__ == "__main__":
    main()
