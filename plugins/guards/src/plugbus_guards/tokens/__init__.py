"""Principals from JSON Web Tokens, verified with the keys of their issuer."""

from __future__ import annotations


__all__: tuple[str, ...] = ()
