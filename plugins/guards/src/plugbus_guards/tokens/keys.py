"""The keys of an issuer (RFC 7517): fetched by us, when they are needed and not more often than that."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from plugbus.errors import DefinitionError
from plugbus.logger import logger
from plugbus_guards.locking import ForkLock


__all__ = ("BETWEEN", "LAST_GOOD", "REFRESH", "Keys", "KeysUnavailable")

# Seconds: how long between two fetches at least, how old keys are fetched anew, how long the last good ones serve.
BETWEEN = 30.0
REFRESH = 600.0
LAST_GOOD = 3600.0

_MOST_BYTES = 1024 * 1024
_MOST_KEYS = 100
_LEAST_RSA_BITS = 2048


class KeysUnavailable(Exception):
    """The keys cannot be had, and the last good ones are too old."""


class Keys:
    """
    The keys of an issuer.

    Args:
        where: An https:// URL, http:// only on this machine; or a file.
        timeout: Seconds that a fetch may take.
        clock: Seconds from an arbitrary start, never going back.

    Raises:
        DefinitionError: If it is no place where keys could be fetched safely.
    """

    def __init__(self, where: str, timeout: float, clock: Callable[[], float]) -> None:
        self._url = where if "://" in where else None
        self._path = None if "://" in where else Path(where)
        self._timeout = timeout
        self._clock = clock
        self._lock = ForkLock()
        self._keys: Mapping[str | None, Any] = {}
        self._fetched: float | None = None
        self._tried: float | None = None
        if self._url is not None:
            _check_url(self._url)

    def known(self, kid: str | None) -> Any | None:
        """
        Return a key that can be used without a fetch, None if there has to be one first.

        Args:
            kid: Its name; None for the only key that the issuer has.
        """
        fetched = self._fetched
        if fetched is None or self._clock() - fetched >= REFRESH:
            return None
        return self._named(kid)

    def find(self, kid: str | None) -> Any | None:
        """
        Return a key, None if the issuer has none of that name; fetches, blocking, if that is due.

        Args:
            kid: Its name; None for the only key that the issuer has.

        Raises:
            KeysUnavailable: If nobody can tell.
        """
        with self._lock.held:
            found = self.known(kid)
            if found is None and self._is_due():
                self._fetch()
            if self._fetched is None or self._clock() - self._fetched >= LAST_GOOD:
                raise KeysUnavailable("the keys of the issuer cannot be fetched")
            return self._named(kid)

    def _named(self, kid: str | None) -> Any | None:
        if kid is not None:
            return self._keys.get(kid)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def _is_due(self) -> bool:
        return self._tried is None or self._clock() - self._tried >= BETWEEN

    def _fetch(self) -> None:
        self._tried = self._clock()
        try:
            keys = _read(self._load())
        except Exception as error:  # noqa: BLE001  (whatever a server and a network can do; the last good keys stay)
            logger.warning("the keys of the issuer cannot be fetched: %s: %s", type(error).__name__, error)
            return
        self._keys, self._fetched = keys, self._clock()

    def _load(self) -> bytes:
        if self._path is not None:
            return self._path.read_bytes()
        import httpx2

        assert self._url is not None  # noqa: S101  (one of the two is there)
        deadline = self._clock() + self._timeout
        body = bytearray()
        with (
            httpx2.Client(timeout=self._timeout, follow_redirects=False) as client,
            client.stream("GET", self._url, headers={"Accept": "application/json"}) as response,
        ):
            if response.status_code != 200:
                raise ValueError(f"the server answers {response.status_code}")
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise ValueError("the answer is longer than 1 MiB")
                if self._clock() > deadline:
                    raise ValueError(f"the answer takes longer than {self._timeout:g} s")
        return bytes(body)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise DefinitionError("the URL of keys holds no name and no password")
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _is_here(parts.hostname):
        return
    raise DefinitionError("keys are fetched by https://, or by http:// from this machine")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(data: bytes) -> dict[str | None, Any]:
    """Return the keys by name that can verify a signature; others of the set are passed over. One may have no name."""
    import jwt

    found = json.loads(data)
    listed = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
        raise ValueError(f"it is no set of at most {_MOST_KEYS} keys")
    keys: dict[str | None, Any] = {}
    for one in listed:
        if not isinstance(one, dict) or one.get("kty") not in _KINDS:
            continue
        name = one.get("kid")
        if not (isinstance(name, str) or (name is None and len(listed) == 1)):
            continue
        if one.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK.from_dict(one)
        except jwt.PyJWTError:
            continue
        if one["kty"] == "RSA" and key.key.key_size < _LEAST_RSA_BITS:
            continue
        keys[name] = key
    if not keys:
        raise ValueError("there is no key in it that can be used")
    return keys


_KINDS = frozenset({"RSA", "EC", "OKP"})
