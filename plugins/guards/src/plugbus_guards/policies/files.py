"""Files that are read again when they have changed, and whose last good content counts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from plugbus.errors import DefinitionError
from plugbus.logger import logger


if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


__all__ = ("FilePolicy",)

# What tells that a file has changed: its inode, size and time; None if it is gone.
_Mark = tuple[int, int, int] | None


class FilePolicy(ABC):
    """
    A policy made of files.

    Args:
        name: Its name.
        paths: The files.

    Attributes:
        problem: What was wrong with the files when they were looked at last; None if nothing.
    """

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name = name
        self.problem: str | None = None
        self._paths = paths
        self._marks = self._look()
        self._read()

    @abstractmethod
    def _read(self) -> None:
        """
        Read the files and take what is in them.

        Raises:
            DefinitionError: If they are not right; then nothing has changed.
        """

    def reload(self) -> bool:
        """
        Read the files again if they have changed; what is wrong is logged, and the last good policy stays.

        Returns:
            Whether there is a new policy.
        """
        marks = self._look()
        if marks == self._marks:
            return False
        self._marks = marks
        try:
            self._read()
        except DefinitionError as error:
            self.problem = str(error)
            logger.error("policy %s is not changed, the last good one stays: %s", self.name, error)
            return False
        self.problem = None
        logger.info("policy %s has been read again", self.name)
        return True

    def _look(self) -> tuple[_Mark, ...]:
        return tuple(_mark(path) for path in self._paths)


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
