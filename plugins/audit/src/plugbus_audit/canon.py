"""
The canonical form of a record: the bytes that are hashed, and how each record holds on to those before it.

A record is one JSON object in UTF-8 without line breaks. Its first members say where it stands: `seq`, `chain`, `n`,
`prev`, `above` if the record right before it in the trail is of another chain, and `recordedtime`. The hash of a
record is the SHA-256 of exactly these bytes, as they are stored; nothing is ever serialized again to check it.
"""

from __future__ import annotations

import hashlib
import os

import attrs
import msgspec


__all__ = ("CANON", "GENESIS", "Header", "Link", "digest", "from_line", "new_chain", "read_header", "to_line")

# The name of this form, in the file and in each record that opens a chain.
CANON = "plugbus-audit/2"
# What the very first record holds on to.
GENESIS = "0" * 64

# In a file of JSON lines the hash is the last member of its line, and no part of what is hashed.
_HASH = b',"hash":"'
_TAIL = len(_HASH) + 64 + len(b'"}')


class Header(msgspec.Struct, frozen=True, gc=False):
    """Where a record stands, as it says itself."""

    seq: int
    chain: str
    n: int
    prev: str
    kind: str = ""
    above: str | None = None


@attrs.frozen
class Link:
    """
    Where a chain, or a trail, ends.

    Args:
        number: The position of its last record: `n` in a chain, `seq` in a trail; 0 if there is none.
        hash: The hash of that record.
    """

    number: int = 0
    hash: str = GENESIS


read_header = msgspec.json.Decoder(Header).decode


def digest(body: bytes) -> str:
    """Return the hash of a record."""
    return hashlib.sha256(body).hexdigest()


def new_chain() -> str:
    """Return an id for a chain: 16 hexadecimal digits."""
    return os.urandom(8).hex()


def to_line(body: bytes, hash: str) -> bytes:
    """Return a record as a line of a file of JSON lines."""
    return b'%b%b%b"}\n' % (body[:-1], _HASH, hash.encode())


def from_line(line: bytes) -> tuple[bytes, str]:
    """
    Return body and hash of a line.

    Raises:
        ValueError: If it does not end as a line of a trail does.
    """
    line = line.rstrip(b"\n")
    tail = line[-_TAIL:]
    if not (tail.startswith(_HASH) and tail.endswith(b'"}')):
        raise ValueError("a line that does not end with the hash of a record")
    return line[:-_TAIL] + b"}", tail[len(_HASH) : -2].decode("ascii", "replace")
