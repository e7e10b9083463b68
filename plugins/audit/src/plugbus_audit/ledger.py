"""`Ledger`: one process's part in a trail, whatever the form of its file: its chain, its count, its checkpoints."""

from __future__ import annotations

from collections.abc import Callable, MutableSequence, Sequence
from logging import Logger
from pathlib import Path
from typing import Any

from plugbus_audit.canon import Link
from plugbus_audit.chain import Chain
from plugbus_audit.checkpoints import Checkpoints
from plugbus_audit.tally import Orphan, Tally, orphans


__all__ = ("Ledger",)


class Ledger:
    """
    What a store of records does besides writing them.

    Args:
        path: The trail.
        checkpoints: Makes checkpoints.
        logger: Told of what killed processes have lost.
        name: What the trail is called in the log.
        prepare: Called before records are written, for what has to be on disk first.
    """

    def __init__(
        self,
        path: Path,
        checkpoints: Checkpoints,
        logger: Logger,
        name: str,
        prepare: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self.chain = Chain()
        self.tally: MutableSequence[int] = [0]
        self.prepare = prepare
        self._checkpoints = checkpoints
        self._logger = logger
        self._name = name
        self._count: Tally | None = None
        self._orphans: list[Orphan] = []
        self._pending = 0
        self._is_uncertain = False

    def open(self, count_written: Callable[[Orphan], int]) -> None:
        """
        Begin to count, and report what processes that were killed have lost.

        Args:
            count_written: Tells how many rows of a killed process are on disk.

        Raises:
            OSError: If no file can be made beside the trail.
        """
        if self._count is not None:
            return
        self._checkpoints.prepare()
        for orphan in orphans(self.path):
            lost = max(0, orphan.accepted - count_written(orphan))
            if lost:
                self._logger.warning(
                    "%s: a process was killed before it had written all that it had accepted; lost: %d (chain %s)",
                    self._name, lost, orphan.chain,
                )  # fmt: skip
                self._orphans.append(orphan)
                known: list[dict[str, Any]] = self.chain.notes.get("lost", [])
                self.chain.note(lost=[*known, {"chain": orphan.chain, "records": lost}])
            else:
                orphan.remove()
        self._count = Tally.create(self.path, self.chain.id)
        if self._count is not None:
            self.tally = self._count.accepted

    def begin(self, trail: Link, find_own: Callable[[], Sequence[tuple[int, str]]]) -> None:
        """
        Go on after the last record of the trail.

        Args:
            trail: Its number and hash.
            find_own: Finds position and hash of this chain's records that were written later than it knows of.
        """
        if self._is_uncertain and trail.number > self.chain.trail.number:
            self.chain.recover(find_own())
        self._is_uncertain = True
        self._pending = 0
        self.chain.begin(trail)

    def add(self, rows: Sequence[bytes]) -> list[tuple[int, str, str]]:
        """Return number, body and hash of what is to be written next."""
        self._pending += len(rows)
        return self.chain.add(rows)

    def committed(self) -> None:
        """Take note that what was added is on disk."""
        self._is_uncertain = False
        chain = self.chain
        chain.keep()
        if self._count is not None:
            self._count.wrote(self._pending, chain.trail.number)
        for orphan in self._orphans:
            orphan.remove()
        self._orphans.clear()
        if self._checkpoints.is_due(chain.own.number):
            self.rest()

    def rest(self) -> None:
        """Make a checkpoint if anything was written since the last."""
        self._checkpoints.make(self.chain.id, self.chain.own.number, self.chain.trail)

    def replaced(self) -> None:
        """Begin another chain: the trail was removed or replaced, and the new one does not hold this one's records."""
        before = self.chain
        if self._count is not None:
            self._count.remove()
            self._count = None
        self.chain = Chain()
        if before.own.number:
            self.chain.note(replaced={"chain": before.id, "n": before.own.number, "hash": before.own.hash})
        self._checkpoints.start_over()

    def end(self) -> None:
        """Stop counting: everything that was accepted is on disk, and nothing is being accepted."""
        count, self._count = self._count, None
        if count is not None:
            self.tally = [self.tally[0]]
            count.remove()
            count.close()
