"""Commitments: what a removed value was can be proven later, by whoever has the value and its salt."""

from __future__ import annotations

import json
import os
from collections import deque
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from plugbus_audit.errors import TrailUnusable


__all__ = ("CommitmentBook", "commitment_of", "prove")

_SALT_BYTES = 16
_to_json = msgspec.json.Encoder(order="deterministic", enc_hook=repr).encode


def commitment_of(value: Any, salt: bytes) -> str:
    """Return the commitment of a value: SHA-256 of the salt and the value as JSON with its keys sorted."""
    try:
        told = _to_json(value)
    except Exception:  # noqa: BLE001  (a secret may be any object; what has no JSON form is told by its repr)
        told = repr(value).encode("utf-8", "backslashreplace")
    return sha256(salt + told).hexdigest()


class CommitmentBook:
    """
    Makes commitments, and keeps their salts in a file of their own.

    Beside the trail a salt would let anybody find a short secret by trying; so the file belongs elsewhere.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unsaved: deque[tuple[str, str, str]] = deque()

    def mark(self, kind: str, value: Any) -> str:
        """Return the marker for a removed value, with its commitment."""
        salt = os.urandom(_SALT_BYTES)
        made = commitment_of(value, salt)
        self._unsaved.append((made, salt.hex(), kind))
        return f"[redacted:{kind}:sha256:{made}]"

    def save(self) -> None:
        """
        Write the salts of the commitments that were made; called before the records are written that have them.

        Raises:
            OSError: If the file cannot be written.
        """
        count = len(self._unsaved)
        if not count:
            return
        lines = "".join(
            json.dumps({"commitment": made, "salt": salt, "kind": kind}, separators=(",", ":")) + "\n"
            for made, salt, kind in (self._unsaved[index] for index in range(count))
        )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            written = os.write(file, lines.encode())
            if written < len(lines):
                os.ftruncate(file, os.fstat(file).st_size - written)
                raise OSError(28, f"no space left for the salts of commitments, {self._path}")
            os.fsync(file)
        finally:
            os.close(file)
        for _ in range(count):
            self._unsaved.popleft()


def prove(path: Path, commitment: str, value: Any) -> bool:
    """
    Tell whether a value is the one that was removed.

    Args:
        path: The file with the salts.
        commitment: The digits in the marker.
        value: The value that is claimed.

    Raises:
        TrailUnusable: If the file cannot be read, or holds no salt for the commitment.
    """
    for salt in _salts(path, commitment):
        return commitment_of(value, salt) == commitment
    raise TrailUnusable(f"{path} holds no salt for the commitment {commitment}")


def _salts(path: Path, commitment: str) -> Iterator[bytes]:
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                if commitment in line:
                    yield bytes.fromhex(json.loads(line)["salt"])
    except (OSError, ValueError, KeyError) as error:
        raise TrailUnusable(f"cannot read the salts of commitments {path}: {error}") from error
