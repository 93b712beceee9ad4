"""Signed documents: an outsider checks them with our public key and nothing else.

Ed25519 over the canonical JSON of the document (keys sorted, no spaces, UTF-8) behind its kind, so
that a signature of one kind of document is none of another. The private key is a PEM file that its
owner alone may read; the public one is given to whoever checks.

Called by ``dsn key``, ``dsn statement`` and the audit checkpoints. Errors:

SigningError    says which file, and what to do
└── BadSignature    the document is not what was signed, or not by this key
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

ALGORITHM = "Ed25519"
#: A private key that others may read is refused.
_OTHERS = 0o077


class SigningError(Exception):
    """A key cannot be used; says which file, and what to do."""


class BadSignature(SigningError):
    """The document is not what was signed, or it was signed with another key."""


class Signer:
    """Signs with a private key."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        #: Names the key in what it signs.
        self.key_id = key_id(key.public_key())

    def signature(self, kind: str, document: Mapping[str, Any]) -> dict[str, str]:
        """The signature of a document of this kind, to be put beside it."""
        value = self._key.sign(signed_bytes(kind, document))
        return {
            "algorithm": ALGORITHM,
            "key": self.key_id,
            "value": base64.b64encode(value).decode(),
        }


class Verifier:
    """Checks with a public key."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        self.key_id = key_id(key)

    def check(self, kind: str, document: Mapping[str, Any], signature: object) -> None:
        """Return when this key signed this document. Raises ``BadSignature``."""
        if not isinstance(signature, Mapping) or signature.get("algorithm") != ALGORITHM:
            raise BadSignature(f"it carries no {ALGORITHM} signature")
        if signature.get("key") != self.key_id:
            raise BadSignature(
                f"it was signed with key {str(signature.get('key'))[:32]!r}, not {self.key_id!r}:"
                " take the public key of whoever issued it"
            )
        try:
            value = base64.b64decode(str(signature.get("value")), validate=True)
            self._key.verify(value, signed_bytes(kind, document))
        except (ValueError, TypeError, InvalidSignature):
            raise BadSignature("it is not what was signed") from None


def signed_bytes(kind: str, document: Mapping[str, Any]) -> bytes:
    """What a signature covers: the kind, a line feed, and the canonical JSON of the document."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"{kind}\n{text}".encode()


def key_id(key: Ed25519PublicKey) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the raw public key."""
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def make_pair(private: Path, public: Path) -> str:
    """Make a pair of keys in two new files; the id of the key. Raises ``SigningError``."""
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    shown = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        # Never over an older key: what it signed could not be told from what it did not.
        for path, data, mode in ((private, secret, 0o400), (public, shown, 0o444)):
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
    except OSError as error:
        raise SigningError(f"{error.filename}: {error.strerror}; no key was made there") from error
    return key_id(key.public_key())


def load_signer(path: Path) -> Signer:
    """The private key in a file. Raises ``SigningError``."""
    data = _read(path)
    if path.stat().st_mode & _OTHERS:
        raise SigningError(f"{path}: others may read this private key; `chmod 400` it")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SigningError(f"{path} is no private key in PEM; `dsn key make` makes one") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"{path} is no {ALGORITHM} key; `dsn key make` makes one")
    return Signer(key)


def load_verifier(path: Path) -> Verifier:
    """The public key in a file. Raises ``SigningError``."""
    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        raise SigningError(f"{path} is no public key in PEM") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SigningError(f"{path} is no {ALGORITHM} key")
    return Verifier(key)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SigningError(f"{path}: {error.strerror}") from error
