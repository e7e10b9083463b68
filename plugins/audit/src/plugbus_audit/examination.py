"""The examination of records one after the other: does each hold on to those before it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import attrs
import msgspec

from plugbus_audit.canon import CANON, GENESIS, Header, read_header
from plugbus_audit.problems import Problem


__all__ = ("Examination", "Tombstone")

# More problems than this say nothing new.
_MOST = 100


@attrs.frozen
class Tombstone:
    """What the record of a purge says: every record up to `through` may be gone, whose hash was `hash`."""

    seq: int
    through: int
    hash: str


@attrs.define
class Examination:
    """
    Takes records in their order.

    Args:
        start: Where the records that are left may begin: the last tombstone that may be trusted, None if all records
            must be there.
        marks: Hashes that records must have, by their numbers.
    """

    start: Tombstone | None = None
    marks: Mapping[int, str] = attrs.field(factory=dict)
    problems: list[Problem] = attrs.field(factory=list)
    records: int = 0
    last: int = 0
    _above: str | None = GENESIS
    _chains: dict[str, tuple[int, str]] = attrs.field(factory=dict)
    _has_begun: bool = False

    def fault(self, seq: int | None, message: str) -> None:
        """Take note of a problem."""
        if len(self.problems) < _MOST:
            self.problems.append(Problem(seq, message))

    @property
    def chains(self) -> int:
        """How many chains there are."""
        return len(self._chains)

    def take(self, rows: Sequence[tuple[int, bytes | None, bytes | None]]) -> None:
        """
        Examine records.

        Args:
            rows: Number, body and hash of each; None for what is no text.
        """
        marks = self.marks
        chain, n, last, above = b"", 0, -1, b""
        for seq, body, hash in rows:
            own = sha256(body or b"").hexdigest()
            # Nearly all records follow one of their own chain, and then their first bytes are known.
            start = b'{"seq":%d,"chain":"%b","n":%d,"prev":"%b","recordedtime"' % (seq, chain, n + 1, above)
            if seq == last + 1 and body is not None and body.startswith(start) and hash == own.encode():
                n, last, above = n + 1, seq, hash
            else:
                self._catch_up(chain, n, last, above)
                chain, n, last, above = self._take_with_care(seq, body, hash, own)
            if seq in marks and marks[seq] != own:
                self.fault(seq, "it is not the record that was there when the checkpoint was made")
        self._catch_up(chain, n, last, above)
        self.records += len(rows)

    def _catch_up(self, chain: bytes, n: int, last: int, above: bytes) -> None:
        """Take note of where a run of records has ended."""
        if chain:
            self._chains[chain.decode()] = (n, above.decode())
            self.last, self._above = last, above.decode()

    def _take_with_care(
        self, seq: int, body: bytes | None, hash: bytes | None, own: str
    ) -> tuple[bytes, int, int, bytes]:
        """Examine a record; return its chain, its position there, its number and its hash, as far as it is sound."""
        if not self._has_begun:
            self._has_begun = True
            self.last, self._above = self._begin(seq)
        if seq != self.last + 1:
            self._gap(self.last, seq)
            self._above = None
        header = self._header(seq, body, hash, own)
        if header is None:
            self.last, self._above = seq, None
            return b"", 0, -1, b""
        self._compare(header, self._above)
        return header.chain.encode(), header.n, seq, own.encode()

    def _compare(self, header: Header, above: str | None) -> None:
        """Compare what a record holds on to with what is there; `above` is None where that is known to be broken."""
        seq, before = header.seq, self._chains.get(header.chain)
        if above is not None and (header.prev if header.above is None else header.above) != above:
            self.fault(max(1, seq - 1), f"it is not the record that record {seq:,} was written after")
        elif before is None and header.n != 1 and self.start is None:
            self.fault(seq, f"the {header.n - 1:,} records before it in its chain are missing")
        elif before is not None and above is not None and (header.n, header.prev) != (before[0] + 1, before[1]):
            self.fault(seq, "it does not follow the record before it in its chain")

    def end(self) -> None:
        """Compare what is there with the checkpoints that lie behind the end."""
        behind = [seq for seq in self.marks if seq > self.last]
        if behind:
            self.fault(
                self.last + 1, f"records are missing at the end: there was a checkpoint of record {max(behind):,}"
            )

    def _begin(self, seq: int) -> tuple[int, str | None]:
        start = self.start
        if start is None or start.through == 0:
            return 0, GENESIS
        if seq == start.through + 1:
            return start.through, start.hash
        if seq <= start.through:
            return seq - 1, None  # the purge has not come to its end
        return start.through, start.hash

    def _gap(self, last: int, seq: int) -> None:
        if seq <= last:
            self.fault(seq, f"it comes after record {last:,}")
        elif seq == last + 2:
            self.fault(last + 1, "it is missing")
        else:
            self.fault(last + 1, f"it is missing, and all up to record {seq - 1:,}")

    def _header(self, seq: int, body: bytes | None, hash: bytes | None, own: str) -> Header | None:
        if body is None or hash is None:
            self.fault(seq, "it was changed: it is no text")
            return None
        if hash != own.encode():
            self.fault(seq, "it was changed: its hash is another one")
            return None
        try:
            header = read_header(body)
        except (msgspec.MsgspecError, UnicodeError):
            self.fault(seq, f"it is no record in the form {CANON}")
            return None
        if header.seq != seq:
            self.fault(seq, f"it was moved: it says that it is record {header.seq:,}")
            return None
        return header
