"""What is measured, one subject a file."""

from __future__ import annotations

from cases import awaited, batches, called, creation, growth, importing, memory, middleware, plugins_off, subscribing
from harness.case import Case


CASES: tuple[Case, ...] = (
    *called.CASES,
    *awaited.CASES,
    *middleware.CASES,
    *batches.CASES,
    *growth.CASES,
    *creation.CASES,
    *memory.CASES,
    *subscribing.CASES,
    *importing.CASES,
    *plugins_off.CASES,
)
