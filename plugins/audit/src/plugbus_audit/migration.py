"""Trails of format 1, brought to the present form in their place and sealed as what they were."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from plugbus_audit.ledger import Ledger
from plugbus_audit.records import without_refused_data


__all__ = ("take_over",)

_BATCH = 500
# What a record says of where it stands; an event cannot have these attributes.
_OURS = frozenset({"seq", "chain", "n", "prev", "above", "kind", "sealed", "hash"})


def take_over(connection: sqlite3.Connection, ledger: Ledger) -> None:
    """
    Make the events of a trail of format 1 the first records of this process's chain.

    Whether somebody has changed them before cannot be known; from here on it can.
    """
    from plugbus_audit.store import insert_records, trail_end

    (count,) = connection.execute("SELECT count(*) FROM events").fetchone()
    chain = ledger.chain
    chain.note(sealed={"format": 1, "records": count})
    chain.begin(trail_end(connection))
    insert_records(connection, chain.add([chain.opening()]))
    for rows in _batches(connection):
        insert_records(connection, chain.add(rows))
    connection.execute("DROP TABLE events")


def _batches(connection: sqlite3.Connection) -> Iterator[list[bytes]]:
    last = -1
    while found := connection.execute(
        "SELECT seq, data FROM events WHERE seq > ? ORDER BY seq LIMIT ?", (last, _BATCH)
    ).fetchall():
        last = found[-1][0]
        yield [_row(data) for _, data in found]


def _row(data: str) -> bytes:
    known = json.loads(data)
    if not isinstance(known, dict) or _OURS & known.keys():
        known = json.loads(without_refused_data(data.encode(), "it was no event in the trail of format 1"))
    return json.dumps({"kind": "event", "sealed": 1, **known}, ensure_ascii=False, separators=(",", ":")).encode()
