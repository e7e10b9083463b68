"""The event log on the command line: what happens a million times is shown once."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from plugbus.cli.text import amount, printable
from plugbus.logger import logger


if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


__all__ = ("EventLogHandler", "shown_event_log")

_MOST_ALIKE = 10


class EventLogHandler(logging.Handler):
    """
    Shows warnings and errors: one traceback for each place that raises, ten of other messages of one kind.

    Args:
        write: Takes printable text.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
        self._write = write
        self._seen: Counter[object] = Counter()
        self.left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Show the record, unless others like it were shown already."""
        kind, most = _kind_of(record)
        self._seen[kind] += 1
        if self._seen[kind] > most:
            self.left_out += 1
            return
        try:
            self._write("\n".join(printable(line) for line in self.format(record).splitlines()))
        except Exception:  # noqa: BLE001  (the library's way: a log that cannot be written stops nobody)
            self.handleError(record)


@contextmanager
def shown_event_log(write: Callable[[str], None]) -> Iterator[None]:
    """Show the event log while the block runs, unless the application has taken it into its own hands."""
    if logger.hasHandlers():
        yield
        return
    handler = EventLogHandler(write)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        if handler.left_out:
            write(f"{amount(handler.left_out, 'message')} like those above left out.")


def _kind_of(record: logging.LogRecord) -> tuple[object, int]:
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return record.msg, _MOST_ALIKE
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = (place.tb_frame.f_code, place.tb_lineno) if place is not None else None
    return (type(error), where), 1
