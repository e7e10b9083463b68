"""`plugbus demo`: a small storefront at work."""

from __future__ import annotations


__all__: tuple[str, ...] = ()
