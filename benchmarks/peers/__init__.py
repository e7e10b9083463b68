"""The libraries that plugbus is compared with, one a file, each used as its documentation says."""

from __future__ import annotations

from peers._peer import PROMISES, Cannot, Desk, Peer


__all__ = ("PROMISES", "Cannot", "Desk", "Peer")
