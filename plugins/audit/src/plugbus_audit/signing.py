"""Ed25519 signatures of checkpoints, under the extra `plugbus-audit[sign]`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plugbus.errors import MissingExtra
from plugbus_audit.errors import TrailUnusable


if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

__all__ = ("Signer", "Verifier", "require_cryptography")

_MAKE_ONE = "openssl genpkey -algorithm ed25519 -out KEY.pem"


def require_cryptography() -> Any:
    """
    Return what keys are read with.

    Raises:
        MissingExtra: If it is not installed.
    """
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as error:
        raise MissingExtra(
            "signatures of checkpoints need the package cryptography: pip install 'plugbus-audit[sign]'"
        ) from error
    return serialization


class Signer:
    """
    Signs with a private key.

    Args:
        path: The key, PEM (PKCS 8), without a passphrase.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: Ed25519PrivateKey | None = None

    def load(self) -> Ed25519PrivateKey:
        """
        Read the key.

        Raises:
            TrailUnusable: If it cannot be read or is none.
            MissingExtra: If cryptography is not installed.
        """
        if self._key is None:
            serialization = require_cryptography()
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            content = _read(self._path, "the private key")
            try:
                key = serialization.load_pem_private_key(content, password=None)
            except Exception as error:  # noqa: BLE001
                # Its text could quote what it has read.
                raise TrailUnusable(
                    f"{self._path} holds no private key that can be used ({type(error).__name__}); make one with "
                    f"{_MAKE_ONE}"
                ) from None
            if not isinstance(key, Ed25519PrivateKey):
                raise TrailUnusable(f"{self._path} holds a private key that is not Ed25519; make one with {_MAKE_ONE}")
            self._key = key
        return self._key

    def sign(self, content: bytes) -> str:
        """Return the signature, base64."""
        return base64.b64encode(self.load().sign(content)).decode()


class Verifier:
    """
    Checks signatures with a public key.

    Args:
        path: The key, PEM; a private key will do too.

    Raises:
        TrailUnusable: If it cannot be read or is none.
        MissingExtra: If cryptography is not installed.
    """

    def __init__(self, path: Path) -> None:
        serialization = require_cryptography()
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

        content = _read(path, "the public key")
        key: Any
        try:
            if b"PRIVATE" in content:
                key = serialization.load_pem_private_key(content, password=None)
            else:
                key = serialization.load_pem_public_key(content)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is no key)
            raise TrailUnusable(f"{path} holds no key that can be used ({type(error).__name__})") from None
        if isinstance(key, Ed25519PrivateKey):
            key = key.public_key()
        if not isinstance(key, Ed25519PublicKey):
            raise TrailUnusable(f"{path} holds a key that is not Ed25519")
        self._key: Ed25519PublicKey = key

    def is_genuine(self, signature: str | None, content: bytes) -> bool:
        """Tell whether a signature is there and is that of the content."""
        from cryptography.exceptions import InvalidSignature

        if signature is None:
            return False
        try:
            self._key.verify(base64.b64decode(signature, validate=True), content)
        except (InvalidSignature, ValueError):
            return False
        return True


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrailUnusable(f"cannot read {what} {path}: {error.strerror or error}") from error
