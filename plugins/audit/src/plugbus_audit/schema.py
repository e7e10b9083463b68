"""Format 2 of a trail in SQLite, statement by statement; docs/reference/audit-format.md describes it."""

from __future__ import annotations


__all__ = ("APPLICATION_ID", "FORMAT", "INDEXED", "INDEXES", "SCHEMA", "STATEMENTS")

# In the header of the file: whose it is, and in which form.
APPLICATION_ID = int.from_bytes(b"pbau", "big")
FORMAT = 2

# What a record says of itself is searched through columns generated from it, so that the two cannot differ.
_ATTRIBUTES = {
    "kind": "kind",
    "chain": "chain",
    "recorded": "recordedtime",
    "id": "id",
    "type": "type",
    "source": "source",
    "time": "time",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "unencodable": "unencodable",
}
_RECORDS = (
    "CREATE TABLE records (seq INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, hash TEXT NOT NULL, "
    + ", ".join(
        f"{column} TEXT GENERATED ALWAYS AS (json_extract(body, '$.{attribute}')) VIRTUAL"
        for column, attribute in _ATTRIBUTES.items()
    )
    + ")"
)
_TRAIL = "CREATE TABLE trail (canon TEXT NOT NULL, created TEXT NOT NULL, creator TEXT NOT NULL)"

# The columns of each index.
INDEXED = {
    "records_by_type_and_time": ("type", "time"),
    "records_by_time": ("time",),
    "records_by_correlation": ("correlation_id",),
    "records_by_id": ("id",),
}
INDEXES = {name: f"CREATE INDEX {name} ON records ({', '.join(columns)})" for name, columns in INDEXED.items()}
# What stands in the database's own list of what it holds; `verify` compares it.
SCHEMA = {"records": _RECORDS, "trail": _TRAIL, **INDEXES}
STATEMENTS = (
    *SCHEMA.values(),
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {FORMAT}",
)
