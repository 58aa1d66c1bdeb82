"""Prefixes, scopes and hashes shared by personal access tokens and OAuth 2 tokens."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from django.utils.crypto import constant_time_compare

from accounts.models import User

TOKEN_PREFIX: Final = "efp_"  # noqa: S105  (a prefix)
"""Starts every personal access token, so that people and secret scanners recognize it."""
ACCESS_PREFIX: Final = "efa_"
REFRESH_PREFIX: Final = "efr_"
SECRET_PREFIX: Final = "efs_"  # noqa: S105  (a prefix)
CODE_PREFIX: Final = "efc_"

READ: Final = "read"
WRITE: Final = "write"
LAST_USED_RESOLUTION: Final = timedelta(minutes=1)


def hash_secret(secret: str) -> str:
    """Return the SHA-256 of a token or secret, as it is stored.

    A fast hash without salt is enough: 256 random bits cannot be guessed, and the hash is looked up by index.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def session_hash_matches(session_hash: str, person: User) -> bool:
    """Return True if `session_hash` still matches an active user's current session hash."""
    if not person.is_active or person.deactivated_at is not None:
        return False
    hashes = [person.get_session_auth_hash(), *person.get_session_auth_fallback_hash()]
    return any(constant_time_compare(session_hash, one) for one in hashes)
