"""Publishes the events of a source, line by line, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import attrs

from plugbus.bus import EventBus
from plugbus.cli.lines import LineSplitter
from plugbus.cli.tally import Tally, type_of
from plugbus.cli.text import one_line
from plugbus.codec import decode
from plugbus.errors import DecodeError


if TYPE_CHECKING:
    from plugbus.cli.source import Source

__all__ = ("Publisher",)


@attrs.define
class Publisher:
    """
    Publishes lines and keeps count of them.

    Args:
        bus: Where to publish.
        tally: A monitor of that bus, which knows who blocked an event.
        complain: Takes a line for the user about a line of the source.
        progress: Takes the bytes and the events of each step.
        strict: Stop at the first line that is no event.
        lines: Lines that are not empty.
        published: Events that reached their handlers.
        blocked: Events that a middleware stopped.
        refused: Those of them for which it raised.
        failed: Events that at least one handler failed on.
        bad: Lines that are no event.
    """

    bus: EventBus
    tally: Tally
    complain: Callable[[str], None]
    progress: Callable[[int, int], None]
    strict: bool = False
    lines: int = attrs.field(default=0, init=False)
    published: int = attrs.field(default=0, init=False)
    blocked: int = attrs.field(default=0, init=False)
    refused: int = attrs.field(default=0, init=False)
    failed: int = attrs.field(default=0, init=False)
    bad: int = attrs.field(default=0, init=False)

    @property
    def clean(self) -> bool:
        """Whether every line was an event that no handler failed on and that was not refused."""
        return not (self.bad or self.refused or self.failed)

    async def publish(self, source: Source) -> None:
        """
        Publish every line of a source and await its handlers, one after the other.

        Raises:
            OSError: If the source cannot be read.
            PlugbusError: If the bus itself cannot publish, for example because of a wrong `after`.
        """
        splitter = LineSplitter()
        async for chunk in source.chunks():
            if not await self._publish_lines(splitter.feed(chunk), source.name):
                return
            self.progress(len(chunk), self.published)
        await self._publish_lines(splitter.finish(), source.name)
        self.progress(0, self.published)

    async def _publish_lines(self, lines: Iterator[tuple[int, bytes | None]], name: str) -> bool:
        for number, line in lines:
            self.lines += 1
            try:
                event = _event(line)
            except DecodeError as error:
                self.bad += 1
                self.complain(one_line(f"{name}:{number}: {error}"))
                if self.strict:
                    return False
            else:
                await self._publish_event(event, name, number)
        return True

    async def _publish_event(self, event: object, name: str, number: int) -> None:
        tally = self.tally
        tally.forget_block()
        try:
            result = await self.bus.publish(event)
        except Exception as error:
            if tally.blocked_by is None:
                raise  # no middleware's word, but the bus's own
            self.blocked += 1
            self.refused += 1
            what = f"{type_of(event)} was refused by {tally.blocked_by}"
            self.complain(one_line(f"{name}:{number}: {what}: {type(error).__name__}: {error}"))
            return
        if result.blocked_by is not None:
            self.blocked += 1
            return
        self.published += 1
        if result.failures:
            self.failed += 1


def _event(line: bytes | None) -> object:
    if line is None:
        raise DecodeError("a line of at most 16 MiB", "a longer one")
    return decode(line)
