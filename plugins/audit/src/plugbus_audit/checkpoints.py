"""Checkpoints: how a trail ended at some moment, kept apart from it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from logging import Logger
from pathlib import Path

import attrs

from plugbus_audit.canon import CANON, Link
from plugbus_audit.chain import now
from plugbus_audit.errors import TrailUnusable
from plugbus_audit.signing import Signer


__all__ = ("EVERY", "Checkpoint", "Checkpoints", "read_checkpoints")

# Records of a chain after which a checkpoint is made at the latest.
EVERY = 10_000

_SIGNATURE = b',"signature":"'


@attrs.frozen(kw_only=True)
class Checkpoint:
    """
    How a trail ended at some moment.

    Args:
        time: When it was made, ISO 8601, UTC.
        chain: The chain of the process that made it.
        n: The position of its last record in that chain.
        seq: The number of that record in the trail.
        hash: The hash of that record.
        signed: The bytes that were signed.
        signature: The signature, base64; None if there is none.
    """

    time: str
    chain: str
    n: int
    seq: int
    hash: str
    signed: bytes
    signature: str | None = None


class Checkpoints:
    """
    Makes checkpoints, in a file and in the log.

    Args:
        path: The file; None for the log alone.
        signer: Signs them; None if nobody does.
        logger: Where they are printed.
        name: What they are of, for the log.
    """

    def __init__(self, path: Path | None, signer: Signer | None, logger: Logger, name: str) -> None:
        self._path = path
        self._signer = signer
        self._logger = logger
        self._name = name
        self._made = 0

    def prepare(self) -> None:
        """
        Find out whether checkpoints can be made.

        Raises:
            TrailUnusable: If the file cannot be written, or the key cannot be used.
            MissingExtra: If what signs is not installed.
        """
        if self._signer is not None:
            self._signer.load()
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644))
        except OSError as error:
            raise TrailUnusable(
                f"cannot write the checkpoints {self._path}: {error.strerror or error}; give another checkpoint_path"
            ) from error

    def is_due(self, n: int) -> bool:
        """Tell whether it is time for another one, at the latest."""
        return n - self._made >= EVERY

    def make(self, chain: str, n: int, trail: Link) -> None:
        """
        Make one, unless nothing was written since the last. What goes wrong is logged: the records are on disk.

        Args:
            chain: The chain that ends here.
            n: The position of its last record.
            trail: That record's number and hash.
        """
        if n == self._made:
            return
        told = {"canon": CANON, "time": now(), "chain": chain, "n": n, "seq": trail.number, "hash": trail.hash}
        line = json.dumps(told, separators=(",", ":")).encode()
        try:
            if self._signer is not None:
                line = b'%b%b%b"}' % (line[:-1], _SIGNATURE, self._signer.sign(line).encode())
            if self._path is not None:
                _append(self._path, line + b"\n")
        except Exception:
            self._logger.exception("%s: a checkpoint could not be made; the next write tries again", self._name)
            return
        self._made = n
        self._logger.info("%s: checkpoint %s", self._name, line.decode())

    def start_over(self) -> None:
        """Take note that another chain has begun."""
        self._made = 0


def _append(path: Path, line: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(file, line)  # at once, since other processes append to it too
        os.fsync(file)
    finally:
        os.close(file)


def read_checkpoints(path: Path) -> Iterator[Checkpoint]:
    """
    Yield the checkpoints in a file.

    Raises:
        TrailUnusable: If it cannot be read, or a line is none.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise TrailUnusable(f"cannot read the checkpoints {path}: {error.strerror or error}") from error
    for number, line in enumerate(lines, 1):
        signed, mark, _ = line.partition(_SIGNATURE)
        try:
            found = json.loads(line)
            yield Checkpoint(
                time=str(found["time"]),
                chain=str(found["chain"]),
                n=int(found["n"]),
                seq=int(found["seq"]),
                hash=str(found["hash"]),
                signed=signed + b"}" if mark else line,
                signature=found.get("signature"),
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            raise TrailUnusable(f"{path}, line {number}, is no checkpoint of an audit trail") from None
