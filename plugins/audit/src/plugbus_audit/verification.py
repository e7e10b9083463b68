"""`verify`: was anything in a trail changed, removed, inserted, moved or cut off?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from plugbus_audit.checkpoints import Checkpoint, read_checkpoints
from plugbus_audit.examination import Examination
from plugbus_audit.problems import Problem, Verification
from plugbus_audit.signing import Verifier


if TYPE_CHECKING:
    from plugbus_audit.verify_segments import SegmentSource
    from plugbus_audit.verify_sqlite import SqliteSource

__all__ = ("Progress", "verify")

# Told how many records were examined, and how many there are.
Progress = Callable[[int, int], None]


def verify(
    path: str | Path,
    *,
    checkpoint_path: str | Path | None = None,
    public_key: str | Path | None = None,
    indexes: bool = True,
    progress: Progress | None = None,
) -> Verification:
    """
    Examine a trail, while others may write it.

    Args:
        path: The trail, a database or a folder of JSON lines.
        checkpoint_path: Its checkpoints, from where whoever could change the trail cannot write. Without them a trail
            that was rewritten as a whole, or cut off, looks fine.
        public_key: The Ed25519 key, PEM, that every checkpoint has to be signed with.
        indexes: Whether the indexes that searches use are compared with the records too; in a trail of JSON lines
            there are none.
        progress: Called now and then with the number of records examined so far, and of all.

    Returns:
        What was found.

    Raises:
        NoTrail: If there is no trail.
        TrailUnusable: If it is no trail, of another format, or the checkpoints or the key cannot be read.
        MissingExtra: If a key is given and `plugbus-audit[sign]` is not installed.
    """
    path = Path(path)
    # Read first: what they vouch for was on disk then, so it has to be in what is looked at next.
    checkpoints = _Checkpoints.read(checkpoint_path, public_key)
    with _source(path, indexes=indexes) as source:
        trusted = [
            stone for stone in source.tombstones() if checkpoints.vouched is None or stone.seq <= checkpoints.vouched
        ]
        start = max(trusted, key=lambda stone: stone.through, default=None)
        first = source.first() if start is not None else 0
        examination = Examination(
            start=start, marks={seq: hash for seq, hash in checkpoints.marks.items() if seq >= first}
        )
        examination.problems += checkpoints.problems
        total = source.count()
        done = 0
        for rows in source.batches(examination):
            examination.take(rows)
            done += len(rows)
            if progress is not None:
                progress(done, total)
        examination.end()
        source.examine(examination)
    return Verification(
        records=examination.records,
        chains=examination.chains,
        purged=start.through if start is not None else 0,
        checkpoints=len(examination.marks),
        vouched=checkpoints.vouched or 0,
        problems=tuple(sorted(examination.problems, key=lambda problem: (problem.seq is None, problem.seq or 0))),
    )


def _source(path: Path, *, indexes: bool) -> SqliteSource | SegmentSource:
    if path.is_dir():
        from plugbus_audit.verify_segments import SegmentSource

        return SegmentSource(path)
    from plugbus_audit.verify_sqlite import SqliteSource

    return SqliteSource(path, indexes=indexes)


@attrs.define
class _Checkpoints:
    """What the checkpoints say: hashes by number, the last number, and what is wrong with them."""

    marks: dict[int, str] = attrs.field(factory=dict)
    vouched: int | None = None
    problems: list[Problem] = attrs.field(factory=list)

    @classmethod
    def read(cls, path: str | Path | None, public_key: str | Path | None) -> _Checkpoints:
        made = cls()
        if path is None:
            return made
        made.vouched = 0
        verifier = Verifier(Path(public_key)) if public_key is not None else None
        for checkpoint in read_checkpoints(Path(path)):
            made._take(checkpoint, verifier)
        return made

    def _take(self, checkpoint: Checkpoint, verifier: Verifier | None) -> None:
        seq = checkpoint.seq
        if verifier is not None and not verifier.is_genuine(checkpoint.signature, checkpoint.signed):
            self.problems.append(Problem(None, f"the checkpoint of record {seq:,} is not signed with this key"))
            return
        if self.marks.setdefault(seq, checkpoint.hash) != checkpoint.hash:
            self.problems.append(Problem(seq, "two checkpoints say different things of it"))
        self.vouched = max(self.vouched or 0, seq)
