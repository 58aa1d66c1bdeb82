"""Encryption and keyed hashes for columns that must stay secret if a copy of the database is stolen.

The keys are in the settings, not in the database. The first of `FIELD_KEYS` encrypts, and all of them decrypt, so they
can be rotated. `FIELD_HASH_KEY` must not change, because rows are found by their hash.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class DecryptionError(ValueError):
    """Raised when none of FIELD_KEYS decrypts a value; says nothing about the value."""


def seal(text: str) -> str:
    """Return `text` encrypted with the newest key. The result differs each time."""
    return _keys(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return the decrypted text. Raises DecryptionError."""
    try:
        return _keys(tuple(settings.FIELD_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise DecryptionError("none of FIELD_KEYS decrypts this value") from None


def reseal(sealed: str) -> str:
    """Return the text encrypted with the newest key. Raises DecryptionError."""
    try:
        return _keys(tuple(settings.FIELD_KEYS)).rotate(sealed.encode()).decode()
    except InvalidToken:
        raise DecryptionError("none of FIELD_KEYS decrypts this value") from None


def keyed_hash(purpose: str, text: str) -> str:
    """Return an HMAC-SHA-256 in hex. Short values such as numbers and codes cannot be guessed without the key."""
    return hmac.new(settings.FIELD_HASH_KEY.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
