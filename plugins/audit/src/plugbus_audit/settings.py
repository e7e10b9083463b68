"""`AuditSettings`: the table `[plugins.audit]`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import attrs

from plugbus.plugins import Duration, Size, option


__all__ = ("AuditSettings",)

_at_least_one = attrs.validators.ge(1)


def _patterns(_: object, attribute: attrs.Attribute[list[str]], value: list[str]) -> None:
    for pattern in value:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{attribute.name}: {pattern!r} is no regular expression: {error}") from None


def _paths(_: object, attribute: attrs.Attribute[list[str]], value: list[str]) -> None:
    for path in value:
        if not all(path.split(".")):
            raise ValueError(f"{attribute.name}: {path!r} is no path: expected steps with dots, as in 'user.email'")


@attrs.frozen
class AuditSettings:
    """
    The table `[plugins.audit]`.

    A record is written when `flush_every` wait or the oldest has waited for `flush_interval`, whichever is first.
    """

    path: Path = option(Path("audit.db"), help="where the trail is kept; its folder is made if there is none")
    format: Literal["sqlite", "jsonl"] = option("sqlite", help="a database, or a folder of JSON lines")
    flush_every: int = option(100, help="records that are worth a write", validator=_at_least_one)
    flush_interval: Duration = option(1.0, help="how long a record waits at most to be written")
    durable: bool = option(False, help="let a publish return after its record is on disk; each is written at once")
    buffer_size: int = option(10_000, help="records that wait at most while the disk is slow", validator=_at_least_one)
    buffer_timeout: Duration = option(
        5.0, help="how long a publish waits for room, or for the disk, before the result says that audit failed"
    )
    on_full: Literal["wait", "raise"] = option(
        "wait", help="whether a publish waits for room in a full buffer, or fails at once"
    )
    record_results: Literal["failures", "all"] = option(
        "failures", help="of which events it is recorded what became of them"
    )
    error_texts: bool = option(False, help="record what exceptions say, though it may hold what nobody foresaw")
    redact_names: list[str] = option(factory=list, help="more names of secrets, in lower case with blanks")
    redact_paths: list[str] = option(
        factory=list, help="places of secrets in an event's data, as in 'user.email'", validator=_paths
    )
    redact_patterns: list[str] = option(
        factory=list, help="regular expressions of secrets in any string", validator=_patterns
    )
    commitments_path: Path | None = option(None, help="where salts are kept that let removed values be proven")
    checkpoint_path: Path | None = option(None, help="where checkpoints are kept, out of reach of who writes the trail")
    sign_key: Path | None = option(None, help="the Ed25519 key, PEM, that signs checkpoints; needs plugbus-audit[sign]")
    keep_for: Duration | None = option(None, help="how old records may become; checked every hour and at start")
    keep_size: Size | None = option(None, help="how large the trail may become; checked every hour and at start")
    segment_size: Size = option(64 * 1024 * 1024, help="when a file of JSON lines is followed by the next")
    segment_age: Duration = option(86400.0, help="how long a file of JSON lines is written")
