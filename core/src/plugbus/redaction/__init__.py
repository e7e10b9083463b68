"""
Taking secrets out of plain values before they are kept or sent.

A `Redactor` takes out what stands under telling names, at any depth, what is at paths that the user lists or fits
patterns of theirs, and in texts: card numbers, credentials in URLs, and `name=value`. A marker with its kind is left in
the place.
"""

from __future__ import annotations

from plugbus.redaction.cards import is_card_number
from plugbus.redaction.names import CARD_NAMES, NAMES, NameList
from plugbus.redaction.redactor import Redactor, marker


__all__ = ("CARD_NAMES", "NAMES", "NameList", "Redactor", "is_card_number", "marker")
