"""Events as Parquet; pyarrow comes with `plugbus-audit[parquet]`."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, BinaryIO, Self

from plugbus.errors import MissingExtra
from plugbus_audit.exporting import COLUMNS, row_of
from plugbus_audit.record import Record


__all__ = ("ParquetSheet",)

# What is held in memory before it is written: so many rows, or so many bytes.
_ROWS = 10_000
_BYTES = 16 * 1024 * 1024
_TIMES = {"recorded", "time"}


class ParquetSheet:
    """
    Writes one row group after the other, so that memory does not grow with their number.

    Args:
        file: An open binary file.

    Raises:
        MissingExtra: If pyarrow is not installed.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._arrow = _imported("pyarrow")
        self._parquet = _imported("pyarrow.parquet")
        self._file = file
        self._rows: list[tuple[Any, ...]] = []
        self._size = 0
        self._schema = self._arrow.schema([self._arrow.field(name, self._type_of(name)) for name in COLUMNS])
        self._writer: Any = None

    def write(self, records: Sequence[Record]) -> None:
        """Take records, and write a row group when there are enough."""
        for record in records:
            self._rows.append(row_of(record))
            self._size += len(record.body)
            if len(self._rows) >= _ROWS or self._size >= _BYTES:
                self._flush()

    def __enter__(self) -> Self:
        self._writer = self._parquet.ParquetWriter(self._file, self._schema, compression="zstd")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None and self._rows:
                self._flush()
        finally:
            self._writer.close()

    def _flush(self) -> None:
        columns = zip(*self._rows, strict=True)
        arrays = [
            self._arrow.array(map(_time, column) if name in _TIMES else column, type=self._schema.field(name).type)
            for name, column in zip(COLUMNS, columns, strict=True)
        ]
        self._writer.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()
        self._size = 0

    def _type_of(self, name: str) -> Any:
        if name in _TIMES:
            return self._arrow.timestamp("us", tz="UTC")
        return self._arrow.int64() if name == "seq" else self._arrow.string()


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingExtra(
            "to export as Parquet, pyarrow is needed; install it: pip install 'plugbus-audit[parquet]'"
        ) from error


def _time(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
