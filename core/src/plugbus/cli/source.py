"""Where `plugbus publish` reads from: a file, or a stream such as standard input."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import attrs


if TYPE_CHECKING:
    from collections.abc import AsyncIterator


__all__ = ("Source", "open_source")

_CHUNK = 64 * 1024
_READ_AHEAD = 4


@attrs.frozen
class Source:
    """
    An open source of bytes.

    Args:
        name: What messages call it.
        size: Its size in bytes, None if nobody knows.
    """

    name: str
    size: int | None
    _descriptor: int

    async def chunks(self) -> AsyncIterator[bytes]:
        """
        Yield what is there, in pieces; the loop has a turn before each.

        Raises:
            OSError: If it cannot be read.
        """
        if self.size is None:
            async for chunk in _stream(self._descriptor):
                yield chunk
        else:
            while chunk := os.read(self._descriptor, _CHUNK):
                yield chunk
                # Handlers that never wait would otherwise keep plugins' timers, and Ctrl-C, out.
                await asyncio.sleep(0)

    def close(self) -> None:
        """Close it, unless it is standard input."""
        if self._descriptor:
            os.close(self._descriptor)


def open_source(file: str) -> Source:
    """
    Open a file, or standard input for "-".

    Raises:
        OSError: If it cannot be opened, or is a folder.
    """
    if file == "-":
        return _source("<stdin>", 0)
    if Path(file).is_dir():
        raise IsADirectoryError(f"{file} is a folder, not a file")
    return _source(file, os.open(file, os.O_RDONLY | getattr(os, "O_BINARY", 0)))


def _source(name: str, descriptor: int) -> Source:
    status = os.fstat(descriptor)
    return Source(name, (status.st_size or None) if stat.S_ISREG(status.st_mode) else None, descriptor)


async def _stream(descriptor: int) -> AsyncIterator[bytes]:
    # A thread that may stay in `read` for ever, so it is none of the executor's, which are waited for at exit.
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room = threading.Semaphore(_READ_AHEAD)

    def read() -> None:
        chunk: bytes | OSError
        while True:
            room.acquire()
            try:
                chunk = os.read(descriptor, _CHUNK)
            except OSError as error:
                chunk = error
            try:
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)
            except RuntimeError:
                return  # the loop is closed: nobody reads any more
            if not chunk or isinstance(chunk, OSError):
                return

    threading.Thread(target=read, name="plugbus-publish-input", daemon=True).start()
    while True:
        chunk = await chunks.get()
        room.release()
        if isinstance(chunk, OSError):
            raise chunk
        if not chunk:
            return
        yield chunk
