"""What lands in the demo's folder: the storefront, to be read, copied and changed, and its configuration."""

from __future__ import annotations


__all__: tuple[str, ...] = ()
