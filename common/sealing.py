"""Columns that a stolen copy of the database must not tell: encrypted, with keys that change, found by a keyed hash.

The keys are not in the database: `FIELD_KEYS` encrypt (the newest first; all of them decrypt), `FIELD_HASH_KEY` hashes
and stays, for what was hashed with another is not found any more.
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
    """`text`, encrypted with the newest key; another each time."""
    return _keys(tuple(settings.FIELD_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    try:
        return _keys(tuple(settings.FIELD_KEYS)).decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise DecryptionError("none of FIELD_KEYS opens this") from None


def reseal(sealed: str) -> str:
    """The same text, encrypted with the newest key."""
    try:
        return _keys(tuple(settings.FIELD_KEYS)).rotate(sealed.encode()).decode()
    except InvalidToken:
        raise DecryptionError("none of FIELD_KEYS opens this") from None


def keyed_hash(purpose: str, text: str) -> str:
    """HMAC-SHA-256 in hex: what has few values, as numbers and codes have, is not found by trying without the key."""
    return hmac.new(settings.FIELD_HASH_KEY.encode(), f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


@lru_cache(maxsize=4)
def _keys(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
