"""`Chain`: what one process adds to a trail, each record holding on to those before it."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import plugbus
from plugbus_audit.canon import CANON, GENESIS, Link, new_chain


__all__ = ("Chain", "creator", "now", "timestamp")


def now() -> str:
    """Return the time, ISO 8601, UTC, with microseconds."""
    return _iso(time.time_ns())


def timestamp(seconds: float) -> str:
    """Return a time since the epoch as `now` does."""
    return _iso(int(seconds * 1_000_000_000))


def _iso(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest // 1000:06}Z"


def creator() -> str:
    """Return which version writes; all distributions share one."""
    return f"plugbus-audit {plugbus.__version__}"


class Chain:
    """
    The chain of one process.

    What is added counts once it is `kept`; until then `begin` starts anew from what was kept last.

    Attributes:
        id: Its id.
        own: Where it ends.
        trail: Where the trail ended when this process last wrote to it.
        notes: What the record that opens the chain says besides.
    """

    def __init__(self) -> None:
        self.id = new_chain()
        self.own = Link()
        self.trail = Link()
        self.notes: dict[str, Any] = {}
        self._added = (0, GENESIS, 0, GENESIS)

    def note(self, **notes: Any) -> None:
        """Have the record that opens the chain say more."""
        self.notes.update(notes)

    def begin(self, trail: Link) -> None:
        """Go on after the last record of the trail, whoever wrote it."""
        own = self.own if self.own.number else Link(0, trail.hash)
        self._added = (own.number, own.hash, trail.number, trail.hash)

    @property
    def is_open(self) -> bool:
        """Whether it has a record, kept or not."""
        return self._added[0] > 0

    @property
    def added(self) -> tuple[int, str, int, str]:
        """Where chain and trail end with what was added and is not kept yet; may be set back."""
        return self._added

    @added.setter
    def added(self, state: tuple[int, str, int, str]) -> None:
        self._added = state

    def opening(self) -> bytes:
        """Return the row with which the chain begins."""
        says: Mapping[str, Any] = {
            "kind": "opened",
            "time": now(),
            "canon": CANON,
            "creator": creator(),
            "process": {"host": socket.gethostname(), "pid": os.getpid()},
            **self.notes,
        }
        return json.dumps(says, separators=(",", ":")).encode()

    def add(self, rows: Iterable[bytes]) -> list[tuple[int, str, str]]:
        """
        Add records.

        Args:
            rows: What they say, JSON objects.

        Returns:
            Number, body and hash of each.
        """
        made: list[tuple[int, str, str]] = []
        number, own, seq, trail = self._added
        chain, time = self.id, now()
        for row in rows:
            number += 1
            seq += 1
            above = "" if own == trail else f'"above":"{trail}",'
            body = f'{{"seq":{seq},"chain":"{chain}","n":{number},"prev":"{own}",{above}'
            body = f'{body}"recordedtime":"{time}",{row[1:].decode()}'
            own = trail = sha256(body.encode()).hexdigest()
            made.append((seq, body, own))
        self._added = (number, own, seq, trail)
        return made

    def keep(self) -> None:
        """Take note that what was added is on disk."""
        number, own, seq, trail = self._added
        self.own = Link(number, own)
        self.trail = Link(seq, trail)

    def recover(self, found: Sequence[tuple[int, str]]) -> None:
        """Take up records of this chain that are on disk although their write was reported as failed."""
        for number, hash in found:
            if number > self.own.number:
                self.own = Link(number, hash)
