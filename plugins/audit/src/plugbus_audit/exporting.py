"""`export`: the events of a trail for other programs, as JSON lines, CSV or Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Literal, Protocol, Self

from plugbus_audit.cloudevents import cloudevent_line
from plugbus_audit.errors import InvalidFilter
from plugbus_audit.filters import Filter
from plugbus_audit.record import EVENTS, Record
from plugbus_audit.selection import Progress, select


__all__ = ("COLUMNS", "ExportFormat", "Sheet", "export", "row_of")

ExportFormat = Literal["jsonl", "csv", "parquet"]

# Of CSV and Parquet.
COLUMNS = (
    "seq",
    "recorded",
    "time",
    "kind",
    "type",
    "version",
    "id",
    "source",
    "correlation_id",
    "causation_id",
    "blocked_by",
    "failed",
    "unencodable",
    "data",
)

_EVERYTHING = Filter()


class Sheet(AbstractContextManager["Sheet"], Protocol):
    """Takes records and writes them in some form; what is left is written at its end."""

    def write(self, records: Sequence[Record]) -> None:
        """Write records."""


def row_of(record: Record) -> tuple[int | str | None, ...]:
    """Return what stands in the columns."""
    data = record.raw_data
    return (
        record.seq,
        record.recorded,
        record.time,
        record.kind,
        record.type,
        record.version,
        record.id,
        record.source,
        record.correlation_id,
        record.causation_id,
        record.blocked_by,
        ",".join(record.failures) or None,
        record.unencodable,
        data.decode() if data is not None else None,
    )


def export(
    path: str | Path,
    file: BinaryIO,
    form: ExportFormat = "jsonl",
    where: Filter = _EVERYTHING,
    *,
    progress: Progress | None = None,
) -> int:
    """
    Write the events of a trail into a file, batch by batch.

    Args:
        path: The trail.
        file: An open binary file.
        form: `jsonl` for CloudEvents objects, one a line; `csv`; or `parquet`.
        where: Which events.
        progress: Called now and then with how much was looked at, how much there is, and how many were written.

    Returns:
        How many events were written.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it cannot be read.
        InvalidFilter: If the filter means records that are no events.
        MissingExtra: For Parquet, if `plugbus-audit[parquet]` is not installed.
        OSError: If the file cannot be written.
    """
    if not set(where.kinds) <= set(EVENTS):
        raise InvalidFilter(f"an export is of events: expected kinds of {', '.join(EVENTS)}, got {where.kinds}")
    written = 0
    with _SHEETS[form](file) as sheet, closing(select(Path(path), where, progress=progress)) as batches:
        for records in batches:
            sheet.write(records)
            written += len(records)
    return written


class _Lines:
    """CloudEvents objects, one a line."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def write(self, records: Sequence[Record]) -> None:
        self._file.write(b"".join(b"%b\n" % cloudevent_line(record) for record in records))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._file.flush()


class _Csv(_Lines):
    """Rows with commas, RFC 4180, UTF-8, the names of the columns first."""

    def __enter__(self) -> Self:
        self._write_rows([COLUMNS])
        return self

    def write(self, records: Sequence[Record]) -> None:
        self._write_rows([row_of(record) for record in records])

    def _write_rows(self, rows: Sequence[Sequence[int | str | None]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows(rows)
        self._file.write(text.getvalue().encode())


def _parquet(file: BinaryIO) -> Sheet:
    from plugbus_audit.parquet import ParquetSheet

    return ParquetSheet(file)


_SHEETS: dict[ExportFormat, Callable[[BinaryIO], Sheet]] = {"jsonl": _Lines, "csv": _Csv, "parquet": _parquet}
